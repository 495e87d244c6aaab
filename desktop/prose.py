"""Words to be read, selected and copied: as high as they are long, up to a limit, then they scroll."""

from __future__ import annotations

import tkinter as tk
from tkinter.font import nametofont

_CODE_INDENT = "    "


class Prose(tk.Text):
    """Read-only and wrapped; lines that are indented are code."""

    def __init__(self, master: tk.Misc, *, most_lines: int) -> None:
        super().__init__(
            master,
            wrap="word",
            height=1,
            width=1,
            font=nametofont("TkDefaultFont"),
            borderwidth=0,
            highlightthickness=0,
            cursor="arrow",
            state="disabled",
            takefocus=False,
        )
        self._most_lines = most_lines
        self._shown = ""
        self.tag_configure("code", font=nametofont("TkFixedFont"))
        self.bind("<Configure>", lambda event: self._fit(), add=True)

    def show(self, text: str) -> None:
        """Say that; what is selected stays while the words are the same."""
        if text == self._shown:
            return
        self._shown = text
        self.configure(state="normal")
        self.delete("1.0", "end")
        for line in text.splitlines(keepends=True):
            self.insert("end", line, "code" if line.startswith(_CODE_INDENT) else "")
        self.configure(state="disabled")
        self._fit()

    def paint(self, foreground: str, background: str, selection: str) -> None:
        """Take these colours."""
        self.configure(
            foreground=foreground,
            background=background,
            selectbackground=selection,
            selectforeground=foreground,
            inactiveselectbackground=selection,
        )

    def _fit(self) -> None:
        counted = self.count("1.0", "end", "displaylines")
        lines = counted[0] if isinstance(counted, tuple) else counted or 1
        height = max(1, min(lines, self._most_lines))
        if height != int(self.cget("height")):
            self.configure(height=height)
