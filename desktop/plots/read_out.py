"""The values at the cursors, and their differences."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Iterator
from tkinter import ttk

from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.model.words import metric_label, unit_label
from desktop.plots.chart import Chart
from desktop.plots.viewport import time_label
from protocol.aggregate import metric_of

_COLUMNS = (
    Column("at the cursors", 9),
    Column("A", 6.5, "e", stretches=False),
    Column("B", 6.5, "e", stretches=False),
    Column("B − A", 6, "e", stretches=False),
    Column("per minute", 7, "e", stretches=False),
)
_MOST_ROWS, _MOST_SHARE = 6, 0.45  # of the height that the plot has with it


class ReadOut(LineList):
    """There while there is a cursor."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, _COLUMNS)

    def show_cursors(self, chart: Chart) -> None:
        """The values of all lines of the chart, as it was drawn."""
        if not chart.cursors_s:
            self.pack_forget()
            return
        lines = list(read_out_lines(chart))
        self.show(lines)
        row_px = int(ttk.Style(self).lookup("Lines.Treeview", "rowheight"))
        room = int(_MOST_SHARE * self.master.winfo_height() / row_px) - 1
        self.ask_for(max(1, min(_MOST_ROWS, len(lines), room)))
        if not self.winfo_manager():
            # Before the plot, which asks for the height that it has.
            self.pack(side="bottom", fill="x", before=self.master.pack_slaves()[0])


def read_out_lines(chart: Chart) -> Iterator[Line]:
    """The times, then each line's last value up to each cursor."""
    times = [chart.cursors_s.get(name) for name in ("A", "B")]
    a_s, b_s = times
    epoch_us = chart.model.start_us or 0
    told = ["" if at is None else time_label(at, chart.clock, epoch_us) for at in times]
    between_s = None if a_s is None or b_s is None else b_s - a_s
    yield Line(("time", *told, "" if between_s is None else f"{between_s:+.1f} s", ""))
    for shown in chart.shown:
        metric = metric_of(shown.pane.metric_id)
        for line in reversed(shown.lines):
            found = [None if at is None else line.value_at(at) for at in times]
            values = [math.nan if one is None else one[1] for one in found]
            texts = ["" if at is None else line.label(value) for at, value in zip(times, values, strict=True)]
            difference = values[1] - values[0]
            if math.isfinite(difference):
                unit = f" {unit_label(line.unit)}" if line.unit else ""
                slope = f"{60 * difference / between_s:+.2g}" if between_s else ""
                texts += [f"{difference:+.1f}{unit}" if unit else f"{difference:+g}", slope]
            yield Line((f"{metric_label(metric.name)} {line.name}", *texts, *[""] * (4 - len(texts))))
