"""Simulated fields: which to run, how fast, and what is done to them."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import ttkbootstrap

from desktop.actions import Action
from desktop.feature import Feature
from desktop.shell.choice import Choice
from desktop.simulate.form import Form
from desktop.simulate.hurt_dialog import HurtDialog
from desktop.simulate.hurts import MERGE, OF_LINKS, OF_NODE, Ask, Hurt
from desktop.simulate.menu import entries
from desktop.simulate.simulate_dialog import SimulateDialog
from desktop.simulate.source import SimulatedSource, SimulationSource
from desktop.simulate.view import NOT_SIMULATED, SimulationView, stepped
from desktop.sources.source import State

if TYPE_CHECKING:
    from desktop.window import Window

_KEYS = {"Kill node": "Shift+k", "Cut link": "Shift+x"}
_NODES, _LINKS, _DONE = 1, 2, 3  # groups of the menu
_MOST_CHOICES = 200  # of the palette: a field of thousands would drown the rest


class SimulateFeature(Feature):
    """`do` is all that a person does to a field, from wherever."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._form = Form()
        self._menu: tk.Menu | None = None
        workspace = window.workspace
        self.canvas = workspace.network.canvas
        self.view = SimulationView(
            workspace.tabs, pause=self.pause, step=self.step, hurt=lambda hurt: self.do(hurt, {}, asks=True)
        )
        workspace.add_tab(self.view, "Simulation")
        self.canvas.bind("<<Context>>", lambda event: self._pop_up())
        self.simulate = Action("Simulate", "Simulate …", "F10", self.ask_what, "cpu")
        self.actions = [
            self.simulate,
            Action("Simulate", "Pause the field, or go on", "Shift+F6", self.pause, obstacle=self._obstacle),
            Action("Simulate", "Field faster", "", lambda: self.step(1), obstacle=self._obstacle),
            Action("Simulate", "Field slower", "", lambda: self.step(-1), obstacle=self._obstacle),
            *(self._action(hurt, _NODES) for hurt in OF_NODE),
            *(self._action(hurt, _LINKS) for hurt in OF_LINKS),
            Action(
                "Simulate",
                "Undo what was done",
                "Shift+y",
                self.view.undo,
                obstacle=self._undo_obstacle,
                group=_DONE,
            ),
            Action("Simulate", "What was done", "", self.show_deeds, group=_DONE),
        ]

    @property
    def source(self) -> SimulatedSource | None:
        """What is shown, if it is simulated."""
        session = self.window.session
        source = session.source if session is not None else None
        return source if isinstance(source, SimulatedSource) else None

    def ask_what(self) -> None:
        """Ask which field to simulate."""
        SimulateDialog(self.window.root, self._form, self._start)

    def pause(self) -> None:
        """Let the field's time stand, or go on."""
        if (source := self.source) is not None:
            if source.is_paused:
                source.resume()
            else:
                source.pause()
            self.view.refresh()

    def step(self, step: int) -> None:
        """Faster or slower."""
        if (source := self.source) is not None:
            stepped(source, step)
            self.view.refresh()

    def show_deeds(self) -> None:
        """Bring the list of what was done to the front."""
        self.window.workspace.select(self.view)

    def do(self, hurt: Hurt, known: Mapping[Ask, str], *, asks: bool = False) -> None:
        """Do it; ask for what is not known, or for all of it if it `asks`."""
        source = self.source
        if source is None:
            self.window.hint(NOT_SIMULATED)
        elif not asks and all(known.get(ask) for ask in hurt.asks):
            source.hurt(hurt.make(source, known))
        else:
            HurtDialog(self.window.root, source, hurt, known)

    def refresh(self) -> None:
        """Follow what the source's thread has done."""
        self.view.refresh()

    def choices(self) -> Sequence[Choice]:
        """Each deed for each node that it makes sense for."""
        source = self.source
        if source is None:
            return ()
        found = [
            Choice(f"{hurt.name.replace('node', f'node {node}')}", self._doing(hurt, node), "Simulate")
            for hurt in OF_NODE
            if len(hurt.asks) == 1 and not source.refusal(hurt.kind)
            for node in sorted(hurt.candidates(source))
        ]
        return found[:_MOST_CHOICES]

    def _doing(self, hurt: Hurt, node: int) -> Callable[[], object]:
        return lambda: self.do(hurt, {Ask.NODE: str(node)})

    def _action(self, hurt: Hurt, group: int) -> Action:
        label = hurt.name + (" …" if hurt.asks else "")
        return Action(
            "Simulate",
            label,
            _KEYS.get(hurt.name, ""),
            lambda: self.do(hurt, self._known(hurt), asks=hurt.is_of_link),
            obstacle=lambda: self._obstacle_to(hurt),
            group=group,
        )

    def _known(self, hurt: Hurt) -> dict[Ask, str]:
        """The chosen node, and what it is tied to, if it makes sense for them."""
        node, source = self.canvas.chosen, self.source
        if node is None or source is None or node not in hurt.candidates(source):
            return {}
        known = {Ask.NODE: str(node)}
        above = self.canvas.scene.ties.get(node)
        return known | ({Ask.OTHER: str(above)} if hurt.is_of_link and above is not None else {})

    def _obstacle(self) -> str | None:
        session = self.window.session
        if session is None or self.source is None:
            return NOT_SIMULATED
        return "The field has stopped; simulate it again." if session.status.state is State.FAILED else None

    def _obstacle_to(self, hurt: Hurt) -> str | None:
        source = self.source
        if source is None or self._obstacle():
            return self._obstacle()
        if hurt is MERGE and not source.is_parted:
            return "The field is not parted."
        if source.places and not hurt.candidates(source):
            return "There is no such node in the field now."
        return source.refusal(hurt.kind) or None

    def _undo_obstacle(self) -> str | None:
        source = self.source
        if source is None:
            return NOT_SIMULATED
        return (
            None
            if any(deed.can_be_undone for deed in source.deeds)
            else "Nothing was done that can be undone."
        )

    def _start(self, form: Form, source: SimulationSource) -> None:
        self._form = form
        self.window.start(source)

    def _pop_up(self) -> None:
        if self._menu is not None:
            self._menu.destroy()
        self._menu = self.menu()
        self._menu.tk_popup(*self.canvas.context_at)

    def menu(self) -> tk.Menu:
        """The menu on what the network is asked about."""
        menu = ttkbootstrap.Menu(self.canvas, tearoff=False)
        for entry in entries(self.canvas, self.source, self.do, NOT_SIMULATED):
            if entry.is_apart and menu.index("end") is not None:
                menu.add_separator()
            if entry.run is None:
                menu.add_command(label=entry.text, state="disabled")
            else:
                menu.add_command(label=entry.text, command=entry.run)
        return menu
