"""The token of a ring on the canvas: beside its holder, and on its way from one to the next."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageTk

from desktop.network.motion import Flight, Place
from desktop.network.scene import Fitted
from desktop.palette import LIGHT, PALETTES, Palette

_OVERSAMPLING = 4
_INSIDE_RADII = 1.6  # so far inside the circle it is drawn
_SHARE = 0.42  # of a node's radius
_LEAST_RADIUS_PX = 4


class TokenItem:
    """One picture; of many moves between two calls of `follow` the last alone is drawn."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._item = canvas.create_image(0, 0, state="hidden", tags="token")
        self._flight = Flight()
        self._palette = PALETTES[LIGHT]
        self._photo: ImageTk.PhotoImage | None = None
        self._drawn: tuple[int, Palette] | None = None

    @property
    def moving(self) -> bool:
        """Whether it is on its way."""
        return self._flight.moving

    def use(self, palette: Palette) -> None:
        """Take other colours."""
        self._palette = palette

    def follow(self, holder: int | None, fitted: Fitted, places: Mapping[int, Place], now_s: float) -> None:
        """Be at the holder, or on the way to it; without a holder, be hidden."""
        circle = fitted.circle
        if holder is None or holder not in places:
            self._flight = Flight()
            self._canvas.itemconfigure(self._item, state="hidden")
            return
        inside_px = _INSIDE_RADII * fitted.radius_px
        x, y = places[holder]
        target = circle.within((x, y), inside_px) if circle else (x, y - inside_px)
        self._flight.aim(holder, target, now_s)
        self._draw(max(_LEAST_RADIUS_PX, round(_SHARE * fitted.radius_px)))
        self._canvas.coords(self._item, *self._flight.place(circle.between if circle else _straight, now_s))
        self._canvas.itemconfigure(self._item, state="normal")

    def _draw(self, radius_px: int) -> None:
        if self._drawn != (radius_px, self._palette):
            self._drawn = (radius_px, self._palette)
            self._photo = ImageTk.PhotoImage(token_image(radius_px, self._palette), master=self._canvas)
            self._canvas.itemconfigure(self._item, image=str(self._photo))


def _straight(start: Place, end: Place, progress: float) -> Place:
    return start[0] + progress * (end[0] - start[0]), start[1] + progress * (end[1] - start[1])


def token_image(radius_px: int, palette: Palette) -> Image.Image:
    """RGBA, square: a disc in the colour of what is active, with a rim."""
    side_px = 2 * radius_px + 2
    side = side_px * _OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    edge = _OVERSAMPLING
    rim = max(1, round(radius_px * 0.22)) * _OVERSAMPLING
    draw.ellipse(
        (edge, edge, side - edge, side - edge), fill=palette.active, outline=palette.seeking, width=rim
    )
    return image.resize((side_px, side_px), Image.Resampling.LANCZOS)
