"""The four views of a session, side by side, with sashes between them."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from desktop import theme
from desktop.event_view import EventView
from desktop.model import Model
from desktop.plot_view import PlotView
from desktop.round_view import RoundView
from desktop.tree_view import TreeView

_WEIGHTS_ACROSS = (11, 9)
_WEIGHTS_BELOW = (12, 13)
_WEIGHTS_DOWN = (13, 7)


class Workspace(ttk.Frame):
    """Tree and plots above, events and rounds below."""

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, style="Ground.TFrame", padding=em // 2)
        down = ttk.Panedwindow(self, orient="vertical", style="Ground.TPanedwindow")
        above = ttk.Panedwindow(down, orient="horizontal", style="Ground.TPanedwindow")
        below = ttk.Panedwindow(down, orient="horizontal", style="Ground.TPanedwindow")
        down.pack(fill="both", expand=True)
        self.tree = TreeView(above)
        self.plot = PlotView(above, on_metric=self.tree.show_metric)
        self.events = EventView(below)
        self.rounds = RoundView(below)
        for pane, views, weights in (
            (above, (self.tree, self.plot), _WEIGHTS_ACROSS),
            (below, (self.events, self.rounds), _WEIGHTS_BELOW),
            (down, (above, below), _WEIGHTS_DOWN),
        ):
            for view, weight in zip(views, weights, strict=True):
                pane.add(view, weight=weight)
        self._panes = {above: _WEIGHTS_ACROSS, below: _WEIGHTS_BELOW, down: _WEIGHTS_DOWN}
        self.bind("<Map>", lambda event: self.after_idle(self._divide), add=True)

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        for view in (self.tree, self.plot, self.events, self.rounds):
            view.attach(model)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for view in (self.tree, self.plot, self.events, self.rounds):
            view.repaint()

    def _divide(self) -> None:
        """Set the sashes by weight: Tk's own division goes by what the views request."""
        for pane, (first, second) in self._panes.items():
            size = pane.winfo_width() if str(pane.cget("orient")) == "horizontal" else pane.winfo_height()
            pane.sashpos(0, round(size * first / (first + second)))  # type: ignore[no-untyped-call]
