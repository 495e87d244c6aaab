"""What the pointer and the keys do on a network: ask about nodes and links, zoom and pan."""

from __future__ import annotations

import tkinter as tk
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.network.canvas import NetworkCanvas

_DRAG_PX = 4  # a press that moves less is a click
_PAN_EM = 3.0
_NOTCH = 120  # of a wheel, as Windows counts; a Mac counts by one


class Pointer:
    """Click a node or press Return: all of it. Drag: pan. Wheel, plus and minus: zoom; 0: see all.

    Left and right go through the nodes by id, up to the node that one is tied to, down to the first that is
    tied to it; with Shift they pan. The right button and the menu key ask for a menu; Escape chooses nothing.
    """

    def __init__(self, canvas: NetworkCanvas) -> None:
        self._canvas = canvas
        self._pressed: tuple[int, int] | None = None
        self._is_dragging = False
        bind = canvas.bind
        bind("<Motion>", self._moved)
        bind("<Leave>", lambda event: canvas.hover(None, None))
        bind("<ButtonPress-1>", self._press)
        bind("<B1-Motion>", self._drag)
        bind("<ButtonRelease-1>", self._release)
        bind("<MouseWheel>", self._wheel)
        bind("<Button-4>", lambda event: canvas.zoom(1, (event.x, event.y)))
        bind("<Button-5>", lambda event: canvas.zoom(-1, (event.x, event.y)))
        bind("<Escape>", self._choose_nothing)
        bind("<Return>", lambda event: self._open())
        bind("<space>", lambda event: self._open())
        self._bind_steps()
        self._bind_menu()

    def _bind_steps(self) -> None:
        canvas, bind = self._canvas, self._canvas.bind
        bind("<Right>", lambda event: self._next(1))
        bind("<Left>", lambda event: self._next(-1))
        bind("<Up>", lambda event: self._up())
        bind("<Down>", lambda event: self._down())
        bind("<Shift-Right>", lambda event: self._pan(-1, 0))
        bind("<Shift-Left>", lambda event: self._pan(1, 0))
        bind("<Shift-Down>", lambda event: self._pan(0, -1))
        bind("<Shift-Up>", lambda event: self._pan(0, 1))
        for key in ("plus", "equal", "KP_Add"):
            bind(f"<{key}>", lambda event: canvas.zoom(1))
        for key in ("minus", "KP_Subtract"):
            bind(f"<{key}>", lambda event: canvas.zoom(-1))
        for key in ("Key-0", "KP_0"):
            bind(f"<{key}>", lambda event: canvas.see_all())

    def _bind_menu(self) -> None:
        system = self._canvas.tk.call("tk", "windowingsystem")
        buttons = ("<Button-2>", "<Control-Button-1>") if system == "aqua" else ("<Button-3>",)
        for button in buttons:
            self._canvas.bind(button, self._ask_there)
        for key in ("<Shift-F10>", {"x11": "<Menu>", "win32": "<App>"}.get(system)):
            if key:
                self._canvas.bind(key, lambda event: self._ask_by_key())

    # --- the pointer -------------------------------------------------------------------------------------

    def _moved(self, event: tk.Event[tk.Misc]) -> None:
        node = self._canvas.node_at(event.x, event.y)
        self._canvas.hover(node, self._canvas.link_at(event.x, event.y) if node is None else None)

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        self._canvas.focus_set()
        self._pressed, self._is_dragging = (event.x, event.y), False

    def _drag(self, event: tk.Event[tk.Misc]) -> None:
        if self._pressed is None:
            return
        dx, dy = event.x - self._pressed[0], event.y - self._pressed[1]
        if self._is_dragging or abs(dx) + abs(dy) >= _DRAG_PX:
            self._is_dragging, self._pressed = True, (event.x, event.y)
            self._canvas.hover(None, None)
            self._canvas.look(self._canvas.camera.panned(dx, dy))

    def _release(self, event: tk.Event[tk.Misc]) -> None:
        if self._pressed is not None and not self._is_dragging:
            self._canvas.choose(self._canvas.node_at(event.x, event.y))
            self._open()
        self._pressed = None

    def _wheel(self, event: tk.Event[tk.Misc]) -> None:
        notches = event.delta / _NOTCH if abs(event.delta) >= _NOTCH else event.delta
        self._canvas.zoom(max(-3.0, min(3.0, notches)), (event.x, event.y))

    def _ask_there(self, event: tk.Event[tk.Misc]) -> None:
        canvas = self._canvas
        canvas.focus_set()
        node = canvas.node_at(event.x, event.y)
        canvas.choose(node)
        canvas.link = canvas.link_at(event.x, event.y) if node is None else None
        canvas.context_at = event.x_root, event.y_root
        canvas.event_generate("<<Context>>")

    # --- the keys ----------------------------------------------------------------------------------------

    def _ask_by_key(self) -> None:
        canvas = self._canvas
        place = None if canvas.chosen is None else canvas.place_of(canvas.chosen)
        x, y = place or (canvas.winfo_width() / 2, canvas.winfo_height() / 2)
        canvas.context_at = canvas.winfo_rootx() + round(x), canvas.winfo_rooty() + round(y)
        canvas.event_generate("<<Context>>")

    def _choose_nothing(self, event: tk.Event[tk.Misc]) -> str | None:
        """What Escape means elsewhere, it means here once nothing is chosen."""
        if self._canvas.chosen is None and self._canvas.link is None:
            return None
        self._canvas.choose(None)
        return "break"

    def _open(self) -> None:
        self._canvas.event_generate("<<Open>>")

    def _pan(self, dx: int, dy: int) -> str:
        step_px = _PAN_EM * self._canvas.em_px
        self._canvas.look(self._canvas.camera.panned(dx * step_px, dy * step_px))
        return "break"

    def _next(self, step: int) -> None:
        nodes = sorted(self._canvas.scene.looks)
        if nodes:
            chosen = self._canvas.chosen
            at = nodes.index(chosen) + step if chosen in nodes else 0
            self._canvas.choose(nodes[at % len(nodes)])

    def _up(self) -> None:
        chosen = self._canvas.chosen
        above = None if chosen is None else self._canvas.scene.ties.get(chosen)
        if above is not None:
            self._canvas.choose(above)
        elif chosen is None:
            self._next(1)

    def _down(self) -> None:
        chosen, ties = self._canvas.chosen, self._canvas.scene.ties
        below = sorted(node for node, above in ties.items() if above is not None and above == chosen)
        if below:
            self._canvas.choose(below[0])
        elif chosen is None:
            self._next(1)
