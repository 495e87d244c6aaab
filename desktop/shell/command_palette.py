"""One line to find anything by: type, choose with the arrows, press Return."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from desktop import theme
from desktop.shell.choice import Choice, matching
from desktop.shell.focus import focused

_WIDTH_EM, _MOST_ROWS = 46, 12
_STEPS = {"<Down>": 1, "<Up>": -1, "<Next>": _MOST_ROWS - 1, "<Prior>": 1 - _MOST_ROWS}


class CommandPalette(ttk.Frame):
    """Above the page while it is open; it goes when it loses the focus."""

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, style="Card.TFrame", padding=em // 2)
        self._choices: Sequence[Choice] = ()
        self._recent: Sequence[str] = ()
        self._fits: list[Choice] = []
        self._before: tk.Misc | None = None
        self._typed = tk.StringVar(self)
        self._typed.trace_add("write", lambda *_: self._fill())
        self.entry = ttk.Entry(self, textvariable=self._typed)
        self.entry.pack(fill="x")
        self.table = ttk.Treeview(
            self,
            columns=("text", "more"),
            show="",
            style="Lines.Treeview",
            selectmode="browse",
            takefocus=False,
        )
        self.table.pack(fill="both", expand=True, pady=(em // 2, 0))
        self._none = ttk.Label(self, text="Nothing fits", style="Muted.TLabel", padding=em)
        for key, step in _STEPS.items():
            self.entry.bind(key, lambda event, step=step: self._move(step))  # type: ignore[misc]
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, lambda event: self._take())
        self.entry.bind("<Escape>", lambda event: self.close())
        self.entry.bind("<Tab>", lambda event: "break")
        self.table.bind("<ButtonRelease-1>", lambda event: self._take())
        self.entry.bind("<FocusOut>", lambda event: self.after_idle(self._leave))

    @property
    def is_open(self) -> bool:
        """Whether it is seen."""
        return bool(self.winfo_manager())

    def open(self, choices: Sequence[Choice], recent: Sequence[str]) -> None:
        """Offer these; `recent` are the texts of those that were chosen last."""
        if not self.is_open:
            self._before = focused(self)
        self._choices, self._recent = choices, recent
        self._typed.set("")
        root = self.winfo_toplevel()
        em = theme.em_px()
        width_px = min(_WIDTH_EM * em, root.winfo_width() - 2 * em)
        self.place(relx=0.5, y=5 * em, anchor="n", width=width_px)
        self.lift()
        self.table.column("text", width=round(0.6 * width_px))
        self.table.column("more", width=round(0.4 * width_px) - 2 * em, anchor="e")
        self.entry.focus_set()

    def close(self) -> str:
        """Go away, and give the focus back."""
        self.place_forget()
        if self._before is not None and self._before.winfo_exists():
            self._before.focus_set()
        self._before = None
        return "break"

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.table.tag_configure("obstacle", foreground=theme.current().muted)

    def _leave(self) -> None:
        focus = focused(self)  # None while another program has it
        if self.is_open and focus is not None and focus is not self.entry:
            self._before = None  # the focus is somewhere else on purpose
            self.close()

    def _fill(self) -> None:
        self._fits = matching(self._typed.get(), self._choices, self._recent)
        self.table.delete(*self.table.get_children())
        for i, choice in enumerate(self._fits):
            more = choice.obstacle or choice.more
            tags = ("obstacle",) if choice.obstacle else ()
            self.table.insert("", "end", iid=str(i), values=(choice.text, more), tags=tags)
        self.table.configure(height=max(1, min(len(self._fits), _MOST_ROWS)))
        if self._fits:
            self._none.pack_forget()
            self._select(0)
        else:
            self._none.pack()

    def _select(self, row: int) -> None:
        self.table.selection_set(str(row))
        self.table.see(str(row))

    def _move(self, step: int) -> str:
        if self._fits:
            now = int(self.table.selection()[0])
            last = len(self._fits) - 1
            # One step further than an end is the other end.
            row = (now + step) % len(self._fits) if abs(step) == 1 else max(0, min(now + step, last))
            self._select(row)
        return "break"

    def _take(self) -> str:
        chosen = self.table.selection()
        if chosen:
            choice = self._fits[int(chosen[0])]
            self.close()
            choice.run()
        return "break"
