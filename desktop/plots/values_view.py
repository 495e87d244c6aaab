"""The values of each node now and in the session, in a table."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from bridge.status_view import span_text
from desktop import theme
from desktop.lists.table import Column, Line
from desktop.model.model import Model
from desktop.model.words import metric_label, plural, value_label
from desktop.plots.figures import Key, NodeFigures
from desktop.plots.table import VirtualTable
from desktop.view import View
from protocol.aggregate import metric_of

_COLUMNS = (
    Column("node", 4, "e", stretches=False),
    Column("metric", 8),
    Column("last", 5.5, "e"),
    Column("age", 5, "e"),
    Column("max", 5.5, "e"),
    Column("average", 6.2, "e"),
    Column("min", 5.5, "e"),
    Column("readings", 6, "e"),
    Column("lately", 11, stretches=False),
)
_HINTS = (
    "the node's id",
    "what it measures",
    "its newest reading",
    "how long ago that came, in the time of the log",
    "the greatest of its readings in this session",
    "the mean of its readings in this session",
    "the least of its readings in this session",
    "so many were told: a tree tells those of leaves, and of who read the maximum",
    "its newest readings, each bar between the least and the greatest of them",
)
_ALL = "all metrics"
_NONE_TOLD = "No reading yet: they appear here as nodes tell their own."
_STALE_S = 60.0


class ValuesView(View):
    """A row for each node and metric; `refresh` is to be called a few times a second."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, "Values")
        self._figures = NodeFigures()
        self._told = ""  # what the pointer is on means that
        self._metric_ids: list[int] = []
        self._metric_id: int | None = None
        self._chooser = ttk.Combobox(self.head, state="readonly", width=14, values=[_ALL])
        self._chooser.current(0)
        self._chooser.bind("<<ComboboxSelected>>", lambda event: self._choose())
        self.pack_control(self._chooser)
        self.table = VirtualTable(self.body, _COLUMNS, self._line, self.refresh, _HINTS, self._hint)
        self.table.pack(fill="both", expand=True, padx=(theme.em_px() // 2, 0))
        self.bind("<Map>", lambda event: self.after_idle(self.refresh), add=True)
        self.repaint()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._figures.attach(model)
        self.refresh()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.table.table.tag_configure("stale", foreground=theme.current().muted)

    def refresh(self) -> None:
        """Show what is there now, if it is seen."""
        if not self.winfo_viewable():
            return
        figures = self._figures
        metric_ids = sorted({metric for _, metric in figures.model.node_series})
        if metric_ids != self._metric_ids:
            self._metric_ids = metric_ids
            names = [metric_label(metric_of(metric_id).name) for metric_id in metric_ids]
            self._chooser.configure(values=[_ALL, *names])
        keys = figures.keys(self._metric_id)
        keys.sort()
        self._sort(keys)
        self.table.show(keys)
        self._hint(self._told)

    def _sort(self, keys: list[Key]) -> None:
        """By what is shown; those of one value by node. What there is not stands last."""
        figures, by = self._figures, _COLUMNS[self.table.sorted_by].title
        sort_by = {
            "node": lambda key: float(key[0]),
            "metric": lambda key: float(key[1]),
            "last": figures.last,
            "age": figures.age_s,
            "max": lambda key: figures.of(key).high,
            "average": lambda key: figures.of(key).average,
            "min": lambda key: figures.of(key).low,
            "readings": lambda key: float(figures.of(key).count),
            "lately": figures.last,
        }[by]
        sign = -1 if self.table.is_descending else 1
        placed = {key: sort_by(key) for key in keys}
        keys.sort(key=lambda key: (placed[key] != placed[key], sign * placed[key]))

    def _line(self, key: Key) -> Line:
        node, metric_id = key
        metric, found = metric_of(metric_id), self._figures.of(key)
        values = (
            str(node),
            metric_label(metric.name),
            *(value_label(value, metric.unit) if value == value else "–" for value in (found.last,)),
            f"{span_text(found.age_s)} ago" if found.age_s == found.age_s else "–",
            *(
                value_label(value, metric.unit) if value == value else "–"
                for value in (found.high, found.average, found.low)
            ),
            f"{found.count:,}",
            self._figures.spark(key),
        )
        return Line(values, "stale" if found.age_s > _STALE_S else "")

    def _choose(self) -> None:
        index = self._chooser.current()
        self._metric_id = None if index <= 0 else self._metric_ids[index - 1]
        self._chooser.selection_clear()
        self.refresh()

    def _hint(self, text: str) -> None:
        self._told = text
        nodes = {node for node, _ in self._figures.model.node_series}
        told = f"{plural(len(nodes), 'node')} told readings of their own" if nodes else _NONE_TOLD
        self.set_summary(text or told)
