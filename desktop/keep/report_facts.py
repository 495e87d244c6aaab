"""What a report tells, gathered from a log by the very model of live sessions; memory is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bridge.access import Access, RecordOpener
from bridge.capture_file import read_records
from desktop.keep.job import Tell
from desktop.keep.notes import Notes
from desktop.model.model import Changes, Model
from desktop.model.words import EventKind, EventLine
from protocol.capture import Direction, Record
from protocol.observer import RoundRow

PIECE = 2_000  # records between two words to whoever waits
MOST_ROWS = 200  # of rounds, one by one; more are summed up
INTERVALS = 40
MOST_EVENTS = 400


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Of which session: its log, its title and what was noted; `notices` are the app's own events."""

    log: Path
    access: Access
    title: str
    notes: Notes
    notices: Sequence[EventLine]
    path: Path  # of the report


@dataclass(slots=True)
class LinkCount:
    """What crossed a link; `bad` frames are damaged, or none of the protocol."""

    inbound: int = 0
    outbound: int = 0
    bytes: int = 0
    bad: int = 0

    @property
    def frames(self) -> int:
        """Both ways."""
        return self.inbound + self.outbound


@dataclass(slots=True)
class RoundSum:
    """Rounds of one metric, values in its unit; the extremes with the row that they are of."""

    metric_id: int
    rounds: int = 0
    exact: int = 0
    saturated: int = 0
    highest: RoundRow | None = None
    averages: int = 0
    average_sum: float = 0.0
    average_least: float = float("inf")
    average_most: float = float("-inf")
    count_least: int | None = None
    count_most: int = 0
    counted: int = 0  # nodes, in rounds of which it is known how many were alive
    alive: int = 0

    def add(self, row: RoundRow) -> None:
        """One more."""
        self.rounds += 1
        self.exact += row.exact
        self.saturated += row.saturated
        self.count_least = row.count_lo if self.count_least is None else min(self.count_least, row.count_lo)
        self.count_most = max(self.count_most, row.aggregate.count)
        if row.alive is not None:
            self.counted += row.aggregate.count
            self.alive += row.alive
        if row.max is not None and (self.highest is None or row.max > (self.highest.max or 0)):
            self.highest = row
        if row.average is not None:
            self.averages += 1
            self.average_sum += row.average
            self.average_least = min(self.average_least, row.average)
            self.average_most = max(self.average_most, row.average)

    @property
    def average(self) -> float | None:
        """The mean of the rounds' averages."""
        return self.average_sum / self.averages if self.averages else None


@dataclass(slots=True)
class Facts:
    """`model` stands at the end of the log; `events` are the first and the last, `left_out` between them."""

    model: Model = field(default_factory=Model)
    opener: RecordOpener | None = None
    links: dict[str, LinkCount] = field(default_factory=dict)
    sums: dict[int, RoundSum] = field(default_factory=dict)
    intervals: dict[tuple[int, int], RoundSum] = field(default_factory=dict)  # by interval and metric
    interval_s: float = 1.0
    kinds: Counter[EventKind] = field(default_factory=Counter)
    first_events: list[EventLine] = field(default_factory=list)
    last_events: list[EventLine] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    records: int = 0

    @property
    def rounds(self) -> int:
        """Results in all, of all metrics."""
        return sum(each.rounds for each in self.sums.values())

    @property
    def events(self) -> list[EventLine]:
        """Those that are shown, in order."""
        return sorted([*self.first_events, *self.last_events], key=lambda event: event.timestamp_us)

    @property
    def left_out(self) -> int:
        """How many events are not shown."""
        return self.kinds.total() - len(self.first_events) - len(self.last_events)


def gather(request: ReportRequest, tell: Tell) -> Facts:
    """Go through the log. Raises UsageError, CancelledError."""
    facts = Facts(opener=RecordOpener(request.access))
    assert facts.opener is not None
    if request.access.keys is not None:
        facts.opener.learn(read_records(request.log, lambda line: None))
    facts.model.subscribe(lambda changes: _take(facts, changes))
    shares = [0.0]
    records = read_records(request.log, facts.remarks.append, shares.append)
    while piece := list(islice(records, PIECE)):
        _feed(facts, facts.opener, piece)
        del shares[:-1]
        tell(shares[-1] * 0.9, f"{facts.records:,} packets read")
    for notice in request.notices:
        _add_event(facts, notice)
    return facts


def _feed(facts: Facts, opener: RecordOpener, records: Iterable[Record]) -> None:
    model = facts.model
    for record in _counted(facts, records):
        opened = opener.open(record)
        if opened is not None:
            bad = model.observer.dropped.total()
            model.feed((opened,))
            facts.links[record.link].bad += model.observer.dropped.total() - bad
    model.publish()


def _counted(facts: Facts, records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        facts.records += 1
        link = facts.links.setdefault(record.link, LinkCount())
        link.bytes += len(record.frame)
        if record.direction is Direction.OUTBOUND:
            link.outbound += 1
        else:
            link.inbound += 1
        yield record


def _take(facts: Facts, changes: Changes) -> None:
    for row in changes.rows:
        facts.sums.setdefault(row.metric_id, RoundSum(row.metric_id)).add(row)
        _add_to_interval(facts, row)
    for event in changes.events:
        _add_event(facts, event)


def _add_to_interval(facts: Facts, row: RoundRow) -> None:
    """Intervals double when there would be too many: so each pass over the log is enough."""
    time_s = max(0.0, facts.model.seconds(row.timestamp_us))
    while time_s >= INTERVALS * facts.interval_s:
        facts.interval_s *= 2
        old, facts.intervals = facts.intervals, {}
        for (at, metric_id), each in old.items():
            _merge(facts.intervals.setdefault((at // 2, metric_id), RoundSum(metric_id)), each)
    key = int(time_s / facts.interval_s), row.metric_id
    facts.intervals.setdefault(key, RoundSum(row.metric_id)).add(row)


def _merge(into: RoundSum, other: RoundSum) -> None:
    into.rounds += other.rounds
    into.exact += other.exact
    into.saturated += other.saturated
    into.averages += other.averages
    into.average_sum += other.average_sum
    into.average_least = min(into.average_least, other.average_least)
    into.average_most = max(into.average_most, other.average_most)
    into.count_most = max(into.count_most, other.count_most)
    into.counted += other.counted
    into.alive += other.alive
    counts = [each.count_least for each in (into, other) if each.count_least is not None]
    into.count_least = min(counts, default=None)
    rows = [each.highest for each in (into, other) if each.highest is not None]
    into.highest = max(rows, key=lambda row: row.max or 0, default=None)


def _add_event(facts: Facts, event: EventLine) -> None:
    """Rounds stand in their own table."""
    if event.kind in (EventKind.ROUND, EventKind.INEXACT):
        return
    facts.kinds[event.kind] += 1
    if len(facts.first_events) < MOST_EVENTS // 2:
        facts.first_events.append(event)
    else:
        facts.last_events.append(event)
        if len(facts.last_events) > MOST_EVENTS // 2:
            del facts.last_events[0]
