"""The plot of one metric: maximum and average in one panel, the count in another. matplotlib, no tkinter."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from numpy.typing import NDArray

from desktop.model.history import Series
from desktop.model.words import duration_label, unit_label
from desktop.palette import Palette

# The time axis ends at one of these, so that it stays for many rounds; beyond a day, at whole days.
# (length, between two ticks)
SPANS_S = (
    (60, 10),
    (120, 20),
    (300, 60),
    (600, 120),
    (1_200, 300),
    (1_800, 300),
    (3_600, 600),
    (7_200, 1_200),
    (14_400, 3_600),
    (28_800, 7_200),
    (43_200, 7_200),
    (86_400, 14_400),
)
_VALUE_STEPS = (1, 2, 2.5, 5, 10)
_LEAST_RANGE = 2.0  # of values, in their unit: less than this is noise
_DOTTED_POINTS = 100  # more than these are a line without dots
_MARGIN = 0.04  # of the value axis, above and below the values
_WORTH_TIGHTENING = 0.6  # of the value axis: to this share or less it is drawn tighter
_LEFT_EM, _RIGHT_EM, _TOP_EM, _BOTTOM_EM = 3.6, 1.8, 2.4, 2.4

_Limits = tuple[float, float]
_Columns = NDArray[np.float64]


class AggregatePlot:
    """Two panels on one time axis that begins at the first record.

    `show` moves the data and says whether the axes had to change too; if not, only `artists` need drawing. A
    round that is not exact has a hollow mark on its average, and a bar over what its count may be.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._values, self._counts = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
        self._maximum, self._average, self._inexact = (_line(self._values) for _ in range(3))
        self._count, self._alive = _line(self._counts), _line(self._counts)
        self._doubt = LineCollection([])
        self._counts.add_collection(self._doubt, autolim=False)
        for axes in (self._values, self._counts):
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: duration_label(x)))
        self._values.yaxis.set_major_locator(MaxNLocator(5, steps=_VALUE_STEPS))
        self._counts.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 4, 5, 8, 10], integer=True))
        self._unit = self._values.set_title("", loc="left")
        self._counts_title = self._counts.set_title("nodes counted", loc="left")
        self._empty = self._values.text(
            0.5, 0.5, "", transform=self._values.transAxes, ha="center", va="center"
        )
        self._limits: tuple[_Limits, _Limits, _Limits] | None = None

    @property
    def artists(self) -> tuple[LineCollection | Line2D, ...]:
        """What moves with the data, lowest first."""
        return self._doubt, self._alive, self._count, self._average, self._maximum, self._inexact

    def show(self, series: Series | None) -> bool:
        """Move the data; True if the axes or their labels changed."""
        columns = _columns(series)
        time_s, maximum, average, count, count_lo, alive = columns
        inexact = count_lo < count
        self._maximum.set_data(time_s, maximum)
        self._average.set_data(time_s, average)
        self._inexact.set_data(time_s[inexact], average[inexact])
        self._count.set_data(time_s, count)
        self._alive.set_data(time_s, alive)
        self._doubt.set_segments([
            [(t, low), (t, high)]
            for t, low, high in zip(time_s[inexact], count_lo[inexact], count[inexact], strict=True)
        ])  # fmt: skip
        marker = "o" if len(time_s) <= _DOTTED_POINTS else ""
        for line in (self._maximum, self._average, self._count):
            line.set_marker(marker)
        return self._fit(series, columns)

    def forget_limits(self) -> None:
        """The next `show` fits the axes anew, as for another metric."""
        self._limits = None

    def paint(self, palette: Palette, font_pt: float) -> None:
        """Take the colours of a theme; all is to be drawn after this."""
        self._figure.set_facecolor(palette.surface)
        for axes in (self._values, self._counts):
            axes.set_facecolor(palette.surface)
            axes.grid(axis="y", color=palette.border, linewidth=0.8)
            axes.set_axisbelow(True)
            axes.tick_params(colors=palette.muted, labelsize=font_pt, length=0, pad=5)
            axes.spines[:].set_visible(False)
            axes.spines["bottom"].set_visible(True)
            axes.spines["bottom"].set_color(palette.border)
        for text in (self._unit, self._counts_title, self._empty):
            text.set(color=palette.muted, fontsize=font_pt)
        for line, color in (
            (self._maximum, palette.maximum),
            (self._average, palette.average),
            (self._count, palette.count),
        ):
            line.set(color=color, linewidth=1.8, markersize=3.5, markeredgewidth=0)
        self._alive.set(color=palette.muted, linewidth=1, linestyle=(0, (3, 3)))
        self._inexact.set(
            linestyle="", marker="o", markersize=7, markerfacecolor=palette.surface,
            markeredgecolor=palette.doubt, markeredgewidth=1.6,
        )  # fmt: skip
        self._doubt.set(color=palette.doubt, linewidth=4, alpha=0.6)

    def arrange(self, font_pt: float) -> None:
        """Margins that suit the figure's size."""
        em_inches = font_pt / 72
        width, height = self._figure.get_size_inches()
        self._figure.subplots_adjust(
            left=min(0.4, _LEFT_EM * em_inches / width),
            right=max(0.6, 1 - _RIGHT_EM * em_inches / width),
            bottom=min(0.4, _BOTTOM_EM * em_inches / height),
            top=max(0.6, 1 - _TOP_EM * em_inches / height),
            hspace=0.3,
        )

    def _fit(self, series: Series | None, columns: tuple[_Columns, ...]) -> bool:
        time_s, maximum, average, count, _, alive = columns
        old = self._limits
        values = _fitted(np.concatenate((maximum, average)), old[1] if old else None)
        most = float(np.nanmax(np.concatenate((count, alive, [4.0]))))
        counts = old[2] if old and old[2][1] / 1.6 <= most <= old[2][1] / 1.02 else (0.0, most * 1.2)
        span_s, tick_s = _span(time_s)
        limits = ((0.0, span_s), values, counts)
        unit = unit_label(series.metric.unit) if series else ""
        if limits == old and self._unit.get_text() == unit:
            return False
        self._limits = limits
        self._empty.set_text("" if len(time_s) else "No round finished yet.")
        for axes in (self._values, self._counts):
            axes.tick_params(labelleft=len(time_s) > 0)
        self._values.set_xlim(*limits[0])
        self._values.set_ylim(*limits[1])
        self._counts.set_ylim(*limits[2])
        self._unit.set_text(unit)
        self._values.xaxis.set_major_locator(MultipleLocator(tick_s))
        return True


