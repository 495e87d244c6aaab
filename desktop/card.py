"""The frame around each view: a title, a line that sums the view up, and the view below."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from tkinter.font import nametofont

from desktop.theme import em_px


class Card(ttk.Frame):
    """`head` takes more widgets (`pack_control`), `body` the view; `set_summary` changes the line."""

    def __init__(self, master: tk.Misc, title: str) -> None:
        em = em_px()
        super().__init__(master, style="Card.TFrame", padding=1)
        line_px = nametofont("TkDefaultFont").metrics("linespace")
        self.head = ttk.Frame(self, padding=(em, 0), height=round(2.3 * line_px))
        self.head.pack(fill="x")
        self.head.pack_propagate(False)  # all heads are of one height, whatever they hold
        self._title = ttk.Label(self.head, text=title, style="Title.TLabel")
        self._title.pack(side="left")
        self._summary = ttk.Label(self.head, style="Muted.TLabel")
        self._summary.pack(side="left", padx=(em, 0))
        self.body = ttk.Frame(self)
        self.body.pack(fill="both", expand=True)

    def on_double_click(self, run: Callable[[], object]) -> None:
        """Call that after a double click on the head, beside its controls."""
        for part in (self.head, self._title, self._summary):
            part.bind("<Double-Button-1>", lambda event: run(), add=True)

    def pack_control(self, control: ttk.Widget) -> None:
        """Put something to press at the right of the head; in a narrow window the texts give way to it."""
        control.pack(side="right", before=self._title)

    def set_title(self, text: str) -> None:
        """Change the title."""
        if self._title.cget("text") != text:
            self._title.configure(text=text)

    def set_summary(self, text: str) -> None:
        """Change the line beside the title."""
        if self._summary.cget("text") != text:
            self._summary.configure(text=text)
