"""Where a filter is typed: what is wrong with it stands below, Up and Down bring what was used before."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from desktop import theme
from desktop.packets.filter import Condition
from desktop.packets.filter_syntax import FilterError, parse
from desktop.shell.focus import focused

_EXAMPLES = "type == data and src == 7 and count < 5     #1234 goes to a packet"
_PAUSE_MS = 300  # after the last key what is typed is judged
_MOST_KEPT = 50


class FilterBar(ttk.Frame):
    """`on_filter` gets a condition, or None for all; `on_go` gets 1234 if that is asked for as #1234."""

    def __init__(
        self,
        master: tk.Misc,
        below: tk.Misc,
        on_filter: Callable[[Condition | None], object],
        on_go: Callable[[int], object],
        on_leave: Callable[[], object],
    ) -> None:
        em = theme.em_px()
        super().__init__(master, padding=(2 * em, em // 4))
        self._below = below
        self._on_filter, self._on_go, self._on_leave = on_filter, on_go, on_leave
        self.history: list[str] = []  # the newest last
        self._place = 0
        self._applied = ""
        self._timer: str | None = None
        ttk.Label(self, text="Filter", style="Muted.TLabel").pack(side="left", padx=(0, em))
        self.entry = ttk.Entry(self)
        self.entry.pack(side="left", fill="x", expand=True)
        self.message = ttk.Label(below, style="Muted.TLabel", padding=(em, 0))
        self.entry.bind("<Return>", lambda event: self.apply())
        self.entry.bind("<KP_Enter>", lambda event: self.apply())
        self.entry.bind("<Escape>", lambda event: self._escape())
        self.entry.bind("<Up>", lambda event: self._recall(-1))
        self.entry.bind("<Down>", lambda event: self._recall(1))
        self.entry.bind("<KeyRelease>", lambda event: self._judge_soon())
        self.entry.bind("<FocusIn>", lambda event: self._judge())
        self.entry.bind("<FocusOut>", lambda event: self._judge())

    def apply(self, text: str | None = None) -> str:
        """Filter by what is typed, or by that."""
        if text is not None:
            self._write(text)
        typed = self.entry.get().strip()
        if number := re.fullmatch(r"#\s*([\d,_]+)", typed):
            self._on_go(int(re.sub(r"[,_]", "", number[1])))
            self._write(self._applied)
            return "break"
        try:
            condition = parse(typed)
        except FilterError as error:
            self._tell(error)
            return "break"
        self._applied = typed
        self._keep(typed)
        self._say("")
        self._on_filter(condition)
        return "break"

    def begin(self, start: str | None = None) -> None:
        """Have the person type, over what is there or after `start`."""
        if start is not None:
            self._write(start)
        self.entry.focus_set()
        self.entry.selection_range(0 if start is None else "end", "end")
        self.entry.icursor("end")

    def _escape(self) -> str:
        """First what is typed goes, then the person."""
        if self.entry.get() != self._applied:
            self._write(self._applied)
            self._judge()
        else:
            self._on_leave()
        return "break"

    def _recall(self, direction: int) -> str:
        self._place = max(0, min(self._place + direction, len(self.history)))
        self._write(self.history[self._place] if self._place < len(self.history) else "")
        self._judge()
        return "break"

    def _judge_soon(self) -> None:
        if self._timer is not None:
            self.after_cancel(self._timer)
        self._timer = self.after(_PAUSE_MS, self._judge)

    def _judge(self) -> None:
        """Say what is wrong while it is typed."""
        self._timer = None
        typed = self.entry.get()
        try:
            if not typed.lstrip().startswith("#"):
                parse(typed)
        except FilterError as error:
            self._tell(error)
            return
        is_new, is_in_use = typed.strip() != self._applied, focused(self) is self.entry
        self._say("Enter filters" if is_new else _EXAMPLES if is_in_use and not typed else "")

    def _tell(self, error: FilterError) -> None:
        self._say(f"column {error.column + 1}: {error}", "Problem.TLabel")

    def _say(self, text: str, style: str = "Muted.TLabel") -> None:
        """A line between the head and the list, as long as there is something to say."""
        self.message.configure(style=style, text=text)
        if not text:
            self.message.pack_forget()
        elif not self.message.winfo_manager():
            self.message.pack(side="top", anchor="w", before=self._below.pack_slaves()[0])

    def _write(self, text: str) -> None:
        self.entry.delete(0, "end")
        self.entry.insert(0, text)

    def _keep(self, typed: str) -> None:
        if typed:
            self.history = [*(text for text in self.history if text != typed), typed][-_MOST_KEPT:]
        self._place = len(self.history)
