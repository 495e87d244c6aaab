"""The relay: where frames go, and what of them is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.link import Link
from bridge.relay import MAX_SOURCES, Relay, wall_clock_us
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
        self.relay.subscribe(self.records.extend)
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
def test_a_bad_frame_is_recorded_and_counted_and_goes_nowhere(rig: Rig, bad: bytes) -> None:
    rig.serial.receive(bad)
    assert rig.sent() == {}
    assert rig.records == [Record(0, "serial:uno", IN, bad)]
    assert rig.serial.drops.total() == 1


def test_a_frame_is_recorded_once_in_and_once_for_each_way_out(rig: Rig) -> None:
    rig.serial.receive(broadcast(2))
    assert rig.records == [
        Record(0, "serial:uno", IN, broadcast(2)),
        Record(1, "udp:group", OUT, broadcast(2)),
        Record(2, "root", OUT, broadcast(2)),
    ]


def test_times_grow_while_the_clock_stands_or_is_set_back() -> None:
    rig = Rig(clock_us=[1_000, 1_000, 900, 2_000, 1_500])
    rig.root.receive(unicast(1, 2))
    assert [record.timestamp_us for record in rig.records] == [1_000, 1_001, 1_002]
    for _ in range(3):
        rig.serial.receive(b"noise")
    rig.serial.receive(b"noise", b"noise")
    assert [record.timestamp_us for record in rig.records[3:]] == [1_003, 1_004, 2_000, 2_001, 2_002]


def test_a_batch_is_handed_over_whole_and_in_order_before_it_goes_on() -> None:
    rig = Rig()
    batches: list[list[bytes]] = []
    rig.relay.subscribe(lambda records: batches.append([record.frame for record in records]))
    rig.relay.subscribe(lambda records: sent_before.append(len(rig.udp.sent)))
    sent_before: list[int] = []
    frames = [broadcast(2, 1), b"noise", broadcast(2, 2)]
    rig.serial.receive(*frames)
    assert batches == [[frames[0]] * 3 + [frames[1]] + [frames[2]] * 3]
    assert sent_before == [0]
    assert rig.udp.sent == [frames[0], frames[2]]


def test_times_are_of_this_age() -> None:
    assert wall_clock_us() > 1_700_000_000_000_000


def test_what_was_carried_long_ago_is_not_carried_again(rig: Rig) -> None:
    """A stream of another bridge's has stalled, and delivers more than any window holds."""
    for counter in range(1_000):
        rig.serial.receive(broadcast(2, counter))
    rig.sent()
    for counter in range(1_000):
        rig.udp.receive(broadcast(2, counter))
    assert rig.sent() == {}


def test_a_node_that_starts_anew_is_carried_at_once(rig: Rig) -> None:
    for counter in (100, 5_000_000, 12_000_000):
        rig.serial.receive(broadcast(2, counter))
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


# --- links that come and go ---


def test_a_link_that_came_later_takes_part(rig: Rig) -> None:
    rig.serial.receive(broadcast(2, 1))
    late = MemoryLink("tcp:late")
    run(late.start(rig.relay.attach(late), lambda state: None))
    rig.serial.receive(broadcast(2, 2))
    assert late.sent == [broadcast(2, 2)]
    late.receive(broadcast(3))
    rig.sent()
    rig.root.receive(unicast(1, 3))
    assert rig.sent() == {}
    assert late.sent[1:] == [unicast(1, 3)]


def test_a_lone_segment_is_recorded_and_who_was_heard_there_is_a_stranger_to_those_that_come() -> None:
    rig = Rig()
    rig.relay.detach(rig.udp)
    rig.relay.detach(rig.root)
    rig.serial.receive(broadcast(2), b"noise", broadcast(2))
    assert [record.frame for record in rig.records] == [broadcast(2), b"noise", broadcast(2)]
    late, other = (MemoryLink(f"tcp:{name}") for name in ("late", "other"))
    for link in (late, other):
        run(link.start(rig.relay.attach(link), lambda state: None))
    late.receive(unicast(1, 2))
    assert rig.serial.sent == other.sent == [unicast(1, 2)]


def test_who_lived_on_a_link_that_left_is_a_stranger(rig: Rig) -> None:
    rig.udp.receive(broadcast(2))
    rig.relay.detach(rig.udp)
    rig.sent()
    rig.root.receive(unicast(1, 2))
    assert rig.sent() == {"serial:uno": [unicast(1, 2)]}


def test_what_a_link_that_left_still_hands_over_is_dropped(rig: Rig) -> None:
    rig.relay.detach(rig.udp)
    rig.udp.receive(broadcast(2))
    assert rig.sent() == {}
    assert rig.records == []


# --- taps ---


