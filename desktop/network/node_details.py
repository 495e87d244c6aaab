"""What is known of a node or a link, in a box beside it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable

from desktop import theme
from desktop.network.motion import Place


class NodeDetails:
    """A box on the canvas."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._em = theme.em_px()
        self._box = canvas.create_rectangle(0, 0, 0, 0, state="hidden")
        self._text = canvas.create_text(0, 0, anchor="nw", state="hidden", tags="details")

    def show(self, lines: Iterable[str], place: Place | None) -> None:
        """Write these lines beside that place, within the canvas and above all else; or hide the box."""
        text = "\n".join(lines)
        if not text or place is None:
            self._canvas.itemconfigure(self._box, state="hidden")
            self._canvas.itemconfigure(self._text, state="hidden")
            return
        palette = theme.current()
        self._canvas.itemconfigure(self._box, state="normal", fill=palette.background, outline=palette.border)
        self._canvas.itemconfigure(self._text, state="normal", fill=palette.text, text=text)
        self._stand(*place)

    def _stand(self, x: float, y: float) -> None:
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
