"""Copies of ring nodes, and what of them decides a world's future.

All fields of a node are named here. One that is not stops the exploration: nobody has said whether it decides
anything.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from benchmarks.ring.things import LONG_MS, Counted, Kind, Thing
from protocol import packets
from protocol.node_base import SendQueue
from protocol.packets import Claim, Hello, Sign, Token, TokenId
from protocol.peers import Peer, Peers
from protocol.ring_parts import Phase
from protocol.ring_watch import Watch
from protocol.round_trip import AckTimeouts, RoundTrip
from protocol.token_ring import TokenRingNode

_PHASES = {phase: number for number, phase in enumerate(Phase)}
# By what a copy and the key need to know of them.
_COPIED = {"peers", "_queue", "_watch", "_events", "_sensor"}
_KEPT = {
    "newest", "held", "phase", "_version", "_visited_version", "_visits", "_began_ms", "_begun", "_phase_ms",
    "_quiet_ms", "_successor", "_tries", "_silent", "_adds_from_ms", "_added", "_own", "_result_version",
    "_sign_ms", "_passed_over", "_muster_ms", "_claim_epoch", "_claim_ms", "_claim_again_ms", "_hello_ms",
    "_hello_wait_ms", "_first_sent_ms", "_measuring_ms", "_last_holder", "_usual_way_ms",
}  # fmt: skip
# Never change, are of no use in these rings (per-node readings), or only feed ack timeouts, which are fixed.
_LEFT_OUT = {
    "node_id", "_has_left", "_jitter", "_counter", "_timing", "_metrics", "_asks", "_shown_version",
    "_passed_items", "_usual_timeout_ms", "_try_ms",
}  # fmt: skip
_LEAST_MARGIN_MS = AckTimeouts(1, 1, 1).least_margin_ms
_WATCH_FIELDS = {"_jitter", "_delay_ms", "_peak_ms", "_expected_ms", "lost_ms"}
_PEERS_FIELDS = {"_timeouts", "_capacity", "_place", "_own_key", "_peers", "_present"}
_PEER_FIELDS = {"heard", "id", "is_present", "misses", "round_trip", "unanswered"}
_ROUND_TRIP_FIELDS = {"_timeouts", "_smoothed_8ths", "_margin_ms", "_guess_ms"}


def check_fields(node: TokenRingNode) -> None:
    unknown = (
        (vars(node).keys() ^ (_COPIED | _KEPT | _LEFT_OUT))
        | (vars(node._watch).keys() ^ _WATCH_FIELDS)
        | (vars(node.peers).keys() ^ _PEERS_FIELDS)
        | (set(Peer.__slots__) ^ _PEER_FIELDS)
        | (vars(RoundTrip(AckTimeouts(1, 1, 1))).keys() ^ _ROUND_TRIP_FIELDS)
    )
    if unknown:
        raise TypeError(f"{__name__} does not say what becomes of {', '.join(sorted(unknown))}")


def copy_of(node: TokenRingNode) -> TokenRingNode:
    """A node with nothing in its queues, as all are between two steps."""
    copy = TokenRingNode.__new__(TokenRingNode)
    vars(copy).update(vars(node))
    assert not node._events
    assert not node._queue._waiting
    copy._events = deque(maxlen=node._events.maxlen)
    copy._queue = SendQueue()
    copy._watch = Watch.__new__(Watch)
    vars(copy._watch).update(vars(node._watch))
    copy._sensor = _copy_of_trip(node._sensor)
    copy.peers = Peers.__new__(Peers)
    vars(copy.peers).update(vars(node.peers))
    copy.peers._present = list(node.peers._present)
    copy.peers._peers = {peer_id: _copy_of_peer(peer) for peer_id, peer in node.peers._peers.items()}
    return copy


def _copy_of_peer(peer: Peer) -> Peer:
    copy = Peer.__new__(Peer)
    for name in Peer.__slots__:
        setattr(copy, name, getattr(peer, name))
    copy.round_trip = _copy_of_trip(peer.round_trip)
    return copy


def _copy_of_trip(trip: RoundTrip) -> RoundTrip:
    copy = RoundTrip.__new__(RoundTrip)
    vars(copy).update(vars(trip))
    return copy


class KeyBase(NamedTuple):
    """What the numbers of a key are relative to."""

    now_ms: int
    round: int
    epoch: int
    sequence: int
    oldest_fork: int
    oldest_round: int

    def time(self, time_ms: int | None) -> int | None:
        return None if time_ms is None else time_ms - self.now_ms

    def version(self, version: int | None) -> int | None:
        return None if version is None else version - self.round

    def name(self, token: TokenId) -> tuple[int, int, int]:
        return token.epoch - self.epoch, token.generator, token.sequence - self.sequence

    def counted(self, counted: Counted) -> object:
        return self.version(counted[0]), counted[1]

    def thing(self, thing: Thing) -> object:
        frame = None if thing.frame is None else (thing.frame.source, self._payload(thing.frame.payload))
        version = self.version(thing.version) if thing.kind is Kind.SENSOR else 0
        counted = self.counted(thing.counted)
        return self.time(thing.due_ms), int(thing.kind), thing.node_id, version, frame, counted, thing.is_late

    def _payload(self, payload: packets.Payload) -> object:
        match payload:
            case Token():
                return *self._token(payload), payload.follows, payload.age_ms
            case Sign(id=name, version=version):
                return 1, self.name(name), self.version(version), payload.passed_over, payload.hold_ms
            case Claim():
                return 2, payload.epoch - self.epoch, self.version(payload.version)
            case Hello():
                return 3, self.version(payload.version)
            case _:
                raise TypeError(f"no ring sends {payload}")

    def _token(self, token: Token) -> tuple[object, ...]:
        sums = tuple((metric, a.max, a.max_id, a.total, a.count) for metric, a in token.aggregates)
        versions = self.version(token.version), self.version(token.next_version)
        fork = max(token.fork, self.oldest_fork) - self.sequence
        return self.name(token.id), fork, token.home, versions, token.turn, token.flags, sums

    def node(self, node: TokenRingNode) -> object:
        watch, claim = node._watch, node._claim_epoch
        is_passing = node.phase is Phase.PASSING
        return (
            self.name(node.newest),
            node.held and (self._token(node.held), self.time(node._began_ms), _PHASES[node.phase]),
            is_passing and (node._successor, node._tries, self.time(node._first_sent_ms)),
            node._silent,
            node._last_holder,
            node._is_pace_known,
            node.phase is Phase.MEASURING and self.time(node._measuring_ms),
            # All of these sensors take the same time: of the margin only what is above the least one decides.
            (node._sensor._smoothed_8ths, max(node._sensor._margin_ms, _LEAST_MARGIN_MS)),
            self.version(node._version),
            self.version(node._visited_version),
            self.version(node._result_version),
            node._added and (self.version(node._added[0]), self.name(node._added[1])),
            node._own and self.version(node._own[0]),
            # What is past for long decides nothing any more.
            max(node._adds_from_ms - self.now_ms, -LONG_MS),
            node._begun
            and node._begun[0] >= self.oldest_round
            and (self.version(node._begun[0]), max(node._begun[1] - self.now_ms, -LONG_MS)),
            (self.time(node._phase_ms), max(node._quiet_ms - self.now_ms, 0), self.time(node._muster_ms)),
            (self.time(node._hello_ms), node._hello_wait_ms, node._sign_ms, node._passed_over),
            claim and (claim - self.epoch, self.time(node._claim_ms), self.time(node._claim_again_ms)),
            (watch._delay_ms, watch._peak_ms, self.time(watch._expected_ms), self.time(watch.lost_ms)),
            tuple(_peer(peer, node._visits) for _, peer in sorted(node.peers._peers.items())),
        )


def _peer(peer: Peer, visits: int) -> tuple[object, ...]:
    """For the key. Of what is measured, the age of a token depends on the mean alone."""
    trip = peer.round_trip
    heard = peer.is_present, visits - peer.heard, peer.misses, peer.unanswered
    return peer.id, heard, trip._smoothed_8ths, trip._guess_ms
