"""Nodes that appear, are silent, leave, move and lose frames, as a bridge sees them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.datagrams import Address
from bridge.peers import (
    LATE_AFTER,
    LEAST_LATE_S,
    LEAST_LOST_S,
    LOST_AFTER,
    MAX_GAP_FRAMES,
    MAX_PEERS,
    MOVED_AFTER,
    WINDOW_FRAMES,
    Change,
    Peer,
    PeerChange,
    Peers,
    PeerState,
    PeerTap,
)
from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.packets import (
    BROADCAST,
    HOST,
    Challenge,
    Empty,
    Frame,
    FrameType,
    Items,
    Letter,
    Link,
    Result,
    encode,
)
from protocol.wire_format import COUNTER_MODULUS
from tests.bridge.rig import broadcast

NODE = 7
UDP = "udp:239.84.82.71:28539"
HERE: Address = ("192.168.1.20", 41_234)
THERE: Address = ("192.168.1.21", 39_999)
BEGIN_US = 1_700_000_000_000_000


class Watcher:
    """Peers, the changes that they tell, and a clock."""

    def __init__(self, expected_s: float = 5.0) -> None:
        self.changes: list[PeerChange] = []
        self.peers = Peers(expected_s, self.changes.append)
        self.now_us = BEGIN_US
        self.counter = 0

    def hear(
        self,
        counter: int | None = None,
        address: Address | None = HERE,
        link: str = UDP,
        *,
        begins: bool = False,
    ) -> None:
        """A frame of NODE, the next one unless told otherwise."""
        self.counter = self.counter + 1 if counter is None else counter
        self.peers.hear(NODE, self.counter % COUNTER_MODULUS, link, address, self.now_us, begins=begins)

    def goodbye(self) -> None:
        self.counter += 1
        self.peers.hear(NODE, self.counter, UDP, HERE, self.now_us, is_goodbye=True)

    def wait(self, seconds: float) -> None:
        """Time passes, looked at ten times a second."""
        end_us = self.now_us + round(seconds * 1e6)
        while self.now_us < end_us:
            self.now_us = min(end_us, self.now_us + 100_000)
            self.peers.age(self.now_us)

    def hear_every(self, seconds: float, times: int) -> None:
        for _ in range(times):
            self.wait(seconds)
            self.hear()

    @property
    def peer(self) -> Peer:
        (peer,) = self.peers.rows()
        return peer

    def told(self) -> list[Change]:
        """What changed since the last time."""
        told = [change.change for change in self.changes]
        self.changes.clear()
        return told


# --- coming and going ---


def test_a_node_appears_with_its_first_frame() -> None:
    watcher = Watcher()
    watcher.hear()
    assert watcher.told() == [Change.APPEARED]
    assert watcher.peer == Peer(
        NODE, UDP, "192.168.1.20:41234", PeerState.ALIVE, BEGIN_US, BEGIN_US, 1, 0, None, 0
    )


def test_a_silent_node_is_late_then_lost_then_back_each_told_once() -> None:
    watcher = Watcher()
    watcher.hear()
    watcher.hear_every(5.0, 50)
    interval_s = watcher.peer.interval_s
    assert interval_s == pytest.approx(5.0)
    assert watcher.told() == [Change.APPEARED]
    watcher.wait(5.0 * LATE_AFTER)
    assert watcher.told() == []
    watcher.wait(0.1)
    assert (watcher.told(), watcher.peer.state) == ([Change.LATE], PeerState.LATE)
    watcher.wait(5.0 * (LOST_AFTER - LATE_AFTER) + 0.1)
    assert (watcher.told(), watcher.peer.state) == ([Change.LOST], PeerState.LOST)
    watcher.wait(3600)
    assert watcher.told() == []
    watcher.hear()
    assert (watcher.told(), watcher.peer.state) == ([Change.BACK], PeerState.ALIVE)


def test_a_goodbye_is_no_loss_and_a_frame_after_it_a_return() -> None:
    watcher = Watcher()
    watcher.hear()
    watcher.goodbye()
    assert watcher.told() == [Change.APPEARED, Change.LEFT]
    watcher.wait(3600)
    watcher.hear(1)  # a copy of what it said before
    watcher.peers.hear_of(NODE, UDP, watcher.now_us)  # so is what its parent told before
    assert (watcher.told(), watcher.peer.state) == ([], PeerState.LEFT)
    watcher.hear(9_000_000)  # it started again
    assert watcher.told() == [Change.BACK]
    assert watcher.peer.interval_s is None  # the hour was no gap


def test_a_frame_that_was_overtaken_by_the_goodbye_is_no_return() -> None:
    watcher = Watcher()
    watcher.hear(1)
    watcher.hear(3)
    watcher.peers.hear(NODE, 5, UDP, HERE, watcher.now_us, is_goodbye=True)
    watcher.hear(4)
    assert (watcher.peer.state, watcher.peer.lost_frames) == (PeerState.LEFT, 1)


def test_what_its_parent_tells_of_a_node_keeps_it_alive() -> None:
    """A leaf that speaks to another agent alone; its link item comes every 16th round."""
    watcher = Watcher()
    for _ in range(30):
        watcher.peers.hear_of(NODE, "root", watcher.now_us)
        watcher.wait(80.0)
    assert watcher.peer.state is PeerState.ALIVE
    assert watcher.peer.frames == 0
    assert watcher.peer.interval_s == pytest.approx(80.0, rel=0.2)


# --- the interval ---


@pytest.mark.parametrize("interval_s", [0.1, 0.5, 1.0, 5.0, 30.0])
def test_the_interval_is_measured_whatever_was_expected(interval_s: float) -> None:
    watcher = Watcher()
    watcher.hear()
    watcher.hear_every(interval_s, round(max(600, 100 * interval_s) / interval_s))
    assert watcher.peer.interval_s == pytest.approx(interval_s, rel=0.05)
    assert watcher.peer.state is PeerState.ALIVE


def test_a_burst_counts_as_one_sign() -> None:
    watcher = Watcher()
    for _ in range(100):
        watcher.wait(5.0)
        for _ in range(10):
            watcher.hear()
            watcher.now_us += 5_000
    assert watcher.peer.interval_s == pytest.approx(5.0, rel=0.05)


def test_a_node_much_slower_than_expected_is_taken_for_lost_once_at_most() -> None:
    watcher = Watcher(expected_s=5.0)
    watcher.hear()
    watcher.hear_every(60.0, 200)
    told = Counter(watcher.told())
    assert told[Change.LOST] <= 1
    assert told[Change.LATE] <= 4
    assert watcher.peer.interval_s == pytest.approx(60.0, rel=0.05)


def test_an_outage_does_not_teach_to_wait_for_outages() -> None:
    watcher = Watcher()
    watcher.hear()
    watcher.hear_every(5.0, 50)
    watcher.wait(24 * 3600)
    watcher.hear()
    assert watcher.peer.interval_s is not None
    assert watcher.peer.interval_s < 2 * 5.0


@given(
    st.floats(0.2, 100.0),
    st.integers(0, 2**32),
    st.floats(0.0, 0.3),
)
def test_a_node_that_keeps_its_time_is_never_late(interval_s: float, seed: int, jitter: float) -> None:
    """The period is known, as a rule; single frames are lost."""
    draw = random.Random(seed)
    watcher = Watcher(expected_s=interval_s)
    watcher.hear()
    was_lost = True
    for _ in range(100):
        watcher.now_us += round(1e6 * interval_s * draw.uniform(1 - jitter, 1 + jitter))
        watcher.peers.age(watcher.now_us)
        watcher.counter += 1
        was_lost = not was_lost and draw.random() < 0.3
        if not was_lost:
            watcher.hear(watcher.counter)
    assert watcher.told() == [Change.APPEARED]


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.sampled_from(["hear", "hear of", "bye", "age"])), max_size=60)
)
def test_states_follow_from_silence_alone(events: list[tuple[float, str]]) -> None:
    watcher = Watcher()
    watcher.hear()
    for gap_s, event in events:
        watcher.now_us += round(gap_s * 1e6)
        if event == "hear":
            watcher.hear()
        elif event == "bye":
            watcher.goodbye()
        elif event == "hear of":
            watcher.peers.hear_of(NODE, UDP, watcher.now_us)
        watcher.peers.age(watcher.now_us)
        peer = watcher.peer
        silence_s = (watcher.now_us - peer.last_heard_us) / 1e6
        interval_s = peer.interval_s or 5.0
        if peer.state is PeerState.ALIVE:
            assert silence_s <= max(LEAST_LATE_S, LATE_AFTER * interval_s) + 1e-6
        elif peer.state is PeerState.LATE:
            assert silence_s <= max(LEAST_LOST_S, LOST_AFTER * interval_s) + 1e-6
        assert 0.1 <= interval_s <= 1000 * 1.01
    for before, after in zip(watcher.changes, watcher.changes[1:], strict=False):
        assert before.change is not after.change
        assert before.time_us <= after.time_us


# --- counters ---


def test_gaps_in_the_counter_are_frames_that_were_not_heard() -> None:
    watcher = Watcher()
    for counter in (10, 11, 14, 15, 16, 20):
        watcher.hear(counter)
    assert (watcher.peer.frames, watcher.peer.lost_frames) == (6, 5)


def test_a_frame_that_comes_late_was_not_lost_and_a_copy_is_none() -> None:
    watcher = Watcher()
    for counter in (10, 13, 12, 12, 13, 10):
        watcher.hear(counter)
    assert (watcher.peer.frames, watcher.peer.lost_frames) == (3, 1)


def test_the_counter_wraps() -> None:
    watcher = Watcher()
    for counter in range(COUNTER_MODULUS - 3, COUNTER_MODULUS + 4, 2):
        watcher.hear(counter)
    assert (watcher.peer.frames, watcher.peer.lost_frames) == (4, 3)


@pytest.mark.parametrize("restarted_at", [5_000_000, 3, MAX_GAP_FRAMES + 1001])
def test_a_restart_is_no_gap(restarted_at: int) -> None:
    watcher = Watcher()
    watcher.hear(1000)
    watcher.wait(20)
    watcher.hear(restarted_at)
    watcher.hear(restarted_at + 2)
    assert (watcher.peer.frames, watcher.peer.lost_frames) == (3, 1)


def test_what_waited_in_a_stalled_stream_is_neither_new_nor_a_restart_nor_a_move() -> None:
    watcher = Watcher()
    for counter in range(300):
        watcher.hear(counter)
    for counter in range(300):
        watcher.hear(counter, None, "tcp:192.168.1.2#1")
    watcher.hear(300)
    assert watcher.told() == [Change.APPEARED]
    assert (watcher.peer.frames, watcher.peer.lost_frames) == (301, 0)


def test_a_sealed_node_that_restarts_goes_on_behind_what_it_had_reserved() -> None:
    """Its first frame is a CHALLENGE to all, with a counter up to 1,024 ahead."""
    watcher = Watcher()
    watcher.hear(1000)
    watcher.hear(1900, begins=True)
    assert watcher.peer.lost_frames == 0


@given(
    st.integers(0, COUNTER_MODULUS - 1),
    st.lists(st.tuples(st.integers(1, 10), st.integers(0, WINDOW_FRAMES // 4)), min_size=1, max_size=200),
    st.randoms(use_true_random=False),
)
def test_what_was_not_heard_is_counted_exactly(
    first: int, steps: list[tuple[int, int]], draw: random.Random
) -> None:
    """Frames come with gaps, copies, and out of order within the window."""
    counters = [first]
    for step, _ in steps:
        counters.append(counters[-1] + step)
    order = sorted(
        range(1, len(counters)), key=lambda index: counters[index] + draw.randint(0, WINDOW_FRAMES // 4)
    )
    watcher = Watcher()
    watcher.hear(first)
    for index in order:
        for _ in range(draw.randint(1, 3)):
            watcher.hear(counters[index])
    heard = len(counters)
    assert watcher.peer.frames == heard
    assert watcher.peer.lost_frames == counters[-1] - first + 1 - heard


# --- places ---


def test_a_node_that_moves_is_told_once_with_both_places() -> None:
    watcher = Watcher()
    watcher.hear()
    for _ in range(5):
        watcher.hear(address=THERE)
    assert watcher.told() == [Change.APPEARED, Change.MOVED]
    watcher.hear(address=None, link="serial:/dev/ttyACM0")
    watcher.hear(address=None, link="serial:/dev/ttyACM0")
    (moved,) = watcher.changes
    assert (moved.change, moved.before) == (Change.MOVED, f"{UDP} 192.168.1.21:39999")
    assert (moved.peer.link, moved.peer.address, moved.peer.address_changes) == ("serial:/dev/ttyACM0", "", 2)


def test_copies_by_another_way_move_nobody_whichever_comes_first() -> None:
    """The bridge and its neighbour hear a node both, and are joined by TCP."""
    watcher = Watcher()
    draw = random.Random(8)
    for counter in range(1, 200):
        ways: list[tuple[str, Address | None]] = [(UDP, HERE), ("tcp:192.168.1.2#1", None)]
        if counter > 1:
            draw.shuffle(ways)
        for link, address in ways:
            watcher.hear(counter, address, link)
    assert watcher.told() == [Change.APPEARED]
    assert (watcher.peer.frames, watcher.peer.lost_frames) == (199, 0)


def test_a_single_frame_from_elsewhere_moves_nobody() -> None:
    assert MOVED_AFTER > 1
    watcher = Watcher()
    for _ in range(10):
        watcher.hear()
        watcher.hear(address=THERE)
    assert watcher.told() == [Change.APPEARED]


# --- bounds ---


def test_of_too_many_the_one_unheard_for_longest_is_forgotten() -> None:
    peers = Peers()
    for node in range(MAX_PEERS):
        peers.hear(node, 1, UDP, HERE, BEGIN_US)
    peers.hear(0, 2, UDP, HERE, BEGIN_US + 1)
    peers.hear(MAX_PEERS, 1, UDP, HERE, BEGIN_US + 2)
    nodes = {peer.node for peer in peers.rows()}
    assert (len(nodes), peers.forgotten) == (MAX_PEERS, 1)
    assert {0, MAX_PEERS} <= nodes
    assert 1 not in nodes


# --- the tap ---


def record(frame: bytes, direction: Direction = Direction.INBOUND) -> Record:
    return Record(BEGIN_US, UDP, direction, frame)


def test_the_tap_takes_what_came_in_whole_with_the_nodes_address() -> None:
    peers = Peers()
    PeerTap(peers, lambda link, node: HERE if link == UDP else None).take(
        [record(broadcast(3, 5)), record(broadcast(4)[:-1] + b"?"), record(broadcast(5), Direction.OUTBOUND)]
    )
    (peer,) = peers.rows()
    assert (peer.node, peer.link, peer.address, peer.first_seen_us) == (
        3,
        UDP,
        "192.168.1.20:41234",
        BEGIN_US,
    )


def test_a_letter_and_its_session_have_numbers_of_their_own_and_are_no_lost_frames() -> None:
    peers = Peers()
    tap = PeerTap(peers, lambda link, source: None)
    letter = Letter(15, NODE, 1, 0, 12, b"\x01")
    tap.take(
        [record(broadcast(NODE, 10)), record(encode(Frame(FrameType.LETTER, NODE, BROADCAST, 14, letter)))]
    )
    assert peers.rows()[0].lost_frames == 1, "13 was a frame; 12 the letter's number, 11 its session"
    passed_on = Letter(15, 1, NODE, 0, 15, b"\x01")
    tap.take([record(encode(Frame(FrameType.LETTER, NODE, BROADCAST, 16, passed_on)))])
    assert peers.rows()[0].lost_frames == 2, "another's letter has another's number"


def test_the_tap_knows_goodbyes_starts_and_what_parents_tell() -> None:
    peers = Peers()
    tap = PeerTap(peers, lambda link, node: None)
    tap.take([record(broadcast(3, 5)), record(encode(Frame(FrameType.GOODBYE, 3, BROADCAST, 6, Empty())))])
    tap.take(
        [record(broadcast(4, 5)), record(encode(Frame(FrameType.CHALLENGE, 4, BROADCAST, 900, Challenge(9))))]
    )
    links = (Link(child=8, parent=1, quality=255), Link(child=9, parent=1, quality=0))
    result = Result(10, Items(((0, Aggregate.of_reading(1, 2, 1)),), links))
    tap.take([record(encode(Frame(FrameType.RESULT, 1, HOST, 1, result)))])
    found = {peer.node: (peer.state, peer.frames, peer.lost_frames) for peer in peers.rows()}
    assert found == {
        1: (PeerState.ALIVE, 1, 0),
        3: (PeerState.LEFT, 2, 0),
        4: (PeerState.ALIVE, 2, 0),
        8: (PeerState.ALIVE, 0, 0),
    }


def test_a_bridge_that_only_proves_its_counters_is_no_peer_that_could_get_lost() -> None:
    peers = Peers()
    frames = [
        Frame(FrameType.CHALLENGE, 9, BROADCAST, 1, Challenge(9)),
        Frame(FrameType.LETTER, 9, BROADCAST, 2, Letter(14, 1, 7, 0, 15, b"\x01")),
        Frame(FrameType.GOODBYE, 9, BROADCAST, 3, Empty()),
    ]
    PeerTap(peers, lambda link, node: None).take([record(encode(frame)) for frame in frames])
    assert not peers.rows()


@given(st.lists(st.binary(max_size=110), max_size=20))
def test_no_bytes_raise(frames: list[bytes]) -> None:
    PeerTap(Peers(), lambda link, node: None).take([record(frame) for frame in frames])


def test_what_was_known_before_a_restart_goes_on_and_time_while_nobody_listened_is_no_silence() -> None:
    told: list[tuple[int, Change]] = []
    peers = Peers(1.0, lambda change: told.append((change.peer.node, change.change)))
    row = Peer(7, "udp", "10.0.0.7:5000", PeerState.ALIVE, 1_000, 2_000, 30, 4, 1.0, 1)
    gone = replace(row, node=8, state=PeerState.LEFT)
    now_us = 3_600 * 1_000_000
    peers.recall([row, gone], now_us)
    peers.age(now_us)
    assert peers.rows() == [row, gone]
    assert told == []
    peers.hear(7, 99, "udp", ("10.0.0.7", 5000), now_us + 1_000_000)
    assert told == []
    heard = peers.rows()[0]
    assert (heard.first_seen_us, heard.frames, heard.lost_frames) == (1_000, 31, 4)
    assert heard.interval_s == pytest.approx(1.0)
    peers.age(now_us + 60 * 1_000_000)
    assert (7, Change.LOST) in told
    assert all(node == 7 for node, _ in told)


def test_who_was_heard_already_is_not_recalled() -> None:
    peers = Peers(1.0)
    peers.hear(7, 1, "udp", None, 1_000_000)
    peers.recall([Peer(7, "serial", "", PeerState.LOST, 1, 2, 30, 4, 1.0, 1)], 1_000_000)
    assert (peers.rows()[0].link, peers.rows()[0].state) == ("udp", PeerState.ALIVE)
