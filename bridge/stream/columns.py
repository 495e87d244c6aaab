"""The same statistics and windows over whole columns at once: numpy arrays of times and of values.

    rolled = rolling(values, 100)                      # windows of 100 values
    rolled = rolling_time(times_s, values, 60.0)       # windows of a minute
    rolled.mean, rolled.deviation, rolled.z_score      # computed when they are asked for
    table = tumbling(times_s, values, 60.0)

Rolling means and deviations take the steps of `RollingStatistics`, in their order: they equal its results bit
by bit, and have its error bounds. Tumbling, hopping and session windows are summed in two passes, about a
value of their own, and differ from those of `bridge.stream.windows` by rounding alone.

Columns have one dimension and equal lengths, times do not fall, and all is finite; anything else raises
ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import inf, isclose
from typing import NamedTuple

try:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "bridge.stream.columns computes with numpy, which is not there: pip install 'treering[columns]'"
    ) from error

Floats = NDArray[np.float64]
_Complex = NDArray[np.complex128]
Indices = NDArray[np.int64]

# So many numbers are worked on at a time: with what is computed of them, they stay in a core's cache.
_AT_ONCE = 1 << 14
# What weighs less than this beside the newest value is left out of an exponentially weighted mean.
_WEIGHTLESS = 1e-30


class Rolled:
    """Statistics of the windows that end with each value: columns as long as the values."""

    def __init__(self, values: Floats, size: int | None, first: Indices | None = None) -> None:
        """Of `size` values; or of any number, if `first` has the index of each window's first one."""
        self._values = values
        self._size = size
        if first is not None:
            self._first = first

    @cached_property
    def _first(self) -> Indices:
        assert self._size is not None
        return np.maximum(np.arange(len(self._values)) - (self._size - 1), 0)

    @cached_property
    def count(self) -> Indices:
        return np.arange(1, len(self._values) + 1) - self._first

    @cached_property
    def mean(self) -> Floats:
        """In the values' unit; the error is at most u (|mean| + (n + 6) (maximum - minimum)), u = 2^-53."""
        return self._joined([_mean(sums) for sums in self._sums(squares=False)])

    @cached_property
    def variance(self) -> Floats:
        """Of a sample (ddof = 1), NaN of a single value; the error is at most 8 (n + 1)^2 u of itself."""
        return self._joined([_variance(sums) for sums in self._sums(squares=True)])

    @cached_property
    def deviation(self) -> Floats:
        """The standard deviation of a sample, in the values' unit; NaN of a single value."""
        return np.sqrt(self.variance)

    @cached_property
    def minimum(self) -> Floats:
        return _extremes(np.minimum, self._values, self._first)

    @cached_property
    def maximum(self) -> Floats:
        return _extremes(np.maximum, self._values, self._first)

    @cached_property
    def z_score(self) -> Floats:
        """How many deviations each value lies above the mean of the window before it, as `ZScore` judges it.

        NaN where fewer than two values came before; infinite where those were all equal and this one is not.
        """
        self._compute_both()
        scores = np.full(len(self._values), np.nan)
        away = self._values[1:] - self.mean[:-1]
        deviation = self.deviation[:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(away, deviation, out=scores[1:])
        level = np.flatnonzero(deviation == 0.0)
        scores[1 + level[away[level] == 0.0]] = 0.0
        return scores

    def _compute_both(self) -> None:
        """Mean and variance at once: they share most of the work."""
        means, variances = [], []
        for sums in self._sums(squares=True):
            means.append(_mean(sums))
            variances.append(_variance(sums))
        self.mean, self.variance = self._joined(means), self._joined(variances)

    def _sums(self, squares: bool) -> Iterator[_Sums]:
        if self._size is None:
            return _sums_by_time(self._values, self._first, squares)
        return _sums_by_count(self._values, self._size, squares)

    def _joined(self, parts: list[Floats]) -> Floats:
        """Without what filled up the last part."""
        return np.concatenate([part.ravel() for part in parts] or [self._values])[: len(self._values)]


def rolling(values: ArrayLike, size: int) -> Rolled:
    """Windows of the newest `size` values. Raises ValueError for a size below 1."""
    if size < 1:
        raise ValueError(f"a window holds at least 1 value, not {size}")
    column = _column("values", values)
    return Rolled(column, size)


def rolling_time(times_s: ArrayLike, values: ArrayLike, span_s: float) -> Rolled:
    """Windows of what came in the `span_s` until each value, (time - span_s, time].

    Of several values at the same time each has its own window, which ends with it. Raises ValueError for a
    span that is not positive.
    """
    if not 0.0 < span_s < inf:
        raise ValueError(f"a window is longer than 0 s, not {span_s} s")
    times, column = _samples(times_s, values)
    return Rolled(column, None, np.searchsorted(times, times - span_s, side="right"))


class WindowTable(NamedTuple):
    """Windows as columns, those of `bridge.stream.Window`; `pandas.DataFrame(table._asdict())` is a table."""

    start_s: Floats
    end_s: Floats
    count: Indices  # type: ignore[assignment]  # hides tuple.count, for which a table has no use
    mean: Floats
    deviation: Floats
    minimum: Floats
    maximum: Floats


def tumbling(times_s: ArrayLike, values: ArrayLike, size_s: float) -> WindowTable:
    """As `Tumbling`: windows of `size_s` one after the other, without those that are empty."""
    return hopping(times_s, values, size_s, size_s)


def hopping(times_s: ArrayLike, values: ArrayLike, size_s: float, hop_s: float) -> WindowTable:
    """As `Hopping`: a window of `size_s` at every multiple of `hop_s`, without those that are empty."""
    if not (0.0 < hop_s <= size_s < inf and isclose(size_s / hop_s, round(size_s / hop_s))):
        raise ValueError(f"a window of {size_s} s cannot hop by {hop_s} s: its size is a multiple of its hop")
    times, column = _samples(times_s, values)
    pane_of = np.floor_divide(times, hop_s).astype(np.int64)
    begins = _begins(np.diff(pane_of) > 0, len(column))
    panes, of_panes = pane_of[begins], _moments(column, begins)
    panes_each = round(size_s / hop_s)
    firsts = np.unique(panes[:, None] - np.arange(panes_each))
    whole = _no_moments(len(firsts))
    for nth in range(panes_each):
        place = np.minimum(np.searchsorted(panes, firsts + nth), len(panes) - 1)
        there = np.flatnonzero(panes[place] == firsts + nth) if len(panes) else place
        _merge(whole, there, of_panes, place[there])
    return _table(firsts * hop_s, (firsts + panes_each) * hop_s, whole)


def sessions(times_s: ArrayLike, values: ArrayLike, gap_s: float) -> WindowTable:
    """As `Session`: samples with at most `gap_s` from one to the next, from the first to the last of them."""
    if not 0.0 < gap_s < inf:
        raise ValueError(f"a session ends with a gap longer than 0 s, not {gap_s} s")
    times, column = _samples(times_s, values)
    begins = _begins(np.diff(times) > gap_s, len(column))
    lasts = np.append(begins[1:], len(column))[: len(begins)] - 1
    return _table(times[begins], times[lasts], _moments(column, begins))


def ewma(values: ArrayLike, alpha: float) -> tuple[Floats, Floats]:
    """Exponentially weighted mean and deviation, the newest value weighing `alpha`: what `Ewma` expects next.

    As pandas' `ewm(alpha=alpha, adjust=False)`, the deviation with `bias=True`. Raises ValueError unless
    0 < alpha < 1.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; give one between 0 and 1")
    column = _column("values", values)
    if not len(column):
        return column, column
    away = column - column[0]
    mean = _fading(alpha * away, 1.0 - alpha)
    step = away.copy()
    step[1:] -= mean[:-1]
    variance = _fading((1.0 - alpha) * alpha * step * step, 1.0 - alpha)
    return column[0] + mean, np.sqrt(variance)


def _column(name: str, numbers: ArrayLike) -> Floats:
    column = np.asarray(numbers, np.float64)
    if column.ndim != 1:
        raise ValueError(f"{name} have {column.ndim} dimensions; give a column, which has one")
    if not np.isfinite(column).all():
        at = int(np.argmin(np.isfinite(column)))
        raise ValueError(f"{name}[{at}] is {column[at]}, not a finite number: drop or replace it before")
    return column


def _samples(times_s: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    times, column = _column("times", times_s), _column("values", values)
    if len(times) != len(column):
        raise ValueError(f"{len(times)} times cannot belong to {len(column)} values")
    falls = np.flatnonzero(np.diff(times) < 0.0)
    if len(falls):
        raise ValueError(f"times[{falls[0] + 1}] is before the one before it: sort the samples by time first")
    return times, column


class _Sums(NamedTuple):
    """Of each window: the sums of its values' differences from an origin, one of them, and of their squares.

    As `RollingStatistics` has them: a window is the end of one row of values, summed from its newest to its
    oldest, and the beginning of the next, summed from its oldest to its newest. The origin is the last value
    of the former.
    """

    size: Floats
    total: Floats
    squares: Floats | None
    origin: Floats


def _mean(of: _Sums) -> Floats:
    mean = of.total / of.size
    mean += of.origin
    return mean


def _variance(of: _Sums) -> Floats:
    assert of.squares is not None
    mean = of.total / of.size
    mean *= of.total
    variance = of.squares - mean
    np.maximum(variance, 0.0, out=variance)
    with np.errstate(invalid="ignore"):  # 0 / 0 of a single value is NaN
        variance /= of.size - 1.0
    return variance


def _scan(
    newer: Floats, newer_origin: Floats, older: Floats, older_origin: Floats, squares: bool
) -> tuple[_Complex, _Complex | None]:
    """Sums from the beginning of rows on: of the differences from an origin, and of their squares.

    They run as the two parts of a complex sum: each step waits for the one before, and two can wait at once.
    """
    sums = np.empty(newer.shape, np.complex128)
    np.subtract(newer, newer_origin, out=sums.real)
    np.subtract(older, older_origin, out=sums.imag)
    products = None
    if squares:
        products = np.empty(newer.shape, np.complex128)
        np.square(sums.real, out=products.real)
        np.square(sums.imag, out=products.imag)
        np.cumsum(products, axis=1, out=products)
    return np.cumsum(sums, axis=1, out=sums), products


def _sums_by_count(values: Floats, size: int, squares: bool) -> Iterator[_Sums]:
    """Rows of size - 1 values after the first value: of each, the older ones of as many windows."""
    if size == 1:
        nothing = np.zeros(len(values))
        yield _Sums(np.ones(1), nothing, nothing, values)
        return
    head = values[:size]
    away = head - head[:1]
    yield _Sums(
        np.arange(1.0, len(head) + 1), away.cumsum(), (away * away).cumsum() if squares else None, head[:1]
    )
    length = size - 1
    whole = (len(values) - 1) // length
    if not whole:
        return
    rows = values[1 : 1 + whole * length].reshape(whole, length)
    at_once = max(1, _AT_ONCE // length)
    for begin in range(1, whole, at_once):
        newer = rows[begin : begin + at_once]
        yield _sums_of_rows(rows[begin - 1 : begin - 1 + len(newer)], newer, squares)
    rest = values[1 + whole * length :]
    if len(rest):
        last = np.full((1, length), rest[-1])
        last[0, : len(rest)] = rest
        yield _sums_of_rows(rows[-1:], last, squares)


def _sums_of_rows(older: Floats, newer: Floats, squares: bool) -> _Sums:
    origin = older[:, -1:]
    sums, products = _scan(newer, origin, older[:, ::-1], origin, squares)
    return _Sums(
        np.full(1, newer.shape[1] + 1.0),
        sums.real + sums.imag[:, ::-1],
        None if products is None else products.real + products.imag[:, ::-1],
        origin,
    )


def _sums_by_time(values: Floats, first: Indices, squares: bool) -> Iterator[_Sums]:
    """Rows as long as the stacks of `RollingStatistics`, which end when no older value is left."""
    count = len(values)
    if not count:
        return
    starts = _row_starts(first)
    ends = np.append(starts[1:], count)
    lengths = ends - starts
    alone = first[starts] == starts  # rows that begin with all older values too old
    origins = values[np.where(alone, starts, starts - 1)]
    newer = np.empty((2, count + 1))  # sums, and of squares: from the row's beginning on
    older = np.empty((2, count + 1))  # and to its end
    padded = np.append(values, values[-1])  # what fills rows up is read from and written to the last place
    for rows in _rows_alike(lengths):
        steps = np.arange(lengths[rows].max())
        inside = steps < lengths[rows, None]
        upwards = np.where(inside, starts[rows, None] + steps, count)
        downwards = np.where(inside, ends[rows, None] - 1 - steps, count)
        lasts = values[ends[rows] - 1]
        sums, products = _scan(
            padded[upwards], origins[rows, None], padded[downwards], lasts[:, None], squares
        )
        newer[0, upwards], older[0, downwards] = sums.real, sums.imag
        if products is not None:
            newer[1, upwards], older[1, downwards] = products.real, products.imag
    begins_before = first < np.repeat(starts, lengths)

    def of_windows(kind: int) -> Floats:
        return newer[kind, :-1] + np.where(begins_before, older[kind, first], 0.0)

    sizes = np.arange(1.0, count + 1) - first
    yield _Sums(sizes, of_windows(0), of_windows(1) if squares else None, np.repeat(origins, lengths))


def _row_starts(first: Indices) -> Indices:
    """A row ends where the values before it, or its own first one if there are none, are too old."""
    later = np.cumsum(np.bincount(first, minlength=len(first))).data  # windows that begin after a value
    starts, start = [], 0
    while start < len(first):
        starts.append(start)
        start = later[start if first[start] == start else start - 1]
    return np.array(starts)


def _rows_alike(lengths: Indices) -> Iterator[Indices]:
    """All rows, in groups in which none is twice as long as another: so little is filled up."""
    powers = np.frexp(lengths)[1]
    for power in np.unique(powers):
        rows = np.flatnonzero(powers == power)
        at_once = max(1, _AT_ONCE >> int(power))
        for begin in range(0, len(rows), at_once):
            yield rows[begin : begin + at_once]


def _extremes(pick: np.ufunc, values: Floats, first: Indices) -> Floats:
    """Of each window by two spans of a power of two that cover it (a sparse table, one level at a time)."""
    powers = np.frexp(np.arange(1, len(values) + 1) - first)[1]
    extremes = np.empty(len(values))
    spans, length = values, 1  # spans[i] is of the values from i on
    for power in range(1, int(powers.max(initial=0)) + 1):
        ends = np.flatnonzero(powers == power)
        extremes[ends] = pick(spans[first[ends]], spans[ends - (length - 1)])
        spans = pick(spans[:-length], spans[length:])
        length *= 2
    return extremes


class _Moments(NamedTuple):
    """As `Running` keeps them, of many windows."""

    size: Indices
    origin: Floats
    mean: Floats  # from the origin
    squares: Floats
    minimum: Floats
    maximum: Floats


def _begins(breaks: NDArray[np.bool_], count: int) -> Indices:
    """Where the windows of a column begin, given whether one does between each value and the next."""
    return np.concatenate(([0], np.flatnonzero(breaks) + 1)) if count else np.zeros(0, np.int64)


def _moments(values: Floats, begins: Indices) -> _Moments:
    """Of the windows that begin there and end where the next one begins."""
    if not len(begins):
        return _no_moments(0)
    sizes = np.diff(begins, append=len(values))
    origin = values[begins]
    away = values - np.repeat(origin, sizes)
    mean = np.add.reduceat(away, begins) / sizes
    away -= np.repeat(mean, sizes)
    squares = np.add.reduceat(away * away, begins)
    lowest, highest = np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins)
    return _Moments(sizes, origin, mean, squares, lowest, highest)


def _no_moments(count: int) -> _Moments:
    origin, mean, squares = np.zeros((3, count))
    lowest, highest = np.full(count, inf), np.full(count, -inf)
    return _Moments(np.zeros(count, np.int64), origin, mean, squares, lowest, highest)


def _merge(whole: _Moments, at: Indices, parts: _Moments, of: Indices) -> None:
    """Take parts[of] into whole[at], as `Running.merge` does."""
    before = whole.size[at]
    whole.origin[at] = np.where(before, whole.origin[at], parts.origin[of])
    share = parts.size[of] / (before + parts.size[of])
    delta = (parts.origin[of] - whole.origin[at]) + (parts.mean[of] - whole.mean[at])
    whole.mean[at] += delta * share
    whole.squares[at] += parts.squares[of] + delta * delta * (before * share)
    whole.size[at] += parts.size[of]
    whole.minimum[at] = np.minimum(whole.minimum[at], parts.minimum[of])
    whole.maximum[at] = np.maximum(whole.maximum[at], parts.maximum[of])


def _table(start_s: Floats, end_s: Floats, of: _Moments) -> WindowTable:
    with np.errstate(invalid="ignore"):  # 0 / 0 of a single value is NaN
        deviation = np.sqrt(of.squares / (of.size - 1))
    return WindowTable(start_s, end_s, of.size, of.origin + of.mean, deviation, of.minimum, of.maximum)


def _fading(inputs: Floats, keep: float) -> Floats:
    """Each input and `keep` times the result before it: by spans that double until the rest is weightless."""
    faded = inputs.copy()
    for begin in range(0, len(faded), _AT_ONCE):
        part = faded[begin : begin + _AT_ONCE]
        if begin:
            part[0] += keep * faded[begin - 1]
        reach, weight = 1, keep
        while reach < len(part) and weight > _WEIGHTLESS:
            part[reach:] += weight * part[:-reach]
            reach, weight = 2 * reach, weight * weight
    return faded
