"""Sealed frames are opened wherever a person looks, whatever was looked at before."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from bridge.access import OPEN, Access, RecordOpener
from bridge.keys_file import NetworkKeys
from desktop.packets.filter_syntax import parse
from desktop.packets.opening import FrameOpener
from desktop.packets.selection import Selection
from protocol.capture import Direction, Record
from protocol.keys import network_key
from protocol.packets import BROADCAST, Challenge, Empty, Frame, FrameType, Help, Payload, encode
from protocol.sealing import SealingKey
from tests.desktop.packets.test_filter import written
from tests.protocol.members import CONTROLLER, MASTER

ACCESS = Access(NetworkKeys("field", 0, frozenset(), CONTROLLER, MASTER))
SOURCE = 5


def sealed(kind: FrameType, payload: Payload, life: int, counter: int, epoch: int = 0) -> Record:
    frame = encode(Frame(kind, SOURCE, BROADCAST, counter, payload))
    key = SealingKey(network_key(MASTER, epoch))
    return Record(0, "udp", Direction.INBOUND, key.seal(frame, life << 24 | counter))


def lives_of(life: int, epoch: int) -> list[Record]:
    """A node's frames from its start on."""
    rest = [sealed(FrameType.HELP, Help(life, counter), life, counter, epoch) for counter in range(1, 6)]
    return [sealed(FrameType.CHALLENGE, Challenge(life), life, 0, epoch), *rest]


@pytest.fixture
def records() -> list[Record]:
    """More lives than are tried at once, of two epochs, and frames before the first sign of life."""
    early = [sealed(FrameType.GOODBYE, Empty(), 100, counter) for counter in (7, 8)]
    return early + [record for life in range(100, 120) for record in lives_of(life, int(life >= 110))]


def test_with_the_keys_every_frame_opens_in_any_order(records: list[Record], tmp_path: Path) -> None:
    with closing(written(tmp_path, records)) as index:
        opener = FrameOpener(RecordOpener(ACCESS), index, {})
        while not opener.learn(0.0):
            pass
        rows = list(range(len(records)))
        random.Random(1).shuffle(rows)
        for row in rows:
            opened = opener.open(row, records[row].frame)
            assert opened is not None
            assert opened[0] == records[row].frame[0] & 0x7F


def test_payload_filters_see_what_the_keys_open(records: list[Record], tmp_path: Path) -> None:
    with closing(written(tmp_path, records)) as index:
        for access, count in ((ACCESS, 2), (OPEN, 0)):
            opener = FrameOpener(RecordOpener(access), index, {})
            opener.learn(10.0)
            selection = Selection(index, parse("version == 110 and hop_count in {3, 4} and sealed"), opener)
            selection.extend(10.0)
            assert len(selection) == count


def test_a_life_that_was_not_shown_may_be_known(tmp_path: Path) -> None:
    record = sealed(FrameType.GOODBYE, Empty(), 77, 1)
    with closing(written(tmp_path, [record])) as index:
        assert FrameOpener(RecordOpener(ACCESS), index, {}).open(0, record.frame) is None
        assert FrameOpener(RecordOpener(ACCESS), index, {SOURCE: [9, 77]}).open(0, record.frame) is not None
