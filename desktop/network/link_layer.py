"""What lies below the nodes, with all links, as one picture."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable

from PIL import Image, ImageTk

from desktop.network.scene import Link

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
        if wanted[2]:
            # Takes as long to import as all else of a network: the nodes are there before it.
            from desktop.network.link_picture import draw_links

            draw_links(picture, wanted[2])
        if self._photo is None or (self._photo.width(), self._photo.height()) != size:
            self._photo = ImageTk.PhotoImage(picture, master=self._canvas)
            self._canvas.itemconfigure(self._item, image=str(self._photo))
        else:
            self._photo.paste(picture)
