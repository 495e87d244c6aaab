"""What keys show of a link or a log to somebody who is no member (PROTOCOL.md 10.6)."""

from __future__ import annotations

from protocol.keys import Keys, network_key
from protocol.packets import DropReason, Empty, Frame, FrameType, encode
from protocol.sealed_reader import SealedReader
from protocol.sealing import SealingKey
from tests.protocol.members import CONTROLLER, MASTER, ROOT, Party, tree_member

ALL = Keys.of_master(MASTER, CONTROLLER)


def recorded() -> list[bytes]:
    """A minute of a small network."""
    party = Party(tree_member(ROOT), tree_member(5), tree_member(6))
    party.run(60_000)
    return [frame for _, frame in party.log]


def test_with_the_master_key_all_can_be_read() -> None:
    frames = recorded()
    reader = SealedReader(ALL)
    opened = [reader.open(frame) for frame in frames]
    assert all(isinstance(frame, bytes) for frame in opened)
    assert FrameType.RESULT in {frame[0] for frame in opened if isinstance(frame, bytes)}


def test_a_member_reads_all_but_what_others_tell_the_host() -> None:
    reader = SealedReader(ALL.of_member(5), 5)
    unread = {frame[0] & 0x1F for frame in recorded() if not isinstance(reader.open(frame), bytes)}
    assert unread == {FrameType.RESULT}


def test_a_log_that_begins_later_needs_a_life() -> None:
    late = [frame for frame in recorded() if frame[0] & 0x1F not in (FrameType.CHALLENGE, FrameType.RESPONSE)]
    assert {SealedReader(ALL).open(frame) for frame in late} == {DropReason.UNPROVEN}
    told = SealedReader(ALL, lives={ROOT: 0x1000, 5: 0x1005, 6: 0x1006})
    assert all(isinstance(told.open(frame), bytes) for frame in late)


def test_lives_shown_later_open_what_came_before() -> None:
    frames = recorded()
    frames = frames[10:] + frames[:10]
    reader = SealedReader(ALL)
    for frame in frames:
        reader.learn(frame)
    assert all(isinstance(reader.open(frame), bytes) for frame in frames)


def test_epochs_before_and_after_can_be_read() -> None:
    reader = SealedReader(Keys.of_master(MASTER, CONTROLLER, 5), lives={5: 9})
    frame = encode(Frame(FrameType.GOODBYE, 5, 0xFFFF, 1, Empty()))
    for epoch, number in ((3, 1), (4, 2), (5, 3), (6, 4)):
        sealed = SealingKey(network_key(MASTER, epoch)).seal(frame, 9 << 24 | number)
        assert isinstance(reader.open(sealed), bytes)


def test_what_cannot_be_read_is_told_why() -> None:
    reader = SealedReader(ALL, lives={5: 9})
    frame = encode(Frame(FrameType.GOODBYE, 5, 0xFFFF, 1, Empty()))
    assert reader.open(frame) is DropReason.OPEN
    assert reader.open(SealingKey(bytes(16)).seal(frame, 9 << 24 | 1)) is DropReason.TAG
    assert reader.open(b"") is DropReason.TRUNCATED
    forged = SealingKey(bytes(16)).seal(encode(Frame(FrameType.GOODBYE, 6, 0xFFFF, 1, Empty())), 3)
    assert reader.open(forged) is DropReason.UNPROVEN


def test_one_who_leafs_through_a_log_reads_frames_in_any_order() -> None:
    reader = SealedReader(Keys.of_master(MASTER, CONTROLLER, 5))
    frame = encode(Frame(FrameType.GOODBYE, 5, 0xFFFF, 1, Empty()))
    sealed = [
        SealingKey(network_key(MASTER, epoch)).seal(frame, 9 << 24 | number)
        for epoch, number in ((3, 1), (4, 2), (5, 3), (6, 1000))
    ]
    for each in (*sealed, *reversed(sealed), *sealed):
        assert isinstance(reader.look(each, (8, 9)), bytes)
    assert reader.look(sealed[0], ()) is DropReason.UNPROVEN
    assert reader.look(sealed[0], (8,)) is DropReason.TAG
    assert reader.look(frame, (9,)) is DropReason.OPEN
    assert reader.heard() == SealedReader(Keys.of_master(MASTER, CONTROLLER, 5)).heard(), "it learns nothing"


def test_a_frame_that_shows_its_life_needs_none() -> None:
    reader = SealedReader(ALL)
    shown = [frame for frame in recorded() if frame[0] & 0x1F in (FrameType.CHALLENGE, FrameType.RESPONSE)]
    assert shown
    assert all(isinstance(reader.look(frame, ()), bytes) for frame in shown)
