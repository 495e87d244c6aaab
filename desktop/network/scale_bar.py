"""How long some metres are on a plan: a line with its length, in the corner of a canvas."""

from __future__ import annotations

import tkinter as tk
from tkinter.font import Font

from desktop.model.words import length_label
from desktop.network.plan import scale_bar_m
from desktop.palette import Palette

_MOST_EM = 9.0
_TICK_EM = 0.35
_MARGIN_EM = 1.0


class ScaleBar:
    """Items of a canvas; hidden where nothing is to scale."""

    def __init__(self, canvas: tk.Canvas, font: Font, em_px: float) -> None:
        self._canvas = canvas
        self._em = em_px
        self._ground = canvas.create_rectangle(0, 0, 0, 0, state="hidden", width=0)
        self._line = canvas.create_line(0, 0, 0, 0, state="hidden")
        self._text = canvas.create_text(0, 0, anchor="s", state="hidden", font=font)

    def show(self, px_per_m: float | None, palette: Palette) -> None:
        """For that scale; None hides it."""
        state = "hidden" if px_per_m is None else "normal"
        self._canvas.itemconfigure(self._ground, state=state, fill=palette.surface)
        self._canvas.itemconfigure(self._line, state=state, fill=palette.muted)
        self._canvas.itemconfigure(self._text, state=state, fill=palette.muted)
        if px_per_m is None:
            return
        length_m = scale_bar_m(px_per_m, _MOST_EM * self._em)
        left, bottom = _MARGIN_EM * self._em, self._canvas.winfo_height() - _MARGIN_EM * self._em
        right, tick = left + length_m * px_per_m, _TICK_EM * self._em
        self._canvas.coords(
            self._line, left, bottom - tick, left, bottom, right, bottom, right, bottom - tick
        )
        self._canvas.coords(self._text, (left + right) / 2, bottom - 0.2 * self._em)
        self._canvas.itemconfigure(self._text, text=length_label(length_m))
        x0, y0, x1, y1 = self._canvas.bbox(self._line, self._text)
        pad = 0.3 * self._em
        self._canvas.coords(self._ground, x0 - pad, y0 - pad, x1 + pad, y1 + pad)
        for item in (self._ground, self._line, self._text):
            self._canvas.tag_raise(item)
