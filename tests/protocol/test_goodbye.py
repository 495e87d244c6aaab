"""GOODBYE in every network: who leaves says so once, and nobody waits for it (PROTOCOL.md section 4)."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.aggregate import Aggregate
from protocol.node import (
    BecamePrimary,
    ChildJoined,
    ChildLost,
    ClaimMade,
    Joined,
    ParentLost,
    PeerLost,
    PeerMissing,
    RoundFinished,
    TokenMade,
)
from protocol.observer import NodeLeft, Observation, Observer
from protocol.packets import (
    BROADCAST,
    NO_ID,
    Ack,
    Beat,
    Empty,
    Frame,
    FrameType,
    Hello,
    Help,
    Items,
    Link,
    Network,
    Poll,
    Reading,
    Report,
    Sign,
    Sync,
    Token,
    TokenId,
)
from protocol.polling import PollingNode
from protocol.simulator.faults import Fault, Leave, Revive
from protocol.simulator.medium import Air
from protocol.simulator.radio import RADIOS
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import scattered
from protocol.sink_tree import SinkTreeNode
from protocol.timing import AnyTiming, PollingTiming, RingTiming, Timing
from protocol.token_ring import TokenRingNode
from tests.protocol.desk import Desk
from tests.protocol.polled_worlds import started

ME = 5
TIMINGS: dict[str, AnyTiming] = {
    "tree": Timing(period_ms=2_000, offer_window_ms=0, spread_ms=0),
    "ring": RingTiming(period_ms=2_000),
    "polling": PollingTiming(period_ms=2_000),
}
MAKE: dict[str, Any] = {"tree": SinkTreeNode, "ring": TokenRingNode, "polling": PollingNode}
every_network = pytest.mark.parametrize("network", MAKE)


def a_desk(network: str, **options: Any) -> Desk:
    """A node that has run for long enough to be whatever it is alone; a tree's is the root."""
    root = {"root": True} if network == "tree" else {}
    node = MAKE[network](ME, seed=1, first_counter=0, now_ms=0, timing=TIMINGS[network], **root, **options)
    desk = Desk(ME, node, {0: 60})
    desk.at(2_500)
    assert desk.take_events(RoundFinished)
    desk.take_sent()
    return desk


def goodbye(desk: Desk, source: int) -> None:
    desk.hear(source, Empty(), FrameType.GOODBYE, BROADCAST)


# --- the one who leaves ----------------------------------------------------------------------------------


@every_network
def test_who_leaves_says_goodbye_once_and_nothing_else(network: str) -> None:
    desk = a_desk(network)
    desk.node.leave(desk.now_ms)
    assert desk.node.next_deadline() == desk.now_ms
    desk.at(desk.now_ms + 10_000)
    (frame,) = desk.sent
    assert (frame.type, frame.destination, frame.payload) == (FrameType.GOODBYE, BROADCAST, Empty())
    assert desk.node.next_deadline() is None
    desk.node.leave(desk.now_ms)
    desk.at(desk.now_ms + 10_000)
    assert len(desk.sent) == 1


@every_network
def test_who_has_left_answers_nothing_and_has_nothing_to_say(network: str) -> None:
    desk = a_desk(network)
    desk.node.leave(desk.now_ms)
    desk.at(desk.now_ms)
    desk.sent.clear()
    desk.hear(9, Help(0, 255), FrameType.HELP, BROADCAST)
    desk.hear(9, Empty(), FrameType.DISC_ACK)
    for network_id in Network:
        desk.hear(9, Hello(network_id, 9, 9), FrameType.HELLO)
    desk.hear(9, Beat(9, 9, 0, 2_000, 900), FrameType.BEAT)
    desk.hear(9, Sign(TokenId(9, 9, 9), 9, NO_ID, 0), FrameType.SIGN)
    desk.node.handle_timer(desk.now_ms)
    assert not desk.node.measure(1, {0: 60}, desk.now_ms)
    desk.at(desk.now_ms + 10_000)
    assert (desk.sent, desk.events) == ([], [])


# --- the tree --------------------------------------------------------------------------------------------


def a_parent_of(*children: int) -> Desk:
    desk = a_desk("tree")
    for child in children:
        desk.hear(child, Empty(), FrameType.DISC_ACK)
    assert len(desk.take_events(ChildJoined)) == len(children)
    desk.at(4_100)  # in the round from which on they owe reports
    desk.take_sent()
    desk.events.clear()
    return desk


