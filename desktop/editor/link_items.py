"""The lines of the plan: who would hear whom, and the order of a ring."""

from __future__ import annotations

import math
import tkinter as tk
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from desktop import theme
from desktop.editor.camera import Camera
from desktop.editor.document import FieldDocument, PlanNode
from desktop.editor.editor import Mode
from desktop.editor.findings import Findings
from desktop.editor.hearing import Link, LinkKind
from desktop.palette import Palette, mix

_MOST_SELECTED = 12
_SLICE = 250  # lines made at once
_WEAK = 0.3
_FINE_LINKS = 1_000  # that are drawn with widths and dashes
_Pair = tuple[int, int]


class LinkItems:
    """Lines between nodes, made in slices, so that nobody waits for thousands of them."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._items: dict[_Pair, int] = {}
        self._links: Mapping[_Pair, Link] = {}
        self._is_fine = True
        self._of_node: defaultdict[int, set[_Pair]] = defaultdict(set)
        self._waiting: list[Link] = []
        self._is_making = False
        self._shown: tuple[object, ...] = ()
        self._document = FieldDocument()
        self._camera = Camera()

    def show(
        self,
        findings: Findings | None,
        document: FieldDocument,
        selection: frozenset[int],
        camera: Camera,
        *,
        in_mode: Mode,
    ) -> None:
        """Draw these; nodes that have moved take their lines along."""
        before, self._document, self._camera = self._document, document, camera
        if findings is None:
            return
        is_crowded = findings.hearing.is_crowded
        shown = (findings, selection if is_crowded else None, in_mode)
        if any(a is not b and a != b for a, b in zip(shown, self._shown or (None,) * 3, strict=True)):
            self._shown = shown
            self._update(findings, selection if is_crowded else None)
        if before is not document:
            self._follow(before, document)
        self._draw_order(findings, in_mode)

    def place_all(self, document: FieldDocument, camera: Camera) -> None:
        """Take every line to where its nodes are seen."""
        self._camera = camera
        by_key = document.by_key
        for a, b in self._items:
            self._place((a, b), by_key)

    def near(self, x_px: float, y_px: float, most_px: float) -> _Pair | None:
        """The line that passes there."""
        by_key, camera = self._document.by_key, self._camera
        best: tuple[float, _Pair | None] = (most_px, None)
        for a, b in self._links:
            if a in by_key and b in by_key:
                ends = [camera.to_px(by_key[key].x_m, by_key[key].y_m) for key in (a, b)]
                distance_px = _distance((x_px, y_px), *ends)
                best = min(best, (distance_px, (a, b)), key=lambda found: found[0])
        return best[1]

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for pair, item in self._items.items():
            self._canvas.itemconfigure(item, **_look(self._links[pair], theme.current(), self._is_fine))

    def _update(self, findings: Findings, selection: frozenset[int] | None) -> None:
        hearing = findings.hearing
        wanted = hearing.links
        if selection is not None:
            chosen = sorted(selection & hearing.listeners.keys())[:_MOST_SELECTED]
            links = (link for key in chosen for link in hearing.links_of(key))
            wanted = {(min(link.a, link.b), max(link.a, link.b)): link for link in links}
        self._is_fine = len(wanted) <= _FINE_LINKS
        for pair in self._items.keys() - wanted.keys():
            self._canvas.delete(self._items.pop(pair))
            for key in pair:
                self._of_node[key].discard(pair)
        changed = []
        for pair in self._items.keys() & wanted.keys():
            if self._links.get(pair) != wanted[pair]:
                changed.append(pair)
        self._links = wanted
        by_key = self._document.by_key
        for pair in changed:
            look = _look(wanted[pair], theme.current(), self._is_fine)
            self._canvas.itemconfigure(self._items[pair], **look)
            self._place(pair, by_key)
        self._waiting = [link for pair, link in wanted.items() if pair not in self._items]
        self._make()

    def _make(self) -> None:
        """As many lines as are made at once; the others soon."""
        by_key, palette = self._document.by_key, theme.current()
        for link in self._waiting[:_SLICE]:
            pair = min(link.a, link.b), max(link.a, link.b)
            if pair not in self._items and link.a in by_key and link.b in by_key:
                self._items[pair] = item = self._canvas.create_line(0, 0, 0, 0, tags="link")
                self._canvas.itemconfigure(item, **_look(link, palette, self._is_fine))
                for key in pair:
                    self._of_node[key].add(pair)
                self._place(pair, by_key)
        del self._waiting[:_SLICE]
        self._canvas.tag_raise("link", "grid")
        self._canvas.tag_raise("node")
        if self._waiting and not self._is_making:
            self._is_making = True
            self._canvas.after(1, self._make_more)

    def _make_more(self) -> None:
        self._is_making = False
        self._make()

    def _follow(self, before: FieldDocument, document: FieldDocument) -> None:
        old, new = before.by_key, document.by_key
        moved = (key for key, node in new.items() if old.get(key) is not node)
        pairs = {pair for key in moved for pair in self._of_node.get(key, ())}
        for pair in pairs:
            self._place(pair, new)

    def _place(self, pair: _Pair, by_key: dict[int, PlanNode]) -> None:
        link = self._links.get(pair)
        a, b = (link.a, link.b) if link is not None else pair
        if a in by_key and b in by_key:
            ends = [self._camera.to_px(by_key[key].x_m, by_key[key].y_m) for key in (a, b)]
            self._canvas.coords(self._items[pair], *ends[0], *ends[1])

    def _draw_order(self, findings: Findings, mode: Mode) -> None:
        """An arrow from each to the next; a dashed one where it is not heard."""
        self._canvas.delete("order")
        by_id, palette = self._document.by_id, theme.current()
        ring = [by_id[node_id] for node_id in self._document.order if node_id in by_id]
        is_closed = len(ring) > 2 and (len(ring) == len(self._document.nodes) or mode is not Mode.ORDER)
        for here, there in pairwise(ring + ring[:1] if is_closed else ring):
            known = findings.hearing.listeners
            is_heard = (
                here.key in known and there.key in known and findings.hearing.hears(there.key, here.key)
            )
            x0, y0 = self._camera.to_px(here.x_m, here.y_m)
            x1, y1 = self._camera.to_px(there.x_m, there.y_m)
            middle = (x0 * 0.4 + x1 * 0.6, y0 * 0.4 + y1 * 0.6)
            color = palette.count if is_heard else palette.maximum
            dash = () if is_heard else (5, 3)
            self._canvas.create_line(
                x0, y0, *middle, fill=color, width=2, arrow="last", dash=dash, tags="order"
            )
            self._canvas.create_line(*middle, x1, y1, fill=color, width=2, dash=dash, tags="order")
        self._canvas.tag_raise("node")


def _look(link: Link, palette: Palette, is_fine: bool) -> dict[str, Any]:
    """Colour, width and dashes by what becomes of it; of thousands colour alone, as Tk draws that fast."""
    look = _fine_look(link, palette)
    return look if is_fine else {**look, "width": 1, "dash": (), "arrow": "none"}


def _fine_look(link: Link, palette: Palette) -> dict[str, Any]:
    if link.kind is LinkKind.RESTRICTED:
        return {"fill": mix(palette.border, palette.muted, 0.4), "width": 1, "dash": (1, 5), "arrow": "none"}
    if link.kind is LinkKind.ONE_WAY:
        return {"fill": palette.doubt, "width": 1.2, "dash": (5, 3), "arrow": "last"}
    if link.quality is None:
        return {"fill": palette.link, "width": 1.4, "dash": (), "arrow": "none"}
    dash = (6, 3) if link.quality < _WEAK else ()
    width = 0.8 + 1.8 * link.quality
    return {
        "fill": mix(palette.doubt, palette.link, link.quality),
        "width": width,
        "dash": dash,
        "arrow": "none",
    }


def _distance(point: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """From the point to the line between a and b, whose ends belong to the nodes there."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    if square == 0:
        return math.inf
    share = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square
    if not 0.08 < share < 0.92:
        return math.inf
    return math.dist(point, (a[0] + share * dx, a[1] + share * dy))
