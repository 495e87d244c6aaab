"""A network on a canvas: nodes, links, notes, the token, and highlights where a frame passes."""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Iterable, Mapping
from tkinter.font import Font

from desktop import theme
from desktop.network.activity import Activity
from desktop.network.link_layer import LinkLayer
from desktop.network.motion import Motion
from desktop.network.node_details import NodeDetails
from desktop.network.node_images import NodeImages
from desktop.network.node_items import Brush, NodeItems
from desktop.network.notes import ID_RADIUS_EM, Note, place_notes
from desktop.network.scene import Fitted, Look, Scene
from desktop.network.token_item import TokenItem

_TICK_MS = 33  # the canvas changes at most so often, however many frames come
_VALUE_RADIUS_EM = 1.5  # from this size on there is room for the value
_USUAL_EM_PX = 13


class NetworkCanvas(tk.Canvas):
    """Draws what `show` was given last. The pointer on a node, or the arrow keys, bring its details."""

    def __init__(self, master: tk.Misc, scene: Scene) -> None:
        super().__init__(master, highlightthickness=1, takefocus=True, width=1, height=1)
        self._em = theme.em_px()
        self._scene = scene
        self._now_us = 0
        self._fitted = Fitted()
        self._notes: Mapping[int, Note] = {}
        self._noted: tuple[Fitted, Mapping[int, Look]] | None = None
        self._items: dict[int, NodeItems] = {}
        self._motion = Motion()
        self._activity = Activity()
        self._ticking = False
        self._images = NodeImages(self)
        self._id_font, self._value_font = Font(self, weight="bold"), Font(self)
        self._note_font = Font(self, size=-round(0.95 * self._em))
        self._links = LinkLayer(self)
        self._token = TokenItem(self)
        self._details = NodeDetails(self)
        self._caption = self.create_text(0, 0, justify="center", tags="caption")
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
        return self._fitted.radius_px >= _VALUE_RADIUS_EM * self._em

    @property
    def node_count(self) -> int:
        """How many nodes are drawn."""
        return len(self._items)

    @property
    def images(self) -> NodeImages:
        """The pictures of the nodes, for a legend."""
        return self._images

    def show(self, scene: Scene, now_us: int) -> None:
        """Draw this; nodes that were there before glide. `now_us` is the time of the records."""
        old, self._scene, self._now_us = self._scene, scene, now_us
        for node in self._items.keys() - scene.looks.keys():
            self._items.pop(node).delete()
        if type(scene) is not type(old) or scene.arrangement != old.arrangement:
            self._arrange(animated=True)
        else:
            self._paint()

    def flash(self, sent: Iterable[tuple[int, int]]) -> None:
        """Highlight (source, destination) of frames for a moment."""
        self._activity.note(sent, self._scene.ties, time.monotonic())
        self._tick_soon()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._images.use(palette)
        self._token.use(palette)
        self.configure(
            background=palette.surface,
            highlightbackground=palette.surface,  # the ring around a canvas that has the focus
            highlightcolor=palette.border,
        )
        self.itemconfigure(self._caption, fill=palette.muted)
        self._paint()

    # --- where nodes stand -------------------------------------------------------------------------------

    def _arrange(self, *, animated: bool) -> None:
        """Fit the scene to the size of the canvas."""
        width, height = self.winfo_width(), self.winfo_height()
        self.coords(self._caption, width / 2, height / 2)
        self._fitted = self._scene.fit(width, height, self._em)
        self._fit_fonts()
        now_s = time.monotonic() if animated else None
        self._motion.aim(self._fitted.places, self._scene.ties, now_s)
        self._place()
        self._paint()
        self._tick_soon()

    def _fit_fonts(self) -> None:
        digits = max((len(str(node)) for node in self._scene.looks), default=1)
        id_share = 0.72 if self.has_values else min(0.9, 2 / digits)
        self._id_font.configure(size=-max(1, round(self._fitted.radius_px * id_share)))
        self._value_font.configure(size=-max(1, round(self._fitted.radius_px * 0.5)))

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
        looks, fitted = self._scene.looks, self._fitted
        if self._noted is None or self._noted[0] is not fitted or self._noted[1] != looks:
            self._noted = fitted, looks
            self._notes = place_notes(looks, fitted, self._em)
        brush = Brush(
            theme.current(),
            self._images,
            round(fitted.radius_px),
            self._id_font,
            self._value_font,
            self._note_font,
            fitted.radius_px >= ID_RADIUS_EM * self._em or not fitted.outward,
            self.has_values,
        )
        shows_senders = self._scene.token_at is None  # where a token goes, it tells who sends
        for node, items in self._items.items():
            note = None if self._motion.moving else self._notes.get(node)
            items.paint(node, looks[node], note, brush, active=shows_senders and node in self._activity.nodes)
        links = self._scene.links(
            fitted, self._motion.places, brush.palette, self._em / _USUAL_EM_PX, self._activity.links
        )
        self._links.draw(links, brush.palette.surface)
        self._write_caption()
        self._token.follow(self._scene.token_at, fitted, self._motion.places, time.monotonic())
        self._details.show(self._description())

    def _write_caption(self) -> None:
        """As much as there is room for."""
        across, upright = self._fitted.caption_room
        for text in self._scene.captions:
            self.itemconfigure(self._caption, text=text)
            left, top, right, bottom = self.bbox(self._caption)
            if math.hypot((right - left) / 2 * upright, (bottom - top) / 2 * across) <= across * upright:
                break
        else:
            self.itemconfigure(self._caption, text="")

    def _tick_soon(self) -> None:
        busy = self._motion.moving or self._token.moving or self._activity.nodes or self._activity.links
        if not self._ticking and busy:
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
            if math.dist(place, (x, y)) <= max(self._fitted.radius_px, 0.5 * self._em) * 1.2:
                return node
        return None

    def _choose(self, node: int | None) -> None:
        if node != self._details.chosen:
            self._details.chosen = node
            self._details.show(self._description())
            self._details.place(self._motion.places)

    def _description(self) -> Iterable[str]:
        chosen = self._details.chosen
        if chosen is None or chosen not in self._scene.looks:
            return ()
        return self._scene.describe(chosen, self._now_us)

    def _choose_next(self, step: int) -> None:
        nodes = list(self._scene.looks)
        if nodes:
            chosen = self._details.chosen
            at = nodes.index(chosen) + step if chosen in nodes else 0
            self._choose(nodes[at % len(nodes)])
