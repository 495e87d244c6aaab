"""How well frames come in, by node and by link, and what waits on the way."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from bridge.peers import Peer, PeerState
from bridge.stream.queueing import QueueMeasure
from desktop import theme
from desktop.lists.lines import LineList
from desktop.lists.table import Line
from desktop.model.links import lost_share
from desktop.model.model import Model
from desktop.plots.link_words import (
    FIGURE_COLUMNS,
    NODE_COLUMNS,
    NODE_HINTS,
    Waiting,
    figure_lines,
    node_line,
    summary_of,
)
from desktop.plots.table import VirtualTable
from desktop.view import View

_COLORS = {PeerState.LATE: "doubt", PeerState.LOST: "maximum", PeerState.LEFT: "muted"}
_WEIGHTS = (12, 11)


class LinksView(View):
    """Nodes beside figures; `refresh` is to be called a few times a second."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, "Links")
        self._model = Model()
        self._told = ""  # what the pointer is on means that
        self.queue: Callable[[], tuple[QueueMeasure | None, float | None]] = lambda: (None, None)
        self.waiting: Callable[[], tuple[Waiting, ...]] = lambda: ()
        halves = ttk.Panedwindow(self.body, orient="horizontal", style="Ground.TPanedwindow")
        halves.pack(fill="both", expand=True)
        self.nodes = VirtualTable(halves, NODE_COLUMNS, self._line, self.refresh, NODE_HINTS, self._hint)
        self.figures = LineList(halves, FIGURE_COLUMNS)
        self.figures.table.bind("<Motion>", lambda event: self._tell_figure(event.y), add=True)
        self.figures.table.bind("<Leave>", lambda event: self._hint(""), add=True)
        for part, weight in zip((self.nodes, self.figures), _WEIGHTS, strict=True):
            halves.add(part, weight=weight)
        self.bind("<Map>", lambda event: self.after_idle(self.refresh), add=True)
        self.repaint()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self.refresh()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        for state, color in _COLORS.items():
            self.nodes.table.tag_configure(str(state), foreground=getattr(palette, color))
        self.figures.table.tag_configure("bad", foreground=palette.doubt)

    def refresh(self) -> None:
        """Show what is there now, if it is seen."""
        if not self.winfo_viewable():
            return
        health = self._model.links
        health.age(self._model.now_us)
        peers = health.nodes
        sort_by: Callable[[Peer], Any] = {
            "node": lambda peer: peer.node,
            "state": lambda peer: list(PeerState).index(peer.state),
            "frames": lambda peer: peer.frames,
            "lost": lambda peer: peer.lost_frames,
            "share": lost_share,
            "twice": lambda peer: health.duplicates[peer.node],
            "silent": lambda peer: -peer.last_heard_us,
            "every": lambda peer: peer.interval_s or 0.0,
            "link": lambda peer: peer.link,
        }[NODE_COLUMNS[self.nodes.sorted_by].title]
        peers.sort(key=sort_by, reverse=self.nodes.is_descending)
        self.nodes.show(peers)
        self.figures.show(figure_lines(health, *self.queue(), self.waiting()))
        self._hint(self._told)

    def _tell_figure(self, y: int) -> None:
        """What it means, for where the column is cut or left out."""
        row = self.figures.table.identify_row(y)
        values = self.figures.table.item(row, "values") if row else ()
        self._hint(f"{values[0]}: {values[2]}" if values else "")

    def _line(self, peer: Peer) -> Line:
        return node_line(peer, self._model.links, self._model.now_us)

    def _hint(self, text: str) -> None:
        self._told = text
        self.set_summary(text or summary_of(self._model.links, self._model.now_us))