def test_a_child_that_leaves_is_given_up_and_the_round_does_not_wait_for_it() -> None:
    desk = a_parent_of(8, 9)
    version = 3
    report = Report(0, Items(((0, Aggregate.of_reading(version, 70, 8)),)))
    desk.at(4_000 + 2_000 + 100)
    desk.events.clear()
    desk.hear(8, report, FrameType.DATA)
    assert not desk.take_events(RoundFinished)
    goodbye(desk, 9)
    assert [event for event in desk.events if isinstance(event, ChildLost)] == [ChildLost(9)]
    (finished,) = desk.take_events(RoundFinished)
    assert finished.items.aggregates[0][1].count == 2
    assert Link(9, ME, 0) in finished.items.links


def test_the_goodbye_of_a_stranger_is_no_news_to_a_tree() -> None:
    desk = a_parent_of(8)
    goodbye(desk, 3)
    assert (desk.events, desk.take_sent()) == ([], [])


def test_children_of_a_parent_that_leaves_look_for_another_at_once() -> None:
    node = SinkTreeNode(ME, seed=1, first_counter=0, now_ms=0, timing=Timing(offer_window_ms=0))
    desk = Desk(ME, node, {0: 60})
    way = Sync(1, 0, 0, 5_000)
    desk.hear(1, way, FrameType.DISCOVERY, BROADCAST)
    desk.at(200)
    desk.hear(1, way, FrameType.DISC_ACK_ACK)
    assert desk.take_events(Joined)
    desk.at(2_000)
    desk.take_sent()
    goodbye(desk, 1)
    assert desk.take_events(ParentLost) == [ParentLost(1, "it has said goodbye")]
    desk.at(2_000 + Timing().jitter_ms)
    (call,) = desk.take_sent(FrameType.HELP)
    assert call.payload == Help(1, 1)
    desk.hear(2, Sync(2, 0, 0, 5_000), FrameType.HELP_ACK)
    desk.hear(2, Ack(1, Sync(2, 0, 0, 5_000)), FrameType.HELP_CONFIRM)
    assert node.parent == 2


# --- the ring --------------------------------------------------------------------------------------------


def a_member(*peers: int) -> Desk:
    """A node that a ring's token has not visited yet."""
    node = TokenRingNode(ME, seed=1, first_counter=0, now_ms=-500, timing=RingTiming())
    desk = Desk(ME, node, {0: 60})
    for peer in peers:
        desk.hear(peer, Hello(Network.RING, 0, 0), FrameType.HELLO)
    desk.take_sent()
    desk.events.clear()
    return desk


TOKEN = Token(TokenId(3, 9, 20), 0, 9, NO_ID, 7, 7, 10, 5_000, 0, 0, ((0, Aggregate.empty(7)),))


def passes(frames: list[Frame]) -> list[int]:
    return [frame.destination for frame in frames if frame.type is FrameType.TOKEN]


def test_a_member_that_leaves_is_lost_and_gets_no_token() -> None:
    desk = a_member(3, 7, 9)
    goodbye(desk, 7)
    assert desk.take_events(PeerLost) == [PeerLost(7, "has said goodbye")]
    desk.hear(3, TOKEN, FrameType.TOKEN)
    assert passes(desk.take_sent()) == [9]


def test_a_successor_that_leaves_is_not_waited_for() -> None:
    """It may have taken the token before it left, so the node passes on another (12.3)."""
    desk = a_member(3, 7, 9)
    desk.hear(3, TOKEN, FrameType.TOKEN)
    assert passes(desk.take_sent()) == [7]
    goodbye(desk, 7)
    desk.at(desk.now_ms)
    assert [event.parent for event in desk.take_events(TokenMade)] == [TokenId(3, 9, 20)]
    assert passes(desk.take_sent()) == [9]


def test_a_token_that_left_with_its_holder_is_lost_at_once() -> None:
    """Nobody waits for the end of its hold: only for the patience that any sign may need."""
    times_ms = []
    for is_polite in (False, True):
        desk = a_member(3, 7)
        desk.hear(3, Sign(TokenId(3, 9, 20), 7, NO_ID, 4_000), FrameType.SIGN)
        if is_polite:
            goodbye(desk, 3)
        while not desk.take_events(ClaimMade):
            desk.at(desk.now_ms + 10)
        times_ms.append(desk.now_ms)
    silent_ms, polite_ms = times_ms
    assert polite_ms < 1_500 < 4_000 < silent_ms


