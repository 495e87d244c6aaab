"""A line at the lower edge of the window that says something in passing."""

from __future__ import annotations

import tkinter as tk

from desktop import theme

_SHOWN_MS = 5_000


class Hint(tk.Label):
    """Above all else for some seconds; a click takes it away. It never takes the input."""

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, padx=em, pady=em // 2, borderwidth=0, takefocus=False)
        self._timer = ""
        self.bind("<Button-1>", lambda event: self.place_forget())
        self.repaint()

    def show(self, text: str) -> None:
        """Say that."""
        if self._timer:
            self.after_cancel(self._timer)
        self.configure(text=text, wraplength=round(0.9 * self.master.winfo_width()))
        self.place(relx=0.5, rely=1.0, y=-2 * theme.em_px(), anchor="s")
        self.lift()
        self._timer = self.after(_SHOWN_MS, self.place_forget)

    def repaint(self) -> None:
        """Take the colours of the theme in use, turned round so that it stands out."""
        palette = theme.current()
        self.configure(background=palette.text, foreground=palette.surface)
