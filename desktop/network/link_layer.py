"""What lies below the nodes, with all links, as one picture: a Tk canvas draws no smooth curves, Agg does."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable
from itertools import groupby

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from PIL import Image, ImageTk

from desktop.network.link_path import path_of
from desktop.network.scene import Link

_DPI = 72  # so that a point is a pixel

Ground = Callable[[tuple[int, int]], Image.Image]  # of a size, what lies below the links, opaque


class LinkLayer:
    """The lowest item of a canvas. It is opaque: Tk takes 50 times as long for transparent pictures."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._item = canvas.create_image(0, 0, anchor="nw")
        self._drawn: tuple[object, ...] = ()
        self._photo: ImageTk.PhotoImage | None = None

    def draw(self, links: Iterable[Link], ground: Ground, ground_key: object) -> None:
        """Show these links, the last on top, on that ground; does nothing if they are shown already.

        Grounds of equal keys look the same.
        """
        size = self._canvas.winfo_width(), self._canvas.winfo_height()
        wanted = (size, ground_key, tuple(links))
        if wanted == self._drawn:
            return
        self._drawn = wanted
        picture = ground(size)
        _draw(picture, wanted[2])
        if self._photo is None or (self._photo.width(), self._photo.height()) != size:
            self._photo = ImageTk.PhotoImage(picture, master=self._canvas)
            self._canvas.itemconfigure(self._item, image=str(self._photo))
        else:
            self._photo.paste(picture)


def _style(link: Link) -> tuple[str, float, tuple[float, ...]]:
    return link.color, link.width_px, link.dashes


def _draw(picture: Image.Image, links: Iterable[Link]) -> None:
    """Links of one look that follow each other are one path: Agg is quick, each call of it is not."""
    width, height = picture.size
    renderer = RendererAgg(width, height, _DPI)
    for (color, width_px, dashes), alike in groupby(links, _style):
        context = renderer.new_gc()
        context.set_foreground(to_rgba(color), isRGBA=True)
        context.set_linewidth(width_px)
        context.set_capstyle("butt" if dashes else "round")
        if dashes:
            context.set_dashes(0, dashes)
        path = Path.make_compound_path(*(path_of(link, height) for link in alike))
        renderer.draw_path(context, path, IdentityTransform())
    drawn = Image.frombuffer("RGBA", picture.size, renderer.buffer_rgba(), "raw", "RGBA", 0, 1)
    picture.paste(drawn, mask=drawn)
