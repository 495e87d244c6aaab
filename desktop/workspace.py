"""The views of a session, side by side, with sashes between them."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.card import Card
from desktop.lists.event_view import EventView
from desktop.lists.round_view import RoundView
from desktop.model.model import Model
from desktop.network.view import NetworkView
from desktop.plots.panel_view import PanelView
from desktop.plots.view import PlotView

_WEIGHTS_ACROSS = (11, 9)
_WEIGHTS_BELOW = (12, 13)
_WEIGHTS_DOWN = (13, 7)


class Workspace(ttk.Frame):
    """Network and plots (or panels) above, events and rounds below."""

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, style="Ground.TFrame", padding=em // 2)
        down = ttk.Panedwindow(self, orient="vertical", style="Ground.TPanedwindow")
        above = ttk.Panedwindow(down, orient="horizontal", style="Ground.TPanedwindow")
        below = ttk.Panedwindow(down, orient="horizontal", style="Ground.TPanedwindow")
        down.pack(fill="both", expand=True)
        self.network = NetworkView(above)
        stage = ttk.Frame(above)
        self.plot = PlotView(stage, on_metric=self.network.show_metric)
        self.panels = PanelView(stage)
        self.events = EventView(below)
        self.rounds = RoundView(below)
        for pane, views, weights in (
            (above, (self.network, stage), _WEIGHTS_ACROSS),
            (below, (self.events, self.rounds), _WEIGHTS_BELOW),
            (down, (above, below), _WEIGHTS_DOWN),
        ):
            for view, weight in zip(views, weights, strict=True):
                pane.add(view, weight=weight)
        for card, text, icon in ((self.plot, "each node", "grid"), (self.panels, "over time", "graph-up")):
            button = ttkbootstrap.Button(
                card.head, text=text, icon=icon, command=self.toggle_panels, bootstyle="ghost"
            )
            card.pack_control(button)
        self.plot.pack(fill="both", expand=True)
        self._panes = {above: _WEIGHTS_ACROSS, below: _WEIGHTS_BELOW, down: _WEIGHTS_DOWN}
        self.bind("<Map>", lambda event: self.after_idle(self._divide), add=True)

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        for view in self._views:
            view.attach(model)

    def toggle_panels(self) -> None:
        """In the place of the plots over time, the nodes' readings of the last round; or the other way."""
        cards: tuple[Card, Card] = (self.plot, self.panels)
        new, old = cards if self.panels.winfo_manager() else reversed(cards)
        old.pack_forget()
        new.pack(fill="both", expand=True)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for view in self._views:
            view.repaint()

    @property
    def _views(self) -> tuple[NetworkView, PlotView, PanelView, EventView, RoundView]:
        return self.network, self.plot, self.panels, self.events, self.rounds

    def _divide(self) -> None:
        """Set the sashes by weight: Tk's own division goes by what the views request."""
        for pane, (first, second) in self._panes.items():
            size = pane.winfo_width() if str(pane.cget("orient")) == "horizontal" else pane.winfo_height()
            pane.sashpos(0, round(size * first / (first + second)))  # type: ignore[no-untyped-call]
