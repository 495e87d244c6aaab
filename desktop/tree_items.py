"""The canvas items of one node: made once, then moved and recoloured."""

from __future__ import annotations

import tkinter as tk
from dataclasses import dataclass
from tkinter.font import Font

from desktop.model import Standing, TreeNode
from desktop.model_words import average_label
from desktop.node_images import NodeImages
from desktop.palette import Palette

_HOLLOW = (Standing.SEEKING, Standing.LOST, Standing.HEARD)


@dataclass(frozen=True, slots=True)
class Brush:
    """What all nodes of a canvas are drawn with."""

    palette: Palette
    images: NodeImages
    radius_px: int
    id_font: Font
    value_font: Font
    metric_id: int
    with_values: bool


class NodeItems:
    """A node's picture, its id and the value of its last report. It changes what has changed, no more."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._image = canvas.create_image(0, 0)
        self._id = canvas.create_text(0, 0)
        self._value = canvas.create_text(0, 0)
        self._looks: dict[int, dict[str, str]] = {}
        self._places: dict[int, tuple[float, float]] = {}
        self._place = (0.0, 0.0)

    def paint(self, node: TreeNode, brush: Brush, *, active: bool) -> None:
        """Take the look of the node as it is now."""
        palette = brush.palette
        color = palette.text if node.standing in _HOLLOW else palette.on_node
        value = average_label(node.aggregates.get(brush.metric_id), brush.metric_id)
        value = value if brush.with_values else ""
        self._look(self._image, image=str(brush.images.get(node.standing, brush.radius_px, active)))
        self._look(self._id, text=str(node.id), fill=color, font=str(brush.id_font))
        self._look(self._value, text=value, fill=color, font=str(brush.value_font))
        x, y = self._place
        self._put(self._image, x, y)
        self._put(self._id, x, y - (0.27 * brush.radius_px if value else 0))
        self._put(self._value, x, y + 0.42 * brush.radius_px)

    def stand(self, x: float, y: float) -> None:
        """Be drawn at (x, y) by the next `paint`."""
        self._place = (x, y)

    def delete(self) -> None:
        """Leave the canvas."""
        self._canvas.delete(self._image, self._id, self._value)

    def _look(self, item: int, **options: str) -> None:
        if self._looks.get(item) != options:
            self._looks[item] = options
            self._canvas.itemconfigure(item, **options)  # type: ignore[arg-type]

    def _put(self, item: int, x: float, y: float) -> None:
        if self._places.get(item) != (x, y):
            self._places[item] = (x, y)
            self._canvas.coords(item, x, y)
