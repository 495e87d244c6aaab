"""Keys and what each node is told, written into a folder; then what to do with it, node by node."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING

import ttkbootstrap

from bridge.keys_file import KEYRING
from desktop.dialogs import Dialog
from desktop.editor.task import Task
from desktop.keep.file_manager import reveal
from firmware.field.description import Field
from firmware.field.provision import KEYS_FILE, Made, provision_all

if TYPE_CHECKING:
    from desktop.window import Window

_WIDTH_EM = 46
_ROWS = 8
_COLUMNS = (("node", 4), ("board", 7), ("roles", 12), ("next", 30))


class ProvisionDialog(Dialog):
    """`description` is the field's file, as it is saved; `folder` the last one that was written to."""

    def __init__(self, window: Window, field: Field, description: Path) -> None:
        super().__init__(window.root, "Provision")
        self._window = window
        self._field = field
        self._description = description
        self.task: Task[Sequence[Made]] | None = None
        self.folder = tk.StringVar(self, str(description.parent / field.name))
        self._in_keyring = tk.BooleanVar(self)
        self.add_heading(f"Provision {field.name}")
        keys = (
            ""
            if field.is_open
            else " Keys that are there already are kept; new ones are of this field alone."
        )
        self.add_text(
            "Writes what each node is told: settings for boards, configuration and a service for Pis." + keys
        )
        row = ttk.Frame(self.body)
        row.pack(fill="x", pady=(self.em, 0))
        ttk.Label(row, text="Folder").pack(side="left", padx=(0, self.em // 2))
        ttkbootstrap.Button(row, text="Choose …", command=self._choose, bootstyle="secondary-outline").pack(
            side="right", padx=(self.em // 2, 0)
        )
        ttk.Entry(row, textvariable=self.folder, width=_WIDTH_EM).pack(side="left", fill="x", expand=True)
        if not field.is_open:
            ttkbootstrap.Checkbutton(
                self.body, text="Keep the master key in the system's keyring, not in a file",
                variable=self._in_keyring,
            ).pack(anchor="w", pady=(self.em // 2, 0))  # fmt: skip
        self.told = ttk.Label(self.body, wraplength=_WIDTH_EM * self.em, justify="left")
        self.table = ttk.Treeview(
            self.body, columns=[name for name, _ in _COLUMNS], show="headings", style="Lines.Treeview",
            height=_ROWS,
        )  # fmt: skip
        for name, width_em in _COLUMNS:
            self.table.heading(name, text=name, anchor="w")
            self.table.column(name, width=width_em * self.em, stretch=name == "next")
        self.table.bind("<Control-c>", lambda event: self._copy())
        self.table.bind("<<TreeviewSelect>>", lambda event: self._show_step())
        self.step = ttk.Label(self.body, style="Muted.TLabel", wraplength=_WIDTH_EM * self.em, justify="left")
        self.add_button("Write", self.write, is_default=True)
        self.add_button("Close", self.destroy)
        self.open()

    def write(self) -> None:
        """Write it all, and show what there is to do next."""
        if self.task is not None and self.task.is_running:
            return
        folder = Path(self.folder.get().strip()).expanduser()
        where = KEYRING + self._field.name if self._in_keyring.get() else str(folder / KEYS_FILE)
        self._tell("writing ...")
        self.task = Task(
            self,
            lambda say: provision_all(self._field, folder, where, self._description)[1],
            on_done=lambda made: self._show(made, folder),
            on_failure=lambda why: self._tell(why, is_problem=True),
        )

    def _show(self, made: Sequence[Made], folder: Path) -> None:
        self.table.delete(*self.table.get_children())
        for one in made:
            self.table.insert("", "end", values=(one.node, one.board, one.roles, one.next_step))
        if not self.table.winfo_manager():
            self.table.pack(fill="both", expand=True, pady=(self.em, 0))
            self.step.pack(anchor="w", pady=(self.em // 2, 0))
            self.add_button("Show the folder", lambda: self._reveal(folder))
            self.add_button("Copy this step", self._copy)
        self.table.selection_set(self.table.get_children()[0])
        kept = "OPEN: anybody may take part" if self._field.is_open else "sealed; keep its keys safe"
        self._tell(f"{len(made)} nodes are written to {folder}, {kept}. What to do next with each:")

    def _tell(self, text: str, *, is_problem: bool = False) -> None:
        self.told.configure(text=text, style="Problem.TLabel" if is_problem else "TLabel")
        if not self.told.winfo_manager():
            self.told.pack(anchor="w", pady=(self.em, 0))

    def _choose(self) -> None:
        chosen = self._window.ask_folder("A folder for what the nodes are told")
        if chosen is not None:
            self.folder.set(str(chosen))

    def _reveal(self, folder: Path) -> None:
        reveal(folder, lambda heading, text: self._tell(text, is_problem=True))

    def _show_step(self) -> None:
        """As a whole: in the table its end is cut."""
        chosen = self.table.selection()
        text = str(self.table.set(chosen[0], "next")) if chosen else ""
        is_board = text.startswith("treering flash")
        self.step.configure(text=f"Flash … does it here; or: {text}" if is_board else text)

    def _copy(self) -> None:
        lines = [str(self.table.set(item, "next")) for item in self.table.selection()]
        self.clipboard_clear()
        self.clipboard_append("\n".join(lines))
