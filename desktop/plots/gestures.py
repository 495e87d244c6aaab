"""What a person does on the plot itself: drag, wheel, box, cursors and keys."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from desktop import theme
from desktop.plots.chart import Shown

if TYPE_CHECKING:
    from desktop.plots.view import PlotView

_WHEEL = 0.8  # of the span, a notch
_KEY_ZOOM, _KEY_PAN = 0.7, 0.1
_CLICK_PX = 4  # less than this is no drag
_SHIFT = 0x1


class Gestures:
    """Drag pans; the wheel zooms at the pointer, with Shift the values alone; a drag with the right button or
    with Shift is a box to zoom to. A click puts cursor A, one with Shift or the right button B.
    """

    def __init__(self, widget: tk.Widget, view: PlotView) -> None:
        self._widget: tk.Canvas = widget  # type: ignore[assignment]  # matplotlib draws on a canvas
        self._view = view
        self._from: tuple[int, int] | None = None
        self._window_s = (0.0, 1.0)
        self._is_drag = self._is_box = False
        bind = widget.bind
        for button, is_box in (("1", False), ("3", True), ("2", True)):
            bind(f"<ButtonPress-{button}>", partial(self._press, is_box), add=True)
            bind(f"<B{button}-Motion>", self._drag, add=True)
            bind(f"<ButtonRelease-{button}>", self._release, add=True)
        bind("<Double-Button-1>", lambda event: view.show_all(), add=True)
        bind("<MouseWheel>", lambda event: self._wheel(event, event.delta), add=True)
        bind("<Button-4>", lambda event: self._wheel(event, 1), add=True)
        bind("<Button-5>", lambda event: self._wheel(event, -1), add=True)
        keys: dict[str, Callable[[], object]] = {
            "<Left>": lambda: view.pan(-_KEY_PAN),
            "<Right>": lambda: view.pan(_KEY_PAN),
            "<Prior>": lambda: view.pan(-1.0),
            "<Next>": lambda: view.pan(1.0),
            "<Up>": lambda: view.zoom(_KEY_ZOOM),
            "<Down>": lambda: view.zoom(1 / _KEY_ZOOM),
            "<plus>": lambda: view.zoom(_KEY_ZOOM),
            "<minus>": lambda: view.zoom(1 / _KEY_ZOOM),
            "<Home>": view.show_all,
            "<End>": view.follow,
            "<space>": view.toggle_pause,
            "<a>": lambda: view.place_cursor("A"),
            "<b>": lambda: view.place_cursor("B"),
            "<Shift-Left>": lambda: view.move_cursor(-1),
            "<Shift-Right>": lambda: view.move_cursor(1),
            "<Escape>": view.clear_cursors,
            "<Delete>": view.clear_cursors,
        }
        for key, run in keys.items():
            bind(key, partial(self._key, run), add=True)

    @staticmethod
    def _key(run: Callable[[], object], event: tk.Event[tk.Misc]) -> str:
        run()
        return "break"

    def _press(self, is_box: bool, event: tk.Event[tk.Misc]) -> None:
        self._widget.focus_set()
        self._from = event.x, event.y
        self._is_drag, self._is_box = False, is_box or bool(int(event.state) & _SHIFT)
        self._window_s = self._view.chart.viewport.window_s

    def _drag(self, event: tk.Event[tk.Misc]) -> None:
        if self._from is None:
            return
        x, y = self._from
        self._is_drag = self._is_drag or max(abs(event.x - x), abs(event.y - y)) >= _CLICK_PX
        if not self._is_drag:
            return
        if self._is_box:
            self._widget.delete("box")
            accent = theme.current().accent
            self._widget.create_rectangle(x, y, event.x, event.y, outline=accent, dash=(4, 3), tags="box")
        elif (place := self._at(x, y)) is not None:
            rect, (start_s, end_s) = place.place.rect, self._window_s
            by_s = (x - event.x) / (rect.x1 - rect.x0) * (end_s - start_s)
            self._view.chart.viewport.look_at(start_s + by_s, end_s + by_s)
            self._view.redraw()

    def _release(self, event: tk.Event[tk.Misc]) -> None:
        if self._from is None:
            return
        (x, y), self._from = self._from, None
        self._widget.delete("box")
        if self._is_drag and self._is_box:
            self._zoom_to_box(x, y, event.x, event.y)
        elif not self._is_drag and (shown := self._at(event.x, event.y)) is not None:
            self._view.place_cursor("B" if self._is_box else "A", shown.place.time_at(event.x))

    def _zoom_to_box(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """The time of the box; its values too, unless it is flat or goes beyond its axis."""
        shown = self._at(x0, y0)
        if shown is None:
            return
        chart, place = self._view.chart, shown.place
        if abs(x1 - x0) >= _CLICK_PX:
            times_s = sorted((place.time_at(x0), place.time_at(x1)))
            chart.viewport.look_at(times_s[0], times_s[1])
        heights = [self._height() - y for y in (y0, y1)]
        if abs(y1 - y0) >= _CLICK_PX and all(place.rect.y0 <= y <= place.rect.y1 for y in heights):
            values = sorted(place.value_at(y) for y in heights)
            chart.limits[chart.shown.index(shown)] = values[0], values[1]
        self._view.redraw()

    def _wheel(self, event: tk.Event[tk.Misc], notches: float) -> str:
        shown = self._at(event.x, event.y)
        if shown is not None:
            factor = _WHEEL if notches > 0 else 1 / _WHEEL
            if int(event.state) & _SHIFT:
                low, high = shown.place.limits
                at = shown.place.value_at(self._height() - event.y)
                limits = at - (at - low) * factor, at + (high - at) * factor
                self._view.chart.limits[self._view.chart.shown.index(shown)] = limits
                self._view.redraw()
            else:
                self._view.zoom(factor, shown.place.time_at(event.x))
        return "break"

    def _at(self, x: float, y: float) -> Shown | None:
        """The axis at that place of the widget; the nearest, if it is beside all."""
        height = self._height() - y
        return min(
            self._view.chart.shown,
            key=lambda shown: max(shown.place.rect.y0 - height, height - shown.place.rect.y1, 0.0),
            default=None,
        )

    def _height(self) -> int:
        return self._widget.winfo_height()
