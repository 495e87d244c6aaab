"""The bridge page: how the bridge that one is connected to is, second by second."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

import ttkbootstrap

from bridge.status_view import span_text
from desktop import theme
from desktop.actions import Action
from desktop.bridge_page.watch import BridgeWatch, Report, remedy
from desktop.card import Card
from desktop.lists.lines import LineList
from desktop.lists.table import Column
from desktop.model.bridge import (
    CONSUMER_COLUMNS,
    PEER_COLUMNS,
    RULE_COLUMNS,
    SEGMENT_COLUMNS,
    BridgePage,
    Mark,
    Sheet,
)
from desktop.page import Page
from desktop.palette import mix
from desktop.prose import Prose

_MOST_ROWS = 8  # that a table asks room for; more scroll
_MOST_WARNINGS = 5
_PROSE_EM = 44
# Names of Bootstrap Icons, and the colour of the palette.
_ICONS = {
    Mark.WELL: ("check-circle", "joined"),
    Mark.ACTIVE: ("lightning-charge-fill", "active"),
    Mark.DOUBT: ("exclamation-triangle", "doubt"),
    Mark.BAD: ("x-circle-fill", "maximum"),
    Mark.AWAY: ("box-arrow-right", "muted"),
    Mark.IDLE: ("dash", "muted"),
}


class BridgeView(Page):
    """Shows what a watch reports; `refresh` is cheap, and called a few times a second."""

    def __init__(self, master: tk.Misc, connect: Action, leave: Action) -> None:
        super().__init__(master, style="Ground.TFrame", padding=theme.em_px() // 2)
        self._watch: BridgeWatch | None = None
        self._shown: Report | None = None
        self._empty = _Empty(self, connect, leave)
        self._full = _Full(self, leave)
        self.repaint()
        self._fill()
        self.bind("<Map>", lambda event: self.refresh(), add=True)

    @property
    def page(self) -> BridgePage | None:
        """What the bridge last said of itself, if there is one and it has."""
        return self._watch.report.page if self._watch else None

    def attach(self, watch: BridgeWatch | None) -> None:
        """Show what that one reports from now on; None: there is no bridge."""
        self._watch = watch
        self._shown = None
        self._fill()

    def refresh(self) -> None:
        """Bring all to the newest report, if anybody sees it."""
        if self._watch is not None and self._watch.report is not self._shown and self.winfo_ismapped():
            self._shown = self._watch.report
            self._fill()

    def _fill(self) -> None:
        watch = self._watch
        if watch is None:
            self._show(self._empty)
            self._empty.show(
                "No bridge here",
                "This page is for a bridge: the program that gathers, records and acts in the background,"
                " on a Pi in the cupboard or on this computer. Connect to one to see its segments, peers,"
                " consumers, rules and warnings.",
            )
        elif watch.report.page is not None:
            self._show(self._full)
            self._full.show(watch.report.page, _silence(watch))
        elif watch.report.problem:
            self._show(self._empty)
            self._empty.show(
                "No status from this bridge",
                f"{watch.report.problem[:1].upper()}{watch.report.problem[1:]}. What the network says comes"
                f" over another connection, which this does not touch.\n\n{remedy(watch.address)}",
            )
        else:
            self._show(self._empty)
            self._empty.show("Asking the bridge how it is", "")

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self._empty.repaint()
        self._full.repaint()

    def _show(self, part: ttk.Frame) -> None:
        if not part.winfo_manager():
            for other in (self._empty, self._full):
                other.pack_forget()
            part.pack(fill="both", expand=True)


def _silence(watch: BridgeWatch) -> str:
    """What to say of a bridge that answered once, and does not now."""
    report = watch.report
    if not report.problem:
        return ""
    return f"As it was {span_text(time.monotonic() - report.told_s)} ago: {report.problem}"


class _Empty(ttk.Frame):
    """Why there is nothing to see, and what to do."""

    def __init__(self, master: tk.Misc, connect: Action, leave: Action) -> None:
        super().__init__(master, style="Ground.TFrame")
        em = theme.em_px()
        middle = ttk.Frame(self, style="Ground.TFrame")
        middle.place(relx=0.5, rely=0.42, anchor="center")
        self._heading = ttk.Label(middle, style="Hero.Ground.TLabel")
        self._heading.pack()
        room = ttk.Frame(middle, style="Ground.TFrame")
        room.pack(pady=2 * em)
        ttk.Frame(room, style="Ground.TFrame", width=_PROSE_EM * em, height=1).pack()
        self._text = Prose(room, most_lines=16)
        self._text.pack(fill="x")
        row = ttk.Frame(middle, style="Ground.TFrame")
        row.pack()
        for text, action, style in (
            ("Connect …", connect, "primary"),
            ("Back", leave, "secondary-outline"),
        ):
            button = ttkbootstrap.Button(row, text=text, command=action.run, bootstyle=style)
            button.pack(side="left", padx=em // 2)

    def show(self, heading: str, text: str) -> None:
        """Say that."""
        self._heading.configure(text=heading)
        self._text.show(text)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._text.paint(palette.muted, palette.background, palette.selection)


class _Full(ttk.Frame):
    """A bridge's words and warnings, and four tables below."""

    def __init__(self, master: tk.Misc, leave: Action) -> None:
        super().__init__(master, style="Ground.TFrame")
        em = theme.em_px()
        self._head = Card(self, "")
        self._head.pack(fill="x")
        back = ttkbootstrap.Button(
            self._head.head, text="network", icon="diagram-3", command=leave.run, bootstyle="ghost"
        )
        self._head.pack_control(back)
        self._facts = ttk.Label(self._head.body, style="Muted.TLabel", padding=(em, 0, em, em // 2))
        self._facts.pack(fill="x")
        self._band = _Band(self)
        self._grid = ttk.Frame(self, style="Ground.TFrame")
        self._grid.pack(fill="both", expand=True)
        for column, share in ((0, 11), (1, 9)):
            self._grid.columnconfigure(column, weight=share, uniform="half")
        self._segments = self._add("Segments", SEGMENT_COLUMNS, 0, 0, "none")
        self._peers = self._add("Peers", PEER_COLUMNS, 1, 0, "no node was heard yet")
        self._consumers = self._add("Consumers", CONSUMER_COLUMNS, 0, 1, "none")
        self._rules = self._add("Rules", RULE_COLUMNS, 1, 1, "none: [[rule]] in bridge.toml makes one")

    def show(self, page: BridgePage, silence: str) -> None:
        """Bring all to that page; `silence` says why it is old."""
        self._head.set_title(page.title)
        self._head.set_summary(page.summary)
        self._facts.configure(text="\n".join(page.facts))
        self._band.show([*([silence] if silence else []), *page.warnings])
        if self._band.has_words and not self._band.winfo_manager():
            self._band.pack(fill="x", pady=(theme.em_px() // 2, 0), after=self._head)
        elif not self._band.has_words:
            self._band.pack_forget()
        self._segments.show(page.segments)
        self._peers.show(page.peers)
        self._consumers.show(page.consumers)
        self._rules.show(page.rules)
        above = max(self._segments.rows, self._consumers.rows)
        self._grid.rowconfigure(0, weight=above)
        self._grid.rowconfigure(1, weight=max(above, self._peers.rows, self._rules.rows))

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for part in (self._band, self._segments, self._peers, self._consumers, self._rules):
            part.repaint()

    def _add(self, title: str, columns: Sequence[Column], row: int, column: int, empty: str) -> _SheetCard:
        gap = theme.em_px() // 2
        card = _SheetCard(self._grid, title, columns, empty)
        card.grid(row=row, column=column, sticky="nsew", padx=(gap if column else 0, 0), pady=(gap, 0))
        return card


class _Band(tk.Frame):
    """What people must know, in the colour of doubt."""

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, borderwidth=0, highlightthickness=1)
        self.has_words = False
        self._icon = tk.Label(self, borderwidth=0)
        self._icon.pack(side="left", anchor="n", padx=(em, em // 2), pady=em // 2)
        self._words = Prose(self, most_lines=_MOST_WARNINGS)
        self._words.pack(side="left", fill="x", expand=True, padx=(0, em), pady=em // 2)

    def show(self, warnings: Sequence[str]) -> None:
        """Say these, a line each."""
        self.has_words = bool(warnings)
        self._words.show("\n".join(warnings))

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        ground = mix(palette.active, palette.surface, 0.86)
        self.configure(background=ground, highlightbackground=mix(palette.active, palette.surface, 0.5))
        image = ttkbootstrap.Icon("exclamation-triangle", size=16, color=palette.doubt)
        self._icon.configure(background=ground, image=image)
        self._words.paint(palette.text, ground, palette.selection)


class _SheetCard(Card):
    """One table; `empty` stands in it where there is nothing."""

    def __init__(self, master: tk.Misc, title: str, columns: Sequence[Column], empty: str) -> None:
        super().__init__(master, title)
        self.rows = 1
        self._none = ttk.Label(self.body, text=empty, style="Muted.TLabel")
        self._list = LineList(self.body, columns, icons=True)
        self._list.pack(fill="both", expand=True, padx=(theme.em_px() // 2, 0))

    def show(self, sheet: Sheet) -> None:
        """Bring the lines to these."""
        self.set_summary(sheet.summary)
        self._list.show(sheet.lines)
        rows = max(1, min(len(sheet.lines), _MOST_ROWS))
        if rows != self.rows:
            self.rows = rows
            self._list.ask_for(rows)
        if sheet.lines:
            self._none.place_forget()
        else:
            self._none.place(relx=0.5, rely=0.6, anchor="center")

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        for mark, (icon, color) in _ICONS.items():
            image = ttkbootstrap.Icon(icon, size=14, color=getattr(palette, color))
            self._list.table.tag_configure(mark.name, image=image)
