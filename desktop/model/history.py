"""What was measured over time: the results of rounds by metric, and the readings of each node.

Times are seconds since the session's first record and never go back; values are in the metric's unit, NaN
where there is none. A sample takes 12.5 bytes with its time and its tiers, and up to a quarter more while it
grows. A series keeps its newest MAX_SAMPLES (a day at 12 a second; of rounds every 5 s, two months); all
readings of nodes together keep MAX_NODE_SAMPLES (50 nodes for a day at 11 a second, 0.8 GB). The packet log
keeps the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from desktop.model.columns import Column, Floats, MinMaxColumn, Times, middle
from protocol.aggregate import MAX_RAW, Metric, metric_of
from protocol.observer import RoundRow

MAX_SAMPLES = 1 << 20
MAX_NODE_SAMPLES = 48 << 20
MAX_NODE_SERIES = 1 << 14  # 500 nodes with 32 metrics; a forger may make up four million
_FORGOTTEN_SHARE = 8  # of a full series: this part at once
_GAP_INTERVALS = 3.5  # so many usual intervals of silence are a gap
_USUAL_SAMPLES = 16  # before and after one: their intervals are the usual ones there
_WIDE_COLUMNS = 2.0  # a step that covers more columns than this is looked at more closely
_LEAST_SAMPLES = 1024  # of a node, however many nodes there are


@dataclass(frozen=True, slots=True)
class Slice:
    """A column in a span of time, in no more points than were asked for.

    Point i stands for the samples from `time_s[i]` on, up to the next point: their least and greatest. If
    `is_whole` each point is one sample. Where `breaks[i]`, nothing leads from the point before to this one.
    """

    time_s: Times
    low: Floats
    high: Floats
    breaks: NDArray[np.bool_]
    is_whole: bool


class Timeline:
    """Columns over one column of times."""

    COLUMNS: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self._times = Column(np.float64)
        self._columns = {name: MinMaxColumn() for name in self.COLUMNS}
        self.forgotten = 0  # of the samples ever appended, the oldest

    def __len__(self) -> int:
        return len(self._times)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeline) or type(self) is not type(other):
            return NotImplemented
        return np.array_equal(self.time_s, other.time_s) and all(
            np.array_equal(column.values, other._columns[name].values, equal_nan=True)
            for name, column in self._columns.items()
        )

    __hash__ = None  # type: ignore[assignment]  # it grows

    @property
    def time_s(self) -> Times:
        """When each sample was taken."""
        return self._times.values

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        return self._times.size_bytes + sum(column.size_bytes for column in self._columns.values())

    def column(self, name: str) -> MinMaxColumn:
        """That one of COLUMNS."""
        return self._columns[name]

    def index_range(self, start_s: float, end_s: float) -> tuple[int, int]:
        """The samples within that time, and one more on either side."""
        first, last = np.searchsorted(self.time_s, (start_s, end_s), side="left")
        return max(0, int(first) - 1), min(len(self), int(last) + 1)

    def is_gap(self, index: int, time_s: float) -> bool:
        """Whether that time is so long after that sample that it no longer stands."""
        intervals_s = np.diff(self.time_s[max(0, index - _USUAL_SAMPLES) : index + _USUAL_SAMPLES])
        if len(intervals_s) < 2:
            return False
        return time_s - float(self.time_s[index]) > _GAP_INTERVALS * middle(intervals_s)

    def slice(self, name: str, start_s: float, end_s: float, most_points: int) -> Slice:
        """That column within that time, and one point more on either side; about `most_points` at most."""
        first, last = self.index_range(start_s, end_s)
        column, times = self._columns[name], self.time_s
        if last - first <= most_points:
            values, time_s = column.values[first:last], times[first:last]
            return Slice(time_s, values, values, _breaks(time_s), True)
        step = 1 << max(1, math.ceil(math.log2((last - first) / most_points)))
        first -= first % step
        low, high = column.extremes(first, last, step)
        starts = np.arange(first, last, step)
        width_s = (end_s - start_s) / most_points
        if len(starts) > 2 and width_s > 0:
            starts, low, high = self._closer(column, starts, last, low, high, width_s)
        time_s = times[starts]
        return Slice(time_s, low, high, _gaps(times, starts, last), False)

    def _closer(
        self,
        column: MinMaxColumn,
        starts: NDArray[np.int64],
        last: int,
        low: Floats,
        high: Floats,
        width_s: float,
    ) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Steps that take much time are split at columns of the picture: samples may come in bursts."""
        times = self.time_s
        ends = np.append(starts[1:], last)
        wide = np.flatnonzero(times[ends - 1] - times[starts] > _WIDE_COLUMNS * width_s)
        if not len(wide):
            return starts, low, high
        parts: list[tuple[NDArray[np.int64], Floats, Floats]] = []
        done = 0
        for i in wide:
            begin, end = int(starts[i]), int(ends[i])
            place = np.floor(times[begin:end] / width_s)
            split = begin + np.flatnonzero(np.diff(place, prepend=-np.inf))
            values = column.values[begin:end]
            parts.append((starts[done:i], low[done:i], high[done:i]))
            parts.append((
                split, np.fmin.reduceat(values, split - begin), np.fmax.reduceat(values, split - begin)
            ))  # fmt: skip
            done = int(i) + 1
        parts.append((starts[done:], low[done:], high[done:]))
        joined = [np.concatenate(list(piece)) for piece in zip(*parts, strict=True)]
        return joined[0], joined[1], joined[2]

    def prefix(self, count: int) -> Self:
        """What it was when so many samples had been appended, as far as they are kept; memory is shared."""
        other = self._empty()
        length = max(0, count - self.forgotten)
        other.forgotten = self.forgotten
        other._times = self._times.share(length)
        other._columns = {name: column.prefix(length) for name, column in self._columns.items()}
        return other

    def extend(self, time_s: Times, *columns: Floats) -> None:
        """Add samples, whose times do not go back, column by column in the order of COLUMNS."""
        self._times.extend(time_s)
        for column, values in zip(self._columns.values(), columns, strict=True):
            column.extend(values)
        self.keep(MAX_SAMPLES)

    def keep(self, most: int) -> None:
        """Let the oldest go if there are more than so many."""
        if len(self) > most:
            count = len(self) - most + most // _FORGOTTEN_SHARE
            self._times.forget(count)
            for column in self._columns.values():
                column.forget(count)
            self.forgotten += count

    def _empty(self) -> Self:
        return type(self)()

    def _append(self, time_s: float, values: Iterable[float]) -> None:
        count = self._times.append_after(time_s)
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)
        if count > MAX_SAMPLES:
            self.keep(MAX_SAMPLES)


