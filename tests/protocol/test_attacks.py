"""What strangers, replayers, forgers and captured nodes try, and do not get (PROTOCOL.md section 17)."""

from __future__ import annotations

import pytest

from firmware.native.seal import NativeSeal
from protocol.keys import Keys, network_key
from protocol.packets import (
    BROADCAST,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Response,
    encode,
    peek_header,
)
from protocol.proofs import CHALLENGE_JITTER_MS
from protocol.sealing import SealingKey
from tests.protocol.members import MASTER

NETWORK = SealingKey(network_key(MASTER, 0))
OLD_LIFE = 0xAB
DAY_MS = 24 * 3600 * 1000


def sealed(frame_type: FrameType, source: int, to: int, number: int, payload: object) -> bytes:
    """A frame as a member makes it."""
    frame = Frame(frame_type, source, to, number & 0xFFFFFF, payload)  # type: ignore[arg-type]
    return NETWORK.seal(encode(frame), number)


@pytest.mark.usefixtures("built_core")
@pytest.mark.parametrize("days", [1, 24, 25, 30, 49, 50])
def test_an_answer_held_back_for_weeks_proves_nothing_though_a_boards_clock_wraps(days: int) -> None:
    keys = Keys.of_master(MASTER, 7).of_member(7)
    seal = NativeSeal(7, keys, first=3 << 24, reserve=lambda limit: True, seed=1, now_ms=0)
    (challenge,) = seal.frames_to_send(CHALLENGE_JITTER_MS)
    asked = Response(OLD_LIFE, 3, peek_header(challenge)[3])
    answer = sealed(FrameType.RESPONSE, 5, 7, OLD_LIFE << 24 | 10, asked)
    for now_ms in range(0, days * DAY_MS, DAY_MS):
        seal.frames_to_send(now_ms + 2_000)
    result, _ = seal.open(answer, days * DAY_MS)
    assert result == -DropReason.UNPROVEN
    recorded = sealed(FrameType.GOODBYE, 5, BROADCAST, OLD_LIFE << 24 | 11, Empty())
    assert seal.open(recorded, days * DAY_MS + 1)[0] == -DropReason.UNPROVEN