def a_result(counter: int = 7) -> bytes:
    items = Items(((0, Aggregate.of_reading(1, 120, 1)),))
    return encode(Frame(FrameType.RESULT, 1, HOST, counter, Result(100, items)))


class TappedRig(Rig):
    """The relay of three segments, with two hosts who listen: an app, and another bridge."""

    async def _start(self) -> None:
        self.app, self.bridge = taps = [MemoryLink(name, is_tap=True) for name in ("tcp:app", "tcp:bridge")]
        self.links += taps
        await super()._start()


def test_a_result_goes_to_every_tap_and_to_no_node() -> None:
    rig = TappedRig()
    rig.root.receive(a_result())
    assert rig.sent() == {"tcp:app": [a_result()], "tcp:bridge": [a_result()]}


def test_a_result_from_another_bridge_goes_on_once_and_not_back() -> None:
    """Three bridges may be joined in a circle: the same frame then comes from two of them."""
    rig = TappedRig()
    rig.bridge.receive(a_result())
    rig.app.receive(a_result())
    rig.bridge.receive(a_result())
    assert rig.sent() == {"tcp:app": [a_result()]}


def test_a_tap_gets_what_one_node_says_to_another() -> None:
    rig = TappedRig()
    rig.serial.receive(broadcast(2))
    rig.udp.receive(broadcast(3))
    rig.sent()
    rig.serial.receive(unicast(2, 3, 2))
    assert rig.sent() == {name: [unicast(2, 3, 2)] for name in ("udp:group", "tcp:app", "tcp:bridge")}
    rig.serial.receive(unicast(2, 4, 3))
    assert rig.sent().keys() == {"udp:group", "root", "tcp:app", "tcp:bridge"}


def test_a_node_behind_another_bridge_gets_its_frame_once() -> None:
    rig = TappedRig()
    rig.bridge.receive(broadcast(3))
    rig.sent()
    rig.serial.receive(unicast(2, 3))
    assert rig.sent() == {"tcp:app": [unicast(2, 3)], "tcp:bridge": [unicast(2, 3)]}


def test_bridges_joined_in_a_circle_carry_every_frame_once_to_each() -> None:
    """Three relays, each with a segment of its own and a tap to either of the others."""
    relays = [Relay(lambda: 0) for _ in range(3)]
    segments = [MemoryLink(f"serial:{index}") for index in range(3)]
    wires = [(a, b, Wire(f"tcp:{a}{b}")) for a, b in ((0, 1), (1, 2), (2, 0))]
    carried: list[Record] = []
    for index, segment in enumerate(segments):
        relays[index].subscribe(carried.extend)
        run(segment.start(relays[index].attach(segment), lambda state: None))
    for a, b, wire in wires:
        run(wire.ends[0].start(relays[a].attach(wire.ends[0]), lambda state: None))
        run(wire.ends[1].start(relays[b].attach(wire.ends[1]), lambda state: None))
    sent = [broadcast(2, 1), unicast(2, 3, 2), a_result(), broadcast(2, 3)]
    for frame in sent:
        segments[0].receive(frame)
        while sum(wire.carry() for _, _, wire in wires):
            pass
    for segment in segments[1:]:
        assert segment.sent == [sent[0], sent[1], sent[3]]
    assert segments[0].sent == []
    assert len(carried) <= len(sent) * 2 * (1 + len(wires) * 2)


class Wire:
    """Two taps joined: what one is sent, the other receives when it is carried."""

    def __init__(self, name: str) -> None:
        self.ends = MemoryLink(f"{name}a", is_tap=True), MemoryLink(f"{name}b", is_tap=True)

    def carry(self) -> bool:
        """Whether there was anything."""
        one, other = self.ends
        frames = list(one.sent), list(other.sent)
        for end, others in ((one, frames[1]), (other, frames[0])):
            end.sent.clear()
            if others:
                end.receive(*others)
        return any(frames)


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


class TappedSealedRig(SealedRig):
    """The same with a host who listens."""

    async def _start(self) -> None:
        self.tap = MemoryLink("tcp:app", is_tap=True)
        self.links.append(self.tap)
        await super()._start()


def test_a_tap_gets_a_sealed_result_that_opens_once_and_no_other() -> None:
    rig = TappedSealedRig()
    party = Party(tree_member(ROOT), tree_member(5))
    party.run(300_000)
    for _, frame in party.log:
        rig.serial.receive(frame)
        rig.udp.receive(frame)
        if frame[0] & 0x1F == FrameType.RESULT:
            rig.serial.receive(frame[:-1] + bytes([frame[-1] ^ 1]))
    assert rig.tap.sent == [frame for _, frame in party.log]
    assert any(frame[0] & 0x1F == FrameType.RESULT for frame in rig.tap.sent)
    assert not any(frame[0] & 0x1F == FrameType.RESULT for frame in rig.root.sent)
