"""The bookmarks of the log that is shown: a line each, and what is said of them, to be typed right here."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.keep.bookmarks import Bookmarks
from desktop.keep.notes import Bookmark
from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.model.model import Model
from desktop.model.words import duration_label, plural
from desktop.view import View

_NO_TEXT = "(no text yet)"
_EMPTY = "No bookmark yet: Ctrl+Shift+B makes one here and now."


class BookmarkView(View):
    """What is typed is in the bookmark with every key; Return goes to it, Delete removes it."""

    def __init__(
        self,
        master: tk.Misc,
        bookmarks: Bookmarks,
        *,
        add: Callable[[], object],
        go_to: Callable[[int], object],
    ) -> None:
        super().__init__(master, "Bookmarks")
        self._bookmarks = bookmarks
        self._go_to = go_to
        self._model = Model()
        self._shown: Bookmark | None = None  # whose text is in the entry
        self._removed: Bookmark | None = None
        self._is_filling = False
        self.about, self.text = tk.StringVar(self), tk.StringVar(self)
        self._undo = self._button(self.head, "Undo removal", self.undo)
        self.pack_control(self._button(self.head, "Bookmark here", add))
        self.lines = LineList(self.body, [Column("time", 6, stretches=False), Column("bookmark", 10)])
        self._fill_body()
        self.about.trace_add("write", lambda *_: self._on_about())
        self.text.trace_add("write", lambda *_: self._on_text())
        bookmarks.subscribe(self._show)

    def attach(self, model: Model) -> None:
        """See desktop.view.View.attach."""
        self._model = model
        self._show()

    def edit(self, bookmark: Bookmark) -> None:
        """Let a person type what it is."""
        self._shown = bookmark
        self._show()
        self.entry.focus_set()

    def go(self) -> None:
        """Show the time of the selected one."""
        if self._shown is not None:
            self._go_to(self._shown.time_us)

    def remove(self) -> None:
        """No selected one any more; `undo` brings it back."""
        if self._shown is not None:
            self._removed = self._shown
            self._bookmarks.remove(self._shown)

    def undo(self) -> None:
        """Bring the last removed one back."""
        if self._removed is not None:
            bookmark, self._removed = self._removed, None
            self._shown = self._bookmarks.add(bookmark.time_us, bookmark.text)
            self._show()

    def _fill_body(self) -> None:
        em = theme.em_px()
        below = ttk.Frame(self.body, padding=(em, em // 2))
        below.pack(side="bottom", fill="x")
        about = ttk.Frame(below)
        about.pack(side="right", fill="x", expand=True)
        ttk.Label(about, text="About this log").pack(side="left", padx=(0, em))
        ttk.Entry(about, textvariable=self.about, width=1).pack(side="left", fill="x", expand=True)
        self._line = line = ttk.Frame(below)  # there while there is a bookmark
        ttk.Label(line, text="Bookmark").pack(side="left", padx=(0, em))
        self._button(line, "Remove", self.remove).pack(side="right", padx=(em // 2, 2 * em))
        self._button(line, "Go to", self.go).pack(side="right", padx=(em // 2, 0))
        self.entry = ttk.Entry(line, textvariable=self.text, width=1)
        self.entry.pack(side="left", fill="x", expand=True)
        self.entry.bind("<Return>", lambda event: self.lines.table.focus_set())
        self.lines.pack(fill="both", expand=True, padx=(em // 2, 0))
        table = self.lines.table
        table.bind("<<TreeviewSelect>>", lambda event: self._select())
        table.bind("<Return>", lambda event: self.go())
        table.bind("<Double-1>", lambda event: self.go())
        table.bind("<Delete>", lambda event: self.remove())
        table.bind("<F2>", lambda event: self.entry.focus_set())

    def _button(self, master: tk.Misc, text: str, run: Callable[[], object]) -> ttkbootstrap.Button:
        return ttkbootstrap.Button(master, text=text, command=run, bootstyle="secondary-outline")

    # --- what changes ------------------------------------------------------------------------------------

    def _show(self) -> None:
        self._is_filling = True
        items = self._bookmarks.items
        if self._shown not in items:
            self._shown = items[0] if items else None
        self.lines.show(
            Line((duration_label(self._model.seconds(item.time_us)), item.text or _NO_TEXT)) for item in items
        )
        if self._shown is not None:
            lines, at = self.lines.table.get_children(), items.index(self._shown)
            if at < len(lines) and self.lines.table.selection() != (lines[at],):
                self.lines.table.selection_set(lines[at])
                self.lines.table.see(lines[at])
        self._put(self.text, "" if self._shown is None else self._shown.text)
        self._put(self.about, self._bookmarks.notes.note)
        if items:
            self._line.pack(side="left", fill="x", expand=True)
        else:
            self._line.pack_forget()
        self.set_summary(self._bookmarks.problem or (plural(len(items), "bookmark") if items else _EMPTY))
        if self._removed is not None:
            self.pack_control(self._undo)
            self._undo.pack_configure(padx=(0, theme.em_px() // 2))
        else:
            self._undo.pack_forget()
        self._is_filling = False

    def _put(self, variable: tk.StringVar, text: str) -> None:
        """Only if it is another text: the cursor stays where a person types."""
        if variable.get() != text:
            variable.set(text)

    def _select(self) -> None:
        chosen, lines = self.lines.table.selection(), self.lines.table.get_children()
        if not self._is_filling and chosen and lines.index(chosen[0]) < len(self._bookmarks.items):
            self._shown = self._bookmarks.items[lines.index(chosen[0])]
            self._show()

    def _on_text(self) -> None:
        if not self._is_filling and self._shown is not None:
            old, self._shown = self._shown, Bookmark(self._shown.time_us, self.text.get())
            self._bookmarks.edit(old, self.text.get())

    def _on_about(self) -> None:
        if not self._is_filling:
            self._bookmarks.set_note(self.about.get())