# --- polling ---------------------------------------------------------------------------------------------


def test_a_secondary_that_leaves_is_lost_and_polled_no_more() -> None:
    desk = a_desk("polling")
    desk.hear(9, Hello(Network.POLLING, 1, 0), FrameType.HELLO)
    desk.at(desk.now_ms + 2_000)
    (poll, *_) = desk.take_sent(FrameType.POLL)
    assert poll.destination == 9
    desk.hear(9, Reading(poll.payload.epoch, poll.payload.version, 1, ((0, 70),)), FrameType.READING)  # type: ignore[union-attr]
    desk.events.clear()
    goodbye(desk, 9)
    assert desk.take_events(PeerLost) == [PeerLost(9, "has said goodbye")]
    desk.at(desk.now_ms + 4_000)
    assert desk.take_sent(FrameType.POLL) == []


def test_a_secondary_that_leaves_during_a_round_is_missing_in_it_and_nobody_waits_for_it() -> None:
    desk = a_desk("polling")
    for peer in (8, 9):
        desk.hear(peer, Hello(Network.POLLING, 1, 0), FrameType.HELLO)
    desk.at(desk.now_ms + 2_000)
    (poll, *_) = desk.take_sent(FrameType.POLL)
    assert isinstance(poll.payload, Poll)
    epoch, version = poll.payload.epoch, poll.payload.version
    desk.hear(8, Reading(epoch, version, 1, ((0, 70),)), FrameType.READING)
    desk.events.clear()
    goodbye(desk, 9)
    assert PeerMissing(9, version) in desk.events
    (finished,) = desk.take_events(RoundFinished)
    assert finished.items.aggregates[0][1].count == 2
    desk.at(desk.now_ms + 1_000)
    assert desk.take_sent(FrameType.POLL) == []


def test_the_lease_of_a_primary_that_leaves_is_over_at_once() -> None:
    world = started((1, 2, 3, 4))
    (primary,) = world.primaries
    left_ms = world.now_ms
    world.leave(primary)
    timing = PollingTiming()
    took_ms = world.run_until(lambda: world.primaries, 1_300)
    assert took_ms <= 2 * timing.jitter_ms + 1  # the first heir; a lease is 900 ms
    assert [happened.node for happened in world.of(BecamePrimary, left_ms)] == [2]
    world.run(3_000)
    assert world.results()[-1][2] == 3
    assert not world.twice, world.replay


# --- whole networks --------------------------------------------------------------------------------------


def a_field(network: str, *faults: Fault, seed: int = 3, **options: Any) -> Simulation:
    return Simulation(
        scattered(6, 20, 20, None, 1),
        seed=seed,
        network=network,
        timing=TIMINGS[network],
        air=Air(radio=RADIOS["lan"]),
        faults=faults,
        **options,
    )


@every_network
@pytest.mark.parametrize("victim", range(2, 7))
def test_the_round_after_a_goodbye_counts_all_who_stay(network: str, victim: int) -> None:
    """Whoever it is: an inner node, the ring's home, the primary's heir; and all when it is back."""
    found: list[RoundSummary] = []
    faults = Fault(5, Leave(victim)), Fault(9, Revive(victim))
    a_field(network, *faults, seed=victim, on_round=found.append).run(14)
    left = [each for each in found if each.alive == 5]
    assert left
    assert [each.counted for each in left[1:]] == [5] * (len(left) - 1)
    assert [each.counted for each in found[-2:]] == [6, 6]


@every_network
def test_whoever_watches_knows_who_has_left_until_it_is_back(network: str) -> None:
    observer, seen = Observer(), list[Observation]()
    simulation = a_field(network, on_record=lambda record: seen.extend(observer.observe(record)))
    simulation.run(5)
    simulation.apply(Leave(4))
    simulation.run(8)
    assert [each.node for each in seen if isinstance(each, NodeLeft)] == [4]
    assert [node_id for node_id, node in observer.nodes.items() if node.has_left] == [4]
    if observer.ring:
        assert observer.ring.absent.keys() == {4}
    elif observer.polled:
        assert [peer_id for peer_id, peer in observer.polled.peers.items() if peer.is_missing] == [4]
    else:
        assert observer.nodes[4].lost
    simulation.apply(Revive(4))
    simulation.run(12)
    assert not any(node.has_left or node.lost for node in observer.nodes.values())
    assert not (observer.ring and observer.ring.absent)
    assert not (observer.polled and any(peer.is_missing for peer in observer.polled.peers.values()))
