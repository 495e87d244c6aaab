"""The path of a line: a thin stroke of few samples, or an area from least to greatest of many.

Filling an area costs a fifth of a stroke, so that fifty lines of a day are drawn many times a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray

from desktop.model.history import Slice
from desktop.plots.pen import Points, Rect
from desktop.plots.scale import Limits

_FAR_PX = 4_000.0  # beyond the picture nobody sees where a line goes
_STEEPEST = 3.0  # a ribbon is so many times as high as wide at most, where it is steep


@dataclass(frozen=True, slots=True)
class Place:
    """Where times and values are on the picture."""

    rect: Rect
    window_s: tuple[float, float]
    limits: Limits

    def x(self, time_s: NDArray[np.float64]) -> Points:
        """Pixels from the left."""
        start_s, end_s = self.window_s
        x = self.rect.x0 + (time_s - start_s) * ((self.rect.x1 - self.rect.x0) / (end_s - start_s))
        return np.clip(x, self.rect.x0 - _FAR_PX, self.rect.x1 + _FAR_PX)

    def y(self, values: NDArray[np.float32]) -> Points:
        """Pixels from below."""
        low, high = self.limits
        y = self.rect.y0 + (values.astype(np.float64) - low) * ((self.rect.y1 - self.rect.y0) / (high - low))
        return np.clip(y, self.rect.y0 - _FAR_PX, self.rect.y1 + _FAR_PX)

    def time_at(self, x: float) -> float:
        """The time of that pixel."""
        start_s, end_s = self.window_s
        return start_s + (x - self.rect.x0) / (self.rect.x1 - self.rect.x0) * (end_s - start_s)

    def value_at(self, y: float) -> float:
        """The value of that pixel."""
        low, high = self.limits
        return low + (y - self.rect.y0) / (self.rect.y1 - self.rect.y0) * (high - low)


def stroke(found: Slice, place: Place) -> Points:
    """The points of a line of single samples; NaN where it is interrupted."""
    points = np.column_stack((place.x(found.time_s), place.y(found.low)))
    gaps = np.flatnonzero(found.breaks)
    return np.insert(points, gaps, np.nan, axis=0) if len(gaps) else points


def ribbon(found: Slice, place: Place, width_px: float) -> Path | None:
    """A line of such a width, or what it covers where a point stands for many samples; None of nothing."""
    x, low, high = place.x(found.time_s), place.y(found.low), place.y(found.high)
    is_there = np.isfinite(low)
    leads = is_there[1:] & is_there[:-1] & ~found.breaks[1:]  # from a point to the next
    half = width_px / 2
    if found.is_whole:
        thick = _thickness(x, low, leads) * half
        lower, upper = low - thick, high + thick
    else:
        lower, upper = low - half, high + half
        lower[1:][leads] = np.minimum(lower[1:], high[:-1])[leads]
        upper[1:][leads] = np.maximum(upper[1:], low[:-1])[leads]
    return outline(x, lower, upper, is_there, leads, half)


def band(low: Slice, high: Slice, place: Place) -> Path | None:
    """Between the least of the one and the greatest of the other."""
    x, lower, upper = place.x(low.time_s), place.y(low.low), place.y(high.high)
    is_there = np.isfinite(lower) & np.isfinite(upper)
    leads = is_there[1:] & is_there[:-1] & ~low.breaks[1:]
    return outline(x, lower, upper, is_there, leads, 1.5)


def outline(
    x: Points,
    lower: Points,
    upper: Points,
    is_there: NDArray[np.bool_],
    leads: NDArray[np.bool_],
    half_px: float,
) -> Path | None:
    """Round each run of points that lead to one another; a single one gets the width of a line."""
    begins = np.flatnonzero(is_there & ~np.insert(leads, 0, False)) if len(x) else np.empty(0, np.int64)
    if not len(begins):
        return None
    ends = np.flatnonzero(is_there & ~np.append(leads, False)) + 1
    parts, codes = [], []
    for begin, end in zip(begins, ends, strict=True):
        across = x[begin:end]
        if end - begin == 1:
            across = np.array([x[begin] - half_px, x[begin] + half_px])
        above = np.column_stack((across, np.broadcast_to(upper[begin:end], across.shape)))
        below = np.column_stack((across, np.broadcast_to(lower[begin:end], across.shape)))[::-1]
        parts += [above, below, above[:1]]
        code = np.full(2 * len(across) + 1, Path.LINETO, np.uint8)
        code[0], code[-1] = Path.MOVETO, Path.CLOSEPOLY
        codes.append(code)
    return Path(np.concatenate(parts), np.concatenate(codes))


def _thickness(x: Points, y: Points, leads: NDArray[np.bool_]) -> Points:
    """How much higher than wide a line is at each point, so that steep parts are not thin."""
    slope = np.zeros(len(x))
    with np.errstate(all="ignore"):
        steps = np.where(leads, np.abs(np.diff(y)) / np.maximum(np.diff(x), 1e-6), 0.0)
    slope[1:] = steps
    slope[:-1] = np.minimum(slope[:-1], steps) if len(x) > 2 else steps
    thick: Points = np.minimum(_STEEPEST, np.sqrt(1 + slope * slope))
    return thick
