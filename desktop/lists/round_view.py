"""The finished rounds, a line for each metric."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence

from desktop import theme
from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.model.model import Changes, Model
from desktop.model.words import count_label, metric_label, value_label
from desktop.view import View
from protocol.observer import RoundRow

_COLUMNS = (
    Column("round", 4.2, "e"),
    Column("metric", 7.6),
    Column("max", 4.7, "e"),
    Column("at", 2.6, "e"),
    Column("average", 5.3, "e"),
    Column("nodes", 5.4, "e"),
    Column("exact", 4.2, "center"),
    Column("took", 4.2, "e"),
    Column("frames", 4.6, "e"),
    Column("bytes", 4, "e"),
    Column("repairs", 4.8, "e"),
)
_INEXACT = "inexact"


class RoundView(View):
    """The round table of a model."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, "Rounds")
        self._model = Model()
        self.list = LineList(self.body, _COLUMNS, earlier=self._before)
        self.list.pack(fill="both", expand=True, padx=(theme.em_px() // 2, 0))
        self.repaint()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self.list.begin(model.rows.total)
        self._sum_up()
        model.subscribe(self._on_change)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.list.table.tag_configure(_INEXACT, foreground=theme.current().doubt)

    def _on_change(self, changes: Changes) -> None:
        if changes.rows:
            self.list.add(_lines(self._model.rows.total - len(changes.rows), changes.rows))
            self._sum_up()

    def _before(self, number: int, most: int) -> list[tuple[int, Line]]:
        first = max(number - most, self._model.rows.first)
        return _lines(first, self._model.rows.numbered(first, number))

    def _sum_up(self) -> None:
        rows = self._model.rows
        self.set_summary(f"the last is {rows[-1].round}" if rows else "none finished yet")


def _lines(number: int, rows: Sequence[RoundRow]) -> list[tuple[int, Line]]:
    """With their numbers; the first has that one."""
    return [(place, _line(row)) for place, row in enumerate(rows, number)]


def _line(row: RoundRow) -> Line:
    metric = row.metric
    values = (
        str(row.round),
        metric_label(metric.name).replace(" temperature", " temp."),
        value_label(row.maximum, metric.unit),
        "–" if row.max_id is None else str(row.max_id),
        value_label(row.average, metric.unit),
        count_label(row),
        "saturated" if row.saturated else "yes" if row.exact else "no",
        f"{row.duration_ms / 1000:.2f} s",
        f"{row.frames:,}",
        f"{row.bytes:,}",
        str(row.repairs),
    )
    return Line(values, "" if row.exact else _INEXACT)
