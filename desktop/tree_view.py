"""The tree on a canvas: nodes in layers below the root, links to parents, highlights where a frame passes."""

from __future__ import annotations

import math
import time
import tkinter as tk
from tkinter import ttk
from tkinter.font import Font, nametofont
from typing import NamedTuple

from desktop import theme
from desktop.card import Card
from desktop.layout import Layout, tidy
from desktop.link_layer import LinkLayer, link_to
from desktop.model import Changes, Model, Standing, TreeNode, hung_under
from desktop.model_words import plural
from desktop.motion import Motion
from desktop.node_details import NodeDetails
from desktop.node_images import NodeImages
from desktop.tree_items import Brush, NodeItems
from protocol.packets import BROADCAST

_ACTIVE_S = 0.2
_TICK_MS = 33  # the canvas changes at most so often, however many frames come
_LEAST_RADIUS_EM, _MOST_RADIUS_EM = 0.5, 2.0
_USUAL_EM_PX = 13
_VALUE_RADIUS_EM = 1.5  # from this size on there is room for the value
_MOST_LEAF_ROWS = 3
_MOST_SLOT_EM, _MOST_LAYER_EM = 8.0, 8.0
_LEGEND = {
    Standing.ROOT: "root",
    Standing.JOINED: "joined",
    Standing.SEEKING: "seeks a parent",
    Standing.LOST: "lost",
}


class _Fitted(NamedTuple):
    """A layout with its slot, its layer and the radius of its nodes in pixels."""

    layout: Layout
    slot: float
    layer: float
    radius: float


