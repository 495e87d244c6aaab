"""What a person does with a window, and reads on it."""

from __future__ import annotations

import time
import tkinter as tk
from _tkinter import DONT_WAIT
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.window import Window

PATIENCE_S = 30.0
MOMENT_S = 1.0


def wait(window: Window, until: Callable[[], object], what: str) -> None:
    """Let the window live until then."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s for {what}"
        live(window.root)
        time.sleep(0.005)  # the processor is for the source's thread too


def live(widget: tk.Misc) -> None:
    """Handle what is due, for a moment at most: on a busy machine `update` never comes to an end."""
    deadline_s = time.monotonic() + MOMENT_S
    while widget.tk.dooneevent(DONT_WAIT):
        if time.monotonic() > deadline_s:
            widget.update_idletasks()  # these wait until nothing else is due
            break


def press(widget: tk.Misc, key: str) -> None:
    widget.focus_force()
    live(widget)
    widget.event_generate(key)
    live(widget)


def dialogs(window: Window) -> list[tk.Toplevel]:
    return [child for child in window.root.winfo_children() if isinstance(child, tk.Toplevel)]


def texts(widget: tk.Misc) -> str:
    """All that a person can read on a widget and those in it."""
    own = str(widget.cget("text")) if "text" in (widget.keys() or ()) else ""
    return "\n".join(filter(None, [own, *(texts(child) for child in widget.winfo_children())]))


def descendants(widget: tk.Misc) -> Iterator[tk.Misc]:
    """All that is in a widget, however deep."""
    for child in widget.winfo_children():
        yield child
        yield from descendants(child)


def invoke(widget: tk.Misc, text: str) -> None:
    """Press the button with that text, somewhere in the widget."""
    found = (child for child in descendants(widget) if "text" in (child.keys() or ()))
    next(child for child in found if str(child.cget("text")) == text).invoke()  # type: ignore[attr-defined]
