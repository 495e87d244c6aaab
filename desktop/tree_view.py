"""The tree of a model: the canvas, a line that sums it up, and the legend."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk
from tkinter.font import nametofont

from desktop import theme
from desktop.card import Card
from desktop.model import Changes, Model, Standing, TreeNode, hung_under
from desktop.model_words import plural
from desktop.tree_canvas import TreeCanvas

_REFRESH_MS = 50  # at most so often, however many frames come
_EMPTY = "No node heard yet.\nThe tree draws itself as frames arrive."
_LEGEND = {
    Standing.ROOT: "root",
    Standing.JOINED: "joined",
    Standing.SEEKING: "seeking",
    Standing.LOST: "lost",
    Standing.HEARD: "only heard",
}


class TreeView(Card):
    """Shows a model's tree."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, "Tree")
        em = theme.em_px()
        self._model = Model()
        self._is_due = False
        self.canvas = TreeCanvas(self.body)
        self.canvas.pack(fill="both", expand=True)
        legend = ttk.Frame(self.body, padding=(em, 0, em, em // 2))
        legend.pack(fill="x")
        self._samples = {standing: ttk.Label(legend, style="Muted.TLabel") for standing in _LEGEND}
        for sample in self._samples.values():
            sample.pack(side="left", padx=(0, em))
        self._hint = ttk.Label(legend, style="Muted.TLabel")
        self._hint.pack(side="right")
        self.canvas.bind("<Configure>", lambda event: self._explain_values(), add=True)
        self.repaint()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self._refresh()
        model.subscribe(self._on_change)

    def show_metric(self, metric_id: int) -> None:
        """Have the nodes bear values of that metric."""
        self.canvas.show_metric(metric_id)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.canvas.repaint()
        size_px = round(nametofont("TkDefaultFont").metrics("linespace") * 0.36)
        for standing, sample in self._samples.items():
            image = self.canvas.images.get(standing, size_px, active=False)
            sample.configure(image=image, text=_LEGEND[standing], compound="left")

    @property
    def node_count(self) -> int:
        """How many nodes are drawn."""
        return self.canvas.node_count

    def _on_change(self, changes: Changes) -> None:
        self.canvas.flash(changes.sent)
        if not self._is_due:
            self._is_due = True
            self.after(_REFRESH_MS, self._refresh)

    def _refresh(self) -> None:
        self._is_due = False
        nodes = self._model.tree()
        by_id = {node.id: node for node in nodes}
        self.canvas.show(by_id, hung_under(nodes), self._model.observer.root, self._model.now_us)
        self.canvas.say("" if nodes else _EMPTY)
        self.set_summary(_summary(nodes))
        self._explain_values()

    def _explain_values(self) -> None:
        self._hint.configure(text="values: average of the subtree" if self.canvas.has_values else "")


def _summary(nodes: Sequence[TreeNode]) -> str:
    if not nodes:
        return ""
    hops = max(node.hop_count or 0 for node in nodes)
    parts = [plural(len(nodes), "node"), plural(hops, "hop") + " deep"]
    for standing, name in ((Standing.SEEKING, "seeking"), (Standing.LOST, "lost")):
        if count := sum(node.standing is standing for node in nodes):
            parts.append(f"{count} {name}")
    return ", ".join(parts)
