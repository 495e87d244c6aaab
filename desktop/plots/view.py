"""The plots over time in the window: drawn anew for new data and for what a person does, never more often."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable, Mapping
from pathlib import Path
from tkinter import ttk
from tkinter.font import nametofont
from typing import Any

import numpy as np
import ttkbootstrap
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg
from matplotlib.figure import Figure

from desktop import theme
from desktop.model.model import Changes, Model
from desktop.model.words import duration_label, metric_label, plural
from desktop.plots.chart import Chart, columns_of
from desktop.plots.gestures import Gestures
from desktop.plots.pane import Pane, default_panes, with_metric
from desktop.plots.read_out import ReadOut
from desktop.plots.viewport import SPANS_S, Clock, time_label
from desktop.sources.session import Session
from desktop.view import View

_LEAST_INTERVAL_S = 0.1  # new data is drawn at most ten times a second,
_REST = 9.0  # and so many times as long as it takes to draw is left to the rest of the app
_MOVE_INTERVAL_S = 0.015  # what a person moves, as often as can be seen
_MOST_DRAW_S, _LEAST_DETAIL = 0.04, 0.15
_FIGURE_DPI = 96  # before matplotlib applies the screen's own scale
_SAVED_DPI = 192


class PlotView(View):
    """Up to four axes on one time; `on_metric` hears of each change of metric, `on_move` of each drawing."""

    def __init__(self, master: tk.Misc, on_metric: Callable[[int], None]) -> None:
        super().__init__(master, "Field")
        self.chart = Chart()
        self.on_move: Callable[[], object] = lambda: None
        self.chosen_panes: tuple[Pane, ...] = ()  # by a person, and of sessions with such metrics, too
        self._on_metric = on_metric
        self._metric_ids: list[int] = []
        self._metric_id: int | None = None
        self._drawn_s = self._took_s = 0.0
        self._draw_timer: str | None = None
        self._paused_at: int | None = None  # rounds at that time
        self._chooser = ttk.Combobox(self.head, state="readonly", width=14)
        self._chooser.bind("<<ComboboxSelected>>", lambda event: self._choose(self._chooser.current()))
        self._newest = self._button("skip-end", "Follow the newest (End)", self.follow)
        self._pause = self._button("pause", "Pause (Space): nothing is lost", self.toggle_pause)
        self.read_out = ReadOut(self.body)
        self._figure = Figure(dpi=_FIGURE_DPI)
        self._figure.add_artist(self.chart)
        self._canvas = FigureCanvasTkAgg(self._figure, self.body)
        self._canvas.mpl_connect("resize_event", lambda event: self._draw_soon(_MOVE_INTERVAL_S))
        self.widget = self._canvas.get_tk_widget()
        self.widget.configure(width=1, height=1, takefocus=True)
        self.widget.pack(fill="both", expand=True)
        self.widget.bind("<Map>", lambda event: self._draw_soon(_MOVE_INTERVAL_S), add=True)
        self.gestures = Gestures(self.widget, self)
        self.repaint()

    # --- for the window ----------------------------------------------------------------------------------

    def attend(self, session: Session) -> None:
        """Another session: the usual axes, and all of its time."""
        self._metric_ids, self._metric_id = [], None
        self._chooser.pack_forget()
        chart = self.chart
        chart.panes = ()
        chart.cursors_s.clear()
        chart.forget_limits()
        chart.viewport.follow(None)
        self._set_paused(None)

    def attach(self, model: Model) -> None:
        """Show that model from now on; what a person looks at stays."""
        self.chart.model = model
        model.subscribe(self._on_change)
        self._update()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self.widget.configure(background=palette.surface)
        self._figure.set_facecolor(palette.surface)
        self.chart.palette, self.chart.font_pt = palette, self._font_pt()
        self._draw_soon(_MOVE_INTERVAL_S)

    @property
    def metric_id(self) -> int | None:
        """The metric that is shown; None as long as there is none."""
        return self._metric_id

    @property
    def point_count(self) -> int:
        """How many rounds the plot shows."""
        series = None if self._metric_id is None else self.chart.model.series.get(self._metric_id)
        return len(series) if series is not None else 0

    def save(self, path: Path) -> None:
        """Write what is shown, as its suffix says: .png, .svg or .pdf. Raises OSError, ValueError."""
        figure = Figure(figsize=tuple(self._figure.get_size_inches()), facecolor=self.chart.palette.surface)
        FigureCanvasAgg(figure)
        chart = self.chart.twin()
        chart.font_pt = self._font_pt()
        figure.add_artist(chart)
        figure.savefig(path, dpi=_SAVED_DPI)

    def visible_columns(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """What is shown, as columns for CSV or Parquet: see `chart.columns_of`."""
        return columns_of(self.chart)

    # --- what a person does ------------------------------------------------------------------------------

    def next_metric(self) -> None:
        """Show the metric after this one."""
        if self._metric_id in self._metric_ids:
            self._choose((self._metric_ids.index(self._metric_id) + 1) % len(self._metric_ids))

    def set_panes(self, panes: tuple[Pane, ...]) -> None:
        """Show these axes."""
        self.chart.panes = self.chosen_panes = panes
        self.chart.forget_limits()
        self.redraw()

    def follow(self, *_: object) -> None:
        """Follow the newest: all, then the last minute and so on, each time that this is asked for."""
        viewport = self.chart.viewport
        self._set_paused(None)
        if not viewport.follows:
            viewport.follow(viewport.span_s)
        else:
            shorter: list[float | None] = [None, *SPANS_S]
            viewport.follow(shorter[(shorter.index(viewport.span_s) + 1) % len(shorter)])
        self.redraw()

    def show_all(self) -> None:
        """All there is, on all axes."""
        self.chart.viewport.follow(None)
        self.chart.forget_limits()
        self._set_paused(None)
        self.redraw()

    def toggle_pause(self) -> None:
        """Stay at what is shown; or go on. What comes meanwhile is kept, and can be looked at."""
        if self._paused_at is None:
            self.chart.viewport.hold()
            self._set_paused(self.point_count)
        else:
            self._set_paused(None)
            self.chart.viewport.follow(self.chart.viewport.span_s)
        self.redraw()

    @property
    def is_paused(self) -> bool:
        """Whether the view stays where it is."""
        return self._paused_at is not None

    def toggle_clock(self) -> None:
        """Time since the start, or the time of day."""
        chart = self.chart
        chart.clock = Clock.OF_DAY if chart.clock is Clock.SINCE_START else Clock.SINCE_START
        self.redraw()

    def pan(self, share: float) -> None:
        """Look later by that share of what is shown; earlier if it is negative."""
        start_s, end_s = self.chart.viewport.window_s
        self.chart.viewport.pan(share * (end_s - start_s))
        self.redraw()

    def zoom(self, factor: float, at_s: float | None = None) -> None:
        """Show `factor` times the time, around `at_s` or the middle."""
        start_s, end_s = self.chart.viewport.window_s
        self.chart.viewport.zoom(factor, (start_s + end_s) / 2 if at_s is None else at_s)
        self.redraw()

    def place_cursor(self, name: str, time_s: float | None = None) -> None:
        """Put cursor "A" or "B" at that time, or in the middle: at the sample that is nearest."""
        start_s, end_s = self.chart.viewport.window_s
        self.chart.cursors_s[name] = self._nearest((start_s + end_s) / 2 if time_s is None else time_s)
        self.redraw()

    def move_cursor(self, steps: int) -> None:
        """Move the cursor that was placed last by so many samples."""
        if self.chart.cursors_s and (times := self._times()) is not None:
            name = list(self.chart.cursors_s)[-1]
            at = int(times.searchsorted(self.chart.cursors_s[name])) + steps
            self.chart.cursors_s[name] = float(times[min(max(0, at), len(times) - 1)])
            self.redraw()

    def clear_cursors(self) -> None:
        """Take both away."""
        self.chart.cursors_s.clear()
        self.redraw()

    def redraw(self) -> None:
        """Draw soon, as often as can be seen."""
        self._draw_soon(_MOVE_INTERVAL_S)

    def _times(self) -> np.ndarray[Any, Any] | None:
        """Of the first line there is."""
        shown = (line.timeline for one in self.chart.shown for line in reversed(one.lines))
        timeline = next((timeline for timeline in shown if len(timeline)), None)
        return None if timeline is None else timeline.time_s

    def _nearest(self, time_s: float) -> float:
        times = self._times()
        if times is None:
            return time_s
        after = min(int(times.searchsorted(time_s)), len(times) - 1)
        around = times[max(0, after - 1) : after + 1]
        return float(around[np.abs(around - time_s).argmin()])

    # --- what changes ------------------------------------------------------------------------------------

    def _on_change(self, changes: Changes) -> None:
        if changes.rows:
            self._draw_soon(max(_LEAST_INTERVAL_S, _REST * self._took_s))

    def _draw_soon(self, interval_s: float) -> None:
        if self._draw_timer is not None and interval_s < _LEAST_INTERVAL_S:
            self.after_cancel(self._draw_timer)
            self._draw_timer = None
        if self._draw_timer is None:
            wait_s = max(0.0, self._drawn_s + interval_s - time.monotonic())
            self._draw_timer = self.after(round(wait_s * 1000), self._update)

    def _update(self) -> None:
        if self._draw_timer is not None:
            self.after_cancel(self._draw_timer)
            self._draw_timer = None
        began_s = time.monotonic()
        if self._metric_ids != sorted(self.chart.model.series):
            self._fill_chooser()
        self.chart.look()
        self._sum_up()
        if self.widget.winfo_viewable():
            self.chart.font_pt = self._font_pt()
            self._canvas.draw()
            self.read_out.show_cursors(self.chart)
        self._drawn_s = time.monotonic()
        self._took_s = self._drawn_s - began_s
        self._set_detail()
        self.on_move()

    def _set_detail(self) -> None:
        """Many lines full of noise take long: then with fewer points, so that the app stays fluid."""
        chart = self.chart
        if self._took_s > _MOST_DRAW_S:
            chart.detail = max(_LEAST_DETAIL, chart.detail * _MOST_DRAW_S / self._took_s)
        elif self._took_s < _MOST_DRAW_S / 2:
            chart.detail = min(1.0, chart.detail * 1.25)

    def _fill_chooser(self) -> None:
        series = self.chart.model.series
        self._metric_ids = sorted(series)
        names = [metric_label(series[metric_id].metric.name) for metric_id in self._metric_ids]
        self._chooser.configure(values=names)
        if self._metric_id is None and names:
            self._choose(0)
        if len(names) > 1:
            self.pack_control(self._chooser)

    def _choose(self, index: int) -> None:
        self._chooser.current(index)
        self._chooser.selection_clear()
        before, self._metric_id = self._metric_id, self._metric_ids[index]
        chart = self.chart
        if before is None or not chart.panes:
            is_chosen = any(pane.metric_id == self._metric_id for pane in self.chosen_panes)
            chart.panes = self.chosen_panes if is_chosen else default_panes(self._metric_id)
        else:
            chart.panes = with_metric(chart.panes, before, self._metric_id)
        chart.forget_limits()
        self._on_metric(self._metric_id)
        self.redraw()

    def _set_paused(self, at: int | None) -> None:
        self._paused_at = at
        self._pause.configure(icon="pause" if at is None else "play")

    def _sum_up(self) -> None:
        """What is looked at, where it is not simply all."""
        chart, texts = self.chart, []
        viewport = chart.viewport
        if self._paused_at is not None:
            new = self.point_count - self._paused_at
            texts.append(f"paused, {plural(new, 'new round')}" if new > 0 else "paused")
        elif viewport.follows and viewport.span_s is not None:
            texts.append(f"the last {duration_label(viewport.span_s)}")
        elif not viewport.follows:
            start_s, end_s = (
                time_label(at, chart.clock, chart.model.start_us or 0) for at in viewport.window_s
            )
            texts.append(f"{start_s} to {end_s}")
        if 0 < len(chart.shown) < len(chart.panes):
            texts.append(f"{len(chart.shown)} of {len(chart.panes)} axes: F12 gives them room")
        self.set_summary("  ".join(texts))

    def _button(self, icon: str, text: str, run: Callable[[], object]) -> ttkbootstrap.Button:
        button = ttkbootstrap.Button(
            self.head, icon=icon, icon_only=True, command=run, bootstyle="ghost", takefocus=True
        )
        ttkbootstrap.ToolTip(button, text=text)
        self.pack_control(button)
        return button

    def _font_pt(self) -> float:
        """The size, at the figure's resolution, of a font a little smaller than the default."""
        size = int(nametofont("TkDefaultFont").actual("size"))
        size_px = -size if size < 0 else size * self.winfo_fpixels("1i") / 72
        return 0.88 * size_px * 72 / self._figure.dpi
