"""A table of any number of packets: only the rows that are seen are asked for and drawn."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from itertools import accumulate
from tkinter import ttk
from tkinter.font import Font, nametofont
from typing import Any

from tksheet import Sheet

from desktop import theme
from desktop.lists.table import Column
from desktop.packets.lines import COLUMNS, DIRECTION, LINK, Look, PacketLine
from desktop.palette import mix

_WHEEL_ROWS = 3
_SHARED_MARK = 0.35  # of the accent in the row at the playhead
_HEADER_ALIGN = {"w": "nw", "e": "ne", "center": "n"}
_KEYS = {"Up": -1, "Down": 1}


class PacketTable(ttk.Frame):
    """`lines(first, last)` gives the rows from one place on; a place is where a packet is among those shown.

    A tksheet holds just the rows that fit; the scrollbar is moved by the places. `on_select` is called when a
    person chooses a packet, `on_open` when they press Enter or click twice; `<<Looked>>` tells of scrolling.
    """

    def __init__(
        self,
        master: tk.Misc,
        lines: Callable[[int, int], Sequence[PacketLine]],
        on_select: Callable[[int], object],
        on_open: Callable[[int], object],
    ) -> None:
        super().__init__(master, style="Ring.TFrame", padding=1)
        self.count = 0
        self.cursor: int | None = None
        self.marked: int | None = None  # where the playhead is
        self.follows = True
        self._anchor = 0
        self._first = 0
        self._lines, self._on_select, self._on_open = lines, on_select, on_open
        self._shown = 0
        self._widths: list[int] = []
        self._drawn: object = None
        font = nametofont("TreeringLines").actual()
        self._font = (font["family"], font["size"], "normal")
        self.sheet = Sheet(
            self,
            headers=[_spaced(column, column.title) for column in COLUMNS],
            show_row_index=False,
            show_x_scrollbar=False,
            show_y_scrollbar=False,
            empty_vertical=0,
            empty_horizontal=0,
            show_vertical_grid=False,
            font=self._font,
            header_font=self._font,
            width=1,
            height=1,
            table_wrap="",
        )
        self.sheet.enable_bindings("column_width_resize")
        self.sheet.set_header_height_pixels(self._row_px)
        for number, column in enumerate(COLUMNS):
            self.sheet.align_columns(number, align=column.anchor, redraw=False)
            self.sheet.align_header(number, align=_HEADER_ALIGN[column.anchor], redraw=False)
        self._bar = ttk.Scrollbar(self, command=self._scroll)
        self._bar.pack(side="right", fill="y")
        self.sheet.pack(side="left", fill="both", expand=True)
        self._heed_person()
        self.repaint()

    @property
    def selection(self) -> range:
        """The places that are chosen."""
        if self.cursor is None:
            return range(0)
        return range(min(self._anchor, self.cursor), max(self._anchor, self.cursor) + 1)

    @property
    def rows_seen(self) -> int:
        """How many rows fit."""
        return max(1, int(self.sheet.MT.winfo_height()) // self._row_px)

    def show(self, count: int) -> None:
        """There are so many packets now; the newest are seen if it follows."""
        self.count = count
        if self.cursor is not None and self.cursor >= count:
            self.cursor = None
        self._move_to(count if self.follows else self._first)

    def see(self, place: int) -> None:
        """Have that place among the rows that are seen."""
        if not self._first <= place < self._first + self.rows_seen:
            self._first = place - self.rows_seen // 2
        self._move_to(self._first)

    def choose(self, place: int, *, extends: bool = False) -> None:
        """Choose that place; with `extends` all from the one chosen first."""
        if not self.count:
            return
        place = max(0, min(place, self.count - 1))
        if not extends or self.cursor is None:
            self._anchor = place
        self.cursor = place
        if place < self._first:
            self._first = place
        elif place >= self._first + self.rows_seen:
            self._first = place - self.rows_seen + 1
        self.follows = self.follows and place == self.count - 1
        self._move_to(self._first)
        self._on_select(place)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self.sheet.set_options(
            redraw=False,
            table_bg=palette.surface,
            table_fg=palette.text,
            table_grid_fg=palette.surface,
            header_bg=palette.surface,
            header_fg=palette.muted,
            header_grid_fg=palette.border,
            header_border_fg=palette.border,
            top_left_bg=palette.surface,
            outline_color=palette.surface,
            resizing_line_fg=palette.accent,
            frame_bg=palette.surface,
        )
        self._draw()

    # --- rows --------------------------------------------------------------------------------------------

    @property
    def _row_px(self) -> int:
        return round(1.45 * nametofont("TreeringLines").metrics("linespace"))

    def _move_to(self, first: int) -> None:
        self._first = max(0, min(first, self.count - self.rows_seen))
        seen = self.rows_seen
        if self.count <= seen:
            self._bar.set(0.0, 1.0)
        else:
            self._bar.set(self._first / self.count, (self._first + seen) / self.count)
        self._draw()

    def _draw(self) -> None:
        """Hand the rows that are seen to the sheet, if they are others: it takes some milliseconds."""
        lines = self._lines(self._first, min(self.count, self._first + self.rows_seen))
        drawn = (list(lines), self._first, self.selection, self.marked, theme.current(), self._widths)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.sheet.set_sheet_data(
            [[_spaced(*cell) for cell in zip(COLUMNS, line.values, strict=True)] for line in lines],
            reset_col_positions=False,
            reset_row_positions=False,
            redraw=False,
        )
        if len(lines) != self._shown or self.sheet.get_row_heights() != [self._row_px] * len(lines):
            self._shown = len(lines)
            self.sheet.set_row_heights([self._row_px] * len(lines))
        self._color(lines)
        self.sheet.refresh()

    def _color(self, lines: Sequence[PacketLine]) -> None:
        palette = theme.current()
        links = (palette.accent, palette.count, palette.seeking, palette.lost)
        looks = {Look.GOOD: palette.text, Look.BAD: palette.maximum, Look.SHUT: palette.muted}
        chosen = self.selection
        self.sheet.dehighlight_all(redraw=False)
        for row, line in enumerate(lines):
            place = self._first + row
            ground = palette.selection if place in chosen else palette.surface
            if place == self.marked:
                ground = mix(ground, palette.active, _SHARED_MARK)
            is_plain = ground == palette.surface  # the palette's colours can be read on that
            color = looks[line.look] if is_plain else palette.text
            self.sheet.highlight_rows(row, bg=ground, fg=color, redraw=False)
            if is_plain and line.look is Look.GOOD:
                arrow = palette.count if line.is_inbound else palette.seeking
                self.sheet.highlight_cells(row, DIRECTION, bg=ground, fg=arrow, redraw=False)
                color = links[line.link % len(links)]
                self.sheet.highlight_cells(row, LINK, bg=ground, fg=color, redraw=False)

    def _fit(self, event: tk.Event[tk.Misc]) -> None:
        """The last column takes what the others leave."""
        em_px = Font(self, font="TreeringLines").measure("m")
        widths = [round(column.width_em * em_px) for column in COLUMNS]
        widths[-1] = max(widths[-1], event.width - sum(widths[:-1]) - 1)
        self._widths = widths
        self.sheet.MT.col_positions = list(accumulate([0, *widths]))
        self.show(self.count)

    # --- what a person does ------------------------------------------------------------------------------

    def _heed_person(self) -> None:
        canvas = self.sheet.MT
        canvas.bind("<ButtonPress-1>", lambda event: self._click(event, extends=False))
        canvas.bind("<Shift-ButtonPress-1>", lambda event: self._click(event, extends=True))
        canvas.bind("<B1-Motion>", lambda event: self._click(event, extends=True))
        canvas.bind("<Double-Button-1>", lambda event: self._open())
        canvas.bind("<Return>", lambda event: self._open())
        canvas.bind("<MouseWheel>", lambda event: self._roll(-1 if event.delta > 0 else 1))
        canvas.bind("<Button-4>", lambda event: self._roll(-1))
        canvas.bind("<Button-5>", lambda event: self._roll(1))
        for key, extends in (("", False), ("Shift-", True)):
            for name in ("Up", "Down", "Prior", "Next", "Home", "End"):
                canvas.bind(f"<{key}{name}>", lambda event, n=name, e=extends: self._key(n, e))
        canvas.bind("<Configure>", self._fit, add="+")
        canvas.bind("<FocusIn>", lambda event: self.state(["focus"]), add="+")
        canvas.bind("<FocusOut>", lambda event: self.state(["!focus"]), add="+")
        canvas.configure(takefocus=True)

    def _key(self, name: str, extends: bool) -> str:
        at = self._first if self.cursor is None else self.cursor
        match name:
            case "Home":
                at = 0
            case "End":
                at = self.count - 1
                self.follows = True
            case "Prior" | "Next":
                at += self.rows_seen * (1 if name == "Next" else -1)
            case _:
                at += _KEYS[name]
        self.choose(at, extends=extends)
        return "break"

    def _click(self, event: tk.Event[tk.Misc], *, extends: bool) -> str:
        self.sheet.MT.focus_set()
        place = self._first + event.y // self._row_px
        if place < self.count:
            self.follows = False
            self.choose(place, extends=extends)
        return "break"

    def _open(self) -> str:
        if self.cursor is not None:
            self._on_open(self.cursor)
        return "break"

    def _roll(self, direction: int) -> str:
        self._scroll("scroll", direction * _WHEEL_ROWS, "units")
        return "break"

    def _scroll(self, *command: Any) -> None:
        if command[0] == "moveto":
            first = round(float(command[1]) * self.count)
        else:
            first = self._first + int(command[1]) * (self.rows_seen if command[2] == "pages" else 1)
        self._move_to(first)
        self.follows = self._first + self.rows_seen >= self.count
        self.event_generate("<<Looked>>")


def _spaced(column: Column, text: str) -> str:
    """What stands at the right of its column must not touch what is left in the next."""
    return f"{text} " if column.anchor == "e" else text
