"""What a person does with a window, and reads on it."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.window import Window

PATIENCE_S = 20.0


def wait(window: Window, until: Callable[[], object], what: str) -> None:
    """Let the window live until then."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s for {what}"
        window.root.update()
        time.sleep(0.005)  # the processor is for the source's thread too


def press(widget: tk.Misc, key: str) -> None:
    widget.focus_force()
    widget.update()
    widget.event_generate(key)
    widget.update()


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
