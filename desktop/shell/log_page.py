"""The app's own warnings and errors in the window."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.prose import Prose
from desktop.shell.log_text import Entry, chosen, read_entries
from desktop.shell.side_page import SidePage

_LEVELS = {"All": 0, "Warnings and errors": logging.WARNING, "Errors": logging.ERROR}
_COLUMNS = (
    Column("when", 12, stretches=False),
    Column("level", 6, stretches=False),
    Column("what", 40),
    Column("where", 14, stretches=False),
)
_REFRESH_MS = 1_000


class LogPage(SidePage):
    """Shows the log at `path` as it grows; `open_folder` shows the folder of a file to a person."""

    def __init__(
        self,
        master: tk.Misc,
        path: Path,
        leave: Callable[[], object],
        open_folder: Callable[[Path], object],
    ) -> None:
        super().__init__(master, "Log of the app", leave)
        em = theme.em_px()
        self._path = path
        self._stamp: tuple[float, int] | None = None
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []
        for text, icon, run in (
            ("Open folder", "folder2-open", lambda: open_folder(path)),
            ("Copy", "clipboard", self._copy),
        ):
            button = ttkbootstrap.Button(self.card.head, text=text, icon=icon, command=run, bootstyle="ghost")
            self.card.pack_control(button)
        row = ttk.Frame(self.card.body, padding=(em, 0, em, em // 2))
        row.pack(fill="x")
        self._level = ttk.Combobox(row, values=list(_LEVELS), state="readonly", width=20)
        self._level.set("All")
        self._level.pack(side="left")
        self._level.bind("<<ComboboxSelected>>", lambda event: self._list_entries())
        ttk.Label(row, text="with", style="Muted.TLabel").pack(side="left", padx=em)
        self._typed = tk.StringVar(self)
        self._typed.trace_add("write", lambda *_: self._list_entries())
        self._entry = ttk.Entry(row, textvariable=self._typed)
        self._entry.pack(side="left", fill="x", expand=True)
        self._details = Prose(self.card.body, most_lines=14)
        self._details.pack(side="bottom", fill="x", padx=em, pady=em // 2)
        self._list = LineList(self.card.body, _COLUMNS)
        self._list.pack(fill="both", expand=True, padx=(em // 2, 0))
        self._list.table.bind("<<TreeviewSelect>>", lambda event: self._show_details())
        self._none = ttk.Label(self.card.body, style="Muted.TLabel")
        self.bind("<Map>", lambda event: self._begin(event), add=True)
        self.repaint()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._details.paint(palette.text, palette.surface, palette.selection)
        for level, color in (("ERROR", palette.maximum), ("CRITICAL", palette.maximum)):
            self._list.table.tag_configure(level, foreground=color)
        self._list.table.tag_configure("WARNING", foreground=palette.doubt)

    def _begin(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self:
            self._entry.focus_set()
            self._refresh()

    def _refresh(self) -> None:
        if not self.winfo_ismapped():
            return
        self.after(_REFRESH_MS, self._refresh)
        try:
            status = self._path.stat()
            stamp = (status.st_mtime, status.st_size)
        except OSError:
            stamp = (0.0, 0)
        if stamp != self._stamp:
            self._stamp = stamp
            self._entries = read_entries(self._path)
            self._list_entries()

    def _list_entries(self) -> None:
        self._shown = chosen(self._entries, _LEVELS[self._level.get()], self._typed.get())
        self._list.show(
            Line((entry.time, entry.level, entry.summary, entry.source), entry.level) for entry in self._shown
        )
        self.card.set_summary(f"{len(self._shown):,} of {len(self._entries):,}" if self._entries else "")
        self._details.show("")
        if self._shown:
            self._none.place_forget()
        else:
            text = "Nothing fits" if self._entries else "No warning and no error so far"
            self._none.configure(text=text)
            self._none.place(relx=0.5, rely=0.4, anchor="center")

    def _selected(self) -> Entry | None:
        selected = self._list.table.selection()
        return self._shown[self._list.table.index(selected[0])] if selected else None

    def _show_details(self) -> None:
        if entry := self._selected():
            self._details.show(entry.whole)

    def _copy(self) -> None:
        """The one that is chosen, or all that are shown."""
        entry = self._selected()
        self.clipboard_clear()
        self.clipboard_append("\n".join(one.whole for one in ([entry] if entry else self._shown)))
