"""The relay: where frames go, and what of them is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.link import Link
from bridge.relay import MAX_SOURCES, RECENT_FRAMES, Relay, wall_clock_us
from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.keys import Keys
from protocol.packets import HOST, DropReason, Frame, FrameType, Items, Result, encode
from protocol.sealed_reader import SealedReader
from protocol.sealing import shown_number
from tests.bridge.rig import MemoryLink, broadcast, run, unicast
from tests.protocol.members import MASTER, ROOT, Party, tree_member

IN, OUT = Direction.INBOUND, Direction.OUTBOUND


class Rig:
    """A relay between three segments, and its records."""

    def __init__(self, clock_us: Iterable[int] = ()) -> None:
        times = iter(clock_us)
        self.relay = Relay(lambda: next(times, 0))
        self.records: list[Record] = []
        self.relay.subscribe(self.records.append)
        self.serial, self.udp, self.root = self.links = [
            MemoryLink(name) for name in ("serial:uno", "udp:group", "root")
        ]
        run(self._start())

    async def _start(self) -> None:
        for link in self.links:
            await link.start(self.relay.attach(link), lambda state: None)

    def sent(self) -> dict[str, list[bytes]]:
        """What went out on each link since the last time."""
        found = {link.name: list(link.sent) for link in self.links if link.sent}
        for link in self.links:
            link.sent.clear()
        return found


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_broadcast_goes_to_every_other_link(rig: Rig) -> None:
    rig.serial.receive(broadcast(2))
    assert rig.sent() == {"udp:group": [broadcast(2)], "root": [broadcast(2)]}


def test_a_frame_for_a_stranger_goes_to_every_other_link(rig: Rig) -> None:
    rig.root.receive(unicast(1, 2))
    assert rig.sent() == {"serial:uno": [unicast(1, 2)], "udp:group": [unicast(1, 2)]}


def test_a_frame_for_a_node_that_was_heard_goes_to_its_link_only(rig: Rig) -> None:
    rig.serial.receive(broadcast(2))
    rig.sent()
    rig.root.receive(unicast(1, 2))
    assert rig.sent() == {"serial:uno": [unicast(1, 2)]}


def test_a_frame_for_a_node_on_the_same_link_goes_nowhere(rig: Rig) -> None:
    rig.udp.receive(broadcast(11))
    rig.sent()
    rig.udp.receive(unicast(12, 11))
    assert rig.sent() == {}


def test_a_node_that_moved_is_followed(rig: Rig) -> None:
    rig.serial.receive(broadcast(2, 1))
    rig.udp.receive(broadcast(2, 2))
    rig.sent()
    rig.root.receive(unicast(1, 2))
    assert rig.sent() == {"udp:group": [unicast(1, 2)]}


def test_a_copy_goes_nowhere_and_moves_nobody(rig: Rig) -> None:
    rig.serial.receive(broadcast(2))
    rig.sent()
    rig.udp.receive(broadcast(2))
    assert rig.sent() == {}
    rig.root.receive(unicast(1, 2))
    assert rig.sent() == {"serial:uno": [unicast(1, 2)]}


def test_a_result_reaches_those_who_listen_and_no_segment(rig: Rig) -> None:
    items = Items(((0, Aggregate.of_reading(1, 120, 1)),))
    result = encode(Frame(FrameType.RESULT, 1, HOST, 7, Result(100, items)))
    rig.root.receive(result)
    assert rig.sent() == {}
    assert rig.records == [Record(0, "root", IN, result)]


@pytest.mark.parametrize(
    "bad", [b"", b"\x07", broadcast(2)[:-1], broadcast(2)[:-1] + b"?", b"\x9f" + broadcast(2)[1:]]
)
def test_a_bad_frame_is_recorded_and_goes_nowhere(rig: Rig, bad: bytes) -> None:
    rig.serial.receive(bad)
    assert rig.sent() == {}
    assert rig.records == [Record(0, "serial:uno", IN, bad)]


def test_a_frame_is_recorded_once_in_and_once_for_each_way_out(rig: Rig) -> None:
    rig.serial.receive(broadcast(2))
    assert rig.records == [
        Record(0, "serial:uno", IN, broadcast(2)),
        Record(0, "udp:group", OUT, broadcast(2)),
        Record(0, "root", OUT, broadcast(2)),
    ]


def test_times_never_go_back() -> None:
    rig = Rig(clock_us=[1_000, 900, 2_000, 1_500])
    rig.root.receive(unicast(1, 2))
    rig.serial.receive(b"noise")
    assert [record.timestamp_us for record in rig.records] == [1_000, 1_000, 2_000, 2_000]


def test_times_are_of_this_age() -> None:
    assert wall_clock_us() > 1_700_000_000_000_000


def test_a_counter_is_known_for_the_length_of_the_window_only(rig: Rig) -> None:
    """A node that restarts may use a counter again; so may one whose counter wrapped."""
    for counter in range(RECENT_FRAMES + 1):
        rig.serial.receive(broadcast(2, counter))
    rig.sent()
    rig.serial.receive(broadcast(2, 1))
    assert rig.sent() == {}
    rig.serial.receive(broadcast(2, 0))
    assert rig.sent()


def test_of_too_many_sources_the_one_unheard_for_longest_is_forgotten(rig: Rig) -> None:
    for source in range(MAX_SOURCES):
        rig.serial.receive(broadcast(source, 1))
    rig.serial.receive(broadcast(0, 2))
    rig.serial.receive(broadcast(MAX_SOURCES))
    rig.sent()
    rig.root.receive(unicast(5_000, 0, 1))
    assert rig.sent().keys() == {"serial:uno"}
    rig.root.receive(unicast(5_000, 1, 2))
    assert rig.sent().keys() == {"serial:uno", "udp:group"}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 4), st.sampled_from([0, 1, 2, 3, 4, 0xFFFF]), st.integers(0, 20)
        )
    )
)
def test_no_frame_goes_back_or_twice(arrivals: list[tuple[int, int, int, int]]) -> None:
    """Frames of five nodes come in on any link, in any order, with copies."""
    rig = Rig()
    came_on: dict[bytes, set[str]] = {}
    for index, source, destination, counter in arrivals:
        frame = unicast(source, destination, counter) if destination != 0xFFFF else broadcast(source, counter)
        link = rig.links[index]
        first = not any(frame[:3] == seen[:3] and frame[5:8] == seen[5:8] for seen in came_on)
        before = {other.name: len(other.sent) for other in rig.links}
        link.receive(frame)
        gone_to = [other.name for other in rig.links if len(other.sent) > before[other.name]]
        assert link.name not in gone_to
        assert first or not gone_to
        came_on.setdefault(frame, set()).add(link.name)
    for link in rig.links:
        assert max(Counter(link.sent).values(), default=0) <= 1
    sent = sum(len(link.sent) for link in rig.links)
    assert Counter(record.direction for record in rig.records) == Counter({IN: len(arrivals), OUT: sent})


def test_a_memory_link_is_a_link() -> None:
    link: Link = MemoryLink("any")
    assert link.name == "any"


# --- sealed networks -------------------------------------------------------------------------------------


class SealedRig(Rig):
    """The relay of a sealed network, whose members' frames are there to be carried."""

    def __init__(self) -> None:
        super().__init__()
        party = Party(tree_member(ROOT), tree_member(5))
        party.run(300_000)
        self.frames = [frame for _, frame in party.log if frame[0] & 0x1F != FrameType.RESULT]
        self.asked: list[int] = []
        self.relay = Relay(lambda: 0, SealedReader(Keys.of_master(MASTER, ROOT)), self.asked.append)
        run(self._start())


