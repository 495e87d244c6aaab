"""A list of lines: one that grows at its end, and is seen there unless the person looks back; or a table."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from tkinter import ttk
from tkinter.font import Font
from typing import Any, Literal

from desktop.lists.scrollbar import AutoScrollbar
from desktop.lists.table import Column, Line

_ICON_EM = 2.8
MAX_LINES = 2_000  # while its end is seen; the model keeps more, the packet log all
_FIRST_PAGE, _PAGE = 60, 500  # so many lines at once, when it begins and when a person looks further back

# Up to so many lines (the second number) before one (the first), the oldest first, each with its own number.
Earlier = Callable[[int, int], Sequence[tuple[int, Line]]]


class LineList(ttk.Frame):
    """A table with a scrollbar. With `icons`, the tags of the lines may be given images.

    Of many lines the last are there, and those before them when a person scrolls to them: `earlier` gives
    those. So to `begin` is quick, whatever there is.

    It asks for the width of its columns and the height of `rows`; in less room the last columns are left out.
    """

    def __init__(
        self,
        master: tk.Misc,
        columns: Sequence[Column],
        *,
        icons: bool = False,
        rows: int = 1,
        earlier: Earlier | None = None,
    ) -> None:
        super().__init__(master)
        # The columns shown follow the size; if the size asked for followed them, there would be no end.
        self.pack_propagate(False)
        self._em_px = Font(self, font="TreeringLines").measure("m")
        self._columns = tuple(columns)
        self._icon_px = round(_ICON_EM * self._em_px) if icons else 0
        self._earlier = earlier
        self._follows = True
        self.table = ttk.Treeview(
            self,
            columns=[column.title for column in columns],
            show="tree headings" if icons else "headings",
            style="Lines.Treeview",
            selectmode="browse",
            height=1,
        )
        self.table.column("#0", width=self._icon_px, minwidth=self._icon_px, stretch=False)
        for column in columns:
            self.table.heading(column.title, text=column.title, anchor=column.anchor)
            self.table.column(column.title, anchor=column.anchor, minwidth=1, stretch=False)
        width_px = self._icon_px + sum(column.width_em for column in columns) * self._em_px
        self.configure(width=math.ceil(width_px) + 1)
        self.ask_for(rows)
        bar = AutoScrollbar(self, self.table, self._scroll)
        self.table.configure(yscrollcommand=bar.set)
        self.table.pack(side="left", fill="both", expand=True)
        self.table.bind("<Configure>", self._on_resize)
        for person_scrolls in ("<MouseWheel>", "<Button-4>", "<Button-5>", "<KeyPress>"):
            self.table.bind(person_scrolls, lambda event: self.after_idle(self._look), add=True)

    def __len__(self) -> int:
        return len(self.table.get_children())

    def begin(self, end: int) -> None:
        """Show the lines before number `end`, and their end, until others are added."""
        self.table.delete(*self.table.get_children())
        self._follows = True
        self._insert("end", self._earlier(end, _FIRST_PAGE) if self._earlier else ())
        self.table.yview_moveto(1.0)

    def add(self, lines: Iterable[tuple[int, Line]]) -> None:
        """Append, each with its number; while the end is seen, the oldest beyond MAX_LINES go."""
        last = self.table.get_children()[-1:]
        newest = [line for line in lines if not last or line[0] > int(last[0])][-MAX_LINES:]
        self._insert("end", newest)
        if newest and self._follows:
            surplus = len(self) - MAX_LINES
            if surplus > 0:
                self.table.delete(*self.table.get_children()[:surplus])
            self.table.yview_moveto(1.0)

    def show(self, lines: Iterable[Line]) -> None:
        """These instead of those that are there: what the person has scrolled to or selected stays."""
        self._follows = False
        old = self.table.get_children()
        new = list(lines)[:MAX_LINES]
        for item, line in zip(old, new, strict=False):
            self.table.item(item, values=tuple(line.values), tags=(line.tag,))
        self.table.delete(*old[len(new) :])
        for line in new[len(old) :]:
            self.table.insert("", "end", values=tuple(line.values), tags=(line.tag,))

    def ask_for(self, rows: int) -> None:
        """Ask for the height of so many rows."""
        row_px = int(ttk.Style(self).lookup("Lines.Treeview", "rowheight"))
        self.configure(height=(rows + 1) * row_px)

    def _insert(self, where: int | Literal["end"], lines: Iterable[tuple[int, Line]]) -> None:
        for place, (number, line) in enumerate(lines):
            at = where if where == "end" else where + place
            self.table.insert("", at, str(number), values=tuple(line.values), tags=(line.tag,))

    def _scroll(self, *command: Any) -> None:
        self.table.yview(*command)
        self._look()

    def _look(self) -> None:
        """The person has scrolled: to the end, or away from it, or to where earlier lines are to be."""
        first, last = self.table.yview()
        self._follows = last >= 1.0
        shown = self.table.get_children()
        if self._earlier and first <= 0 and shown and (earlier := self._earlier(int(shown[0]), _PAGE)):
            self._insert(0, earlier)
            if not self._follows:  # what was seen stays where it is
                self.table.yview_moveto(len(earlier) / len(self))

    def _on_resize(self, event: tk.Event[tk.Misc]) -> None:
        fit_columns(self.table, self._columns, self._em_px, event.width - self._icon_px)
        if self._follows:
            self.table.yview_moveto(1.0)


def fit_columns(table: ttk.Treeview, columns: Sequence[Column], em_px: int, room_px: int) -> None:
    """Show as many columns as fit, at least the first; those that stretch share the rest."""
    ends_px = list(accumulate(column.width_em * em_px for column in columns))
    count = max(1, sum(end_px <= room_px for end_px in ends_px))
    shown = columns[:count]
    more_px = max(0.0, room_px - ends_px[count - 1]) / max(1, sum(column.stretches for column in shown))
    table.configure(displaycolumns=[column.title for column in shown])
    for column in shown:
        table.column(column.title, width=int(column.width_em * em_px + more_px * column.stretches))
