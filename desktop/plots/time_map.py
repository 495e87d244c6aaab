"""Where the maximum is, over time: a row for each node, its readings as colours. No tkinter."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from desktop.model.columns import Times, middle
from desktop.model.history import NodeSeries, Slice
from desktop.model.model import Model
from desktop.plots.pane import nodes_with

_COLORS = "viridis"  # even steps, also in grey and for the colour-blind
_HELD_INTERVALS = 2.5  # a reading stands for so many usual intervals, unless a later one comes


@dataclass(frozen=True, slots=True)
class TimeMap:
    """Readings by node and time: `values` is (nodes, columns), NaN where none is known.

    `maximum_at` is the row of the maximum in each column, -1 where none is known: told by the results of
    rounds, which know of all nodes; where there are none, the greatest of the readings.
    """

    nodes: tuple[int, ...]
    window_s: tuple[float, float]
    values: NDArray[np.float32]
    maximum_at: NDArray[np.int32]

    @property
    def limits(self) -> tuple[float, float]:
        """Least and greatest value; 0 and 1 if there is none."""
        if not np.isfinite(self.values).any():
            return 0.0, 1.0
        return float(np.nanmin(self.values)), float(np.nanmax(self.values))

    def time_at(self, share: float) -> float:
        """The time at that share of the width."""
        start_s, end_s = self.window_s
        return start_s + share * (end_s - start_s)


def time_map(model: Model, metric_id: int, window_s: tuple[float, float], columns: int) -> TimeMap:
    """The map of that time, in so many columns."""
    rows = time_map_rows(model, metric_id, window_s, columns)
    while True:
        try:
            next(rows)
        except StopIteration as end:
            found: TimeMap = end.value
            return found


def time_map_rows(
    model: Model, metric_id: int, window_s: tuple[float, float], columns: int
) -> Generator[None, None, TimeMap]:
    """The same, a row at a time: many nodes take longer than a window may stand still."""
    start_s, end_s = window_s
    nodes = tuple(nodes_with(metric_id, model))
    edges_s = np.linspace(start_s, end_s, columns + 1)
    values = np.full((len(nodes), columns), np.nan, np.float32)
    for i, node in enumerate(nodes):
        values[i] = _row(model.node_series[node, metric_id], edges_s)
        yield
    return TimeMap(nodes, window_s, values, _maximum_rows(model, metric_id, nodes, edges_s, values))


def colored(found: TimeMap, ground: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The map as a picture, (nodes, columns, 3)."""
    low, high = found.limits
    shares = np.nan_to_num((found.values - low) / max(high - low, 1e-9))
    picture: NDArray[np.uint8] = (colormaps[_COLORS](shares)[..., :3] * 255).astype(np.uint8)
    picture[~np.isfinite(found.values)] = ground
    return picture


def scale_color(share: float) -> str:
    """The colour of that share of the range, as #rrggbb."""
    red, green, blue, _ = colormaps[_COLORS](share)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in (red, green, blue))


def _row(series: NodeSeries, edges_s: Times) -> NDArray[np.float32]:
    found = series.slice("value", float(edges_s[0]), float(edges_s[-1]), len(edges_s) - 1)
    if not len(found.time_s):
        return np.full(len(edges_s) - 1, np.nan, np.float32)
    at = found.time_s.searchsorted(edges_s[1:], side="right") - 1
    since_s = edges_s[:-1] - found.time_s[np.maximum(at, 0)]
    values = np.where((at >= 0) & (since_s <= _held_s(found)), found.high[np.maximum(at, 0)], np.nan)
    return values.astype(np.float32)


def _held_s(found: Slice) -> float:
    return _HELD_INTERVALS * middle(np.diff(found.time_s)) if len(found.time_s) > 1 else np.inf


def _maximum_rows(
    model: Model, metric_id: int, nodes: tuple[int, ...], edges_s: Times, values: NDArray[np.float32]
) -> NDArray[np.int32]:
    rows = np.full(values.shape[1], -1, np.int32)
    known = np.isfinite(values).any(axis=0)
    if len(nodes):
        rows[known] = np.nanargmax(values[:, known], axis=0)
    series = model.series.get(metric_id)
    if series is None or not len(series) or not len(nodes):
        return rows
    last = series.time_s.searchsorted(edges_s[1:], side="right") - 1
    is_new = (last >= 0) & (series.time_s[np.maximum(last, 0)] >= edges_s[:-1])
    told = series.max_id[np.maximum(last, 0)]
    places = np.searchsorted(nodes, np.nan_to_num(told, nan=-1.0))
    is_here = is_new & (np.array(nodes)[np.minimum(places, len(nodes) - 1)] == told)
    rows[is_here] = places[is_here]
    return rows
