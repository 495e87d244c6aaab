"""What to export, of which time, in which format: one dialog for all of it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk

from desktop.dialogs import Dialog
from desktop.keep.export import What
from desktop.model.words import duration_label

EVER_US = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the log, from `from_us` on and before `to_us`, and what people call it."""

    label: str
    from_us: int = 0
    to_us: int = EVER_US


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person wants; `format` is its name (desktop.keep.export), `suffix` the end of the file's."""

    what: What
    span: Span
    format: str

    @property
    def suffix(self) -> str:
        """With the dot."""
        return self.what.formats[self.format]


class ExportDialog(Dialog):
    """`on_choice` hears what a person wants; the dialog is gone by then."""

    def __init__(self, parent: tk.Misc, spans: Sequence[Span], on_choice: Callable[[Choice], object]) -> None:
        super().__init__(parent, "Export")
        self._spans = spans
        self._on_choice = on_choice
        self.add_heading("Export")
        grid = ttk.Frame(self.body)
        grid.pack(fill="x", pady=(self.em, 0))
        grid.columnconfigure(1, weight=1)
        self.what = self._add_line(grid, "What", [what.label for what in What])
        self.span = self._add_line(grid, "Time", [span.label for span in spans])
        self.format = self._add_line(grid, "Format", [])
        self._hint = ttk.Label(self.body, style="Muted.TLabel", wraplength=30 * self.em, justify="left")
        self._hint.pack(anchor="w", pady=(self.em, 0))
        self.what.bind("<<ComboboxSelected>>", lambda event: self.fit())
        self.fit()
        self.add_button("Export …", self.choose, is_default=True)
        self.add_button("Cancel", self.destroy)

    def fit(self) -> None:
        """What is chosen decides what else can be."""
        what = self._what
        formats = list(what.formats)
        self.format.configure(values=formats)
        if self.format.get() not in formats:
            self.format.current(0)
        self.span.configure(state="readonly" if what.kind else "disabled")
        self._hint.configure(
            text="Read from the packet log in the background; it can be cancelled."
            if what.kind
            else "As it is on the screen now."
        )

    def choose(self) -> None:
        """That it is."""
        choice = Choice(self._what, self._spans[self.span.current()], self.format.get())
        self.destroy()
        self._on_choice(choice)

    @property
    def _what(self) -> What:
        return list(What)[self.what.current()]

    def _add_line(self, grid: ttk.Frame, label: str, values: Sequence[str]) -> ttk.Combobox:
        row = grid.grid_size()[1]
        ttk.Label(grid, text=label).grid(row=row, column=0, sticky="w", padx=(0, 2 * self.em))
        box = ttk.Combobox(grid, values=list(values), state="readonly", width=34)
        box.grid(row=row, column=1, sticky="ew", pady=self.em // 4)
        if values:
            box.current(0)
        return box


def span_of(label: str, start_us: int, from_s: float, to_s: float) -> Span:
    """Of seconds since the first record."""
    times = f"{duration_label(from_s)} to {duration_label(to_s)}"
    return Span(f"{label}: {times}", start_us + max(0, round(from_s * 1e6)), start_us + round(to_s * 1e6) + 1)