class TreeView(Card):
    """Shows a model's tree. The pointer on a node, or the arrow keys, bring its details."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, "Tree")
        self._em = theme.em_px()
        self._model = Model()
        self._metric_id = 0
        self._nodes: dict[int, TreeNode] = {}
        self._under: dict[int, int | None] = {}
        self._items: dict[int, NodeItems] = {}
        self._motion = Motion()
        self._radius_px = 1
        self._active_until_s: dict[int, float] = {}  # by the node that sent
        self._link_until_s: dict[int, float] = {}  # by the child of the link
        self._ticking = False
        self._is_stale = False
        self._images = NodeImages(self)
        self._id_font, self._value_font = Font(self, weight="bold"), Font(self)
        self.canvas = tk.Canvas(self.body, highlightthickness=0, takefocus=True, width=1, height=1)
        self.canvas.pack(fill="both", expand=True)
        self._links = LinkLayer(self.canvas)
        self._details = NodeDetails(self.canvas)
        self._empty = self.canvas.create_text(0, 0, justify="center")
        self._legend = ttk.Frame(self.body, padding=(self._em, 0, self._em, self._em // 2))
        self._legend.pack(fill="x")
        self.canvas.bind("<Configure>", lambda event: self._arrange(animated=False))
        self.canvas.bind("<Motion>", lambda event: self._choose(self._node_at(event.x, event.y)))
        self.canvas.bind("<Leave>", lambda event: self._choose(None))
        self.canvas.bind("<Button-1>", lambda event: self.canvas.focus_set())
        for keys, step in ((("<Right>", "<Down>"), 1), (("<Left>", "<Up>"), -1)):
            for key in keys:
                self.canvas.bind(key, lambda event, step=step: self._choose_next(step))  # type: ignore[misc]
        self.canvas.bind("<Escape>", lambda event: self._choose(None))
        self.repaint()

    # --- for the window ----------------------------------------------------------------------------------

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        for items in self._items.values():
            items.delete()
        self._items.clear()
        self._nodes.clear()
        self._under.clear()
        self._motion = Motion()
        self._active_until_s.clear()
        self._link_until_s.clear()
        self._choose(None)
        self._refresh()
        model.subscribe(self._on_change)

    def show_metric(self, metric_id: int) -> None:
        """Have the nodes bear values of that metric."""
        self._metric_id = metric_id
        self._paint_all()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._images.use(palette)
        self.canvas.configure(background=palette.surface)
        self.canvas.itemconfigure(self._empty, fill=palette.muted)
        self._fill_legend()
        self._arrange(animated=False)

    @property
    def node_count(self) -> int:
        """How many nodes are drawn."""
        return len(self._items)

    # --- what changes ------------------------------------------------------------------------------------

    def _on_change(self, changes: Changes) -> None:
        until_s = time.monotonic() + _ACTIVE_S
        for source, destination in changes.sent:
            self._active_until_s[source] = until_s
            if destination != BROADCAST:
                child = source if self._under.get(source) == destination else destination
                self._link_until_s[child] = until_s
        self._is_stale = True
        self._tick_soon()

    def _refresh(self) -> None:
        """Bring the canvas to the model's state."""
        nodes = self._model.tree()
        under = hung_under(nodes)
        moved = under != self._under
        self._nodes = {node.id: node for node in nodes}
        self._under = under
        if moved:
            self._arrange(animated=True)
        self._paint_all()
        self._sum_up()

    def _arrange(self, *, animated: bool) -> None:
        """Lay the tree out for the size of the canvas."""
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        self.canvas.coords(self._empty, width / 2, height / 2)
        layout, slot, layer, radius = max(
            (self._fit(rows, width, height) for rows in range(1, _MOST_LEAF_ROWS + 1)),
            key=lambda fitted: fitted.radius,
        )
        self._radius_px = round(min(max(radius, _LEAST_RADIUS_EM * self._em), _MOST_RADIUS_EM * self._em))
        self._hint.configure(text="values: average of the subtree" if self._has_values else "")
        digits = max((len(str(node)) for node in self._under), default=1)
        id_share = 0.72 if self._has_values else min(0.9, 2 / digits)
        self._id_font.configure(size=-round(self._radius_px * id_share))
        self._value_font.configure(size=-round(self._radius_px * 0.5))
        top = (height - layout.layers * layer) / 2
        targets = {
            node: (width / 2 + (x - layout.slots / 2) * slot, top + (y + 0.5) * layer)
            for node, (x, y) in layout.places.items()
        }
        self._motion.aim(targets, self._under, time.monotonic() if animated else None)
        self._place_all()
        self._paint_all()
        self._tick_soon()

    def _fit(self, leaf_rows: int, width: int, height: int) -> _Fitted:
        """The tree with its leaves in so many rows, as large as the canvas allows."""
        layout = tidy(self._under, self._model.observer.root, leaf_rows)
        margin = self._em
        slot = min((width - 2 * margin) / max(1.0, layout.slots), _MOST_SLOT_EM * self._em)
        layer = min((height - 2 * margin) / max(1.0, layout.layers), _MOST_LAYER_EM * self._em)
        room = min(slot, math.hypot(slot, layer) / leaf_rows) if leaf_rows > 1 else slot
        return _Fitted(layout, slot, layer, min(0.43 * room, 0.36 * layer))

    def _place_all(self) -> None:
        brush = self._brush()
        for node, place in self._motion.places.items():
            if node not in self._items:
                self._items[node] = NodeItems(self.canvas)
            self._items[node].move(*place, brush)
        self._draw_links()
        self._details.place(self._motion.places)

    def _draw_links(self) -> None:
        palette, places = theme.current(), self._motion.places
        links = [
            link_to(
                self._nodes[node],
                places[above],
                places[node],
                palette,
                scale=self._em / _USUAL_EM_PX,
                active=node in self._link_until_s,
            )
            for node, above in self._under.items()
            if above is not None
        ]
        # Where links meet, the thick ones must not hide the others.
        links.sort(key=lambda link: (link.color == palette.active, -link.width_px))
        self._links.draw(links, palette.surface)

    def _brush(self) -> Brush:
        return Brush(
            theme.current(),
            self._images,
            self._radius_px,
            self._id_font,
            self._value_font,
            self._metric_id,
            self._has_values,
        )

    @property
    def _has_values(self) -> bool:
        return self._radius_px >= _VALUE_RADIUS_EM * self._em

    def _paint_all(self) -> None:
        brush = self._brush()
        for node_id, items in self._items.items():
            items.paint(self._nodes[node_id], brush, active=node_id in self._active_until_s)
        self._draw_links()
        self._details.show(self._nodes, self._model)

    def _sum_up(self) -> None:
        nodes = self._nodes.values()
        empty = "" if self._nodes else "No node heard yet.\nThe tree draws itself as frames arrive."
        self.canvas.itemconfigure(self._empty, text=empty)
        if not nodes:
            self.set_summary("")
            return
        away = [
            f"{count} {name}"
            for standing, name in ((Standing.SEEKING, "seeking"), (Standing.LOST, "lost"))
            if (count := sum(node.standing is standing for node in nodes))
        ]
        hops = max(node.hop_count or 0 for node in nodes)
        self.set_summary(", ".join([plural(len(nodes), "node"), plural(hops, "hop") + " deep", *away]))

    # --- time passes -------------------------------------------------------------------------------------

    def _tick_soon(self) -> None:
        busy = self._is_stale or self._motion.moving or self._active_until_s or self._link_until_s
        if busy and not self._ticking:
            self._ticking = True
            self.after(_TICK_MS, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        now_s = time.monotonic()
        if self._motion.moving:
            self._motion.advance(now_s)
            self._place_all()
        over = False
        for until in (self._active_until_s, self._link_until_s):
            for node in [node for node, until_s in until.items() if until_s <= now_s]:
                del until[node]
                over = True
        if self._is_stale:
            self._is_stale = False
            self._refresh()
        elif over:
            self._paint_all()
        self._tick_soon()

    # --- the person --------------------------------------------------------------------------------------

    def _node_at(self, x: float, y: float) -> int | None:
        for node, place in self._motion.places.items():
            if math.dist(place, (x, y)) <= self._radius_px * 1.2:
                return node
        return None

    def _choose(self, node: int | None) -> None:
        self._details.choose(node)
        self._details.show(self._nodes, self._model)
        self._details.place(self._motion.places)

    def _choose_next(self, step: int) -> None:
        ids = sorted(self._nodes)
        if ids:
            chosen = self._details.chosen
            at = ids.index(chosen) + step if chosen in ids else 0
            self._choose(ids[at % len(ids)])

    def _fill_legend(self) -> None:
        for label in self._legend.winfo_children():
            label.destroy()
        size_px = round(nametofont("TkDefaultFont").metrics("linespace") * 0.36)
        for standing, name in _LEGEND.items():
            image = self._images.get(standing, size_px, active=False)
            label = ttk.Label(self._legend, image=image, text=name, compound="left", style="Muted.TLabel")
            label.pack(side="left", padx=(0, self._em))
        self._hint = ttk.Label(self._legend, style="Muted.TLabel")
        self._hint.pack(side="right")
