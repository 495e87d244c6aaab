"""All links of a network as one picture below the nodes: a Tk canvas draws no smooth curves, Agg does."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.transforms import IdentityTransform
from PIL import Image, ImageTk

from desktop.network.link_path import path_of
from desktop.network.scene import Link

_DPI = 72  # so that a point is a pixel


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
        renderer.draw_path(context, path_of(link, height), IdentityTransform())
    drawn = Image.frombuffer("RGBA", size, renderer.buffer_rgba(), "raw", "RGBA", 0, 1)
    picture = Image.new("RGB", size, ground)
    picture.paste(drawn, mask=drawn)
    return picture
