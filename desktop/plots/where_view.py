"""Where the maximum is, as a map over time in the window."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Generator
from functools import partial
from tkinter import ttk
from tkinter.font import Font

import numpy as np
from PIL import Image, ImageTk

from desktop import theme
from desktop.model.model import Changes, Model
from desktop.model.words import metric_label, value_label
from desktop.plots.time_map import TimeMap, colored, scale_color, time_map_rows
from desktop.plots.view import PlotView
from desktop.plots.viewport import time_label, time_ticks
from desktop.view import View
from protocol.aggregate import metric_of

_EMPTY = "No node readings yet.\nA tree tells those of its leaves, and the maximum, with each round."
_REDRAW_MS = 200
_COLUMN_PX = 2
_PIECE_S = 0.015
_LEAP = 10  # rows or columns, with Shift
_LEFT_EM, _FOOT_EM, _TICK_EM = 2.6, 2.0, 7.0
_SCALE_STEPS = 24


class WhereView(View):
    """A row for each node; the time and the metric are those of the plot."""

    def __init__(self, master: tk.Misc, plot: PlotView) -> None:
        super().__init__(master, "Where")
        self._plot = plot
        self._model = Model()
        self._map: TimeMap | None = None
        self._photo: ImageTk.PhotoImage | None = None
        self._timer: str | None = None
        self._font = Font(self, font="TreeringLines")
        self.canvas = tk.Canvas(self.body, width=1, height=1, highlightthickness=0, takefocus=True)
        self.canvas.pack(fill="both", expand=True)
        self.canvas.bind("<Configure>", lambda event: self._draw_soon())
        self.canvas.bind("<Map>", lambda event: self._draw_soon(), add=True)
        self.canvas.bind("<Motion>", self._point)
        self.canvas.bind("<Leave>", lambda event: self._sum_up())
        self.canvas.bind("<Button-1>", self._click)
        self._spot: tuple[int, int] | None = None  # row and column that the keys have led to
        for key, row, column in (("Left", 0, -1), ("Right", 0, 1), ("Up", -1, 0), ("Down", 1, 0)):
            self.canvas.bind(f"<{key}>", partial(self._step, row, column))
            self.canvas.bind(f"<Shift-{key}>", partial(self._step, _LEAP * row, _LEAP * column))
        self.canvas.bind("<Return>", lambda event: self._place_cursor())
        self.canvas.bind("<FocusOut>", lambda event: self._leave(), add=True)
        self._scale_box = ttk.Frame(self.head)
        self._scale = tk.Canvas(self._scale_box, width=1, height=1, highlightthickness=0)
        self._scale.pack(padx=theme.em_px() // 2)
        self._scale_label = ttk.Label(self.head, style="Muted.TLabel")
        self.repaint()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        model.subscribe(self._on_change)
        self._draw_soon()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.canvas.configure(background=theme.current().surface)
        self._scale.configure(background=theme.current().surface)
        self._draw_soon()

    def follow_plot(self) -> None:
        """The plot shows another time or metric."""
        self._draw_soon()

    def _on_change(self, changes: Changes) -> None:
        if changes.rows or changes.settled:
            self._draw_soon()

    def _draw_soon(self) -> None:
        if self._timer is None and self.canvas.winfo_viewable():
            self._timer = self.after(_REDRAW_MS, self._begin)

    # --- drawing -----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Work the map out, in pieces between which the app lives."""
        metric_id, columns = self._plot.metric_id, self._across() // _COLUMN_PX
        if metric_id is None or columns < 1 or self._down() < theme.em_px():
            self._draw(None)
        else:
            window_s = self._plot.chart.viewport.window_s
            self._work(time_map_rows(self._model, metric_id, window_s, columns))

    def _work(self, rows: Generator[None, None, TimeMap]) -> None:
        deadline_s = time.monotonic() + _PIECE_S
        try:
            while time.monotonic() < deadline_s:
                next(rows)
        except StopIteration as end:
            self._draw(end.value if end.value.nodes else None)
        else:
            self._timer = self.after(1, self._work, rows)

    def _draw(self, found: TimeMap | None) -> None:
        self._timer = None
        self._map = found
        canvas, palette, em = self.canvas, theme.current(), theme.em_px()
        canvas.delete("all")
        if found is None:
            middle = canvas.winfo_width() / 2, canvas.winfo_height() / 2
            canvas.create_text(*middle, text=_EMPTY, fill=palette.muted, font=self._font, justify="center")
        else:
            left = round(_LEFT_EM * em)
            self._draw_map(found, left, self._across(), self._down())
            self._draw_times(found, left, self._across(), self._down())
        self._draw_scale()
        self._sum_up()
        self._show_spot()

    def _across(self) -> int:
        return round(self.canvas.winfo_width() - (_LEFT_EM + 1) * theme.em_px())

    def _down(self) -> int:
        return round(self.canvas.winfo_height() - _FOOT_EM * theme.em_px())

    def _draw_map(self, found: TimeMap, left: int, across: int, down: int) -> None:
        palette = theme.current()
        red, green, blue = (int(palette.surface[i : i + 2], 16) for i in (1, 3, 5))
        picture = Image.fromarray(colored(found, (red, green, blue)))
        picture = picture.resize((across, down), Image.Resampling.NEAREST)
        self._mark(picture, found)
        self._photo = ImageTk.PhotoImage(picture, master=self)
        self.canvas.create_image(left, 0, image=self._photo, anchor="nw")
        row_px = down / len(found.nodes)
        every = max(1, int(np.ceil(self._font.metrics("linespace") / row_px)))
        for i in range(0, len(found.nodes), every):
            self.canvas.create_text(
                left - theme.em_px() // 2, (i + 0.5) * row_px, text=str(found.nodes[i]), anchor="e",
                fill=palette.muted, font=self._font,
            )  # fmt: skip

    @staticmethod
    def _mark(picture: Image.Image, found: TimeMap) -> None:
        """A white line, edged with black, through the rows of the maximum: it is seen on all colours."""
        pixels = np.asarray(picture).copy()
        height, width = pixels.shape[:2]
        rows = found.maximum_at[np.arange(width) * len(found.maximum_at) // width]
        for x in np.flatnonzero(rows >= 0):
            middle = int((rows[x] + 0.5) * height / len(found.nodes))
            half = max(1, min(3, height // len(found.nodes) // 6))
            pixels[max(0, middle - half - 1) : middle + half + 1, x] = 0
            pixels[max(0, middle - half) : middle + half, x] = 255
        picture.paste(Image.fromarray(pixels))

    def _draw_times(self, found: TimeMap, left: int, across: int, down: int) -> None:
        chart, palette, em = self._plot.chart, theme.current(), theme.em_px()
        start_s, end_s = found.window_s
        most = int(across / (_TICK_EM * em))
        ticks = time_ticks((start_s, end_s), most, chart.clock, self._model.start_us or 0)
        for at_s, text in zip(ticks.at_s, ticks.texts, strict=True):
            x = left + (at_s - start_s) / (end_s - start_s) * across
            self.canvas.create_line(x, down, x, down + em // 3, fill=palette.muted)
            most_x = self.canvas.winfo_width() - self._font.measure(text) / 2 - 1
            self.canvas.create_text(
                min(x, most_x), down + em // 2, text=text, anchor="n", fill=palette.muted, font=self._font
            )

    def _draw_scale(self) -> None:
        """From the least to the greatest colour, with both values."""
        if self._map is None:
            self._scale_box.pack_forget()
            self._scale_label.pack_forget()
            return
        em, unit = theme.em_px(), metric_of(self._plot.metric_id or 0).unit
        low, high = self._map.limits
        self._scale_label.configure(text=f"{low:.1f} to {value_label(high, unit)}")
        self._scale.configure(width=6 * em, height=em)
        self._scale.delete("all")
        for i in range(_SCALE_STEPS):
            x0, x1 = (6 * em * j / _SCALE_STEPS for j in (i, i + 1))
            color = scale_color(i / (_SCALE_STEPS - 1))
            self._scale.create_rectangle(x0, 0, x1 + 1, em + 1, fill=color, outline="")
        self.pack_control(self._scale_label)
        self.pack_control(self._scale_box)

    # --- what a person points at -------------------------------------------------------------------------

    def _point(self, event: tk.Event[tk.Misc]) -> None:
        self.set_summary(self.text_at(event.x, event.y) or self._usual_text())

    def _step(self, rows: int, columns: int, event: tk.Event[tk.Misc]) -> str:
        """The keys lead from cell to cell; the first time to the newest."""
        if self._map is not None:
            last = len(self._map.nodes) - 1, self._map.values.shape[1] - 1
            told = np.flatnonzero(self._map.maximum_at >= 0)
            row, column = self._spot or (0, int(told[-1]) if len(told) else last[1])
            self._spot = min(max(0, row + rows), last[0]), min(max(0, column + columns), last[1])
            self._show_spot()
        return "break"

    def _show_spot(self) -> None:
        self.canvas.delete("spot")
        if self._spot is None or self._map is None:
            return
        row_px, column_px = self._down() / len(self._map.nodes), self._across() / self._map.values.shape[1]
        x = round(_LEFT_EM * theme.em_px()) + (self._spot[1] + 0.5) * column_px
        y = (self._spot[0] + 0.5) * row_px
        half = max(row_px / 2, 3)
        self.canvas.create_rectangle(
            x - half, y - half, x + half, y + half, outline=theme.current().active, width=2, tags="spot"
        )
        self.set_summary(self.text_at(x, y))

    def _leave(self) -> None:
        self._spot = None
        self.canvas.delete("spot")
        self._sum_up()

    def text_at(self, x: float, y: float) -> str:
        """What is at that place of the canvas; "" beside the map."""
        share = self._share(x)
        down = self.canvas.winfo_height() - _FOOT_EM * theme.em_px()
        if self._map is None or not 0 <= share < 1 or not 0 <= y < down:
            return ""
        found, unit = self._map, metric_of(self._plot.metric_id or 0).unit
        row = int(y / down * len(found.nodes))
        column = int(share * found.values.shape[1])
        chart = self._plot.chart
        told_at = time_label(found.time_at(share), chart.clock, self._model.start_us or 0)
        value = float(found.values[row, column])
        texts = [f"node {found.nodes[row]} at {told_at}:"]
        texts.append("no reading known" if value != value else value_label(value, unit))
        most = int(found.maximum_at[column])
        if most >= 0:
            texts.append(f"(max at node {found.nodes[most]})")
        return " ".join(texts)

    def _click(self, event: tk.Event[tk.Misc]) -> None:
        self.canvas.focus_set()
        if self._map is not None and 0 <= self._share(event.x) < 1:
            self._plot.place_cursor("A", self._map.time_at(self._share(event.x)))

    def _place_cursor(self) -> None:
        """In the plot, where the keys have led to."""
        if self._map is not None and self._spot is not None:
            share = (self._spot[1] + 0.5) / self._map.values.shape[1]
            self._plot.place_cursor("A", self._map.time_at(share))

    def _share(self, x: float) -> float:
        em = theme.em_px()
        return (x - round(_LEFT_EM * em)) / max(1.0, self.canvas.winfo_width() - (_LEFT_EM + 1) * em)

    def _sum_up(self) -> None:
        self.set_summary(self._usual_text())

    def _usual_text(self) -> str:
        if self._map is None:
            return ""
        label = metric_label(metric_of(self._plot.metric_id or 0).name)
        return f"{label}; white line: at the maximum"
