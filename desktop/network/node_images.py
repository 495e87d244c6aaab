"""Pictures of nodes, smooth-edged as a Tk canvas cannot draw them: each standing has a shape of its own.

Their edges are mixed with the ground that they stand on, so that no pixel is half transparent: Tk takes ten
times as long for such, and some hundred nodes are drawn in every frame.
"""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageTk

from desktop.model.model import Standing
from desktop.palette import LIGHT, PALETTES, Palette, mix

_OVERSAMPLING = 4
_LEAST_ALPHA = 40  # what is fainter is left out
_HALO = 1.25  # the radius of the ring around an active node, in radii of the node

_Draw = Callable[[ImageDraw.ImageDraw, float, float, Palette], None]


class NodeImages:
    """Draws each picture once, in the colours of the palette that was given last."""

    def __init__(self, master: tk.Misc) -> None:
        self._master = master
        self._palette = PALETTES[LIGHT]
        self._images: dict[tuple[Standing, int, bool], ImageTk.PhotoImage] = {}

    def use(self, palette: Palette) -> None:
        """Take other colours."""
        self._palette = palette
        self._images.clear()

    def get(self, standing: Standing, radius_px: int, active: bool) -> ImageTk.PhotoImage:
        """The picture of a node; `active` puts a ring around it."""
        key = (standing, radius_px, active)
        if key not in self._images:
            image = node_image(standing, radius_px, active, self._palette)
            self._images[key] = ImageTk.PhotoImage(on_ground(image, self._palette), master=self._master)
        return self._images[key]


def node_image(standing: Standing, radius_px: int, active: bool, palette: Palette) -> Image.Image:
    """RGBA, square, with room for the ring."""
    side_px = 2 * math.ceil(radius_px * _HALO) + 2
    side = side_px * _OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    center, radius = side / 2, float(radius_px * _OVERSAMPLING)
    if active:
        draw.ellipse(_box(center, radius * _HALO), outline=palette.active, width=round(radius * 0.09))
    _SHAPES[standing](draw, center, radius, palette)
    return image.resize((side_px, side_px), Image.Resampling.LANCZOS)


def on_ground(image: Image.Image, palette: Palette) -> Image.Image:
    """The picture as it looks on the surface, with pixels that are there or not."""
    ground = Image.new("RGBA", image.size, palette.surface)
    ground.alpha_composite(image)
    ground.putalpha(image.getchannel("A").point(lambda alpha: 255 if alpha >= _LEAST_ALPHA else 0))
    return ground


def _box(center: float, radius: float) -> tuple[float, float, float, float]:
    return center - radius, center - radius, center + radius, center + radius


def _root(draw: ImageDraw.ImageDraw, center: float, radius: float, palette: Palette) -> None:
    draw.rounded_rectangle(_box(center, radius * 0.94), radius * 0.36, fill=palette.root)


def _joined(draw: ImageDraw.ImageDraw, center: float, radius: float, palette: Palette) -> None:
    draw.ellipse(_box(center, radius), fill=palette.joined)


def _joining(draw: ImageDraw.ImageDraw, center: float, radius: float, palette: Palette) -> None:
    reach = radius * 1.2
    corners = [(center, center - reach), (center + reach, center + 0.8 * reach)]
    corners.append((center - reach, center + 0.8 * reach))
    draw.polygon(corners, fill=palette.surface, outline=palette.seeking, width=round(radius * 0.16))


def _stale(draw: ImageDraw.ImageDraw, center: float, radius: float, palette: Palette) -> None:
    """Half empty."""
    box, width = _box(center, radius), round(radius * 0.14)
    draw.ellipse(box, fill=palette.surface)
    draw.chord(box, 0, 180, fill=mix(palette.surface, palette.lost, 0.45))
    draw.ellipse(box, outline=palette.lost, width=width)
    draw.line((center - radius, center, center + radius, center), fill=palette.lost, width=width)


def _seeking(draw: ImageDraw.ImageDraw, center: float, radius: float, palette: Palette) -> None:
    reach = radius * 1.22
    corners = [
        (center, center - reach),
        (center + reach, center),
        (center, center + reach),
        (center - reach, center),
    ]
    draw.polygon(corners, fill=palette.surface, outline=palette.seeking, width=round(radius * 0.16))


def _lost(draw: ImageDraw.ImageDraw, center: float, radius: float, palette: Palette) -> None:
    draw.ellipse(_box(center, radius), fill=palette.surface)
    for start in range(0, 360, 45):
        draw.arc(_box(center, radius), start, start + 26, fill=palette.lost, width=round(radius * 0.14))
    # A small cross at the upper right, where it leaves the id readable.
    x, y, arm = center + radius * 0.78, center - radius * 0.78, radius * 0.3
    draw.ellipse((x - arm * 1.5, y - arm * 1.5, x + arm * 1.5, y + arm * 1.5), fill=palette.surface)
    for dy in (-arm, arm):
        draw.line((x - arm, y - dy, x + arm, y + dy), fill=palette.maximum, width=round(radius * 0.17))


def _heard(draw: ImageDraw.ImageDraw, center: float, radius: float, palette: Palette) -> None:
    draw.ellipse(
        _box(center, radius), fill=palette.surface, outline=palette.joined, width=round(radius * 0.12)
    )


_SHAPES: dict[Standing, _Draw] = {
    Standing.ROOT: _root,
    Standing.JOINED: _joined,
    Standing.JOINING: _joining,
    Standing.SEEKING: _seeking,
    Standing.STALE: _stale,
    Standing.LOST: _lost,
    Standing.LEFT: _lost,
    Standing.HEARD: _heard,
    Standing.HOME: _root,
    Standing.MEMBER: _joined,
    Standing.ABSENT: _lost,
    Standing.PRIMARY: _root,
    Standing.STANDBY: _joined,
    Standing.MISSING: _lost,
}
