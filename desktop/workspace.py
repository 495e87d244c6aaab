"""The views of a session: the network beside the stage, and tabs below, with sashes between them."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from desktop import theme
from desktop.lists.event_view import EventView
from desktop.lists.round_view import RoundView
from desktop.model.model import Model
from desktop.network.view import NetworkView
from desktop.page import Page
from desktop.plots.panel_view import PanelView
from desktop.plots.view import PlotView
from desktop.sources.session import Session
from desktop.view import View

_WEIGHTS_ACROSS = (11, 9)
_WEIGHTS_BELOW = (12, 13)
_WEIGHTS_DOWN = (13, 7)


class Workspace(Page):
    """Above the network and the stage (plots, panels, ...), below tabs (events and rounds, ...).

    `add_stage` and `add_tab` give a view its place; `foot` is a line below it all.
    """

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, style="Ground.TFrame", padding=em // 2)
        self.foot = ttk.Frame(self, style="Ground.TFrame")
        self.foot.pack(side="bottom", fill="x")
        down = ttk.Panedwindow(self, orient="vertical", style="Ground.TPanedwindow")
        above = ttk.Panedwindow(down, orient="horizontal", style="Ground.TPanedwindow")
        down.pack(fill="both", expand=True)
        self.network = NetworkView(above)
        self.stage = ttk.Notebook(above)
        self.tabs = ttk.Notebook(down)
        below = ttk.Panedwindow(self.tabs, orient="horizontal", style="Ground.TPanedwindow")
        self.plot = PlotView(self.stage, on_metric=self.network.show_metric)
        self.panels = PanelView(self.stage)
        self.events = EventView(below)
        self.rounds = RoundView(below)
        self._panes = {above: _WEIGHTS_ACROSS, below: _WEIGHTS_BELOW, down: _WEIGHTS_DOWN}
        for pane, parts in (
            (above, (self.network, self.stage)),
            (below, (self.events, self.rounds)),
            (down, (above, self.tabs)),
        ):
            for part, weight in zip(parts, self._panes[pane], strict=True):
                pane.add(part, weight=weight)
        self._model: Model | None = None
        self._views: list[View] = [self.network, self.events, self.rounds]
        self.tabs.add(below, text="Events and rounds")
        self.add_stage(self.plot, "Over time")
        self.add_stage(self.panels, "Each node")
        self.bind("<Map>", lambda event: self.after_idle(self._divide), add=True)

    def add_stage(self, view: View, title: str) -> None:
        """A view beside the network; its master is `stage`."""
        self._views.append(view)
        self.stage.add(view, text=title)

    def add_tab(self, view: View, title: str) -> None:
        """A view below; its master is `tabs`."""
        self._views.append(view)
        self.tabs.add(view, text=title)

    def attend(self, session: Session) -> None:
        """Show that session from now on."""
        for view in self._views:
            view.attend(session)
        self.attach(session.viewed)

    def attach(self, model: Model) -> None:
        """Show that model from now on, if it is another."""
        if model is not self._model:
            self._model = model
            for view in self._views:
                view.attach(model)

    def toggle_panels(self) -> None:
        """In the place of the plots over time, the nodes' readings of the last round; or the other way."""
        self.select(self.plot if self.panels.winfo_ismapped() else self.panels)

    def select(self, view: View) -> None:
        """Bring a view of the stage or of the tabs to the front."""
        book = self.stage if str(view) in self.stage.tabs() else self.tabs  # type: ignore[no-untyped-call]
        book.select(view)  # type: ignore[no-untyped-call]

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for view in self._views:
            view.repaint()

    def _divide(self) -> None:
        """Set the sashes by weight: Tk's own division goes by what the views request."""
        for pane, (first, second) in self._panes.items():
            size = pane.winfo_width() if str(pane.cget("orient")) == "horizontal" else pane.winfo_height()
            pane.sashpos(0, round(size * first / (first + second)))  # type: ignore[no-untyped-call]