def _line(axes: Axes) -> Line2D:
    return axes.plot([], [], solid_capstyle="round", solid_joinstyle="round")[0]


def _columns(series: Series | None) -> tuple[_Columns, ...]:
    if series is None:
        return (np.empty(0),) * 6
    columns = (
        series.time_s, series.maximum, series.average, series.count, series.count_lo, series.alive
    )  # fmt: skip
    return tuple(np.array(column) for column in columns)


def _span(time_s: _Columns) -> tuple[float, float]:
    last_s = float(time_s[-1]) if len(time_s) else 0.0
    day_s, tick_s = SPANS_S[-1]
    days = math.ceil(last_s / day_s)
    return next((span for span in SPANS_S if span[0] >= last_s), (days * day_s, days * tick_s))


def _fitted(values: _Columns, old: _Limits | None) -> _Limits:
    """Round limits around the values; the old ones for as long as they do."""
    found = values[np.isfinite(values)]
    if not len(found):
        return old or (0.0, 1.0)
    low, high = float(found.min()), float(found.max())
    middle = (low + high) / 2
    extent = max(high - low, _LEAST_RANGE)
    decade = 10 ** math.floor(math.log10(extent / 4))
    step = next(nice * decade for nice in _VALUE_STEPS if nice * decade >= extent / 4)
    half = extent * (0.5 + 2 * _MARGIN)
    fresh = (math.floor((middle - half) / step) * step, math.ceil((middle + half) / step) * step)
    if old:
        size = old[1] - old[0]
        holds = old[0] + _MARGIN * size <= low and high <= old[1] - _MARGIN * size
        if holds and fresh[1] - fresh[0] > _WORTH_TIGHTENING * size:
            return old
    return fresh
