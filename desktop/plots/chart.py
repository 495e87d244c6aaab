"""The plot as one drawing: axes below one another on one time, their lines, bounds, marks and cursors.

It is drawn whole each time: the ground of matplotlib's own axes alone costs more than all of this. The same
drawing is shown on the screen and saved as PNG, SVG and PDF. No tkinter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase

from desktop.model.history import Series, Slice, Timeline
from desktop.model.model import Model
from desktop.model.words import latest_labels
from desktop.palette import LIGHT, PALETTES, Palette
from desktop.plots.pane import Pane, PlotLine, default_panes, lines_of
from desktop.plots.pen import Pen, Rect
from desktop.plots.scale import Limits, fitted, fitted_count, value_ticks
from desktop.plots.trace import Place, band, ribbon, stroke
from desktop.plots.viewport import Clock, Viewport, time_ticks

EMPTY = "No round finished yet."
_LEFT_EM, _RIGHT_EM, _HEAD_EM, _FOOT_EM = 4.4, 1.4, 2.0, 2.0
_GAP_EM = 0.6  # between axes
_LEAST_EM = 2.0  # of an axis on average; where there is no room the last are left out
_TICK_DOWN_EM, _TICK_ACROSS_EM = 2.3, 7.0
_COUNT_HEIGHT = 1 / 2.2  # of an axis with values
_LINE_EM = 0.15
_DOTTED_POINTS, _DOT_EM, _RING_EM = 100, 0.15, 0.3  # more points than these are a line without dots
_STROKED_LINES = 6  # more lines than these on an axis are drawn as ribbons, which is faster
_LEAST_POINTS, _MOST_POINTS = 300, 24_000  # of a line, of all together
_LEGEND_GAP_EM = 1.2
_BAND_ALPHA = 0.22
_CURSORS = ("A", "B")


@dataclass(slots=True)
class Shown:
    """An axis as it was drawn."""

    pane: Pane
    place: Place
    lines: list[PlotLine]


@dataclass(eq=False)
class Chart(Artist):
    """Draws `model` on the figure that it is added to; whoever changes what is shown has it drawn again.

    `cursors_s` are the times of "A" and "B". `limits` are those that a person has chosen, by axis. `shown`
    tells where everything is since it was drawn. `detail` is the share of the points to draw, 0 to 1.
    """

    model: Model = field(default_factory=Model)
    panes: tuple[Pane, ...] = ()
    viewport: Viewport = field(default_factory=Viewport)
    clock: Clock = Clock.SINCE_START
    palette: Palette = PALETTES[LIGHT]
    font_pt: float = 9.0
    cursors_s: dict[str, float] = field(default_factory=dict)
    limits: dict[int, Limits] = field(default_factory=dict)
    detail: float = 1.0
    room: Rect | None = None  # shares of the figure; None: all of it
    shown: list[Shown] = field(default_factory=list)
    _fitted: dict[tuple[int, Pane], Limits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Artist.__init__(self)

    def twin(self) -> Chart:
        """Another that shows the same, for another figure."""
        return Chart(
            self.model, self.panes, self.viewport, self.clock, self.palette, self.font_pt,
            self.cursors_s, self.limits, room=self.room,
        )  # fmt: skip

    def look(self) -> None:
        """Note from when and until when there is something."""
        timelines: list[Timeline] = [one for one in self.model.series.values() if len(one)]
        timelines = timelines or [one for one in self.model.node_series.values() if len(one)]
        if timelines:
            first_s = min(float(one.time_s[0]) for one in timelines)
            self.viewport.note(first_s, max(float(one.time_s[-1]) for one in timelines))
        else:
            self.viewport.note(0.0, 0.0)

    def draw(self, renderer: RendererBase, *args: Any, **kwargs: Any) -> None:
        """See matplotlib.artist.Artist.draw."""
        pen = Pen(renderer, self.font_pt)
        window_s = self.viewport.window_s
        rects = self._rects(pen)
        panes = self.panes[: len(rects)]
        lines = [lines_of(pane, self.model, self.palette) for pane in panes]
        width_px = rects[0].x1 - rects[0].x0 if rects else 1.0
        points = round(self.detail * self._points(width_px, sum(map(len, lines))))
        self.shown = []
        for i, (pane, rect, own) in enumerate(zip(panes, rects, lines, strict=True)):
            slices = [line.timeline.slice(line.column, *window_s, points) for line in own]
            place = Place(rect, window_s, self._limits_of(i, pane, slices))
            self.shown.append(Shown(pane, place, own))
            self._draw_ground(pen, pane, place, is_lowest=i == len(rects) - 1)
            pen.clip(rect)
            self._draw_bounds(pen, pane, place, points)
            for line, found in zip(own, slices, strict=True):
                self._draw_line(pen, line, found, place, len(own))
            self._draw_doubt(pen, pane, place, points)
            pen.clip(None)
            self._draw_legend(pen, pane, rect, own)
        self._draw_cursors(pen)

    # --- where everything is -----------------------------------------------------------------------------

    def _rects(self, pen: Pen) -> list[Rect]:
        """Of each axis that there is room for, from above."""
        share = self.room or Rect(0, 0, 1, 1)
        left = share.x0 * pen.width + _LEFT_EM * pen.em
        right = max(left + 1, share.x1 * pen.width - _RIGHT_EM * pen.em)
        upper, lower = share.y1 * pen.height, share.y0 * pen.height + _FOOT_EM * pen.em
        weights = [_COUNT_HEIGHT if pane.is_count else 1.0 for pane in self.panes]
        most = int((upper - lower) / ((_HEAD_EM + _LEAST_EM) * pen.em))
        weights = weights[: max(1, most)]
        free = upper - lower - len(weights) * _HEAD_EM * pen.em - (len(weights) - 1) * _GAP_EM * pen.em
        rects = []
        for weight in weights:
            height = max(1.0, free * weight / sum(weights))
            upper -= _HEAD_EM * pen.em
            rects.append(Rect(left, upper - height, right, upper))
            upper -= height + _GAP_EM * pen.em
        return rects

    @staticmethod
    def _points(width_px: float, lines: int) -> int:
        """For each line: as many as there are pixels, unless there are many lines."""
        return int(min(max(16.0, width_px), max(_LEAST_POINTS, _MOST_POINTS / max(1, lines))))

    def _limits_of(self, index: int, pane: Pane, slices: list[Slice]) -> Limits:
        if index in self.limits:
            return self.limits[index]
        lows = [float(np.fmin.reduce(found.low)) for found in slices if len(found.low)]
        highs = [float(np.fmax.reduce(found.high)) for found in slices if len(found.high)]
        low = min((value for value in lows if math.isfinite(value)), default=math.nan)
        high = max((value for value in highs if math.isfinite(value)), default=math.nan)
        old = self._fitted.get((index, pane))
        limits = fitted_count(high, old) if pane.is_count else fitted(low, high, old)
        self._fitted[index, pane] = limits
        return limits

    def forget_limits(self) -> None:
        """Fit all axes anew."""
        self.limits.clear()
        self._fitted.clear()

    # --- drawing -----------------------------------------------------------------------------------------

    def _draw_ground(self, pen: Pen, pane: Pane, place: Place, *, is_lowest: bool) -> None:
        palette, rect, em = self.palette, place.rect, pen.em
        has_data = any(len(series) for series in self.model.series.values())
        most = int((rect.y1 - rect.y0) / (_TICK_DOWN_EM * em))
        values, texts = value_ticks(place.limits, max(1, most), whole=pane.is_count)
        ys = place.y(np.array(values, np.float32))
        thick = max(1.0, em / 15)
        pen.boxes([Rect(rect.x0, round(y), rect.x1, round(y) + thick) for y in ys], palette.border)
        if has_data:
            for y, text in zip(ys, texts, strict=True):
                pen.text(rect.x0 - 0.5 * em, y - 0.36 * em, text, palette.muted, "right")
        if not is_lowest:
            return
        ticks = time_ticks(
            place.window_s,
            int((rect.x1 - rect.x0) / (_TICK_ACROSS_EM * em)),
            self.clock,
            self.model.start_us or 0,
        )
        xs = place.x(np.array(ticks.at_s))
        marks = [Rect(round(x), rect.y0 - 0.35 * em, round(x) + 1, rect.y0) for x in xs]
        pen.boxes([Rect(rect.x0, rect.y0 - 1, rect.x1, rect.y0), *marks], palette.muted)
        for x, text in zip(xs, ticks.texts, strict=True):
            half = pen.measure(text) / 2
            pen.text(min(x, pen.width - half - 2), rect.y0 - 1.4 * em, text, palette.muted, "center")
        if not has_data:
            middle = (rect.x0 + rect.x1) / 2, (self.shown[0].place.rect.y1 + rect.y0) / 2
            pen.text(*middle, EMPTY, palette.muted, "center")

    def _draw_line(self, pen: Pen, line: PlotLine, found: Slice, place: Place, beside: int) -> None:
        width = _LINE_EM * pen.em * (1.0 if line.node is None else 0.75)
        if line.column == "alive":
            em = pen.em
            pen.line(stroke(found, place), line.color, 0.6 * width, (0.25 * em, 0.25 * em))
        elif found.is_whole and beside <= _STROKED_LINES:
            points = stroke(found, place)
            pen.line(points, line.color, width)
            if len(points) <= _DOTTED_POINTS:
                pen.dots(points[np.isfinite(points[:, 1])], _DOT_EM * pen.em, line.color)
        elif (path := ribbon(found, place, width)) is not None:
            pen.area(path, line.color)

    def _draw_bounds(self, pen: Pen, pane: Pane, place: Place, points: int) -> None:
        """Between what the average of all alive lies."""
        series = self.model.series.get(pane.metric_id)
        if series is not None and pane.with_bounds and "average" in pane.lines:
            low = series.slice("average_lo", *place.window_s, points)
            high = series.slice("average_hi", *place.window_s, points)
            path = band(low, high, place)
            if path is not None:
                pen.area(path, self.palette.average, _BAND_ALPHA)

    def _draw_doubt(self, pen: Pen, pane: Pane, place: Place, points: int) -> None:
        """A round that is not exact: a hollow mark on its average, a bar over what its count may be."""
        series = self.model.series.get(pane.metric_id)
        if series is None:
            return
        doubt = series.slice("doubt", *place.window_s, points)
        is_inexact = doubt.high > 0
        if not is_inexact.any():
            return
        if "average" in pane.lines:
            found = series.slice("average", *place.window_s, points)
            marks = np.column_stack((place.x(found.time_s), place.y(found.high)))[is_inexact]
            marks = marks[np.isfinite(marks[:, 1])]
            pen.dots(marks, _RING_EM * pen.em, self.palette.surface, self.palette.doubt, 0.14 * pen.em)
        if "count" in pane.lines:
            low = series.slice("count_lo", *place.window_s, points)
            high = series.slice("count", *place.window_s, points)
            x = place.x(low.time_s)
            starts = np.column_stack((x, place.y(low.low)))[is_inexact]
            ends = np.column_stack((x, place.y(high.high)))[is_inexact]
            pen.segments(starts, ends, self.palette.doubt, 0.3 * pen.em)

    def _draw_legend(self, pen: Pen, pane: Pane, rect: Rect, lines: list[PlotLine]) -> None:
        """The newest value of each line in its colour; in less room in fewer letters, and then not all."""
        y, gap = rect.y1 + 0.65 * pen.em, _LEGEND_GAP_EM * pen.em
        pen.text(rect.x0, y, pane.title, self.palette.text)
        x = rect.x0 + pen.measure(pane.title) + gap
        entries: list[tuple[str, str]] = []
        fits = False
        for is_short in (False, True):
            if not fits:
                entries = self._entries(pane, lines, is_short=is_short)
                fits = x + sum(pen.measure(text) + gap for text, _ in entries) - gap <= rect.x1
        for i, (text, color) in enumerate(entries):
            more = f"and {len(entries) - i} more"
            if not fits and x + pen.measure(text) + gap + pen.measure(more) > rect.x1:
                if x + pen.measure(more) <= rect.x1:
                    pen.text(x, y, more, self.palette.muted)
                return
            pen.text(x, y, text, color)
            x += pen.measure(text) + gap

    def _entries(self, pane: Pane, lines: list[PlotLine], *, is_short: bool) -> list[tuple[str, str]]:
        row = self.model.last_row(pane.metric_id)
        latest = latest_labels(row) if row is not None and not is_short else {}
        entries = []
        for line in reversed(lines):
            if line.column == "alive" or not len(line.timeline):  # how many are alive is told with the count
                continue
            text = latest.get(line.column, "")
            if line.node is not None and (is_short or len(lines) > _STROKED_LINES):
                text = f"● {line.node}"
            elif is_short:
                text = f"● {line.name.partition(' ')[0]} {line.timeline.column(line.column).last:.4g}"
            elif not text:
                text = f"● {line.name} {line.label(line.timeline.column(line.column).last)}"
            entries.append((text, line.color))
        return entries

    def _draw_cursors(self, pen: Pen) -> None:
        for name in _CURSORS:
            if name not in self.cursors_s or not self.shown:
                continue
            time_s = self.cursors_s[name]
            for shown in self.shown:
                rect = shown.place.rect
                x = float(shown.place.x(np.array([time_s]))[0])
                if not rect.x0 <= x <= rect.x1:
                    continue
                pen.box(Rect(round(x), rect.y0, round(x) + max(1.0, pen.em / 12), rect.y1), self.palette.text)
                self._mark_values(pen, shown, time_s)
                if shown is self.shown[0]:
                    half = 0.7 * pen.em
                    pen.box(Rect(x - half, rect.y1 - 1.4 * pen.em, x + half, rect.y1), self.palette.text)
                    pen.text(x, rect.y1 - 1.05 * pen.em, name, self.palette.surface, "center")

    def _mark_values(self, pen: Pen, shown: Shown, time_s: float) -> None:
        """A dot where each line is at that time."""
        for line in shown.lines:
            found = line.value_at(time_s)
            if found is not None and math.isfinite(found[1]):
                x = shown.place.x(np.array([time_s]))
                y = shown.place.y(np.array([found[1]], np.float32))
                pen.dots(np.column_stack((x, y)), 0.2 * pen.em, line.color, self.palette.surface, 1.0)


def chart_of(model: Model, metric_id: int | None) -> Chart:
    """The usual axes of that metric."""
    chart = Chart(model=model, panes=() if metric_id is None else default_panes(metric_id))
    chart.look()
    return chart


def columns_of(chart: Chart) -> Mapping[str, np.ndarray[Any, Any]]:
    """What the chart shows, as columns of one length: for CSV or Parquet.

    `time_s` since the start and `time_us` since 1970; then a column for each line, named by metric and line,
    in its unit; NaN where it has no sample at that time. All samples in the window are there, not only those
    that the picture has room for.
    """
    start_s, end_s = chart.viewport.window_s
    found: dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = {}
    for pane in chart.panes:
        metric = pane.title.partition(",")[0] if not pane.is_count else pane.title.partition(", ")[2]
        lines = [(f"{metric} {line.name}", line.timeline, line.column) for line in
                 reversed(lines_of(pane, chart.model, chart.palette))]  # fmt: skip
        series = chart.model.series.get(pane.metric_id)
        if isinstance(series, Series) and pane.with_bounds and "average" in pane.lines:
            lines += [(f"{metric} average {end}", series, f"average_{end}") for end in ("lo", "hi")]
        for name, timeline, column in lines:
            first, last = np.searchsorted(timeline.time_s, (start_s, end_s))
            found[name] = timeline.time_s[first:last], timeline.column(column).values[first:last]
    times = np.unique(np.concatenate([time_s for time_s, _ in found.values()] or [np.empty(0)]))
    columns: dict[str, np.ndarray[Any, Any]] = {
        "time_s": times,
        "time_us": np.round(times * 1e6).astype(np.int64) + (chart.model.start_us or 0),
    }
    for name, (time_s, values) in found.items():
        columns[name] = np.full(len(times), np.nan, np.float32)
        columns[name][np.searchsorted(times, time_s)] = values
    return columns
