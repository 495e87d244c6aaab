"""Which axes the plot has, and what stands on them."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

import ttkbootstrap

from desktop.dialogs import Dialog
from desktop.model.model import Model
from desktop.model.words import metric_label
from desktop.plots.pane import COUNT_LINES, MOST_PANES, NAMES, VALUE_LINES, Pane
from protocol.aggregate import metric_of

_NOTHING, _BOUNDS = "–", "bounds"
_HEADS = ("axis", "of", *(NAMES[line] for line in VALUE_LINES), _BOUNDS, "readings of nodes")
_HINT = (
    "Least told: the least reading that a node told of itself; a tree does not gather the minimum of all."
    " Bounds: the average of all nodes alive lies between them."
    ' Readings of nodes: such as "3, 7-9", or "all".'
)
_MOST_NODE = 0xFFFE


class AxesDialog(Dialog):
    """Hands over what is chosen as soon as it is; `done` gets the axes."""

    def __init__(
        self,
        parent: tk.Misc,
        model: Model,
        panes: tuple[Pane, ...],
        done: Callable[[tuple[Pane, ...]], object],
    ) -> None:
        super().__init__(parent, "Axes and lines")
        self._done = done
        self.add_heading("Axes and lines")
        metrics = sorted({*model.series, *(metric for _, metric in model.node_series)})
        self._subjects: list[tuple[int, bool] | None] = [None]
        self._subjects += [(metric, is_count) for metric in metrics for is_count in (False, True)]
        table = ttk.Frame(self.body)
        table.pack(anchor="w", pady=(self.em, 0))
        for column, text in enumerate(_HEADS):
            label = ttk.Label(table, text=text, style="Muted.TLabel")
            label.grid(row=0, column=column, sticky="w", padx=self.em // 3)
        texts = [_subject_text(subject) for subject in self._subjects]
        self.rows = [
            _Row(table, i + 1, texts, self._subjects, pane, self._hand_over)
            for i, pane in enumerate([*panes, *[None] * MOST_PANES][:MOST_PANES])
        ]
        self.add_text(_HINT)
        self._problem = ttk.Label(self.body, style="Problem.TLabel")
        self._problem.pack(anchor="w")
        self.add_button("Close", self.destroy, is_default=True)

    def _hand_over(self) -> None:
        try:
            panes = tuple(pane for row in self.rows if (pane := row.pane()) is not None)
        except ValueError as error:
            self._problem.configure(text=str(error))
            return
        self._problem.configure(text="")
        self._done(panes)


class _Row:
    """One axis."""

    def __init__(
        self,
        table: ttk.Frame,
        row: int,
        texts: list[str],
        subjects: list[tuple[int, bool] | None],
        pane: Pane | None,
        changed: Callable[[], object],
    ) -> None:
        self._subjects, self._changed = subjects, changed
        ttk.Label(table, text=str(row)).grid(row=row, column=0)
        self.subject = ttk.Combobox(table, values=texts, state="readonly", width=24)
        subject = None if pane is None else (pane.metric_id, pane.is_count)
        self.subject.current(subjects.index(subject) if subject in subjects else 0)
        self.subject.bind("<<ComboboxSelected>>", lambda event: self._change())
        self.subject.grid(row=row, column=1, pady=2)
        chosen = ("maximum", "average") if pane is None or pane.is_count else pane.lines
        with_bounds = True if pane is None or pane.is_count else pane.with_bounds
        chosen = (*chosen, _BOUNDS) if with_bounds else chosen
        self.lines: dict[str, ttk.Checkbutton] = {}
        for column, name in enumerate((*VALUE_LINES, _BOUNDS), 2):
            check = ttkbootstrap.Checkbutton(table, command=self._change)
            check.state(["!alternate", "selected" if name in chosen else "!selected"])
            check.grid(row=row, column=column)
            self.lines[name] = check
        self.nodes = ttk.Entry(table, width=16)
        self.nodes.insert(0, "" if pane is None else "all" if pane.with_all else nodes_text(pane.nodes))
        self.nodes.bind("<KeyRelease>", lambda event: self._changed())
        self.nodes.grid(row=row, column=len(_HEADS) - 1, padx=(4, 0))
        self._allow()

    def pane(self) -> Pane | None:
        """What is chosen; None: no such axis. Raises ValueError."""
        subject = self._subjects[self.subject.current()]
        if subject is None:
            return None
        metric_id, is_count = subject
        if is_count:
            return Pane(metric_id, COUNT_LINES, with_bounds=False)
        lines = tuple(line for line in VALUE_LINES if self.lines[line].instate(["selected"]))
        nodes, with_all = nodes_of(self.nodes.get())
        return Pane(metric_id, lines, self.lines[_BOUNDS].instate(["selected"]), nodes, with_all)

    def _change(self) -> None:
        self.subject.selection_clear()
        self._allow()
        self._changed()

    def _allow(self) -> None:
        """Only an axis of values has lines to choose."""
        subject = self._subjects[self.subject.current()]
        state = "!disabled" if subject is not None and not subject[1] else "disabled"
        for widget in (*self.lines.values(), self.nodes):
            widget.state([state])


def nodes_of(text: str) -> tuple[tuple[int, ...], bool]:
    """The nodes that a person names, and whether all are meant. Raises ValueError."""
    if text.strip().lower() == "all":
        return (), True
    found: set[int] = set()
    for part in filter(None, re.split(r"[\s,;]+", text.strip())):
        match = re.fullmatch(r"(\d{1,5})(?:[-–](\d{1,5}))?", part)
        if match is None:
            raise ValueError(f'"{part}" is no node; write such as 3, 7-9, or all')
        first, last = int(match[1]), int(match[2] or match[1])
        found.update(range(first, min(last, _MOST_NODE) + 1))
    return tuple(sorted(found)), False


def nodes_text(nodes: tuple[int, ...]) -> str:
    """As a person would write them."""
    runs: list[list[int]] = []
    for node in nodes:
        if runs and runs[-1][-1] == node - 1:
            runs[-1].append(node)
        else:
            runs.append([node])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _subject_text(subject: tuple[int, bool] | None) -> str:
    if subject is None:
        return _NOTHING
    metric_id, is_count = subject
    label = metric_label(metric_of(metric_id).name)
    return f"nodes counted, {label}" if is_count else label
