"""Pictures of nodes on the plan: boards are round, Pis square, gateways ringed, those cut off hollow."""

from __future__ import annotations

import math
import tkinter as tk
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageTk

from desktop.palette import LIGHT, PALETTES, Palette, mix

_OVERSAMPLING = 4
_HALO = 1.42  # the side of a picture, in radii of the node


@dataclass(frozen=True, slots=True)
class Figure:
    """What a node looks like."""

    is_pi: bool = False
    is_gateway: bool = False
    is_cut_off: bool = False
    is_wrong: bool = False
    is_selected: bool = False


class NodePictures:
    """Draws each picture once, in the colours of the palette that was given last."""

    def __init__(self, master: tk.Misc) -> None:
        self._master = master
        self._palette = PALETTES[LIGHT]
        self._pictures: dict[tuple[Figure, int], ImageTk.PhotoImage] = {}

    def use(self, palette: Palette) -> None:
        """Take other colours."""
        self._palette = palette
        self._pictures.clear()

    def get(self, figure: Figure, radius_px: int) -> ImageTk.PhotoImage:
        """The picture of a node of that radius."""
        key = figure, radius_px
        if key not in self._pictures:
            image = node_picture(figure, radius_px, self._palette)
            self._pictures[key] = ImageTk.PhotoImage(image, master=self._master)
        return self._pictures[key]


def text_color(figure: Figure, palette: Palette) -> str:
    """Of words on a node."""
    return palette.text if figure.is_cut_off else palette.on_node


def node_picture(figure: Figure, radius_px: int, palette: Palette) -> Image.Image:
    """RGBA, square, with room for the ring of who is selected, and for the sign that something is wrong."""
    side_px = 2 * math.ceil(radius_px * _HALO) + 2
    side = side_px * _OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    middle, radius = side / 2, float(radius_px * _OVERSAMPLING)
    if figure.is_selected:
        _shape(draw, figure, middle, radius * 1.36, fill=mix(palette.surface, palette.active, 0.35))
        _shape(
            draw, figure, middle, radius * 1.36, outline=palette.active, width=max(4, round(radius * 0.12))
        )
    color = palette.root if figure.is_gateway else palette.joined
    if figure.is_cut_off:
        width = max(5, round(radius * 0.16))
        _shape(draw, figure, middle, radius, fill=palette.surface, outline=palette.lost, width=width)
    else:
        _shape(draw, figure, middle, radius, fill=color)
    if figure.is_gateway:
        ring = palette.lost if figure.is_cut_off else palette.on_node
        _shape(draw, figure, middle, radius * 0.8, outline=ring, width=max(3, round(radius * 0.08)))
    if figure.is_wrong:
        _sign(draw, middle, radius, palette)
    return image.resize((side_px, side_px), Image.Resampling.LANCZOS)


def _shape(
    draw: ImageDraw.ImageDraw,
    figure: Figure,
    middle: float,
    radius: float,
    *,
    fill: str | None = None,
    outline: str | None = None,
    width: int = 1,
) -> None:
    box = (middle - radius, middle - radius, middle + radius, middle + radius)
    if figure.is_pi:
        inset = radius * 0.06
        box = (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset)
        draw.rounded_rectangle(box, radius * 0.34, fill=fill, outline=outline, width=width)
    else:
        draw.ellipse(box, fill=fill, outline=outline, width=width)


def _sign(draw: ImageDraw.ImageDraw, middle: float, radius: float, palette: Palette) -> None:
    """A triangle at the upper right."""
    x, y, size = middle + radius * 0.86, middle - radius * 0.82, radius * 0.52
    corners = [(x, y - size), (x + size * 0.95, y + size * 0.7), (x - size * 0.95, y + size * 0.7)]
    draw.polygon(corners, fill=palette.maximum, outline=palette.surface, width=max(2, round(radius * 0.08)))
