"""What the mouse and the keys do on the plan."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, replace

from desktop import theme
from desktop.editor import edits
from desktop.editor.editor import Editor, Mode
from desktop.editor.plan_canvas import PlanCanvas

_DRAG_PX = 4  # less is a click of an unsteady hand
_ZOOM_STEP = 1.2
_SHIFT, _CONTROL = 0x1, 0x4
_ARROWS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
_FAST = 10
_PAN_EM = 4

Place = tuple[float, float]


@dataclass(slots=True)
class _Drag:
    """From the press on: `key` is the node that was pressed, None a place between nodes."""

    at_px: Place
    key: int | None
    starts: dict[int, Place]
    adds: bool
    is_moving: bool = False


class Pointer:
    """`on_scale` gets two places in pixels that were clicked; `on_trouble` what cannot be done."""

    def __init__(
        self,
        canvas: PlanCanvas,
        editor: Editor,
        on_scale: Callable[[Place, Place], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._canvas = canvas
        self._editor = editor
        self._on_scale = on_scale
        self._on_trouble = on_trouble
        self._drag: _Drag | None = None
        self._pan_from: Place | None = None
        self._first_point: Place | None = None
        self._drags = 0
        self.on_hover: Callable[[int | None], None] = lambda key: None
        self.on_edit: Callable[[], None] = lambda: None  # Return was pressed
        for sequence, heed in (
            ("<ButtonPress-1>", self._press),
            ("<B1-Motion>", self._move),
            ("<ButtonRelease-1>", self._release),
            ("<Double-Button-1>", self._double),
            (
                "<Triple-Button-1>",
                self._press,
            ),  # or quick clicks would count as double ones, and as no others
            ("<ButtonPress-2>", self._grasp),
            ("<B2-Motion>", self._haul),
            ("<ButtonPress-3>", self._grasp),
            ("<B3-Motion>", self._haul),
            ("<Motion>", self._hover),
            ("<Key>", self._key),
            ("<MouseWheel>", self._wheel),
            ("<Button-4>", self._wheel),
            ("<Button-5>", self._wheel),
        ):
            canvas.bind(sequence, heed)

    # --- the mouse ---------------------------------------------------------------------------------------

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        self._canvas.focus_set()
        at = float(event.x), float(event.y)
        key = self._canvas.node_at(*at)
        match self._editor.mode:
            case Mode.ORDER:
                self._extend_order(key)
            case Mode.LINKS:
                self._toggle_link(at)
            case Mode.SCALE:
                self._measure(at)
            case Mode.SELECT:
                self._begin(at, key, is_more=bool(_state(event) & _SHIFT))

    def _begin(self, at: Place, key: int | None, *, is_more: bool) -> None:
        editor = self._editor
        if key is not None:
            if is_more:
                editor.select(editor.selection ^ {key})
            elif key not in editor.selection:
                editor.select({key})
        elif not is_more:
            editor.select(())
        starts = {node.key: (node.x_m, node.y_m) for node in editor.selected}
        self._drag = _Drag(at, key, starts, is_more)

    def _move(self, event: tk.Event[tk.Misc]) -> None:
        drag = self._drag
        if drag is None:
            return
        at = float(event.x), float(event.y)
        if not drag.is_moving and math.dist(at, drag.at_px) < _DRAG_PX:
            return
        if not drag.is_moving:
            drag.is_moving = True
            self._drags += 1
        if drag.key is None:
            self._stretch(drag.at_px, at)
        elif drag.key in drag.starts:
            self._carry(drag, at, is_free=bool(_state(event) & _CONTROL))

    def _carry(self, drag: _Drag, at: Place, *, is_free: bool) -> None:
        """Nodes move as the one does that is held; that one snaps."""
        assert drag.key is not None
        start = drag.starts[drag.key]
        scale = self._canvas.camera.px_per_m
        to = (start[0] + (at[0] - drag.at_px[0]) / scale, start[1] + (at[1] - drag.at_px[1]) / scale)
        to = to if is_free else self._canvas.snapped(*to)
        dx_m, dy_m = to[0] - start[0], to[1] - start[1]
        places = {key: (x_m + dx_m, y_m + dy_m) for key, (x_m, y_m) in drag.starts.items()}
        document = edits.place_nodes(self._editor.document, places)
        self._editor.do(document, "move", ("drag", self._drags))

    def _stretch(self, start: Place, at: Place) -> None:
        """The rubber band."""
        self._canvas.delete("tool")
        color = theme.current().accent
        self._canvas.create_rectangle(*start, *at, outline=color, dash=(4, 3), width=1.5, tags="tool")

    def _release(self, event: tk.Event[tk.Misc]) -> None:
        drag, self._drag = self._drag, None
        if drag is None:
            return
        self._canvas.delete("tool")
        if drag.is_moving and drag.key is None:
            (x0, y0), (x1, y1) = drag.at_px, (float(event.x), float(event.y))
            within = {
                node.key
                for node in self._editor.document.nodes
                if _within(self._canvas.camera.to_px(node.x_m, node.y_m), (x0, y0), (x1, y1))
            }
            self._editor.select(within | (self._editor.selection if drag.adds else frozenset()))
        elif not drag.is_moving and drag.key is not None and not drag.adds:
            self._editor.select({drag.key})
        self._editor.end_group()

    def _double(self, event: tk.Event[tk.Misc]) -> None:
        at = float(event.x), float(event.y)
        if self._editor.mode is Mode.SELECT and self._canvas.node_at(*at) is None:
            self.add_at(self._canvas.snapped(*self._canvas.camera.to_m(*at)))
        self._press(event)

    def _grasp(self, event: tk.Event[tk.Misc]) -> None:
        self._pan_from = float(event.x), float(event.y)

    def _haul(self, event: tk.Event[tk.Misc]) -> None:
        if self._pan_from is not None:
            self._canvas.pan(event.x - self._pan_from[0], event.y - self._pan_from[1])
            self._pan_from = float(event.x), float(event.y)

    def _hover(self, event: tk.Event[tk.Misc]) -> None:
        self.on_hover(self._canvas.node_at(float(event.x), float(event.y)))

    def _wheel(self, event: tk.Event[tk.Misc]) -> None:
        is_up = event.num == 4 or (event.num != 5 and event.delta > 0)
        if _state(event) & _SHIFT:
            self._canvas.pan((1 if is_up else -1) * _PAN_EM * self._canvas.em, 0)
        else:
            self._canvas.zoom(_ZOOM_STEP if is_up else 1 / _ZOOM_STEP, (float(event.x), float(event.y)))

    # --- what is done ------------------------------------------------------------------------------------

    def add_at(self, place: Place) -> None:
        """A new node."""
        try:
            self._editor.add([place])
        except ValueError as error:
            self._on_trouble(str(error))

    def _extend_order(self, key: int | None) -> None:
        if key is not None:
            document = self._editor.document
            node_id = document.by_key[key].id
            self._editor.do(edits.extend_order(document, node_id), "order")
            self._editor.select({key})

    def _toggle_link(self, at: Place) -> None:
        pair = self._canvas.link_at(*at)
        if pair is None or not self._editor.is_settled:
            return
        toggle_link(self._editor, *pair)

    def _measure(self, at: Place) -> None:
        if self._first_point is None:
            self._first_point = at
            self._cross(at)
            return
        first, self._first_point = self._first_point, None
        self._cross(at)
        self._on_scale(first, at)
        self._canvas.delete("tool")

    def _cross(self, at: Place) -> None:
        color, arm = theme.current().maximum, 0.7 * self._canvas.em
        for dx, dy in ((arm, 0), (0, arm)):
            line = (at[0] - dx, at[1] - dy, at[0] + dx, at[1] + dy)
            self._canvas.create_line(*line, fill=color, width=2, tags="tool")

    def forget(self) -> None:
        """Leave what was begun."""
        self._first_point = None
        self._canvas.delete("tool")

    # --- the keys ----------------------------------------------------------------------------------------

    def _key(self, event: tk.Event[tk.Misc]) -> str | None:
        if _state(event) & _CONTROL:
            return None
        name, is_fast = event.keysym, bool(_state(event) & _SHIFT)
        if name in _ARROWS:
            self._nudge(_ARROWS[name], _FAST if is_fast else 1)
        elif name in ("Prior", "Next"):
            self._step(-1 if name == "Prior" else 1, is_more=is_fast)
        elif name in ("Return", "KP_Enter"):
            if self._editor.mode is Mode.SELECT:
                self.on_edit()
            else:
                self._editor.set_mode(Mode.SELECT)
        elif name == "Escape":
            self.forget()
            if self._editor.mode is not Mode.SELECT:
                self._editor.set_mode(Mode.SELECT)
            elif self._editor.selection:
                self._editor.select(())
            else:
                return None
        else:
            return None
        return "break"

    def _nudge(self, way: Place, times: int) -> None:
        """What is selected goes a step of the grid; with nothing selected the plan is seen from elsewhere."""
        if not self._editor.selection:
            px = _PAN_EM * self._canvas.em
            self._canvas.pan(-way[0] * px, -way[1] * px)
            return
        step_m = self._canvas.snap_m * times
        document = edits.move_nodes(
            self._editor.document, self._editor.selection, way[0] * step_m, way[1] * step_m
        )
        self._editor.do(document, "move", ("keys", self._editor.selection))

    def _step(self, step: int, *, is_more: bool) -> None:
        """To the next node, in the order of the document."""
        nodes = self._editor.document.nodes
        if not nodes:
            return
        at = [i for i, node in enumerate(nodes) if node.key in self._editor.selection]
        index = (at[-1 if step > 0 else 0] + step) % len(nodes) if at else 0
        key = nodes[index].key
        if self._editor.mode is Mode.ORDER:
            self._extend_order(key)
        self._editor.select({key, *(self._editor.selection if is_more else ())})
        self._canvas.see(frozenset({key}))


def toggle_link(editor: Editor, a: int, b: int) -> None:
    """Two nodes hear each other no more, or again."""
    hearing = editor.findings.hearing
    permitted = not (hearing.permits(a, b) and hearing.permits(b, a))
    document = edits.permit_link(editor.document, a, b, hearing.heard, permitted=permitted)
    editor.do(document, "permit a link" if permitted else "restrict a link")


def measured(editor: Editor, first: Place, second: Place, distance_m: float) -> None:
    """Scale the picture about the first of two places (metres, as they are now) that are so far apart."""
    background = editor.document.background
    apart_m = math.dist(first, second)
    if background is None or apart_m == 0:
        return
    factor = distance_m / apart_m
    scaled = replace(
        background,
        m_per_px=background.m_per_px * factor,
        x_m=edits.rounded_m(first[0] + (background.x_m - first[0]) * factor),
        y_m=edits.rounded_m(first[1] + (background.y_m - first[1]) * factor),
    )
    editor.do(replace(editor.document, background=scaled), "scale the picture")


def _state(event: tk.Event[tk.Misc]) -> int:
    return event.state if isinstance(event.state, int) else 0


def _within(place: Place, a: Place, b: Place) -> bool:
    return all(min(a[i], b[i]) <= place[i] <= max(a[i], b[i]) for i in (0, 1))