class NodeSeries(Timeline):
    """One metric of one node: `value`."""

    COLUMNS = ("value",)

    def append(self, time_s: float, value: float) -> int:
        """Add a reading; how many there are now, or were before the oldest were let go."""
        count = self._times.append_after(time_s)  # as _append, without a loop: there are thousands a second
        self._columns["value"].append(value)
        if count > MAX_SAMPLES:
            self.keep(MAX_SAMPLES)
        return count

    @property
    def value(self) -> Floats:
        """The readings."""
        return self._columns["value"].values


class Series(Timeline):
    """The results of one metric.

    `minimum` is the least reading that a node told, NaN where none did; `doubt` is how many of `count` may be
    counted twice (PROTOCOL.md 6.3). `average_lo` and `average_hi`: see `average_bounds`.
    """

    COLUMNS = (
        "maximum", "average", "minimum", "count", "count_lo", "doubt", "alive", "max_id",
        "average_lo", "average_hi",
    )  # fmt: skip

    def __init__(self, metric: Metric) -> None:
        super().__init__()
        self.metric = metric

    def append(self, time_s: float, row: RoundRow) -> None:
        """Add a round."""
        low, high = average_bounds(row, None)
        self._append(
            time_s,
            (
                _or_nan(row.maximum), _or_nan(row.average), math.nan, row.aggregate.count, row.count_lo,
                row.doubt, _or_nan(row.alive), _or_nan(row.max_id), low, high,
            ),
        )  # fmt: skip

    def tell_least(self, time_s: float, row: RoundRow, least_raw: int) -> None:
        """The least reading that a node told of the round of that time: it may be known after the result."""
        index = int(np.searchsorted(self.time_s, time_s, side="right")) - 1
        if index < 0:
            return  # it was let go
        low, high = average_bounds(row, least_raw)
        for name, value in (
            ("minimum", self.metric.scaled(least_raw)),
            ("average_lo", low),
            ("average_hi", high),
        ):
            self._columns[name].put(index, value)

    @property
    def maximum(self) -> Floats:
        return self._columns["maximum"].values

    @property
    def average(self) -> Floats:
        return self._columns["average"].values

    @property
    def minimum(self) -> Floats:
        return self._columns["minimum"].values

    @property
    def count(self) -> Floats:
        return self._columns["count"].values

    @property
    def count_lo(self) -> Floats:
        return self._columns["count_lo"].values

    @property
    def alive(self) -> Floats:
        return self._columns["alive"].values

    @property
    def max_id(self) -> Floats:
        return self._columns["max_id"].values

    def _empty(self) -> Self:
        return type(self)(self.metric)


