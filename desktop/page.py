"""What fills the window between the top line and the bottom line."""

from __future__ import annotations

from tkinter import ttk


class Page(ttk.Frame):
    """What fills the window between the top line and the bottom line; `title` is its name for people."""

    title = ""

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
