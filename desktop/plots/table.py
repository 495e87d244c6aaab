"""A table of any number of rows, of which only those in sight are made; sorted by the column clicked."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from tkinter.font import Font
from typing import Any

from desktop.lists.lines import fit_columns
from desktop.lists.table import Column, Line

_UP, _DOWN = " ▴", " ▾"


class VirtualTable(ttk.Frame):
    """`show` gives it the keys of the rows in their order; `line_of` makes the line of a key when it is seen.

    `on_sort` hears that another column is to sort (`sorted_by`, `is_descending`). In less room the last
    columns are left out. `hints` tell what each column means; `on_hint` hears that of the head pointed at,
    and "" when none is.
    """

    def __init__(
        self,
        master: tk.Misc,
        columns: Sequence[Column],
        line_of: Callable[[Any], Line],
        on_sort: Callable[[], object],
        hints: Sequence[str] = (),
        on_hint: Callable[[str], object] = lambda text: None,
    ) -> None:
        super().__init__(master)
        self.pack_propagate(False)
        self.sorted_by, self.is_descending = 0, False
        self._columns, self._line_of, self._on_sort = tuple(columns), line_of, on_sort
        self._hints, self._on_hint = hints, on_hint
        self._keys: Sequence[Any] = ()
        self._first = 0
        self._em_px = Font(self, font="TreeringLines").measure("m")
        names = [column.title for column in columns]
        self.table = ttk.Treeview(
            self, columns=names, show="headings", style="Lines.Treeview", selectmode="browse", height=1
        )
        for i, column in enumerate(columns):
            self.table.heading(column.title, anchor=column.anchor, command=lambda i=i: self.sort_by(i))
            self.table.column(column.title, anchor=column.anchor, minwidth=1, stretch=False)
        self.configure(width=round(sum(column.width_em for column in columns) * self._em_px))
        self._bar = ttk.Scrollbar(self, command=self._scroll)
        self._bar.pack(side="right", fill="y")
        self.table.pack(side="left", fill="both", expand=True)
        self._listen()
        self._head()

    @property
    def keys_in_sight(self) -> Sequence[Any]:
        """Those of the rows that are made."""
        return self._keys[self._first : self._first + self._rows]

    def show(self, keys: Sequence[Any]) -> None:
        """These rows; where a person has scrolled to stays."""
        self._keys = keys
        self._fill()

    def sort_by(self, column: int) -> None:
        """By that column; by it the other way round if it is so already."""
        self.is_descending = column == self.sorted_by and not self.is_descending
        self.sorted_by = column
        self._head()
        self._on_sort()

    def scroll_to(self, first: int) -> None:
        """Have that row at the top, as far as there are rows below it."""
        self._first = first
        self._fill()

    @property
    def _rows(self) -> int:
        """How many there is room for, below the head."""
        row_px = int(ttk.Style(self).lookup("Lines.Treeview", "rowheight"))
        return max(1, (self.table.winfo_height() - row_px) // row_px)

    def _fill(self) -> None:
        self._first = max(0, min(self._first, len(self._keys) - self._rows))
        lines = [self._line_of(key) for key in self.keys_in_sight]
        items = self.table.get_children()
        self.table.delete(*items[len(lines) :])
        for item, line in zip(items, lines, strict=False):
            self.table.item(item, values=tuple(line.values), tags=(line.tag,))
        for line in lines[len(items) :]:
            self.table.insert("", "end", values=tuple(line.values), tags=(line.tag,))
        count = max(1, len(self._keys))
        self._bar.set(self._first / count, min(1.0, (self._first + self._rows) / count))

    def _head(self) -> None:
        for i, column in enumerate(self._columns):
            mark = (_DOWN if self.is_descending else _UP) if i == self.sorted_by else ""
            self.table.heading(column.title, text=column.title + mark)

    # --- what a person does ------------------------------------------------------------------------------

    def _listen(self) -> None:
        table = self.table
        table.bind("<Configure>", self._on_resize)
        table.bind("<MouseWheel>", lambda event: self._move(-3 if event.delta > 0 else 3))
        table.bind("<Button-4>", lambda event: self._move(-3))
        table.bind("<Button-5>", lambda event: self._move(3))
        table.bind("<Prior>", lambda event: self._move(-self._rows))
        table.bind("<Next>", lambda event: self._move(self._rows))
        table.bind("<Home>", lambda event: self._move(-len(self._keys)))
        table.bind("<End>", lambda event: self._move(len(self._keys)))
        table.bind("<Up>", lambda event: self._step(-1))
        table.bind("<Down>", lambda event: self._step(1))
        table.bind("<Left>", lambda event: self.sort_by((self.sorted_by - 1) % len(self._columns)))
        table.bind("<Right>", lambda event: self.sort_by((self.sorted_by + 1) % len(self._columns)))
        table.bind("<Return>", lambda event: self.sort_by(self.sorted_by))
        table.bind("<Motion>", self._point, add=True)
        table.bind("<Leave>", lambda event: self._on_hint(""), add=True)

    def _scroll(self, *command: str) -> None:
        if command[0] == "moveto":
            self.scroll_to(round(float(command[1]) * len(self._keys)))
        else:
            self._move(int(command[1]) * (self._rows if command[2] == "pages" else 1))

    def _move(self, rows: int) -> str:
        self.scroll_to(self._first + rows)
        return "break"

    def _step(self, rows: int) -> str | None:
        """At either edge the table scrolls, else the selection moves."""
        items = self.table.get_children()
        chosen = self.table.selection()
        edge = items[-1 if rows > 0 else 0] if items else None
        return self._move(rows) if chosen and chosen[0] == edge else None

    def _point(self, event: tk.Event[tk.Misc]) -> None:
        hint = ""
        if self._hints and self.table.identify_region(event.x, event.y) == "heading":
            column = int(self.table.identify_column(event.x)[1:]) - 1
            hint = self._hints[column] if 0 <= column < len(self._hints) else ""
        self._on_hint(hint)

    def _on_resize(self, event: tk.Event[tk.Misc]) -> None:
        fit_columns(self.table, self._columns, self._em_px, event.width)
        self._fill()
