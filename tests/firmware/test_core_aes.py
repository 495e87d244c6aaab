"""AES-128-CCM of the C core, as this machine and as an ATmega328P run it (PROTOCOL.md section 10.1)."""

from __future__ import annotations

import sys
from functools import cache
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sealing import avr, host
from benchmarks.sealing.avr_program import AvrProgram
from benchmarks.sealing.messages import TAG_BYTES, Message, messages
from firmware.native import ccm
from tests.protocol import vectors

BLOCKS = vectors.rows("aes_ccm", "block")
MESSAGES = vectors.rows("aes_ccm", "message")
AVR_CASES = 150

pytestmark = pytest.mark.usefixtures("built_core")


def names(row: list[str]) -> str:
    return row[0]


def message_of(row: list[str]) -> tuple[Message, bytes]:
    """The message of a vector, and what its secret becomes."""
    key, nonce, clear, secret, sealed = map(vectors.unhex, row[1:])
    return Message(key, nonce, clear, secret), sealed


# --- as this machine runs it ---


@pytest.mark.parametrize("row", BLOCKS, ids=names)
def test_a_block_is_encrypted_as_published(row: list[str]) -> None:
    key, plain, cipher = map(vectors.unhex, row[1:])
    assert ccm.encrypt(key, plain) == cipher


@pytest.mark.parametrize("row", MESSAGES, ids=names)
def test_a_message_is_sealed_as_published(row: list[str]) -> None:
    message, sealed = message_of(row)
    assert ccm.seal(message.key, message.nonce, message.clear, message.secret) == message.clear + sealed


@pytest.mark.parametrize("row", MESSAGES, ids=names)
def test_a_published_message_is_opened(row: list[str]) -> None:
    message, sealed = message_of(row)
    is_right, found = ccm.open_(message.key, message.nonce, message.clear + sealed, len(message.clear))
    assert is_right
    assert found == message.opened + bytes(TAG_BYTES)


@given(
    st.builds(
        Message,
        key=st.binary(min_size=16, max_size=16),
        nonce=st.binary(min_size=13, max_size=13),
        clear=st.binary(max_size=100),
        secret=st.binary(max_size=100),
    ),
    st.randoms(use_true_random=False),
)
def test_every_message_is_sealed_as_by_another_library_and_no_forgery_is_opened(
    message: Message, rng: Random
) -> None:
    assert host.failure_of(message, rng) == ""


def test_many_messages_are_sealed_as_by_another_library() -> None:
    rng = Random(2)
    failures = [host.failure_of(message, rng) for message in islice(messages(1), 3000)]
    assert not any(failures), next(filter(None, failures))


def test_a_change_of_any_bit_is_refused_and_the_message_stays_as_it_was() -> None:
    message = Message(bytes(range(16)), bytes(13), b"clear to see", b"secret")
    for at in range(8 * len(message.sealed)):
        changed = bytearray(message.sealed)
        changed[at // 8] ^= 1 << at % 8
        found = ccm.open_(message.key, message.nonce, bytes(changed), len(message.clear))
        assert found == (False, bytes(changed)), f"bit {at}"


# --- as an ATmega328P runs it ---


@cache
def program() -> AvrProgram:
    if sys.platform != "linux":
        pytest.skip("libsimavr is used on Linux only")
    return AvrProgram()


@pytest.mark.parametrize("row", BLOCKS, ids=names)
def test_the_avr_encrypts_a_block_as_published(row: list[str]) -> None:
    key, plain, cipher = map(vectors.unhex, row[1:])
    board = program()
    board.write("key", key)
    board.write("message", plain)
    board.call("tr_aes_encrypt", board.address("key"), board.address("message"))
    assert board.read("message", len(cipher)) == cipher
    assert board.read("key", len(key)) == key


def test_the_avr_takes_as_long_for_every_key_and_block() -> None:
    board, rng = program(), Random(4)

    def cycles(key: bytes, block: bytes) -> int:
        board.write("key", key)
        board.write("message", block)
        return board.call("tr_aes_encrypt", board.address("key"), board.address("message")).cycles

    uniform = {cycles(bytes([key] * 16), bytes([block] * 16)) for key in (0, 255) for block in (0, 255)}
    assert {cycles(rng.randbytes(16), rng.randbytes(16)) for _ in range(50)} == uniform
    assert len(uniform) == 1


@pytest.mark.parametrize("row", MESSAGES, ids=names)
def test_the_avr_seals_a_message_as_published(row: list[str]) -> None:
    message, sealed = message_of(row)
    assert avr.seal(program(), message).message == message.clear + sealed


def test_the_avr_seals_and_opens_as_another_library_does() -> None:
    board, rng = program(), Random(5)
    failures = [avr.failure_of(board, message, rng) for message in islice(messages(6), AVR_CASES)]
    assert not any(failures), next(filter(None, failures))


def test_the_avr_keeps_to_its_flash_cycles_and_stack() -> None:
    claims = list(avr.cost_claims(program()))
    assert [claim for claim in claims if claim.holds is False] == []
    assert sum(claim.holds is True for claim in claims) == 10
