"""The canvas items of one node: made once, then moved and recoloured."""

from __future__ import annotations

import tkinter as tk
from dataclasses import dataclass
from tkinter.font import Font

from desktop.network.motion import Place
from desktop.network.node_images import NodeImages
from desktop.network.notes import Note
from desktop.network.scene import Look
from desktop.palette import Palette


@dataclass(frozen=True, slots=True, eq=False)
class Brush:
    """What all nodes of a canvas are drawn with; an id has room from some size on, a value from a larger."""

    palette: Palette
    images: NodeImages
    radius_px: int
    id_font: Font
    value_font: Font
    note_font: Font
    with_ids: bool
    with_values: bool


class NodeItems:
    """A node's picture, its id, its value and the note beside it. It changes what has changed, no more."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._image = canvas.create_image(0, 0)
        self._id = canvas.create_text(0, 0)
        self._value = canvas.create_text(0, 0)
        self._note = canvas.create_text(0, 0)
        self._looks: dict[int, dict[str, str]] = {}
        self._places: dict[int, Place] = {}
        self._place = (0.0, 0.0)
        self._painted: tuple[object, ...] | None = None

    def paint(self, node: int, look: Look, note: Note | None, brush: Brush, *, active: bool) -> None:
        """Take the look of the node as it is now."""
        wanted = (look, note, brush, active, self._place)
        if wanted == self._painted:
            return
        self._painted = wanted
        palette, radius_px = brush.palette, brush.radius_px
        color = palette.text if look.is_hollow else palette.on_node
        value = look.value if brush.with_values else ""
        active = active or look.is_marked
        self._look(self._image, image=str(brush.images.get(look.standing, radius_px, active)))
        self._look(self._id, text=str(node) if brush.with_ids else "", fill=color, font=str(brush.id_font))
        self._look(self._value, text=value, fill=color, font=str(brush.value_font))
        x, y = self._place
        self._put(self._image, x, y)
        self._put(self._id, x, y - (0.27 * radius_px if value else 0))
        self._put(self._value, x, y + 0.42 * radius_px)
        if note is None:
            self._look(self._note, text="")
        else:
            self._look(
                self._note, text=note.text, fill=getattr(palette, note.color), font=str(brush.note_font)
            )
            self._put(self._note, *note.place)

    def stand(self, x: float, y: float) -> None:
        """Be drawn at (x, y) by the next `paint`."""
        self._place = (x, y)

    def delete(self) -> None:
        """Leave the canvas."""
        self._canvas.delete(self._image, self._id, self._value, self._note)

    def _look(self, item: int, **options: str) -> None:
        if self._looks.get(item) != options:
            self._looks[item] = options
            if "text" in options:  # an empty one that is not hidden is looked at in every frame
                options = options | {"state": "normal" if options["text"] else "hidden"}
            self._canvas.itemconfigure(item, **options)  # type: ignore[arg-type]

    def _put(self, item: int, x: float, y: float) -> None:
        if self._places.get(item) != (x, y):
            self._places[item] = (x, y)
            self._canvas.coords(item, x, y)
