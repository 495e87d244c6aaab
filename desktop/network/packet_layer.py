"""The dots of packets on a canvas: a pool of items, each made once and then moved."""

from __future__ import annotations

import tkinter as tk

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageTk

from desktop.network.node_images import on_ground
from desktop.palette import Palette

_OVERSAMPLING = 4
_AWAY = -100.0  # where nobody sees it


class PacketLayer:
    """Calls Tk's `coords` for each dot and frame, and not by tkinter, which takes three times as long."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._call = canvas.tk.call
        self._path = str(canvas)
        self._items: list[int] = []
        self._shown = 0
        self._image: ImageTk.PhotoImage | None = None
        self._drawn: tuple[int, Palette] | None = None

    def use(self, palette: Palette, radius_px: int) -> None:
        """Take these colours and that size."""
        if self._drawn != (radius_px, palette):
            self._drawn = radius_px, palette
            picture = on_ground(packet_image(radius_px, palette), palette)
            self._image = ImageTk.PhotoImage(picture, master=self._canvas)
            for item in self._items:
                self._canvas.itemconfigure(item, image=str(self._image))

    def show(self, places: NDArray[np.float64]) -> None:
        """Have a dot at each of these places, and no others."""
        while len(self._items) < len(places):
            item = self._canvas.create_image(_AWAY, _AWAY, image=str(self._image), tags="packet")
            self._canvas.tag_lower(item, "over-packets")
            self._items.append(item)
        call, path = self._call, self._path
        for item, (x, y) in zip(self._items, places.tolist(), strict=False):
            call(path, "coords", item, x, y)
        for item in self._items[len(places) : self._shown]:
            call(path, "coords", item, _AWAY, _AWAY)
        self._shown = len(places)


def packet_image(radius_px: int, palette: Palette) -> Image.Image:
    """RGBA, square: a disc in the colour of what is active, with a dark rim."""
    side_px = 2 * radius_px + 2
    side = side_px * _OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    edge = _OVERSAMPLING
    ImageDraw.Draw(image).ellipse(
        (edge, edge, side - edge, side - edge),
        fill=palette.active,
        outline=palette.seeking,
        width=max(1, round(radius_px * 0.25)) * _OVERSAMPLING,
    )
    return image.resize((side_px, side_px), Image.Resampling.LANCZOS)
