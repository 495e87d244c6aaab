"""The images for rings and polled networks: an emulated Uno and a Python node, open and sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware.native.board import UNO, Board
from firmware.native.library import BUILD
from protocol.endpoint import Endpoint
from protocol.keys import Keys, Membership
from protocol.long_counter import LongCounter
from protocol.node import Node, ReadingsHeard
from protocol.polling import PollingNode
from protocol.sealing import is_sealed
from protocol.settings import Sensors, Settings, eeprom_image
from protocol.timing import PollingTiming, RingTiming
from protocol.token_ring import TokenRingNode
from tests.firmware.virtual_line import VirtualLine

pytestmark = pytest.mark.usefixtures("built_board")

BOARD_ID, PEER = 7, 0
SETTINGS = Settings(node_id=BOARD_ID, sensors=Sensors.SHT31, first_life=9)
KEYS = Keys.of_master(bytes(16), PEER)
LEAST_UNTOUCHED_BYTES = 256


def ring_node(now_ms: int) -> Node:
    timing = RingTiming(period_ms=1_000)
    return TokenRingNode(
        PEER, seed=1, first_counter=0, now_ms=now_ms, timing=timing, metrics=(0, 1), readings_asked=True
    )


def polling_node(now_ms: int) -> Node:
    timing = PollingTiming(period_ms=1_000)
    return PollingNode(PEER, seed=1, first_counter=0, now_ms=now_ms, timing=timing, metrics=(0, 1))


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(("image", "make_node"), [("ring", ring_node), ("polling", polling_node)])
def test_a_board_takes_part(image: str, make_node: Callable[[int], Node], sealed: bool) -> None:
    member = KEYS.of_member(BOARD_ID)
    settings = replace(SETTINGS, network_key=member.network, node_key=member.node) if sealed else SETTINGS
    board = Board(UNO, eeprom_image(settings), path=BUILD / f"treering-uno-{image}.elf")
    board.set_climate(21.5, 45.0)
    peer = Endpoint(
        PEER,
        make_node,
        membership=Membership(KEYS if sealed else None),
        counter=LongCounter(5 << 24),
        seed=1,
        now_ms=0,
        overhears=True,
    )
    line = VirtualLine(board, peer, readings={0: 100, 1: 50})
    line.run(15_000)
    heard = [e for e in line.events if isinstance(e, ReadingsHeard) and e.node == BOARD_ID]
    assert len(heard) >= 2
    assert {tuple(event.pairs) for event in heard} == {((0, 123), (1, 90))}
    assert all(is_sealed(frame) is sealed for frame in line.frames)
    assert board.counts().untouched_bytes >= LEAST_UNTOUCHED_BYTES
