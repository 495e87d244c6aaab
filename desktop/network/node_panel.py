"""All about one node, beside the network: its numbers and readings, how it stood, and what happened."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.model.model import Model
from desktop.model.words import duration_label
from desktop.network.node_history import NodeHistory, Spark, history_of
from desktop.network.sparkline import Sparkline, StandingStrip

WIDTH_EM = 21
_MOST_LINES = 14


class NodePanel(ttk.Frame):
    """`close` is what its button and Escape do."""

    def __init__(self, master: tk.Misc, close: Callable[[], object]) -> None:
        em = self._em = theme.em_px()
        super().__init__(master, padding=(em, em // 2, em, em // 2), width=WIDTH_EM * em)
        self.pack_propagate(False)
        self.grid_propagate(False)
        self._shown: NodeHistory | None = None
        head = ttk.Frame(self)
        head.pack(fill="x")
        self._title = ttk.Label(head, style="Title.TLabel")
        self._title.pack(side="left")
        button = ttkbootstrap.Button(head, text="Close", command=close, bootstyle="secondary-outline")
        button.pack(side="right")

        def shut(event: tk.Event[tk.Misc]) -> str:
            close()
            return "break"

        button.bind("<Escape>", shut)
        self._facts = ttk.Label(self, justify="left", wraplength=(WIDTH_EM - 2) * em)
        self._facts.pack(anchor="w", pady=(em // 2, 0))
        self._sparks = ttk.Frame(self)
        self._sparks.pack(fill="x")
        self._sparks.columnconfigure(1, weight=1)
        self._lines: dict[str, tuple[ttk.Label, Sparkline]] = {}
        self._head("How it stood")
        self._strip = StandingStrip(self)
        self._strip.pack(fill="x")
        self._head("What happened, the newest first")
        self._events = ttk.Label(self, justify="left", style="Muted.TLabel", wraplength=(WIDTH_EM - 2) * em)
        self._events.pack(anchor="w")

    def show(self, model: Model, node: int, facts: Sequence[str]) -> None:
        """All about that node of the model; `facts` are what its picture tells."""
        history = history_of(model, node)
        told = tuple(f"{spark.label} {spark.last}" for spark in history.sparks)  # beside their lines
        facts = [line.removeprefix(f"node {node}: ") for line in facts if line not in told]
        self._say(self._title, f"Node {node}")
        self._say(self._facts, "\n".join(filter(None, [*facts, history.frames])))
        if history == self._shown:
            return
        self._shown = history
        for label in self._lines.keys() - {spark.label for spark in history.sparks}:
            for widget in self._lines.pop(label):
                widget.destroy()
        for spark in history.sparks:
            self._show_spark(spark)
        self._strip.show(history.spans)
        lines = [
            f"{duration_label(model.seconds(line.timestamp_us))}  {line.text}" for line in history.events
        ]
        self._say(self._events, "\n".join(lines[:_MOST_LINES]) or "nothing that was heard")

    def repaint(self) -> None:
        """Take the colours of the theme in use, with the next `show`."""
        self._shown = None

    def _show_spark(self, spark: Spark) -> None:
        if spark.label not in self._lines:
            row = len(self._lines)
            label = ttk.Label(self._sparks)
            label.grid(row=row, column=0, sticky="w")
            line = Sparkline(self._sparks)
            line.grid(row=row, column=1, sticky="ew", padx=(self._em // 2, 0))
            self._lines[spark.label] = label, line
        label, line = self._lines[spark.label]
        self._say(label, f"{spark.label} {spark.last}")
        line.show(spark)

    def _head(self, text: str) -> None:
        label = ttk.Label(self, text=text, style="Muted.TLabel")
        label.pack(anchor="w", pady=(self._em // 2, 0))

    def _say(self, label: ttk.Label, text: str) -> None:
        if label.cget("text") != text:
            label.configure(text=text)
