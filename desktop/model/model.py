"""What the views show, derived from records by the one observer: live, simulated or replayed, it is the same.

A model belongs to one session and to one thread. `feed` takes records, `publish` tells those who subscribed
what has changed since the last time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from bridge.log.decoder import StateError, check_shape
from bridge.log.plain import attributes, dump, load
from desktop.model.history import NodeHistories, Series
from desktop.model.links import LinkHealth
from desktop.model.news import NetworkNews
from desktop.model.readings import ReadingsByRound, RoundReadings, readings_in_tree
from desktop.model.recent import Recent
from desktop.model.words import (
    EventKind,
    EventLine,
    bad_text,
    crowded_text,
    joined_text,
    lost_text,
    round_text,
    seeking_text,
)
from protocol.aggregate import Aggregate
from protocol.capture import Record
from protocol.observer import (
    Dropped,
    HelpHeard,
    NodeLost,
    Observation,
    Observer,
    ParentChanged,
    ReadingsSeen,
    RoundRow,
)
from protocol.packets import FrameType, Network, Pairs, decode

MAX_ROWS = 20_000
MAX_EVENTS = 20_000
BEST_QUALITY = 255  # PROTOCOL.md section 2, link
_CLAIM = FrameType.CLAIM  # looked up once
_PACKAGE = "desktop.model."  # whose classes are part of a state
# A node that seeks calls at least this often (PROTOCOL.md section 7: help wait limit 8 s, and jitter).
SEEKING_US = 20_000_000


class Standing(Enum):
    """How a node stands to the tree, the ring, or whoever polls it."""

    ROOT = "root"
    JOINED = "joined"
    JOINING = "looking for its first parent"
    SEEKING = "seeking a parent"
    STALE = "joined, but reports no more"
    LOST = "lost"
    LEFT = "left"
    HEARD = "heard, place unknown"
    HOME = "in the ring, its home"
    MEMBER = "in the ring"
    ABSENT = "passed over"
    PRIMARY = "primary"
    STANDBY = "standby"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node as the tree view shows it; `parent` is the last known one where it has none now.

    `quality` is the share of its last reports that reached the parent, 0 to 1.
    """

    id: int
    standing: Standing
    parent: int | None
    hop_count: int | None
    quality: float | None
    aggregates: Mapping[int, Aggregate]
    last_heard_us: int | None


def hung_under(nodes: Sequence[TreeNode]) -> dict[int, int | None]:
    """Under which node each is drawn: its parent, or the last one it had, unless that now stands below it."""
    drawn = {node.id: node.parent for node in nodes}
    away = [node.id for node in nodes if node.standing in (Standing.SEEKING, Standing.LOST)]
    for node_id in away:
        above, met = drawn[node_id], {node_id}
        while above is not None and above not in met:
            met.add(above)
            above = drawn.get(above)
        if above == node_id:
            drawn[node_id] = None
    return drawn


@dataclass(slots=True)
class Changes:
    """What is new since the last time; `sent` holds (source, destination) of the frames.

    `settled` are rounds of which all readings are told that will be.
    """

    frames: int = 0
    sent: set[tuple[int, int]] = field(default_factory=set)
    rows: list[RoundRow] = field(default_factory=list)
    events: list[EventLine] = field(default_factory=list)
    settled: list[RoundReadings] = field(default_factory=list)


@dataclass(slots=True)
class Past:
    """What a model has told before its state was taken; others may share it."""

    rows: Sequence[RoundRow] = ()
    events: Sequence[EventLine] = ()
    series: dict[int, Series] = field(default_factory=dict)
    node_series: NodeHistories = field(default_factory=NodeHistories)


