"""What frames mean to whoever watches: the tree, the rounds and their results (PROTOCOL.md 6.4, 6.5).

Records go in, observations come out. Live, simulated and replayed frames all pass through here, so that a log
gives the numbers of the run that it was taken from.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol import serial_number
from protocol.aggregate import Aggregate, Metric, metric_of
from protocol.capture import Record
from protocol.packets import (
    MAX_NODE_ID,
    NO_HOP_COUNT,
    Ack,
    DropReason,
    Frame,
    FrameError,
    FrameType,
    Help,
    Items,
    Link,
    Report,
    Result,
    Sync,
    decode,
)

RECENT_FRAMES = 64  # of a source: its copies come sooner, on other links or from relays
FIRST_HAND_RESULTS = 2  # after so many results, news handed on has overtaken what was heard directly


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One metric of one finished round."""

    timestamp_us: int
    round: int
    metric_id: int
    aggregate: Aggregate
    doubt: int
    duration_ms: int
    frames: int
    bytes: int
    repairs: int
    alive: int | None = None
    reachable: int | None = None

    @property
    def metric(self) -> Metric:
        """What the raw values mean."""
        return metric_of(self.metric_id)

    @property
    def version(self) -> int:
        """The round as on the wire."""
        return self.aggregate.version

    @property
    def max(self) -> int | None:
        """The largest raw reading, None without readings."""
        return self.aggregate.max if self.aggregate.count else None

    @property
    def maximum(self) -> float | None:
        """The largest reading in the metric's unit, None without readings."""
        return None if self.max is None else self.metric.scaled(self.max)

    @property
    def max_id(self) -> int | None:
        """Who read it, None without readings."""
        return self.aggregate.max_id if self.aggregate.count else None

    @property
    def count_lo(self) -> int:
        """At least so many different nodes are counted (6.3)."""
        return max(0, self.aggregate.count - self.doubt)

    @property
    def saturated(self) -> bool:
        """Whether total or count stopped at its limit."""
        return self.aggregate.saturated

    @property
    def exact(self) -> bool:
        """Whether the result is exact for the nodes that it counts."""
        return not self.doubt and not self.saturated

    @property
    def average(self) -> float | None:
        """The mean in the metric's unit, rounded to 6 decimals; None without readings, or if saturated."""
        raw = None if self.saturated else self.aggregate.average_raw
        return None if raw is None else round(self.metric.scaled(raw), 6)

    def as_json(self) -> dict[str, object]:
        """The result object of PROTOCOL.md 6.4, its keys in that order."""
        found: dict[str, object] = {
            "round": self.round,
            "version": self.version,
            "metric": self.metric.name,
            "max": self.max,
            "max_id": self.max_id,
            "total": self.aggregate.total,
            "count": self.aggregate.count,
            "count_lo": self.count_lo,
            "count_hi": self.aggregate.count,
            "average": self.average,
            "unit": self.metric.unit,
            "exact": self.exact,
            "saturated": self.saturated,
            "duration_ms": self.duration_ms,
            "frames": self.frames,
            "bytes": self.bytes,
            "repairs": self.repairs,
        }
        known = {"alive": self.alive, "reachable": self.reachable}
        return found | {key: value for key, value in known.items() if value is not None}


