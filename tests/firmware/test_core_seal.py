"""The C core's seal against the Python endpoint, and with a memory that fails (PROTOCOL.md section 10)."""

from __future__ import annotations

import pytest

from firmware.native.seal import NativeSeal
from protocol.keys import Keys
from protocol.packets import HEADER_BYTES, SEALED_BIT, Depth, Frame, FrameType, encode
from protocol.proofs import INTRODUCTION_SPREAD_MS
from protocol.sealing import SealingKey
from tests.firmware import seal_differential

pytestmark = pytest.mark.usefixtures("built_core")

KEYS = Keys.of_master(bytes(16), 7).of_member(7)
FRAME = encode(Frame(FrameType.DEPTH, 7, 1, 0, Depth(2)))


class Memory:
    """Non-volatile memory that may fail."""

    def __init__(self) -> None:
        self.works = True
        self.limits: list[int] = []

    def reserve(self, limit: int) -> bool:
        if self.works:
            self.limits.append(limit)
        return self.works


def seal_of(memory: Memory, first: int) -> NativeSeal:
    return NativeSeal(7, KEYS, first=first, reserve=memory.reserve, seed=1, now_ms=0)


def test_python_and_c_do_the_same_in_random_lives() -> None:
    seen = seal_differential.run_lives(seed=1, lives=60, steps=300)
    assert seen["accepted"] > 150
    assert seen["letters: taken"] > 100
    assert seen["key changes"] > 5
    reasons = {"TAG", "UNPROVEN", "REPLAYED", "ROLE", "TRUNCATED", "OVERSIZED", "SESSION"}
    assert reasons <= seen.keys()


@pytest.mark.parametrize("first", [0, 5, 0xFFFFFF, 3 << 24 | 0xFFFC01, (1 << 56) - 1000], ids=hex)
def test_numbers_never_repeat_and_are_reserved_before_they_are_used(first: int) -> None:
    memory = Memory()
    seal = seal_of(memory, first)
    for sent in range(3000):
        number = first + sent & (1 << 56) - 1
        assert seal.close(FRAME) == SealingKey(KEYS.network).seal(FRAME, number)
        assert memory.limits[-1] == (first + (sent // 1024 + 1) * 1024) & (1 << 56) - 1


def test_without_a_reservation_nothing_is_sent() -> None:
    memory = Memory()
    seal = seal_of(memory, 0)
    memory.works = False
    assert seal.close(FRAME) == b""
    assert seal.frames_to_send(INTRODUCTION_SPREAD_MS) == []
    memory.works = True
    (challenge,) = seal.frames_to_send(INTRODUCTION_SPREAD_MS)
    assert challenge[0] == SEALED_BIT | FrameType.CHALLENGE
    assert challenge[HEADER_BYTES - 3 : HEADER_BYTES] == bytes(3)
