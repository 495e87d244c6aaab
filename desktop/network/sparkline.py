"""Small lines on a canvas: readings over time, and how a node stood meanwhile."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence

from desktop import theme
from desktop.network.node_history import Span, Spark

_DOT_EM = 0.25
_HEIGHTS = {"joined": 1.0, "root": 1.0, "seeking": 0.6, "lost": 0.25}


class Sparkline(tk.Canvas):
    """One metric of a node: the span from the least to the greatest, and a dot at the last."""

    def __init__(self, master: tk.Misc) -> None:
        self._em = theme.em_px()
        super().__init__(master, height=round(1.7 * self._em), width=1, highlightthickness=0)
        self._spark: Spark | None = None
        self.bind("<Configure>", lambda event: self._draw())

    def show(self, spark: Spark) -> None:
        """Draw this."""
        self._spark = spark
        self._draw()

    def _draw(self) -> None:
        palette = theme.current()
        self.configure(background=palette.surface)
        self.delete("all")
        spark = self._spark
        if spark is None or len(spark.time_s) < 2:
            return
        width, height, pad = self.winfo_width(), self.winfo_height(), self._em * 0.4
        start_s, end_s = spark.time_s[0], spark.time_s[-1]
        least, most = spark.extent
        across = (width - 2 * pad) / max(end_s - start_s, 1e-9)
        upright = (height - 2 * pad) / max(most - least, 1e-9)

        def place(time_s: float, value: float) -> tuple[float, float]:
            return pad + (time_s - start_s) * across, height - pad - (value - least) * upright

        points = []
        for time_s, low, high in zip(spark.time_s, spark.low, spark.high, strict=True):
            points += [place(time_s, low), place(time_s, high)] if high > low else [place(time_s, high)]
        self.create_line(*(value for point in points for value in point), fill=palette.average, width=1.5)
        x, y = points[-1]
        dot = _DOT_EM * self._em
        self.create_oval(x - dot, y - dot, x + dot, y + dot, fill=palette.average, outline="")


class StandingStrip(tk.Canvas):
    """How a node stood over time: full in the network, half high while it seeks, low while it is lost."""

    def __init__(self, master: tk.Misc) -> None:
        self._em = theme.em_px()
        super().__init__(master, height=round(1.1 * self._em), width=1, highlightthickness=0)
        self._spans: Sequence[Span] = ()
        self.bind("<Configure>", lambda event: self._draw())

    def show(self, spans: Sequence[Span]) -> None:
        """Draw these."""
        self._spans = spans
        self._draw()

    def _draw(self) -> None:
        palette = theme.current()
        self.configure(background=palette.surface)
        self.delete("all")
        if not self._spans:
            return
        width, height = self.winfo_width(), self.winfo_height()
        start_s, end_s = self._spans[0].start_s, self._spans[-1].end_s
        across = width / max(end_s - start_s, 1e-9)
        for span in self._spans:
            left, right = (span.start_s - start_s) * across, (span.end_s - start_s) * across
            top = height * (1 - _HEIGHTS[span.color])
            color = getattr(palette, span.color)
            self.create_rectangle(left, top, max(left + 2, right), height, fill=color, outline="")
