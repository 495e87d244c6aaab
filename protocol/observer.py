"""What frames mean to whoever watches: the network, the rounds and their results (PROTOCOL.md 6.4, 6.5).

Records go in, observations come out. Live, simulated and replayed frames all pass through here, so that a log
gives the numbers of the run that it was taken from.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from protocol import serial_number
from protocol.capture import Record
from protocol.letters import update_in
from protocol.observations import (
    ActuatorSeen,
    Dropped,
    HelpHeard,
    MemberFound,
    NodeHeard,
    NodeLeft,
    NodeLost,
    NodeMissing,
    Observation,
    ParentChanged,
    PassedOver,
    PrimaryChanged,
    ReadingsSeen,
    RoundRow,
    TokenMoved,
    json_line,
)
from protocol.packets import (
    DropReason,
    Frame,
    FrameError,
    FrameType,
    Hello,
    Letter,
    Network,
    Reading,
    Result,
    decode,
)
from protocol.polling_observer import PolledPeer, PolledState, PollingObserver
from protocol.recent_counters import RecentCounters
from protocol.ring_observer import RingObserver, RingState
from protocol.tree_observer import NodeState, TreeObserver

__all__ = [
    "ActuatorSeen",
    "Dropped",
    "HelpHeard",
    "MemberFound",
    "NodeHeard",
    "NodeLeft",
    "NodeLost",
    "NodeMissing",
    "NodeState",
    "Observation",
    "Observer",
    "ParentChanged",
    "PassedOver",
    "PolledPeer",
    "PolledState",
    "PrimaryChanged",
    "ReadingsSeen",
    "RingState",
    "RoundRow",
    "TokenMoved",
    "json_line",
]

# After so many older results running, the network is one that started again.
OLDER_RESULTS = 3
_SECOND_US = 1_000_000
_TREE, _POLLING = Network.TREE, Network.POLLING  # looked up once
_GOODBYE, _RESULT = FrameType.GOODBYE, FrameType.RESULT
_NETWORKS: dict[int, Network] = {
    **dict.fromkeys((FrameType.TOKEN, FrameType.SIGN, FrameType.CLAIM), Network.RING),
    **dict.fromkeys((FrameType.POLL, FrameType.READING, FrameType.BEAT), Network.POLLING),
}  # of the others, a tree
_MAX_LIVES = 64  # of controllers, whose letters are told from copies


class Observer:
    """Follows one network. Memory is bounded by the number of nodes.

    With `tells_heard` it finds NodeHeard as well, for who asks after silence.
    """

    def __init__(self, *, tells_heard: bool = False) -> None:
        self._tells_heard = tells_heard
        self.good = 0
        self.dropped: Counter[DropReason] = Counter()
        self.nodes: dict[int, NodeState] = {}
        self.network = Network.TREE
        self.readings: dict[int, ReadingsSeen] = {}  # by node, its latest own ones
        self._tree = TreeObserver(self.nodes)
        self._ring: RingObserver | None = None
        self._polling: PollingObserver | None = None
        self._recent: dict[int, RecentCounters] = {}
        self._letters: dict[
            tuple[int, int], int
        ] = {}  # by origin and life, the newest that told of an actuator
        # Since the last result:
        self._frames = 0
        self._bytes = 0
        self._version: int | None = None  # the newest that has a result
        self._round = 0
        self._versions: dict[int, int] = {}  # by source, of its last result
        self._older_results = 0

    @property
    def root(self) -> int | None:
        """A tree's root, as far as one was heard."""
        return self._tree.root

    @property
    def parents(self) -> dict[int, int | None]:
        """Every node's parent: None for the root, a lost node, and one whose parent is not known."""
        return {node_id: node.parent for node_id, node in self.nodes.items()}

    @property
    def ring(self) -> RingState | None:
        """The token ring, None if none was heard."""
        return self._ring.state if self._ring else None

    @property
    def polled(self) -> PolledState | None:
        """The polled network, None if none was heard."""
        return self._polling.state if self._polling else None

    def round_number(self, version: int) -> int:
        """The round that readings of `version` are of, as `round` counts in results."""
        if self._version is None:
            return version
        round_ = self._round + serial_number.distance(version, self._version)
        return round_ if round_ > 0 else version

    def observe(self, record: Record) -> list[Observation]:
        """What `record` tells. A frame seen before, on another link or from a relay, tells nothing."""
        return self.observe_all((record,))

    def observe_all(self, records: Iterable[Record]) -> list[Observation]:
        """What they tell, one after the other."""
        found: list[Observation] = []
        nodes, recents = self.nodes, self._recent
        for record in records:
            try:
                frame = decode(record.frame)
            except FrameError as error:
                self.dropped[error.reason] += 1
                found.append(Dropped(record.timestamp_us, record.link, error.reason, str(error)))
                continue
            source, now_us = frame.source, record.timestamp_us
            recent = recents.get(source) or self._new_source(source)
            if not recent.take(frame.counter):
                continue
            self.good += 1
            node = nodes.get(source) or self._new_node(source)
            before_us, node.last_heard_us = node.last_heard_us, now_us
            node.has_left = frame.type is _GOODBYE
            # Whole seconds of the log's time: so who begins in the middle of a log finds the same.
            if self._tells_heard and (before_us is None or before_us // _SECOND_US != now_us // _SECOND_US):
                found.append(NodeHeard(now_us, source))
            if type(frame.payload) is Reading and self._polling is not None and self.network is _POLLING:
                # Most of what a busy network says, so it has the short way.
                seen = self._polling.read_reading(source, frame.destination, frame.payload, now_us)
                if seen is not None and self._is_news(seen):
                    found.append(seen)
            else:
                found += filter(self._is_news, self._learn(frame, now_us))
            if frame.type is _RESULT:
                found += self._finish_round(frame, record)
            else:
                self._frames += 1
                self._bytes += len(record.frame)
        return found

    def _new_node(self, node_id: int) -> NodeState:
        return self.nodes.setdefault(node_id, NodeState())

    def _new_source(self, node_id: int) -> RecentCounters:
        return self._recent.setdefault(node_id, RecentCounters())

    # --- the network -------------------------------------------------------------------------------------

    def _learn(self, frame: Frame, now_us: int) -> list[Observation]:
        if frame.type is _GOODBYE:  # of whatever network is shown
            self._follower(self.network).part(frame.source, now_us)
            return [NodeLeft(now_us, frame.source)]
        if isinstance(frame.payload, Letter):
            update = update_in(frame.payload)
            if update is None or not self._is_newest(frame.payload):
                return []
            return [ActuatorSeen(now_us, update.node, update.actuator, update.value, update.cause)]
        network = self._network_of(frame)
        if network is not _TREE and self.network is not network:
            self.network = network
            self._tree.forget()
        return self._follower(network).learn(frame, now_us)

    def _is_newest(self, letter: Letter) -> bool:
        """Every node passes a letter on, after a while (14.1): copies tell nothing, nor what is overtaken."""
        life = letter.origin, letter.origin_life
        if letter.origin_counter <= self._letters.get(life, -1):
            return False
        self._letters.pop(life, None)
        if len(self._letters) == _MAX_LIVES:
            del self._letters[next(iter(self._letters))]
        self._letters[life] = letter.origin_counter
        return True

    def _network_of(self, frame: Frame) -> Network:
        if isinstance(frame.payload, Result):
            return self.network
        if isinstance(frame.payload, Hello):
            known = (Network.RING, Network.POLLING)
            return Network(frame.payload.network) if frame.payload.network in known else Network.TREE
        return _NETWORKS.get(frame.type, _TREE)

    def _follower(self, network: Network) -> TreeObserver | RingObserver | PollingObserver:
        if network is Network.RING:
            self._ring = self._ring or RingObserver()
            return self._ring
        if network is Network.POLLING:
            self._polling = self._polling or PollingObserver()
            return self._polling
        return self._tree

    def _is_news(self, seen: Observation) -> bool:
        """Readings of a round are told once, by whatever frame tells them first."""
        if type(seen) is ReadingsSeen:
            known = self.readings.get(seen.node)
            if known is not None and known.version == seen.version:
                return False
            self.readings[seen.node] = seen
        return True

    # --- the rounds --------------------------------------------------------------------------------------

    def _finish_round(self, frame: Frame, record: Record) -> list[RoundRow]:
        """The rows of a result; none if it was told before."""
        result = frame.payload
        assert isinstance(result, Result)
        version = result.items.version
        assert version is not None  # packets.decode: a RESULT has an aggregate
        round_ = self._round_of(frame.source, version)
        if round_ is None:
            return []
        known = _known_of(record.comment)
        repairs = self._follower(self.network).end_round()
        rows = [
            RoundRow(
                record.timestamp_us,
                round_,
                metric_id,
                aggregate,
                result.items.doubt,
                result.duration_ms,
                self._frames,
                self._bytes,
                repairs,
                known.get("alive"),
                known.get("reachable"),
            )
            for metric_id, aggregate in result.items.aggregates
        ]
        self._frames = self._bytes = 0
        return rows

    def _round_of(self, source: int, version: int) -> int | None:
        """The round that a result is of (PROTOCOL.md 6.4), None if it was said before."""
        own = self._versions.get(source)
        if version in (self._version, own):
            return None
        self._versions[source] = version
        ahead = -1 if self._version is None else serial_number.distance(version, self._version)
        self._older_results = 0 if ahead > 0 else self._older_results + 1
        has_restarted = own is not None and not serial_number.is_newer(version, own)
        if ahead <= 0 and not (
            self._version is None or has_restarted or self._older_results >= OLDER_RESULTS
        ):
            return self.round_number(version)
        self._round = self._round + ahead if ahead > 0 else version
        self._version = version
        return self._round


def _known_of(comment: str | None) -> dict[str, int]:
    """The numbers that a comment on a RESULT holds; none if it is some other remark."""
    try:
        known = json.loads(comment or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: value for key, value in known.items() if type(value) is int}
