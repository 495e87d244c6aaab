"""The plan: nodes where they stand, who would hear whom, and the picture below."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable
from tkinter.font import Font

from desktop import theme
from desktop.editor.background import BackgroundItem
from desktop.editor.camera import Camera, fitted, grid_lines
from desktop.editor.document import FieldDocument, PlanNode
from desktop.editor.editor import Editor, Mode
from desktop.editor.findings import Findings
from desktop.editor.link_items import LinkItems
from desktop.editor.node_pictures import Figure, NodePictures, text_color
from desktop.model.words import length_label
from desktop.palette import mix
from firmware.field.description import Role
from protocol.packets import Network

_GRID_EM, _SNAP_EM = 3.5, 0.7  # the least distance of grid lines, and of the places that nodes snap to
_LEAST_RADIUS_EM, _MOST_RADIUS_EM = 0.42, 1.15
_RADIUS_SHARE = 0.3  # of the usual distance between nodes
_ID_RADIUS_EM = 0.75  # from this radius on there is room for an id
_MOST_CIRCLES = 40
_SETTLE_MS, _LARGE_SETTLE_MS = 40, 150
_LARGE = 200  # nodes
_EMPTY = "Double-click to place the first node: the gateway.\nOr place a grid with the button above."


class PlanCanvas(tk.Canvas):
    """Draws what the editor has. `on_view` is called when it is seen from nearer or elsewhere."""

    def __init__(self, master: tk.Misc, editor: Editor) -> None:
        super().__init__(master, highlightthickness=2, takefocus=True, width=1, height=1)
        self.em = theme.em_px()
        self.camera = Camera()
        self.snaps = True
        self.on_view: Callable[[], None] = lambda: None
        self._editor = editor
        self._document = FieldDocument()
        self._findings: Findings | None = None
        self._selection: frozenset[int] = frozenset()
        self._mode = Mode.SELECT
        self._pictures = NodePictures(self)
        self._font = Font(self, weight="bold")
        self._small = Font(self, size=-round(0.95 * self.em))
        self._nodes: dict[int, tuple[int, int]] = {}
        self._drawn: dict[int, tuple[PlanNode, Figure, int]] = {}
        self._placed: dict[int, PlanNode] = {}
        self._radius_px = 10
        self._size: tuple[int, int] | None = None
        self._settling: str | None = None
        self._links = LinkItems(self)
        self._background = BackgroundItem(self)
        self.bind("<Configure>", lambda event: self._resize())

    # --- for the view ------------------------------------------------------------------------------------

    def show(self) -> None:
        """Draw what has changed since the last time."""
        editor = self._editor
        document, findings = editor.document, editor.findings
        is_moved, is_found = document is not self._document, findings is not self._findings
        is_chosen = editor.selection != self._selection or editor.mode is not self._mode
        self._document, self._findings = document, findings
        self._selection, self._mode = editor.selection, editor.mode
        if is_moved:
            self._background.show(document.background, editor.path, self.camera)
        if is_moved or is_found or is_chosen:
            self._fit_radius()
            self._paint_nodes()
            self._links.show(findings, document, editor.selection, self.camera, in_mode=editor.mode)
            self._paint_over()

    def fit(self) -> None:
        """See all of the field."""
        places = [(node.x_m, node.y_m) for node in self._editor.document.nodes]
        places += self._background.corners_m(self._editor.document.background)
        self._look(fitted(places, self.winfo_width(), self.winfo_height()))

    def zoom(self, factor: float, at: tuple[float, float] | None = None) -> None:
        """Nearer or farther; what is seen at these pixels (or in the middle) stays."""
        x_px, y_px = at or (self.winfo_width() / 2, self.winfo_height() / 2)
        before, after = self.camera, self.camera.zoomed(factor, x_px, y_px)
        self.camera = after
        scale = after.px_per_m / before.px_per_m
        self.scale("all", x_px, y_px, scale, scale)
        self._settle_soon()

    def pan(self, dx_px: float, dy_px: float) -> None:
        """Let what is seen move by so much."""
        self.camera = self.camera.panned(dx_px, dy_px)
        self.move("all", dx_px, dy_px)
        self._settle_soon()

    def see(self, keys: frozenset[int]) -> None:
        """Go where these nodes are, unless they are seen."""
        nodes = [node for node in self._editor.document.nodes if node.key in keys]
        width, height = self.winfo_width(), self.winfo_height()
        places = [self.camera.to_px(node.x_m, node.y_m) for node in nodes]
        if not places or all(0 < x < width and 0 < y < height for x, y in places):
            return
        x_px, y_px = (math.fsum(values) / len(places) for values in zip(*places, strict=True))
        self.pan(width / 2 - x_px, height / 2 - y_px)

    @property
    def snap_m(self) -> float:
        """The grid that nodes snap to, at this distance."""
        return self.camera.step_m(_SNAP_EM * self.em)

    def snapped(self, x_m: float, y_m: float) -> tuple[float, float]:
        """The next place of that grid, if nodes snap."""
        if not self.snaps:
            return x_m, y_m
        step_m = self.snap_m
        return round(x_m / step_m) * step_m, round(y_m / step_m) * step_m

    def node_at(self, x_px: float, y_px: float) -> int | None:
        """The node there, by key; the nearest of several."""
        near = max(self._radius_px, 0.5 * self.em) * 1.25
        found = (
            (math.dist(self.camera.to_px(node.x_m, node.y_m), (x_px, y_px)), node.key)
            for node in self._document.nodes
        )
        distance_px, key = min(found, default=(math.inf, 0))
        return key if distance_px <= near else None

    def link_at(self, x_px: float, y_px: float) -> tuple[int, int] | None:
        """The link there, as two keys."""
        return self._links.near(x_px, y_px, 0.6 * self.em)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._pictures.use(palette)
        self._drawn.clear()
        self.configure(
            background=palette.surface, highlightbackground=palette.surface, highlightcolor=palette.accent
        )
        self._links.repaint()
        self._settle()

    # --- drawing -----------------------------------------------------------------------------------------

    def _look(self, camera: Camera) -> None:
        """See all from elsewhere."""
        self.camera = camera
        self._drawn.clear()
        self._placed.clear()
        self._links.place_all(self._document, camera)
        self._settle()

    def _resize(self) -> None:
        size = self.winfo_width(), self.winfo_height()
        if size == self._size or min(size) < 2:
            return
        is_first, self._size = self._size is None, size
        if is_first:
            self.fit()
        else:
            self._settle_soon()

    def _settle_soon(self) -> None:
        if self._settling is None:
            is_large = len(self._document.nodes) > _LARGE
            self._settling = self.after(_LARGE_SETTLE_MS if is_large else _SETTLE_MS, self._settle)

    def _settle(self) -> None:
        """After the view has changed: what is of a size in pixels, and what is drawn where it is seen."""
        if self._settling is not None:
            self.after_cancel(self._settling)
            self._settling = None
        self._fit_radius()
        self._background.place(self.camera)
        self._paint_grid()
        self._paint_nodes()
        self._links.show(
            self._editor.findings, self._document, self._selection, self.camera, in_mode=self._mode
        )
        self._paint_over()
        self.on_view()

    def _fit_radius(self) -> None:
        nodes = self._document.nodes
        usual_px = 4 * _MOST_RADIUS_EM * self.em
        if len(nodes) > 1:
            across_m = max(n.x_m for n in nodes) - min(n.x_m for n in nodes)
            down_m = max(n.y_m for n in nodes) - min(n.y_m for n in nodes)
            area = across_m * down_m if across_m * down_m > 0 else (across_m + down_m) ** 2 / len(nodes)
            usual_px = math.sqrt(area / len(nodes)) * self.camera.px_per_m
        least, most = _LEAST_RADIUS_EM * self.em, _MOST_RADIUS_EM * self.em
        radius_px = round(max(least, min(most, _RADIUS_SHARE * usual_px)))
        if radius_px != self._radius_px:
            self._radius_px = radius_px
            self._drawn.clear()

    def _paint_nodes(self) -> None:
        wrong, cut_off = self._marked()
        digits = max((len(str(node.id)) for node in self._document.nodes), default=1)
        size_px = round(self._radius_px * min(0.95, 2.1 / digits))
        has_ids = self._radius_px >= _ID_RADIUS_EM * self.em and size_px >= 0.6 * self.em
        self._font.configure(size=-max(6, size_px))
        keys = set()
        for node in self._document.nodes:
            keys.add(node.key)
            figure = Figure(
                not node.board.is_arduino,
                Role.GATEWAY in node.roles,
                node.key in cut_off,
                node.key in wrong,
                node.key in self._selection,
            )
            self._paint_node(node, figure, has_ids or figure.is_selected)
        for key in self._nodes.keys() - keys:
            self.delete(*self._nodes.pop(key))
            self._drawn.pop(key, None)
            self._placed.pop(key, None)

    def _paint_node(self, node: PlanNode, figure: Figure, has_id: bool) -> None:
        drawn = self._drawn.get(node.key)
        if drawn is not None and drawn[0] is node and drawn[1:] == (figure, has_id):
            return
        if node.key not in self._nodes:
            self._nodes[node.key] = (
                self.create_image(0, 0, tags="node"),
                self.create_text(0, 0, font=str(self._font), tags="node"),
            )
        image, text = self._nodes[node.key]
        if self._placed.get(node.key) is not node:
            self._placed[node.key] = node
            place = self.camera.to_px(node.x_m, node.y_m)
            self.coords(image, *place)
            self.coords(text, *place)
        self.itemconfigure(image, image=str(self._pictures.get(figure, self._radius_px)))
        color = text_color(figure, theme.current())
        self.itemconfigure(text, text=str(node.id) if has_id else "", fill=color)
        self._drawn[node.key] = (node, figure, has_id)

    def _marked(self) -> tuple[set[int], set[int]]:
        """The nodes with which something is wrong, and those without a way to the root."""
        findings = self._editor.findings
        wrong = {key for problem in findings.problems for key in problem.keys if problem.where != "range_m"}
        if self._document.network is not Network.TREE:
            far = {key for problem in findings.problems for key in problem.keys if problem.where == "range_m"}
            return wrong, far
        hops = findings.hearing.hops
        known = findings.document.by_key
        return wrong, {
            node.key for node in self._document.nodes if node.key in known and node.key not in hops
        }

    def _paint_grid(self) -> None:
        self.delete("grid")
        palette = theme.current()
        color = mix(palette.surface, palette.border, 0.55)
        width, height = self.winfo_width(), self.winfo_height()
        step_m = self.camera.step_m(_GRID_EM * self.em)
        for upright, at_m in grid_lines(self.camera, width, height, step_m):
            x, y = self.camera.to_px(at_m, at_m)
            line = (x, 0, x, height) if upright else (0, y, width, y)
            self.create_line(*line, fill=color, tags="grid")
        self.tag_lower("grid")
        self._background.lower()
        self._paint_scale(step_m)

    def _paint_scale(self, step_m: float) -> None:
        """How long a metre is: a bar as long as the grid is wide."""
        palette, em = theme.current(), self.em
        y, x = self.winfo_height() - 1.6 * em, 1.2 * em
        end = x + step_m * self.camera.px_per_m
        for line in ((x, y, end, y), (x, y - em / 3, x, y + em / 3), (end, y - em / 3, end, y + em / 3)):
            self.create_line(*line, fill=palette.muted, width=2, tags=("grid", "scale"))
        self.create_text(
            end + em / 2,
            y,
            text=length_label(step_m),
            anchor="w",
            fill=palette.muted,
            font=str(self._small),
            tags=("grid", "scale"),
        )

    def _paint_over(self) -> None:
        """The circles of who is selected, and the order of what lies above what."""
        self.delete("range")
        palette, findings = theme.current(), self._editor.findings
        if not self._document.nodes:
            middle = self.winfo_width() / 2, self.winfo_height() / 2
            self.create_text(*middle, text=_EMPTY, fill=palette.muted, justify="center", tags="range")
        for node in [n for n in self._document.nodes if n.key in self._selection][:_MOST_CIRCLES]:
            range_m = findings.hearing.range_of(node)
            if range_m is None:
                continue
            x, y = self.camera.to_px(node.x_m, node.y_m)
            reach_px = range_m * self.camera.px_per_m
            self.create_oval(
                *(x - reach_px, y - reach_px, x + reach_px, y + reach_px),
                outline=palette.active,
                width=1.5,
                dash=(6, 4),
                tags="range",
            )
        self.tag_raise("range")
        self.tag_raise("node")
        self.tag_raise("scale")
        self.tag_raise("tool")