def test_a_sealed_frame_is_carried_once_and_as_it_is() -> None:
    rig = SealedRig()
    mine = [frame for frame in rig.frames if frame[1:3] == b"\0\5"]
    for frame in rig.frames:
        link = rig.serial if frame in mine else rig.root
        link.receive(frame)
        link.receive(frame)
    assert rig.root.sent == mine
    assert rig.serial.sent == [frame for frame in rig.frames if frame not in mine]
    assert not rig.serial.drops


def test_what_does_not_open_is_counted_by_reason_and_goes_nowhere() -> None:
    rig = SealedRig()
    for frame in rig.frames:
        rig.serial.receive(frame)
    rig.sent()
    rig.serial.receive(rig.frames[-1][:-1] + bytes([rig.frames[-1][-1] ^ 1]))
    rig.serial.receive(rig.frames[0])
    rig.serial.receive(broadcast(2))
    assert rig.sent() == {}
    assert rig.serial.drops == {DropReason.TAG: 1, DropReason.REPLAYED: 1, DropReason.OPEN: 1}


def test_who_cannot_be_read_is_asked_to_prove_its_counter() -> None:
    rig = SealedRig()
    late = [frame for frame in rig.frames if shown_number(frame) is None]
    rig.serial.receive(late[0])
    source = int.from_bytes(late[0][1:3], "big")
    assert rig.asked == [source]
    assert rig.serial.drops == {DropReason.UNPROVEN: 1}
    assert rig.sent() == {}
