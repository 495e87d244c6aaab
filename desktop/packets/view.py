"""The packets of the session's log: list, filter, fields and bytes."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

import numpy as np
import ttkbootstrap
from numpy.typing import NDArray

from bridge.errors import UsageError
from desktop import theme
from desktop.model.model import Model
from desktop.model.words import plural
from desktop.packets.detail import FieldTree, HexDump
from desktop.packets.dissect import dissect
from desktop.packets.filter import Condition
from desktop.packets.filter_bar import FilterBar
from desktop.packets.index import PacketIndex
from desktop.packets.lines import PacketLine, as_json, lines_of
from desktop.packets.opening import FrameOpener
from desktop.packets.selection import Selection
from desktop.packets.table import PacketTable
from desktop.sources.session import Session
from desktop.view import View
from protocol.capture import Record

_TICK_MS = 15
_SHOW_S = 0.15  # what is found is shown so often meanwhile
_BUDGET_S = 0.008  # of a tick for each of its parts: the views of the session need the rest
Rows = NDArray[np.int64]
_NO_ROWS: Rows = np.empty(0, np.int64)
_EMPTY = "No packets yet: they appear here as they come."
_NONE_FOUND = (
    "No packet fulfils this filter. Esc in the filter takes back what is typed; an empty one shows all."
)


class PacketsView(View):
    """Works only while it is seen: `refresh` is to be called a few times a second."""

    def __init__(self, master: tk.Misc, on_seek: Callable[[int], object]) -> None:
        super().__init__(master, "Packets")
        self._session: Session | None = None
        self._index: PacketIndex | None = None
        self._owns_index = False
        self._problem: str | None = None
        self._timer: str | None = None
        self._shown_s = 0.0
        self._condition: Condition | None = None
        self._follows = tk.BooleanVar(self, value=True)
        follow = ttkbootstrap.Checkbutton(
            self.head,
            text="follow",
            variable=self._follows,
            command=self._set_follow,
            bootstyle="round-toggle",
        )
        self.pack_control(follow)
        self.filter = FilterBar(self.head, self.body, self.set_filter, self.go_to, self.focus_list)
        self.filter.pack(side="left", fill="x", expand=True)
        self._note = ttk.Label(self.body, style="Muted.TLabel", anchor="center")
        panes = ttk.Panedwindow(self.body, orient="horizontal", style="Ground.TPanedwindow")
        panes.pack(fill="both", expand=True)
        self.table = PacketTable(
            panes, self._lines, self._show_packet, lambda place: on_seek(int(self._selection_row(place)))
        )
        self.fields = FieldTree(panes)
        self.dump = HexDump(panes)
        self._panes = panes
        for part, weight in ((self.table, 6), (self.fields, 3), (self.dump, 3)):
            panes.add(part, weight=weight)
        self.table.bind("<<Looked>>", lambda event: self._follows.set(self.table.follows))
        self.fields.bind("<<FieldChosen>>", lambda event: self._mark_bytes())
        self.dump.bind("<<ByteChosen>>", lambda event: self._choose_field())
        self.bind("<Map>", lambda event: self.after_idle(self.refresh), add=True)
        self.bind("<Destroy>", lambda event: self._let_go() if event.widget is self else None, add=True)
        panes.bind("<Configure>", lambda event: self._divide(event.width))

    # --- the session -------------------------------------------------------------------------------------

    def attend(self, session: Session | None) -> None:
        """The log of that session; the filter stays."""
        self._let_go()
        self._session, self._problem = session, None
        if session is not None:
            replay = session.replay
            self._owns_index = replay is None
            self._index = PacketIndex(session.log) if replay is None else replay.index
            self._begin()
        self.table.follows = self._follows.get()
        self._show_packet(None)

    def attach(self, model: Model) -> None:
        """The packets are those of the log, whatever time of it is shown; `refresh` moves the playhead."""

    def refresh(self) -> None:
        """Show what has come, if anybody sees it."""
        if self._timer is None and self._index is not None and self.winfo_ismapped():
            self._tick()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.table.repaint()
        self.dump.repaint()

    def close(self) -> None:
        """Keep the index, and let go of it."""
        self._let_go()

    def _let_go(self) -> None:
        if self._timer is not None:
            self.after_cancel(self._timer)
            self._timer = None
        if self._index is not None and self._owns_index:
            self._index.close()
        self._index = None

    def _begin(self) -> None:
        """Judge all packets of the index, from the first on."""
        assert self._index is not None
        assert self._session is not None
        opener = self._session.opener
        heard, keys = opener.heard(), opener.access.keys
        lives: dict[int, list[int]] = {n: [life] for n, life in (keys.lives if keys else {}).items()}
        for source, known in (heard.lives if heard else {}).items():
            lives.setdefault(source, []).extend(known)
        self._opener = FrameOpener(opener, self._index, lives)
        self._selection = Selection(self._index, self._condition, self._opener)

    def _tick(self) -> None:
        """Some of what is to be done, and again soon if there is more."""
        self._timer = None
        if self._index is None or not self.winfo_ismapped():
            return
        try:
            is_done = self._work(self._index)
        except (OSError, UsageError) as error:
            self._problem = str(error)
            is_done = True
        now_s = time.monotonic()
        if is_done or now_s - self._shown_s > _SHOW_S:
            self._shown_s = now_s
            self._mark_playhead()
            self.table.show(len(self._selection))
            self._sum_up()
        if not is_done:
            self._timer = self.after(_TICK_MS, self._tick)

    def _work(self, index: PacketIndex) -> bool:
        """Index, learn and judge for a while; whether nothing is left to do."""
        if self._owns_index:
            index.extend(_BUDGET_S)
        if len(index) < self._selection.judged:  # another log is in its place
            self._begin()
        learned = self._opener.learn(_BUDGET_S)
        # What is sealed can be judged when it is known with which keys' lives.
        if learned and (not self._opener.has_keys or index.scanned_share >= 1.0 or self._session_is_live):
            self._selection.extend(_BUDGET_S)
        self._problem = index.problem
        return index.scanned_share >= 1.0 and learned and self._selection.is_complete

    @property
    def _session_is_live(self) -> bool:
        return self._session is not None and self._session.is_recording

    def _sum_up(self) -> None:
        assert self._index is not None
        count, total = len(self._selection), len(self._index)
        if self._condition is None:
            text = plural(total, "packet") if total else ""
        else:
            text = f"{count:,} of {plural(total, 'packet')}"
        share = min(self._index.scanned_share, self._selection.judged / total if total else 1.0)
        if share < 1.0 and self._problem is None:
            text += f", {share:.0%} looked through"
        if self._problem is not None:
            text += f"; {self._problem.partition(';')[0]}"
        self.set_summary(text)
        if count:
            self._note.place_forget()
        else:
            self._note.configure(text=_NONE_FOUND if total and self._condition is not None else _EMPTY)
            self._note.place(in_=self.table, relx=0.5, rely=0.55, anchor="center")
            self._note.lift()

    def _mark_playhead(self) -> None:
        """The row at the place that is shown; it is followed while it moves."""
        replay = self._session.replay if self._session is not None else None
        if replay is None or not replay.is_placed or not replay.position:
            self.table.marked = None
            return
        place = self._selection.place_of(replay.position - 1)
        moved = place != self.table.marked
        self.table.marked = place
        if moved and self._follows.get():
            self.table.follows = False
            self.table.see(place)

    # --- what a person does ------------------------------------------------------------------------------

    def set_filter(self, condition: Condition | None) -> None:
        """Show the packets that fulfil it, or all; the one that is chosen stays in view if it does."""
        row = self._chosen_row
        self._condition = condition
        if self._index is None:
            return
        self._selection = Selection(self._index, condition, self._opener)
        self.table.cursor = None
        self._tick_now()
        if row is not None and row < self._selection.judged and len(self._selection):
            self.table.choose(min(self._selection.place_of(row), len(self._selection) - 1))
        else:
            self._show_packet(None)

    def go_to(self, number: int) -> None:
        """Choose the packet of that number, from 1, or the next that the filter shows."""
        if self._index is not None and len(self._selection):
            self.table.follows = False
            self.table.choose(self._selection.place_of(max(0, number - 1)))
            self.focus_list()

    def focus_list(self) -> None:
        """Let the keys move through the list."""
        self.table.sheet.MT.focus_set()

    def toggle_follow(self) -> None:
        """Stick to the newest, or stay."""
        self._follows.set(not self._follows.get())
        self._set_follow()

    def chosen_rows(self) -> Rows:
        """The packets that are chosen, as rows of the index."""
        places = self.table.selection
        return _NO_ROWS if self._index is None else self._selection.rows(places.start, places.stop)

    def filtered_rows(self) -> Rows:
        """All that the filter shows."""
        return _NO_ROWS if self._index is None else self._selection.rows(0, len(self._selection))

    def records(self, rows: Sequence[int]) -> list[Record]:
        """These packets, as they crossed their links. Raises OSError."""
        return [] if self._index is None else self._index.records_at(rows)

    def as_json(self, rows: Sequence[int]) -> str:
        """An object a line, with what the keys open. Raises OSError."""
        records = self.records(rows)
        opened = [self._opener.open(row, record.frame) for row, record in zip(rows, records, strict=True)]
        return as_json(records, opened)

    # --- the parts ---------------------------------------------------------------------------------------

    @property
    def _chosen_row(self) -> int | None:
        if self._index is None or self.table.cursor is None or self.table.cursor >= len(self._selection):
            return None
        return self._selection_row(self.table.cursor)

    def _selection_row(self, place: int) -> int:
        return int(self._selection.rows(place, place + 1)[0])

    def _lines(self, first: int, last: int) -> Sequence[PacketLine]:
        if self._index is None:
            return []
        return lines_of(self._index, self._opener, self._selection.rows(first, last).tolist())

    def _show_packet(self, place: int | None) -> None:
        """Fields and bytes of that one."""
        row = None if place is None else self._chosen_row
        self._divide(self._panes.winfo_width())
        if row is None or self._index is None:
            self.fields.show([])
            self.dump.show(b"")
            return
        record = self._index.record(row)
        self.dump.show(record.frame)
        self.fields.show(dissect(record.frame, self._opener.open(row, record.frame)))
        self._follows.set(self.table.follows)

    def _mark_bytes(self) -> None:
        node = self.fields.chosen
        if node is not None:
            self.dump.mark(node.offset, node.size_bytes)

    def _choose_field(self) -> None:
        leaf = self.fields.leaf_at(self.dump.chosen)
        if leaf is not None:
            self.fields.choose(leaf)

    def _set_follow(self) -> None:
        self.table.follows = self._follows.get()
        if self._index is not None:
            self._tick_now()

    def _tick_now(self) -> None:
        if self._timer is not None:
            self.after_cancel(self._timer)
        self._tick()

    def _divide(self, width_px: int) -> None:
        """The list has the most, the bytes what sixteen a line need where there is room.

        Where there is little room the list has all of it until a packet is chosen.
        """
        em = theme.em_px()
        fields_px, bytes_px = 22 * em, 42 * em if width_px > 120 * em else 22 * em
        if width_px < 80 * em:
            is_chosen = self.table.cursor is not None
            fields_px, bytes_px = (round(0.3 * width_px), round(0.26 * width_px)) if is_chosen else (0, 0)
        self._panes.sashpos(0, width_px - fields_px - bytes_px)  # type: ignore[no-untyped-call]
        self._panes.sashpos(1, width_px - bytes_px)  # type: ignore[no-untyped-call]
