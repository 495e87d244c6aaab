"""The plots in the window: drawn anew only for new data, and then mostly by blitting the lines alone."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from tkinter.font import nametofont
from typing import Any

from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg
from matplotlib.figure import Figure

from desktop import theme
from desktop.model.history import Series
from desktop.model.model import Changes, Model
from desktop.model.words import latest_labels, metric_label
from desktop.plots.plot import AggregatePlot
from desktop.view import View

_LEAST_INTERVAL_S = 0.1  # at most ten redraws a second
_FIGURE_DPI = 96  # before matplotlib applies the screen's own scale


class PlotView(View):
    """Maximum, average and count of one metric; `on_metric` hears of every change of metric."""

    def __init__(self, master: tk.Misc, on_metric: Callable[[int], None]) -> None:
        super().__init__(master, "Field")
        self._model = Model()
        self._on_metric = on_metric
        self._metric_ids: list[int] = []
        self._metric_id: int | None = None
        self._ground: Any = None
        self._drawn_s = 0.0
        self._is_due = False
        self._chooser = ttk.Combobox(self.head, state="readonly", width=16)
        self._chooser.bind("<<ComboboxSelected>>", lambda event: self._choose(self._chooser.current()))
        self._latest = self._make_latest()
        self._figure = Figure(dpi=_FIGURE_DPI)
        self._plot = AggregatePlot(self._figure)
        for artist in self._plot.artists:
            artist.set_animated(True)
        self._canvas = FigureCanvasTkAgg(self._figure, self.body)
        self._canvas.mpl_connect("draw_event", lambda event: self._keep_ground())
        self._canvas.mpl_connect("resize_event", lambda event: self._fit_fonts())
        self._canvas.get_tk_widget().configure(width=1, height=1)
        self._canvas.get_tk_widget().pack(fill="both", expand=True)
        self._plot.show(None)
        self.repaint()

    # --- for the window ----------------------------------------------------------------------------------

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self._metric_ids, self._metric_id = [], None
        self._chooser.pack_forget()
        self._plot.forget_limits()
        self._update()
        model.subscribe(self._on_change)

    def next_metric(self) -> None:
        """Show the metric after this one."""
        if self._metric_id in self._metric_ids:
            self._choose((self._metric_ids.index(self._metric_id) + 1) % len(self._metric_ids))

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self._canvas.get_tk_widget().configure(background=theme.current().surface)
        self._fit_fonts()
        self._canvas.draw_idle()

    @property
    def point_count(self) -> int:
        """How many rounds the plot shows."""
        series = self._series()
        return len(series.time_s) if series else 0

    # --- what changes ------------------------------------------------------------------------------------

    def _on_change(self, changes: Changes) -> None:
        if changes.rows and not self._is_due:
            self._is_due = True
            wait_s = max(0.0, self._drawn_s + _LEAST_INTERVAL_S - time.monotonic())
            self.after(round(wait_s * 1000), self._update)

    def _update(self) -> None:
        self._is_due = False
        self._drawn_s = time.monotonic()
        if self._metric_ids != sorted(self._model.series):
            self._fill_chooser()
        if self._plot.show(self._series()):
            self._canvas.draw_idle()
        else:
            self._blit()
        self._show_latest()

    def _series(self) -> Series | None:
        return None if self._metric_id is None else self._model.series.get(self._metric_id)

    def _fill_chooser(self) -> None:
        self._metric_ids = sorted(self._model.series)
        names = [metric_label(self._model.series[metric_id].metric.name) for metric_id in self._metric_ids]
        self._chooser.configure(values=names)
        if self._metric_id is None:
            self._choose(0)
        if len(names) > 1:
            self.pack_control(self._chooser)

    def _choose(self, index: int) -> None:
        self._chooser.current(index)
        self._chooser.selection_clear()
        self._metric_id = self._metric_ids[index]
        self._plot.forget_limits()
        self._on_metric(self._metric_id)
        self._update()

    def _keep_ground(self) -> None:
        """After a whole draw: keep all that stays, and put on it what moves."""
        self._ground = self._canvas.copy_from_bbox(self._figure.bbox)
        self._blit()

    def _blit(self) -> None:
        if self._ground is None:
            return
        self._canvas.restore_region(self._ground)
        for artist in self._plot.artists:
            self._figure.draw_artist(artist)
        self._canvas.blit(self._figure.bbox)

    def _fit_fonts(self) -> None:
        """The figure's resolution is the screen's only once the canvas is on it."""
        font_pt = self._font_pt()
        self._plot.paint(theme.current(), font_pt)
        self._plot.arrange(font_pt)

    def _font_pt(self) -> float:
        """The size, at the figure's resolution, of a font a little smaller than the default."""
        size = int(nametofont("TkDefaultFont").actual("size"))
        size_px = -size if size < 0 else size * self.winfo_fpixels("1i") / 72
        return 0.88 * size_px * 72 / self._figure.dpi

    # --- the latest values -------------------------------------------------------------------------------

    def _make_latest(self) -> dict[str, ttk.Label]:
        """One label for each line of the plot, in its colour: they are the legend too."""
        em = theme.em_px()
        row = ttk.Frame(self.body, padding=(em, 0))
        row.pack(fill="x")
        places = {"maximum": row, "average": row, "count": self.head}
        labels = {}
        for name, place in places.items():
            labels[name] = ttk.Label(place, style=f"{name.title()}.TLabel")
            labels[name].pack(side="left", padx=(0, round(1.5 * em)))
        return labels

    def _show_latest(self) -> None:
        row = next((row for row in reversed(self._model.rows) if row.metric_id == self._metric_id), None)
        texts = latest_labels(row) if row else dict.fromkeys(self._latest, "")
        for name, label in self._latest.items():
            label.configure(text=texts[name])
