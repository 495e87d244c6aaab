"""The views of a session: the network beside the stage, and tabs below, with sashes between them."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from tkinter.font import nametofont
from typing import TYPE_CHECKING

from desktop import theme
from desktop.lists.event_view import EventView
from desktop.lists.round_view import RoundView
from desktop.model.model import Model
from desktop.network.view import NetworkView
from desktop.page import Page
from desktop.shell.focus import focused
from desktop.shell.memory import Memory
from desktop.sources.session import Session
from desktop.view import View

if TYPE_CHECKING:
    from desktop.plots.panel_view import PanelView
    from desktop.plots.view import PlotView

_ACROSS, _BELOW, _DOWN = 550, 480, 580  # what the first part has, in thousandths
_VIEWS_LINES, _TABS_LINES = 14, 14  # of text: what the views above, or the tabs, need where a person is
_HEED_MS = 400  # a click that brings the focus has ended by then, or it would end somewhere else
_LEAST, _MOST = 80, 920  # what a person may leave it
_PANES, _TABS = "panes", "tabs"


class Workspace(Page):
    """Above the network and the stage (plots, panels, ...), below tabs (events and rounds, ...).

    `add_stage` and `add_tab` give a view its place; `foot` is a line below it all. `plot` and `panels` are
    there after `add_plots`: what they import takes longer than to show the network.
    """

    plot: PlotView
    panels: PanelView

    def __init__(self, master: tk.Misc) -> None:
        em = theme.em_px()
        super().__init__(master, style="Ground.TFrame", padding=em // 2)
        self.foot = ttk.Frame(self, style="Ground.TFrame")
        self.foot.pack(side="bottom", fill="x")
        self._down = down = ttk.Panedwindow(self, orient="vertical", style="Ground.TPanedwindow")
        above = ttk.Panedwindow(down, orient="horizontal", style="Ground.TPanedwindow")
        down.pack(fill="both", expand=True)
        self.network = NetworkView(above)
        self.stage = ttk.Notebook(above)
        self.tabs = ttk.Notebook(down)
        below = ttk.Panedwindow(self.tabs, orient="horizontal", style="Ground.TPanedwindow")
        self.events = EventView(below)
        self.rounds = RoundView(below)
        self._shares = {above: _ACROSS, below: _BELOW, down: _DOWN}
        for pane, parts in (
            (above, (self.network, self.stage)),
            (below, (self.events, self.rounds)),
            (down, (above, self.tabs)),
        ):
            for part in parts:
                pane.add(part, weight=1)
            pane.bind("<ButtonRelease-1>", self._heed_sash, add=True)
        self._model: Model | None = None
        self._views: list[View] = []
        self._attending = 0  # how many of them know of the session
        self._hidden: list[tuple[ttk.Panedwindow, int, tk.Widget]] = []  # while one view has all the room
        for view in (self.network, self.events, self.rounds):
            self._add(view)
        self.tabs.add(below, text="Events and rounds")
        self.bind("<Map>", lambda event: self.after_idle(self._divide), add=True)
        down.bind("<Configure>", lambda event: self.after_idle(self._divide), add=True)
        self._is_below = False  # whether a person is in the tabs
        for book in (self.stage, self.tabs):
            book.bind("<<NotebookTabChanged>>", self._heed_tab, add=True)
        self.winfo_toplevel().bind(
            "<FocusIn>", lambda event: self.after(_HEED_MS, self._heed_focus), add=True
        )

    def add_plots(self) -> None:
        """The views over time and of each node."""
        from desktop.plots.panel_view import PanelView
        from desktop.plots.view import PlotView

        self.plot = PlotView(self.stage, on_metric=self.network.show_metric)
        self.panels = PanelView(self.stage)
        self.add_stage(self.plot, "Over time")
        self.add_stage(self.panels, "Each node")

    def add_stage(self, view: View, title: str) -> None:
        """A view beside the network; its master is `stage`."""
        self._add(view)
        self.stage.add(view, text=title)

    def add_tab(self, view: View, title: str) -> None:
        """A view below; its master is `tabs`."""
        self._add(view)
        self.tabs.add(view, text=title)

    def attend(self, session: Session) -> None:
        """Show that session from now on."""
        self._model, self._attending = session.viewed, 0
        self.catch_up(session)

    def catch_up(self, session: Session) -> None:
        """Have the views that were added meanwhile show what the others do."""
        late = self._views[self._attending :]
        self._attending = len(self._views)
        assert self._model is not None  # that session's
        for view in late:
            view.attend(session)
        for view in late:
            view.attach(self._model)

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
        if self._hidden and not view.winfo_ismapped():
            self._show_all()
        book = self.stage if str(view) in self.stage.tabs() else self.tabs  # type: ignore[no-untyped-call]
        book.select(view)  # type: ignore[no-untyped-call]

    def toggle_alone(self, view: View | None = None) -> None:
        """Give all the room to that view, or the one with the focus; or back."""
        if self._hidden:
            self._show_all()
            return
        part: tk.Misc = view or self._view_in_use()
        while part is not self:
            pane = part.master
            assert pane is not None  # all views are in the workspace
            if isinstance(pane, ttk.Panedwindow):
                self._hide_others(pane, part)
            part = pane

    def restore(self, memory: Memory) -> None:
        """Divide the room and choose the tabs as last time."""
        shares = memory.numbers(_PANES, len(self._shares))
        if shares and all(_LEAST <= share <= _MOST for share in shares):
            self._shares = dict(zip(self._shares, shares, strict=True))
        for book in (self.stage, self.tabs):
            for tab in book.tabs():  # type: ignore[no-untyped-call]
                if book.tab(tab, "text") in memory.texts(_TABS):  # type: ignore[no-untyped-call]
                    book.select(tab)  # type: ignore[no-untyped-call]

    def remember(self, memory: Memory) -> None:
        """Keep the division and the tabs for the next time."""
        memory.put(_PANES, list(self._shares.values()))
        tabs = [book.tab("current", "text") for book in (self.stage, self.tabs)]  # type: ignore[no-untyped-call]
        memory.put(_TABS, list(map(str, tabs)))

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for view in self._views:
            view.repaint()

    def _add(self, view: View) -> None:
        self._views.append(view)
        view.on_double_click(lambda: self.toggle_alone(view))

    def _view_in_use(self) -> View:
        """The one with the focus, or else the network."""
        focus = str(focused(self) or "")
        return next((view for view in self._views if f"{focus}.".startswith(f"{view}.")), self.network)

    def _hide_others(self, pane: ttk.Panedwindow, part: tk.Misc) -> None:
        for i, name in enumerate(pane.panes()):  # type: ignore[no-untyped-call]
            other = self.nametowidget(str(name))
            if other is not part:
                self._hidden.append((pane, i, other))
        for other_pane, _, other in self._hidden:
            if other_pane is pane:
                pane.forget(other)

    def _show_all(self) -> None:
        for pane, i, part in self._hidden:
            pane.insert(i if pane.panes() and not i else "end", part, weight=1)  # type: ignore[no-untyped-call]
        self._hidden = []
        self.update_idletasks()  # the panes first divide as they like
        self._divide()

    def _heed_sash(self, event: tk.Event[tk.Misc]) -> None:
        """A person has moved it."""
        pane = event.widget
        assert isinstance(pane, ttk.Panedwindow)  # nothing else is bound to this
        if len(pane.panes()) == 2:  # type: ignore[no-untyped-call]
            share = round(1000 * pane.sashpos(0) / max(1, self._length_px(pane)))  # type: ignore[no-untyped-call]
            self._shares[pane] = max(_LEAST, min(share, _MOST))

    def _heed_tab(self, event: tk.Event[tk.Misc]) -> None:
        """A person, or what they have asked for, has chosen a tab; not so before all this is shown."""
        if self.winfo_ismapped():
            self._turn_to(event.widget)

    def _heed_focus(self) -> None:
        if self.winfo_ismapped() and (focus := self.focus_get()) is not None:
            self._turn_to(focus)

    def _turn_to(self, widget: tk.Misc) -> None:
        """A person is there now: in a small window the other part gives way."""
        is_below, is_inside = (f"{widget}.".startswith(f"{part}.") for part in (self.tabs, self._down))
        if is_inside and is_below != self._is_below:
            self._is_below = is_below
            self._divide()

    def _divide(self) -> None:
        """Set the sashes by share: Tk's own division goes by what the views request."""
        for pane, share in self._shares.items():
            if len(pane.panes()) == 2:  # type: ignore[no-untyped-call]
                length_px = self._length_px(pane)
                first_px = round(length_px * share / 1000)
                if pane is self._down and share == _DOWN:  # nobody has divided it otherwise
                    first_px = self._give_way(first_px, length_px)
                pane.sashpos(0, first_px)  # type: ignore[no-untyped-call]

    def _give_way(self, views_px: int, all_px: int) -> int:
        """What the views above have, if the part that a person is in is to have what it needs."""
        line_px = nametofont("TkDefaultFont").metrics("linespace")
        if self._is_below:
            return min(views_px, max(all_px - _TABS_LINES * line_px, all_px // 3))
        return max(views_px, min(_VIEWS_LINES * line_px, all_px * 2 // 3))

    def _length_px(self, pane: ttk.Panedwindow) -> int:
        return pane.winfo_width() if str(pane.cget("orient")) == "horizontal" else pane.winfo_height()
