"""A scrollbar that is there when there is something to scroll."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any


class AutoScrollbar(ttk.Scrollbar):
    """At the right of what it scrolls, which is packed at the left; `set` is for its `yscrollcommand`."""

    def __init__(self, master: tk.Misc, scrolled: tk.Widget, command: Callable[..., Any]) -> None:
        super().__init__(master, command=command)
        self._scrolled = scrolled

    def set(self, first: float | str, last: float | str) -> None:
        """The part that is seen, as shares of the whole."""
        super().set(first, last)
        if float(first) <= 0 and float(last) >= 1:
            self.pack_forget()
        elif not self.winfo_manager():
            self.pack(side="right", fill="y", before=self._scrolled)