def json_line(row: RoundRow, **more: object) -> str:
    """The result object as one line of JSON, without a line end; `more` follows its keys."""
    return json.dumps(row.as_json() | more, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class ParentChanged:
    """`parent` counts `node` among its children; `previous` was its last parent, None if none was known."""

    timestamp_us: int
    node: int
    parent: int
    previous: int | None


@dataclass(frozen=True, slots=True)
class NodeLost:
    """`parent` has given `node` up, or `node` calls for help and so has left it."""

    timestamp_us: int
    node: int
    parent: int


@dataclass(frozen=True, slots=True)
class HelpHeard:
    """`node` seeks a parent; version and hop count are its feasibility distance (5.3)."""

    timestamp_us: int
    node: int
    version: int
    hop_count: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A record that holds no frame; `detail` is for people and begins with the reason."""

    timestamp_us: int
    link: str
    reason: DropReason
    detail: str


Observation = RoundRow | ParentChanged | NodeLost | HelpHeard | Dropped


@dataclass(slots=True)
class NodeState:
    """What is known of a node; the observer alone changes it. None stands for unknown.

    `aggregates` by metric id are its last report's: its own subtree, or the whole field if it is the root.
    """

    last_heard_us: int | None = None
    hop_count: int | None = None
    parent: int | None = None
    last_parent: int | None = None
    quality: int | None = None
    aggregates: Mapping[int, Aggregate] = field(default_factory=dict)

    @property
    def lost(self) -> bool:
        """Whether it had a parent and has none now."""
        return self.parent is None and self.last_parent is not None


class Observer:
    """Follows one network. Memory is bounded by the number of nodes."""

    def __init__(self) -> None:
        self.good = 0
        self.dropped: Counter[DropReason] = Counter()
        self.root: int | None = None
        self.nodes: dict[int, NodeState] = {}
        self._recent: dict[int, deque[int]] = {}
        # Since the last result:
        self._frames = 0
        self._bytes = 0
        self._repaired: set[int] = set()
        self._version: int | None = None  # of the last result
        self._round = 0
        self._results = 0
        # By node, `_results` when its place in the tree was heard directly, and when a parent confirmed it:
        self._first_hand: dict[int, int] = {}
        self._confirmed: dict[int, int] = {}

    @property
    def parents(self) -> dict[int, int | None]:
        """Every node's parent: None for the root, a lost node, and one whose parent is not known."""
        return {node_id: node.parent for node_id, node in self.nodes.items()}

    def observe(self, record: Record) -> list[Observation]:
        """What `record` tells. A frame seen before, on another link or from a relay, tells nothing."""
        try:
            frame = decode(record.frame)
        except FrameError as error:
            self.dropped[error.reason] += 1
            return [Dropped(record.timestamp_us, record.link, error.reason, str(error))]
        if self._is_copy(frame):
            return []
        self.good += 1
        self._node(frame.source).last_heard_us = record.timestamp_us
        found = self._learn(frame, record.timestamp_us)
        if isinstance(frame.payload, Result):
            return found + self._finish_round(frame.payload, record)
        self._frames += 1
        self._bytes += len(record.frame)
        return found

    def _is_copy(self, frame: Frame) -> bool:
        recent = self._recent.setdefault(frame.source, deque(maxlen=RECENT_FRAMES))
        if frame.counter in recent:
            return True
        recent.append(frame.counter)
        return False

    def _node(self, node_id: int) -> NodeState:
        return self.nodes.setdefault(node_id, NodeState())

    # --- the tree ----------------------------------------------------------------------------------------

    def _learn(self, frame: Frame, now_us: int) -> list[Observation]:
        match frame.payload:
            case Sync() as sync:
                self._set_hop_count(frame.source, sync.hop_count)
                return self._take_as_child(frame, now_us) if frame.type is FrameType.DISC_ACK_ACK else []
            case Ack(_, sync):
                self._set_hop_count(frame.source, sync.hop_count)
                return self._take_as_child(frame, now_us)
            case Report(_, items):
                return self._read_items(frame.source, items, now_us)
            case Result(_, items):
                self._set_hop_count(frame.source, 0)
                return self._read_items(frame.source, items, now_us)
            case Help(version, hop_count) if frame.type is FrameType.HELP:
                self._hear_of(frame.source)
                help_heard = HelpHeard(now_us, frame.source, version, hop_count)
                return [*self._lose(frame.source, now_us), help_heard]
        return []

    def _set_hop_count(self, node_id: int, hop_count: int) -> None:
        node = self._node(node_id)
        node.hop_count = None if hop_count == NO_HOP_COUNT else hop_count
        if hop_count == 0:
            self.root = node_id
            node.parent = node.last_parent = node.quality = None

    def _take_as_child(self, confirmation: Frame, now_us: int) -> list[Observation]:
        self._hear_of(confirmation.destination)
        self._confirmed[confirmation.destination] = self._results
        return self._adopt(confirmation.destination, confirmation.source, now_us)

    def _read_items(self, source: int, items: Items, now_us: int) -> list[Observation]:
        if items.aggregates:
            self._node(source).aggregates = dict(items.aggregates)
        return [seen for link in items.links for seen in self._read_link(source, link, now_us)]

    def _read_link(self, source: int, link: Link, now_us: int) -> list[Observation]:
        is_news = True
        if link.parent == source:
            self._hear_of(link.child)
            # Since that report was put together the child may have gone elsewhere, and a frame told where.
            is_news = self._confirmed.get(link.child) != self._results
        elif self._results - self._first_hand.get(link.child, -FIRST_HAND_RESULTS) < FIRST_HAND_RESULTS:
            return []
        found = self._adopt(link.child, link.parent, now_us) if link.quality and is_news else []
        child = self.nodes.get(link.child)
        if child is None or child.parent != link.parent:
            return found
        child.quality = link.quality
        return found if link.quality else self._lose(link.child, now_us)

    def _hear_of(self, node_id: int) -> None:
        """The frame at hand tells of that node's place in the tree at first hand."""
        if node_id <= MAX_NODE_ID:
            self._first_hand[node_id] = self._results

    def _adopt(self, child: int, parent: int, now_us: int) -> list[Observation]:
        if child > MAX_NODE_ID or parent > MAX_NODE_ID or child in (parent, self.root):
            return []
        node, hop_count = self._node(child), self._node(parent).hop_count
        node.hop_count = None if hop_count is None else min(hop_count + 1, NO_HOP_COUNT - 1)
        if node.parent == parent:
            return []
        previous = node.last_parent
        node.parent = node.last_parent = parent
        node.quality = None
        if previous is not None:
            self._repaired.add(child)
        return [ParentChanged(now_us, child, parent, previous)]

    def _lose(self, node_id: int, now_us: int) -> list[Observation]:
        node = self._node(node_id)
        if node.parent is None:
            return []
        parent = node.parent
        node.parent = node.hop_count = node.quality = None
        return [NodeLost(now_us, node_id, parent)]

    # --- the rounds --------------------------------------------------------------------------------------

    def _finish_round(self, result: Result, record: Record) -> list[Observation]:
        """The rows of a result; none if the last result was of the same round (the root said it again)."""
        version = result.items.version
        assert version is not None  # packets.decode: a RESULT has an aggregate
        if version == self._version:
            return []
        ahead = -1 if self._version is None else serial_number.distance(version, self._version)
        # A root's versions only grow: an older one is of a root that started again, and so does the count.
        self._round = self._round + ahead if ahead > 0 else version
        self._version = version
        known = _known_of(record.comment)
        rows = [
            RoundRow(
                record.timestamp_us,
                self._round,
                metric_id,
                aggregate,
                result.items.doubt,
                result.duration_ms,
                self._frames,
                self._bytes,
                len(self._repaired),
                known.get("alive"),
                known.get("reachable"),
            )
            for metric_id, aggregate in result.items.aggregates
        ]
        self._frames = self._bytes = 0
        self._repaired.clear()
        self._results += 1
        return [*rows]


def _known_of(comment: str | None) -> dict[str, int]:
    """The numbers that a comment on a RESULT holds; none if it is some other remark."""
    try:
        known = json.loads(comment or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: value for key, value in known.items() if type(value) is int}
