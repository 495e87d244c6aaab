"""All links of the tree as one picture below the nodes: a Tk canvas draws no smooth curves, Agg does."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from PIL import Image, ImageTk

from desktop.model import Standing, TreeNode
from desktop.palette import Palette, mix

_DPI = 72  # so that a point is a pixel
_BEND = 0.6  # of the height: curves leave and arrive upright
_CODES = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]


@dataclass(frozen=True, slots=True)
class Link:
    """From a parent's place (x0, y0) to its child's (x1, y1), in pixels; dashes as on and off lengths."""

    x0: float
    y0: float
    x1: float
    y1: float
    color: str
    width_px: float
    dashes: tuple[float, ...] = ()


class LinkLayer:
    """The lowest item of a canvas. It is opaque: Tk takes 50 times as long for transparent pictures."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._item = canvas.create_image(0, 0, anchor="nw")
        self._drawn: tuple[object, ...] = ()
        self._photo: ImageTk.PhotoImage | None = None

    def draw(self, links: Sequence[Link], ground: str) -> None:
        """Show these links, the last on top; does nothing if they are shown already."""
        size = self._canvas.winfo_width(), self._canvas.winfo_height()
        wanted = (size, ground, tuple(links))
        if wanted == self._drawn:
            return
        self._drawn = wanted
        picture = _render(links, ground, size)
        if self._photo is None or (self._photo.width(), self._photo.height()) != size:
            self._photo = ImageTk.PhotoImage(picture, master=self._canvas)
            self._canvas.itemconfigure(self._item, image=str(self._photo))
            self._canvas.tag_lower(self._item)
        else:
            self._photo.paste(picture)


def _render(links: Sequence[Link], ground: str, size: tuple[int, int]) -> Image.Image:
    width, height = size
    renderer = RendererAgg(width, height, _DPI)
    for link in links:
        context = renderer.new_gc()
        context.set_foreground(to_rgba(link.color), isRGBA=True)
        context.set_linewidth(link.width_px)
        context.set_capstyle("butt" if link.dashes else "round")
        if link.dashes:
            context.set_dashes(0, link.dashes)
        bend = (link.y1 - link.y0) * _BEND
        # Agg counts from the bottom.
        points = [
            (link.x0, height - link.y0),
            (link.x0, height - link.y0 - bend),
            (link.x1, height - link.y1 + bend),
            (link.x1, height - link.y1),
        ]
        renderer.draw_path(context, Path(points, _CODES), IdentityTransform())
    drawn = Image.frombuffer("RGBA", size, renderer.buffer_rgba(), "raw", "RGBA", 0, 1)
    picture = Image.new("RGB", size, ground)
    picture.paste(drawn, mask=drawn)
    return picture


def link_to(
    node: TreeNode,
    parent_place: tuple[float, float],
    place: tuple[float, float],
    palette: Palette,
    *,
    scale: float,
    active: bool,
) -> Link:
    """The link to a node's parent: thick and calm if all reports arrive, thin and warm if few do."""
    color, width = palette.link, 1.5
    dashes: tuple[float, ...] = ()
    if node.standing is Standing.SEEKING:
        color, dashes = palette.seeking, (5 * scale, 5 * scale)
    elif node.standing is Standing.LOST:
        color, dashes = palette.lost, (1.5 * scale, 5 * scale)
    elif node.quality is not None:
        color, width = mix(palette.seeking, palette.link, node.quality), 1.0 + 2.5 * node.quality
    return Link(*parent_place, *place, palette.active if active else color, width * scale, dashes)
