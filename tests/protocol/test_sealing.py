"""Sealed frames and letters: what travels, and that any change of it is found (PROTOCOL.md 10.1, 14.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.packets import DropReason, Frame, FrameType, encode
from protocol.sealing import SealingKey, shown_number, unfit
from tests.protocol.strategies import frames
from tests.protocol.vectors import rows, unhex

KEY = SealingKey(bytes(range(16)))
lives = st.integers(0, 0xFFFFFFFF)


def numbered(frame: Frame, life: int) -> tuple[bytes, int]:
    """The open frame's bytes, and a long counter that agrees with what it shows of it."""
    if frame.type in (FrameType.CHALLENGE, FrameType.RESPONSE):
        life = frame.payload.life  # type: ignore[union-attr]
    return encode(frame), life << 24 | frame.counter


def test_frames_are_sealed_as_the_vectors_say() -> None:
    found = rows("sealed", "frame")
    assert {unhex(words[3])[0] for words in found} >= {1, 5, 11, 13, 20, 21, 22, 23, 24, 25}
    for _name, key, number, opened, sealed in found:
        sealing, long_counter = SealingKey(unhex(key)), int(number, 16)
        assert sealing.seal(unhex(opened), long_counter) == unhex(sealed)
        again = sealing.open(unhex(sealed), long_counter)
        assert again is not None
        assert again[8:-2] == unhex(opened)[8:-2]
        assert again[5:8] == long_counter.to_bytes(7, "big")[4:]


def test_letters_are_sealed_as_the_vectors_say() -> None:
    for _name, key, origin, addressee, number, clear, sealed in rows("sealed", "letter"):
        sealing, names = SealingKey(unhex(key)), (int(origin, 16), int(addressee, 16), int(number, 16))
        assert sealing.seal_letter(*names, unhex(clear)) == unhex(sealed)
        assert sealing.open_letter(*names, unhex(sealed)) == unhex(clear)


@given(frames, lives)
def test_what_is_sealed_can_be_opened(frame: Frame, life: int) -> None:
    opened, number = numbered(frame, life)
    sealed = KEY.seal(opened, number)
    assert len(sealed) == len(opened) + 6
    assert unfit(sealed) is None
    assert KEY.open(sealed, number) == opened
    if frame.type in (FrameType.CHALLENGE, FrameType.RESPONSE):
        assert shown_number(sealed) == number
    else:
        assert shown_number(sealed) is None


@given(frames, lives, st.data())
def test_no_bit_may_differ(frame: Frame, life: int, data: st.DataObject) -> None:
    opened, number = numbered(frame, life)
    sealed = bytearray(KEY.seal(opened, number))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    if unfit(bytes(sealed)) is None:
        assert KEY.open(bytes(sealed), number) is None


@given(frames, lives, lives)
def test_another_life_or_key_opens_nothing(frame: Frame, life: int, other_life: int) -> None:
    opened, number = numbered(frame, life)
    sealed = KEY.seal(opened, number)
    other = other_life << 24 | frame.counter
    assert (KEY.open(sealed, other) is not None) == (other == number)
    assert SealingKey(bytes(16)).open(sealed, number) is None


@given(st.binary(min_size=1, max_size=68), st.integers(0, 0xFFFD), st.integers(0, 0xFFFD), lives)
def test_a_letter_of_another_name_does_not_open(
    clear: bytes, origin: int, addressee: int, number: int
) -> None:
    sealed = KEY.seal_letter(origin, addressee, number, clear)
    assert KEY.open_letter(origin, addressee, number, sealed) == clear
    assert KEY.open_letter(addressee + 1, addressee, number, sealed) is None or origin == addressee + 1
    assert KEY.open_letter(origin, addressee ^ 1, number, sealed) is None
    assert KEY.open_letter(origin, addressee, number + 1, sealed) is None
    assert KEY.open_letter(origin, addressee, number, sealed[:-1]) is None


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (bytes(105), DropReason.OVERSIZED),
        (b"\x81" + bytes(104), DropReason.OVERSIZED),
        (b"", DropReason.TRUNCATED),
        (b"\x81" + bytes(8), DropReason.TRUNCATED),
        (b"\xa1" + bytes(20), DropReason.WIRE_VERSION),
        (b"\x21" + bytes(9), DropReason.WIRE_VERSION),
        (b"\x01" + bytes(20), DropReason.OPEN),
        (b"\x81" + bytes(14), DropReason.TRUNCATED),
        (b"\x81" + bytes(15), None),
        (b"\x95" + bytes(18), DropReason.TRUNCATED),
        (b"\x95" + bytes(19), None),
        (b"\x96" + bytes(18), DropReason.TRUNCATED),
    ],
)
def test_what_cannot_be_a_sealed_frame_is_told_before_a_key_is_used(
    frame: bytes, reason: DropReason | None
) -> None:
    assert unfit(frame) == reason
