"""The tree on a canvas: nodes in layers below the root, links to parents, highlights where a frame passes."""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Iterable, Mapping
from tkinter.font import Font
from typing import NamedTuple

from desktop import theme
from desktop.activity import Activity
from desktop.layout import Layout, tidy
from desktop.link_layer import LinkLayer, link_to
from desktop.model import TreeNode
from desktop.motion import Motion
from desktop.node_details import NodeDetails
from desktop.node_images import NodeImages
from desktop.tree_items import Brush, NodeItems

_TICK_MS = 33  # the canvas changes at most so often, however many frames come
_LEAST_RADIUS_EM, _MOST_RADIUS_EM = 0.5, 2.0
_VALUE_RADIUS_EM = 1.5  # from this size on there is room for the value
_MOST_LEAF_ROWS = 3
_MOST_SLOT_EM, _MOST_LAYER_EM = 8.0, 8.0
_USUAL_EM_PX = 13


class _Fitted(NamedTuple):
    """A layout with its slot, its layer and the radius of its nodes in pixels."""

    layout: Layout
    slot: float
    layer: float
    radius: float


class TreeCanvas(tk.Canvas):
    """Draws what `show` was given last. The pointer on a node, or the arrow keys, bring its details."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, highlightthickness=1, takefocus=True, width=1, height=1)
        self._em = theme.em_px()
        self._nodes: Mapping[int, TreeNode] = {}
        self._under: Mapping[int, int | None] = {}
        self._root_id: int | None = None
        self._metric_id = 0
        self._items: dict[int, NodeItems] = {}
        self._motion = Motion()
        self._activity = Activity()
        self._ticking = False
        self._radius_px = 1
        self._images = NodeImages(self)
        self._id_font, self._value_font = Font(self, weight="bold"), Font(self)
        self._links = LinkLayer(self)
        self._details = NodeDetails(self)
        self._message = self.create_text(0, 0, justify="center")
        self.bind("<Configure>", lambda event: self._arrange(animated=False))
        self.bind("<Motion>", lambda event: self._choose(self._node_at(event.x, event.y)))
        self.bind("<Leave>", lambda event: self._choose(None))
        self.bind("<Escape>", lambda event: self._choose(None))
        self.bind("<Button-1>", lambda event: self.focus_set())
        for key in ("<Right>", "<Down>"):
            self.bind(key, lambda event: self._choose_next(1))
        for key in ("<Left>", "<Up>"):
            self.bind(key, lambda event: self._choose_next(-1))

    # --- for the view ------------------------------------------------------------------------------------

    @property
    def has_values(self) -> bool:
        """Whether nodes are large enough to bear their values."""
        return self._radius_px >= _VALUE_RADIUS_EM * self._em

    @property
    def node_count(self) -> int:
        """How many nodes are drawn."""
        return len(self._items)

    @property
    def images(self) -> NodeImages:
        """The pictures of the nodes, for a legend."""
        return self._images

    def show(
        self, nodes: Mapping[int, TreeNode], under: Mapping[int, int | None], root_id: int | None, now_us: int
    ) -> None:
        """Draw these nodes, each hung under another or none; nodes that were there before glide."""
        moved = (under, root_id) != (self._under, self._root_id)
        self._nodes, self._under, self._root_id = nodes, under, root_id
        self._details.now_us = now_us
        for node in self._items.keys() - nodes.keys():
            self._items.pop(node).delete()
        if moved:
            self._arrange(animated=True)
        else:
            self._paint()

    def say(self, text: str) -> None:
        """A message in the middle, where there is no node."""
        self.itemconfigure(self._message, text=text)

    def flash(self, sent: Iterable[tuple[int, int]]) -> None:
        """Highlight (source, destination) of frames for a moment."""
        self._activity.note(sent, self._under, time.monotonic())
        self._tick_soon()

    def show_metric(self, metric_id: int) -> None:
        """Have the nodes bear values of that metric."""
        self._metric_id = metric_id
        self._paint()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._images.use(palette)
        self.configure(
            background=palette.surface,
            highlightbackground=palette.surface,  # the ring around a canvas that has the focus
            highlightcolor=palette.border,
        )
        self.itemconfigure(self._message, fill=palette.muted)
        self._paint()

    # --- where nodes stand -------------------------------------------------------------------------------

    def _arrange(self, *, animated: bool) -> None:
        """Lay the tree out for the size of the canvas."""
        width, height = self.winfo_width(), self.winfo_height()
        self.coords(self._message, width / 2, height / 2)
        layout, slot, layer, radius = max(
            (self._fit(rows, width, height) for rows in range(1, _MOST_LEAF_ROWS + 1)),
            key=lambda fitted: fitted.radius,
        )
        self._set_radius(radius)
        top = (height - layout.layers * layer) / 2
        targets = {
            node: (width / 2 + (x - layout.slots / 2) * slot, top + (y + 0.5) * layer)
            for node, (x, y) in layout.places.items()
        }
        self._motion.aim(targets, self._under, time.monotonic() if animated else None)
        self._place()
        self._paint()
        self._tick_soon()

    def _fit(self, leaf_rows: int, width: int, height: int) -> _Fitted:
        """The tree with its leaves in so many rows, as large as the canvas allows."""
        layout = tidy(self._under, self._root_id, leaf_rows)
        margin = self._em
        slot = min((width - 2 * margin) / max(1.0, layout.slots), _MOST_SLOT_EM * self._em)
        layer = min((height - 2 * margin) / max(1.0, layout.layers), _MOST_LAYER_EM * self._em)
        room = min(slot, math.hypot(slot, layer) / leaf_rows) if leaf_rows > 1 else slot
        return _Fitted(layout, slot, layer, min(0.43 * room, 0.36 * layer))

    def _set_radius(self, radius: float) -> None:
        self._radius_px = round(min(max(radius, _LEAST_RADIUS_EM * self._em), _MOST_RADIUS_EM * self._em))
        digits = max((len(str(node)) for node in self._under), default=1)
        id_share = 0.72 if self.has_values else min(0.9, 2 / digits)
        self._id_font.configure(size=-round(self._radius_px * id_share))
        self._value_font.configure(size=-round(self._radius_px * 0.5))

    # --- drawing -----------------------------------------------------------------------------------------

    def _place(self) -> None:
        """Take every node to where it is now; `_paint` follows."""
        for node, place in self._motion.places.items():
            if node not in self._items:
                self._items[node] = NodeItems(self)
            self._items[node].stand(*place)
        self._details.place(self._motion.places)

    def _paint(self) -> None:
        """Draw every node and link as they are now."""
        brush = Brush(
            theme.current(),
            self._images,
            self._radius_px,
            self._id_font,
            self._value_font,
            self._metric_id,
            self.has_values,
        )
        for node, items in self._items.items():
            items.paint(self._nodes[node], brush, active=node in self._activity.nodes)
        self._draw_links()
        self._details.show(self._nodes)

    def _draw_links(self) -> None:
        palette, places = theme.current(), self._motion.places
        links = [
            link_to(
                self._nodes[node],
                places[above],
                places[node],
                palette,
                scale=self._em / _USUAL_EM_PX,
                active=node in self._activity.links,
            )
            for node, above in self._under.items()
            if above is not None
        ]
        # Where links meet, the thick ones must not hide the others.
        links.sort(key=lambda link: (link.color == palette.active, -link.width_px))
        self._links.draw(links, palette.surface)

    def _tick_soon(self) -> None:
        if not self._ticking and (self._motion.moving or self._activity.nodes or self._activity.links):
            self._ticking = True
            self.after(_TICK_MS, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        now_s = time.monotonic()
        if self._motion.moving:
            self._motion.advance(now_s)
            self._place()
        self._activity.expire(now_s)
        self._paint()
        self._tick_soon()

    # --- the person --------------------------------------------------------------------------------------

    def _node_at(self, x: float, y: float) -> int | None:
        for node, place in self._motion.places.items():
            if math.dist(place, (x, y)) <= self._radius_px * 1.2:
                return node
        return None

    def _choose(self, node: int | None) -> None:
        if node != self._details.chosen:
            self._details.chosen = node
            self._details.show(self._nodes)
            self._details.place(self._motion.places)

    def _choose_next(self, step: int) -> None:
        ids = sorted(self._nodes)
        if ids:
            chosen = self._details.chosen
            at = ids.index(chosen) + step if chosen in ids else 0
            self._choose(ids[at % len(ids)])
