"""A node's image and settings onto the board at a port, with its progress."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys, load_keys
from desktop.connect.port_watch import PortWatch
from desktop.dialogs import Dialog
from desktop.editor.task import Task
from firmware.field.description import Board, Field
from firmware.field.flash import TARGETS, flash
from firmware.field.provision import KEYS_FILE

if TYPE_CHECKING:
    from desktop.window import Window

_WIDTH_EM = 40
_REFRESH_MS = 300
_BAR_MARKS = 50  # of avrdude, for each part of its work
_NO_BOARD = "No board is plugged in yet; its port appears here by itself."
_USUAL = "usual"
_BAUDS = (_USUAL, "57600", "115200")


class FlashDialog(Dialog):
    """For one board after the other. `do` writes one, as `firmware.field.flash.flash` does."""

    def __init__(
        self, window: Window, field: Field, folder: Path, chosen: int | None, do: Callable[..., str] = flash
    ) -> None:
        super().__init__(window.root, "Flash")
        self._field = field
        self._do = do
        self.task: Task[str] | None = None
        self._boards = {f"node {n.node_id}, {n.board}": n for n in field.nodes if n.board.is_arduino}
        first = next((name for name, n in self._boards.items() if n.node_id == chosen), None)
        self.node = tk.StringVar(self, first or next(iter(self._boards)))
        self.port = tk.StringVar(self)
        self.keys_file = tk.StringVar(self, str(folder / KEYS_FILE))
        self.baud = tk.StringVar(self, _USUAL)
        self.add_heading("Flash a board")
        self.add_text("Plug the board in, say which node it is to be, and it is written and started.")
        form = ttk.Frame(self.body)
        form.pack(fill="x", pady=(self.em, 0))
        form.columnconfigure(1, weight=1)
        self._ports = ttk.Combobox(form, textvariable=self.port)
        rows: list[tuple[str, ttk.Widget]] = [
            ("node", ttk.Combobox(form, textvariable=self.node, values=list(self._boards), state="readonly")),
            ("port", self._ports),
            ("baud", ttk.Combobox(form, textvariable=self.baud, values=_BAUDS, state="readonly")),
        ]
        if not field.is_open:
            rows.append(("keys", ttk.Entry(form, textvariable=self.keys_file, width=_WIDTH_EM)))
        for row, (label, widget) in enumerate(rows):
            ttk.Label(form, text=label.capitalize()).grid(row=row, column=0, sticky="w", padx=(0, self.em))
            widget.grid(row=row, column=1, sticky="ew", pady=self.em // 4)
        self.bar = ttk.Progressbar(self.body, maximum=100)
        self.told = ttk.Label(self.body, wraplength=_WIDTH_EM * self.em, justify="left")
        self.told.pack(anchor="w", pady=(self.em, 0))
        self.add_button("Flash", self.write, is_default=True)
        self.add_button("Close", self._leave)
        self.protocol("WM_DELETE_WINDOW", self._leave)
        self.bind("<Escape>", lambda event: self._leave())
        self._watch = PortWatch()
        self._watch.start()
        self._refresh()
        self.open()

    def write(self) -> None:
        """Write the chosen node to the board at the chosen port."""
        if self.task is not None and self.task.is_running:
            return
        node = self._boards[self.node.get()]
        port = self.port.get().partition("  ")[0].strip()
        if not port:
            self._tell("there is no port; plug the board in, and choose its port", is_problem=True)
            return
        baud = None if self.baud.get() == _USUAL else int(self.baud.get())
        self._bar_marks = 0
        self.bar.configure(value=0)
        self.bar.pack(fill="x", pady=(self.em, 0), before=self.told)

        def work(say: Callable[[object], None]) -> str:
            keys = None if self._field.is_open else self._load_keys()
            return self._do(self._field, node, port, keys, baud=baud, on_step=say, on_output=say)

        self.task = Task(
            self,
            work,
            on_message=self._heed,
            on_done=self._done,
            on_failure=lambda why: self._tell(why, is_problem=True),
        )

    def _load_keys(self) -> NetworkKeys:
        where = self.keys_file.get().strip()
        keys = load_keys(where)
        if keys.master is None:
            raise UsageError(f"{where}: a member's keys make no other node; give the field's own")
        return keys

    def _heed(self, message: object) -> None:
        """Words are what is done now; bytes what avrdude prints: a row of marks for each part of its work."""
        if isinstance(message, bytes):
            self._bar_marks += message.count(b"#")
            self.bar.configure(value=100 * (self._bar_marks % _BAR_MARKS) / _BAR_MARKS)
        else:
            self._tell(str(message))

    def _done(self, told: str) -> None:
        self.bar.configure(value=100)
        self._tell(f"{told}. Plug in the next board, or close.")

    def _tell(self, text: str, *, is_problem: bool = False) -> None:
        self.told.configure(text=text, style="Problem.TLabel" if is_problem else "TLabel")

    def _refresh(self) -> None:
        """Ports come and go."""
        if not self.winfo_exists():
            return
        found = [f"{port.device}  {port.board}" for port in self._watch.boards]
        self._ports.configure(values=found)
        if found and not self.port.get():
            self.port.set(found[0])
        told = str(self.told.cget("text"))
        if not told and not found:
            self._tell(_NO_BOARD)
        elif told == _NO_BOARD and found:
            self._tell("")
        self.after(_REFRESH_MS, self._refresh)

    def _leave(self) -> None:
        """A board that is half written starts no more, so it is written to its end."""
        if self.task is not None and self.task.is_running:
            self._tell("a board that is half written does not start; wait until it is done")
        else:
            self._watch.stop()
            self.destroy()


assert {board for board in Board if board.is_arduino} == set(TARGETS)