class Model:
    """The state of one session."""

    def __init__(self) -> None:
        self.observer = Observer()
        self.rows: Recent[RoundRow] = Recent(MAX_ROWS)
        self.events: Recent[EventLine] = Recent(MAX_EVENTS)
        self.series: dict[int, Series] = {}
        self.node_series = NodeHistories()
        self.links = LinkHealth()
        self.start_us: int | None = None
        self.now_us = 0
        self.settled: RoundReadings | None = None  # the last round of which the readings are known
        self._readings = ReadingsByRound()
        self._news = NetworkNews()
        self._called_us: dict[int, int] = {}  # node: its last HELP, until it has a parent again
        self._changes = Changes()
        self._subscribers: list[Callable[[Changes], None]] = []

    def feed(self, records: Iterable[Record]) -> None:
        """Take records, oldest first."""
        observer, links, changes = self.observer, self.links, self._changes
        sent = changes.sent
        for record in records:
            if self.start_us is None:
                self.start_us = self.now_us = record.timestamp_us
            if record.timestamp_us > self.now_us:
                self.now_us = record.timestamp_us
            good = observer.good
            seen = observer.observe_all((record,))
            if seen:
                self._take(seen)
            changes.frames += 1
            if observer.good > good:
                frame = decode(record.frame)  # as the observer has just read it, and so at hand
                sent.add((frame.source, frame.destination))
                if frame.type is _CLAIM:
                    self._note_claim(frame.source)
                links.hear(record, frame)
            elif not seen:
                links.note_duplicate(record)

    def state(self) -> object:
        """All that what is to come depends on, for `restored`: values for JSON, but for what was told."""
        return dump({name: getattr(self, name) for name in _STATE}, _PACKAGE)

    @classmethod
    def restored(cls, state: object, past: Past) -> Self:
        """The model that had this state and had told `past`. Raises StateError."""
        try:
            values: dict[str, Any] = load(state, _PACKAGE)
            model = cls()
            for name in _STATE:
                _check_part(values[name], getattr(model, name))
                setattr(model, name, values[name])
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(str(error)) from error
        model.rows, model.events = Recent(MAX_ROWS, past.rows), Recent(MAX_EVENTS, past.events)
        model.series, model.node_series = past.series, past.node_series
        return model

    def copy(self) -> Self:
        """One of its own as this is now, which nobody has subscribed to."""
        past = Past(list(self.rows), list(self.events))
        for metric_id, series in self.series.items():
            past.series[metric_id] = series.prefix(series.forgotten + len(series))
        for (node, metric_id), readings in self.node_series.items():
            past.node_series.put(node, metric_id, readings.prefix(readings.forgotten + len(readings)))
        return self.restored(self.state(), past)

    def notice(self, text: str) -> None:
        """Add a line of the program's own to the events."""
        self._say(self.now_us, EventKind.NOTICE, text)

    def subscribe(self, on_change: Callable[[Changes], None]) -> None:
        """Have `publish` call `on_change`."""
        self._subscribers.append(on_change)

    def publish(self) -> None:
        """Tell the subscribers what has changed since the last time; nothing if nothing has."""
        if self._changes.frames or self._changes.events:
            changes, self._changes = self._changes, Changes()
            for on_change in self._subscribers:
                on_change(changes)

    def seconds(self, timestamp_us: int) -> float:
        """Time since the first record."""
        return (timestamp_us - (self.start_us or 0)) / 1e6

    @property
    def network(self) -> Network:
        """What kind of network it is, as far as the frames tell."""
        return self.observer.network

    def last_row(self, metric_id: int) -> RoundRow | None:
        """The last result of that metric."""
        return next((row for row in reversed(self.rows) if row.metric_id == metric_id), None)

    def readings_of_nodes(self) -> dict[int, tuple[int, Pairs]]:
        """Each node's latest own readings, and the version of the round that they are of."""
        return {node: (read.version, read.pairs) for node, read in self.observer.readings.items()}

    def heard_us(self) -> dict[int, int]:
        """When each node was last heard."""
        return {
            node_id: node.last_heard_us
            for node_id, node in self.observer.nodes.items()
            if node.last_heard_us is not None
        }

    def left(self) -> frozenset[int]:
        """Who has said goodbye, and was not heard since."""
        return frozenset(node_id for node_id, node in self.observer.nodes.items() if node.has_left)

    def standby_ranks(self) -> Mapping[int, int]:
        """The standbys that the primary of a polled network names, by their turn to take over, from 1."""
        polled = self.observer.polled
        return {heir: rank for rank, heir in enumerate(polled.heirs, 1)} if polled else {}

    def tree(self) -> list[TreeNode]:
        """Every node, by id."""
        return [
            TreeNode(
                node_id,
                self._standing(node_id),
                node.last_parent,
                node.hop_count,
                None if node.quality is None else node.quality / BEST_QUALITY,
                node.aggregates,
                node.last_heard_us,
            )
            for node_id, node in sorted(self.observer.nodes.items())
        ]

    def _standing(self, node_id: int) -> Standing:
        node = self.observer.nodes[node_id]
        if node.has_left:
            return Standing.LEFT
        if node_id == self.observer.root:
            return Standing.ROOT
        if node.parent is not None:
            return Standing.JOINED
        if self.now_us - self._called_us.get(node_id, -SEEKING_US) < SEEKING_US:
            return Standing.SEEKING
        return Standing.LOST if node.lost else Standing.HEARD

    def _take(self, observations: list[Observation]) -> None:
        """All that one record told, which is something."""
        rows: list[RoundRow] = []
        abandoned: dict[int, int] = {}
        may_settle = False
        for seen in observations:
            match seen:
                case ReadingsSeen():
                    self._note_readings(seen)
                    may_settle = True
                case RoundRow():
                    rows.append(seen)
                    may_settle = True
                case NodeLost(_, node, parent):  # a call for help is told after it
                    abandoned[node] = parent
                case ParentChanged(timestamp_us, node, parent, previous):
                    self._called_us.pop(node, None)
                    kind = EventKind.JOINED if previous in (None, parent) else EventKind.MOVED
                    self._say(timestamp_us, kind, joined_text(node, parent, previous))
                case HelpHeard(timestamp_us, node):
                    if self._is_first_call(timestamp_us, node):
                        text = seeking_text(node, abandoned.pop(node, None))
                        self._say(timestamp_us, EventKind.SEEKING, text)
                case Dropped(timestamp_us, link, reason):
                    self._tell_of_bad(seen)
                    self.links.note_bad(timestamp_us, link, reason)
            for kind, text in self._news.of(seen):
                self._say(seen.timestamp_us, kind, text)
        for node, parent in abandoned.items():
            self._say(observations[0].timestamp_us, EventKind.LOST, lost_text(node, parent))
        self._take_round(rows)
        if may_settle and self._readings.is_awaited:
            self._settle(self._readings.settle_if_told(self.observer.readings, self._absent()))

    def _is_first_call(self, timestamp_us: int, node: int) -> bool:
        """Whether that node did not seek before this HELP."""
        was_seeking = self._standing(node) is Standing.SEEKING
        self._called_us[node] = timestamp_us
        return not was_seeking

    def _note_claim(self, source: int) -> None:
        """What a frame's header tells beyond the observer."""
        for event_kind, text in self._news.claimed(source):
            self._say(self.now_us, event_kind, text)

    def _absent(self) -> set[int]:
        """The nodes of a ring or a polled network that tell no readings now."""
        ring, polled = self.observer.ring, self.observer.polled
        if ring is not None:
            return set(ring.absent)
        return {node for node, peer in polled.peers.items() if peer.is_missing} if polled else set()

    def _settle(self, settled: RoundReadings | None) -> None:
        if settled is not None:
            self.settled = settled
            self._changes.settled.append(settled)
            for metric_id, row in settled.rows.items():
                told = [raws[metric_id] for raws in settled.readings.values() if metric_id in raws]
                if told:
                    self.series[metric_id].tell_least(self.seconds(row.timestamp_us), row, min(told))

    def _note_readings(self, seen: ReadingsSeen) -> None:
        self._readings.add(seen.version, seen.node, seen.pairs)
        self._keep_readings(seen.timestamp_us, [(seen.node, metric_id, raw) for metric_id, raw in seen.pairs])

    def _note_readings_in_tree(self, settled: RoundReadings) -> None:
        """Leaves tell theirs; of the others the result tells who read the maximum."""
        for metric_id, row in settled.rows.items():
            raws = {node: read[metric_id] for node, read in settled.readings.items() if metric_id in read}
            if row.max is not None and row.max_id is not None:
                raws[row.max_id] = row.max
            self._keep_readings(row.timestamp_us, [(node, metric_id, raw) for node, raw in raws.items()])

    def _keep_readings(self, timestamp_us: int, readings: Iterable[tuple[int, int, int]]) -> None:
        """Each a node, a metric's id and a raw reading."""
        known = self.node_series
        was_full, time_s, keep = known.is_full, self.seconds(timestamp_us), known.append
        for node, metric_id, raw in readings:
            keep(node, metric_id, time_s, raw)
        if known.is_full and not was_full:
            self._say(timestamp_us, EventKind.NOTICE, crowded_text(len(known)))

    def _take_round(self, rows: list[RoundRow]) -> None:
        for row in rows:
            self.rows.append(row)
            self._changes.rows.append(row)
            series = self.series.get(row.metric_id)
            if series is None:
                series = self.series[row.metric_id] = Series(row.metric)
            series.append(self.seconds(row.timestamp_us), row)
        if rows:
            row = next((row for row in rows if row.max is not None), rows[0])
            kind = EventKind.ROUND if row.exact else EventKind.INEXACT
            self._say(row.timestamp_us, kind, round_text(row))
            if self.network is Network.TREE:
                reports = (node.aggregates for node in self.observer.nodes.values())
                settled = readings_in_tree(rows, reports)
                self._settle(settled)
                self._note_readings_in_tree(settled)
            else:
                self._settle(self._readings.finish(rows, self.observer.readings))

    def _tell_of_bad(self, dropped: Dropped) -> None:
        """Noise brings thousands of bad frames: one line for the 1st, 10th, 100th of a reason."""
        count = self.observer.dropped[dropped.reason]
        if count == 10 ** (len(str(count)) - 1):
            self._say(dropped.timestamp_us, EventKind.BAD, bad_text(dropped, count))

    def _say(self, timestamp_us: int, kind: EventKind, text: str) -> None:
        line = EventLine(timestamp_us, kind, text)
        self.events.append(line)
        self._changes.events.append(line)


_STATE = ("observer", "links", "start_us", "now_us", "settled", "_readings", "_news", "_called_us")


def _check_part(part: object, fresh: object) -> None:
    """A part of a state may be of another version of the program. Raises StateError."""
    if fresh is None:
        if not isinstance(part, int | RoundReadings | None):
            raise StateError(f"{type(part).__name__} in the state of a model")
    elif type(part) is not type(fresh) or set(attributes(part)) != set(attributes(fresh)):
        raise StateError(f"{type(fresh).__name__} is another in this version")
    elif isinstance(part, Observer):
        check_shape(part)