class NodeHistories(Mapping[tuple[int, int], NodeSeries]):
    """The readings of all nodes, by node and metric: of the first MAX_NODE_SERIES, and of no more."""

    def __init__(self) -> None:
        self._series: dict[tuple[int, int], NodeSeries] = {}

    def __getitem__(self, key: tuple[int, int]) -> NodeSeries:
        return self._series[key]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def append(self, node: int, metric_id: int, time_s: float, raw: int) -> None:
        """Add a raw reading."""
        known = self._series
        series = known.get((node, metric_id))
        if series is None:
            if self.is_full:
                return
            series = known[(node, metric_id)] = NodeSeries()
        if series.append(time_s, metric_of(metric_id).scaled(raw)) > _LEAST_SAMPLES:
            series.keep(max(_LEAST_SAMPLES, MAX_NODE_SAMPLES // len(known)))

    def extend(self, node: int, metric_id: int, time_s: Times, values: Floats) -> None:
        """Add readings in the metric's unit, whose times do not go back."""
        series = self._series.setdefault((node, metric_id), NodeSeries())
        series.extend(time_s, values)
        series.keep(max(_LEAST_SAMPLES, MAX_NODE_SAMPLES // len(self._series)))

    def put(self, node: int, metric_id: int, series: NodeSeries) -> None:
        """Have that one, such as the beginning (`prefix`) of another session's."""
        self._series[(node, metric_id)] = series

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one more node or metric."""
        return len(self._series) >= MAX_NODE_SERIES

    @property
    def size_bytes(self) -> int:
        """Memory that they take."""
        return sum(series.size_bytes for series in self._series.values())


def average_bounds(row: RoundRow, least_raw: int | None) -> tuple[float, float]:
    """Between what the average of all nodes alive must lie, as far as a result tells; NaN if it does not.

    Two things may move it. Readings that are counted twice (`doubt`, PROTOCOL.md 6.3), at most so many; and
    nodes alive that are not counted, where their number is known. All of them are taken to read between the
    least reading and the maximum of the round. If no node told its reading, the least is what it can be at
    the least: the total less the maximum for all but one. An exact round that counts all has no width.
    """
    found = row.aggregate
    if not found.count or found.saturated:
        return math.nan, math.nan
    at_least = max(0, found.total - (found.count - 1) * found.max)
    least = at_least if least_raw is None else min(least_raw, found.max)
    bounds = []
    for twice in {0, min(int(not row.exact) and max(1, row.doubt), found.count - 1)}:
        counted = found.count - twice
        missing = max(0, (row.alive or 0) - counted)
        for reading in (least, found.max):
            other = found.max if reading == least else least
            total = min(counted * found.max, max(0, found.total - twice * other))
            bounds.append((total + missing * reading) / (counted + missing))
    low, high = (row.metric.scaled(min(MAX_RAW, bound)) for bound in (min(bounds), max(bounds)))
    return low, high


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _breaks(time_s: Times) -> NDArray[np.bool_]:
    """Before which samples there was silence for long."""
    if len(time_s) < 3:
        return np.zeros(len(time_s), np.bool_)
    intervals_s = np.diff(time_s)
    found = np.zeros(len(time_s), np.bool_)
    found[1:] = intervals_s > _GAP_INTERVALS * middle(intervals_s)
    return found


def _gaps(times: Times, starts: NDArray[np.int64], last: int) -> NDArray[np.bool_]:
    """The same between groups: from the last sample of a group to the first of the next."""
    if len(starts) < 2:
        return np.zeros(len(starts), np.bool_)
    silence_s = times[starts[1:]] - times[starts[1:] - 1]
    per_sample_s = np.diff(times[starts]) / np.diff(starts)
    found = np.zeros(len(starts), np.bool_)
    found[1:] = silence_s > _GAP_INTERVALS * middle(per_sample_s)
    return found
