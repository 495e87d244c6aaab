"""What is known of one node, in a box beside it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable, Mapping

from desktop import theme
from desktop.network.motion import Place


class NodeDetails:
    """A box on the canvas for the node that is `chosen`, if any."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._em = theme.em_px()
        self.chosen: int | None = None
        self._is_shown = False
        self._box = canvas.create_rectangle(0, 0, 0, 0, state="hidden")
        self._text = canvas.create_text(0, 0, anchor="nw", state="hidden", tags="details")

    def show(self, lines: Iterable[str]) -> None:
        """Write these lines; without any the box is hidden."""
        text = "\n".join(lines)
        self._is_shown = bool(text)
        state = "normal" if text else "hidden"
        palette = theme.current()
        self._canvas.itemconfigure(self._box, state=state, fill=palette.background, outline=palette.border)
        self._canvas.itemconfigure(self._text, state=state, fill=palette.text, text=text)

    def place(self, places: Mapping[int, Place]) -> None:
        """Stand beside the node, within the canvas and above all else."""
        if not self._is_shown or self.chosen is None or self.chosen not in places:
            return
        x, y = places[self.chosen]
        self._canvas.coords(self._text, 0, 0)
        left, top, right, bottom = self._canvas.bbox(self._text)
        width, height, gap, pad = right - left, bottom - top, 3 * self._em, self._em * 0.7
        if x + gap + width + 2 * pad > self._canvas.winfo_width():
            x -= 2 * gap + width
        x = max(pad + 2, x + gap)
        y = min(max(pad + 2, y - height / 2), max(pad + 2, self._canvas.winfo_height() - height - pad - 2))
        self._canvas.coords(self._text, x, y)
        self._canvas.coords(self._box, x - pad, y - pad, x + width + pad, y + height + pad)
        self._canvas.tag_raise(self._box)
        self._canvas.tag_raise(self._text)
