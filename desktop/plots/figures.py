"""The figures of each node's readings in the session, kept up as readings come. No tkinter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from desktop.model.history import NodeSeries
from desktop.model.model import Model

_BARS = "▁▂▃▄▅▆▇█"
_SPARKS = 16
_SPARK_SAMPLES = 64  # the newest

Key = tuple[int, int]  # node, metric


@dataclass(slots=True)
class _Sums:
    """Of the samples up to number `upto` of a series."""

    series: NodeSeries
    upto: int = 0
    count: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def catch_up(self) -> None:
        """Take what has come since."""
        series = self.series
        new = series.value[max(0, self.upto - series.forgotten) :]
        self.upto = series.forgotten + len(series)
        found = new[np.isfinite(new)]
        if len(found):
            self.count += len(found)
            self.total += float(found.sum(dtype=np.float64))
            self.low, self.high = min(self.low, float(found.min())), max(self.high, float(found.max()))


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one node's readings of one metric; NaN where there is none. `age_s` is of the last one."""

    last: float
    age_s: float
    low: float
    average: float
    high: float
    count: int


class NodeFigures:
    """Figures of a model's node series."""

    def __init__(self) -> None:
        self.model = Model()
        self._sums: dict[Key, _Sums] = {}

    def attach(self, model: Model) -> None:
        """Of that model from now on."""
        self.model = model
        self._sums = {}

    def keys(self, metric_id: int | None) -> list[Key]:
        """Who has readings, of that metric or of any."""
        return [key for key in self.model.node_series if metric_id in (None, key[1])]

    def of(self, key: Key) -> Figures:
        """As they are now."""
        series = self.model.node_series[key]
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = _Sums(series)
        sums.catch_up()
        nan = math.nan
        return Figures(
            last=series.column("value").last,
            age_s=self.age_s(key),
            low=sums.low if sums.count else nan,
            average=sums.total / sums.count if sums.count else nan,
            high=sums.high if sums.count else nan,
            count=sums.count,
        )

    def last(self, key: Key) -> float:
        """The newest reading: without the sums, for sorting by it."""
        return self.model.node_series[key].column("value").last

    def age_s(self, key: Key) -> float:
        """How long ago the newest reading came."""
        series = self.model.node_series[key]
        now_s = self.model.seconds(self.model.now_us)
        return max(0.0, now_s - float(series.time_s[-1])) if len(series) else math.nan

    def spark(self, key: Key) -> str:
        """The newest readings as a line of bars."""
        return spark_text(self.model.node_series[key].value[-_SPARK_SAMPLES:])


def spark_text(values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> str:
    """Bars between the least and the greatest, one for each value, or for a few of them together."""
    found = values[np.isfinite(values)]
    if not len(found):
        return ""
    parts = [float(part.mean()) for part in np.array_split(found, min(_SPARKS, len(found)))]
    low, high = min(parts), max(parts)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((part - low) * scale)] for part in parts)
