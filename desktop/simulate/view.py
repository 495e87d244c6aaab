"""The simulation that is shown: its pace, the loss of its links, and what was done to it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from functools import partial
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.model.model import Model
from desktop.model.words import duration_label, plural
from desktop.simulate.hurts import CUT, KILL, Hurt, set_loss
from desktop.simulate.pace import next_speed
from desktop.simulate.source import SimulatedSource
from desktop.simulate.words import deed_text
from desktop.sources.session import Session
from desktop.view import View

NOT_SIMULATED = "Only a simulated field can be hurt. F10 simulates one; the demo is one, too."
_NOTHING_DONE = "Nothing done yet. A right click on a node tells what can be."
_OFFERED = (CUT, KILL)  # from right to left; the menus have them all
_LOSS_SETTLES_MS = 250  # a slider that is dragged says much; what it says last counts
_SLIDER_EM = 12


class SimulationView(View):
    """What its buttons do are actions, too."""

    def __init__(
        self,
        master: tk.Misc,
        *,
        pause: Callable[[], object],
        step: Callable[[int], object],
        hurt: Callable[[Hurt], object],
    ) -> None:
        super().__init__(master, "Simulation")
        self._source: SimulatedSource | None = None
        self._loss = tk.DoubleVar(self)
        self._loss_due: str | None = None
        self._shown: object = None
        em = theme.em_px()
        self._hurts = [self._button(self.head, f"{one.name} …", partial(hurt, one)) for one in _OFFERED]
        for button in self._hurts:
            self.pack_control(button)
            button.pack_configure(padx=(em // 2, 0))
        self._tools = ttk.Frame(self.body, padding=(em, 0, em, em // 2))
        self._tools.pack(fill="x")
        self._pause = self._button(self._tools, "Pause", pause)
        self._pause.pack(side="left")
        self._button(self._tools, "Slower", lambda: step(-1)).pack(side="left", padx=(em // 2, 0))
        self._button(self._tools, "Faster", lambda: step(1)).pack(side="left", padx=(em // 2, 0))
        self._speed = ttk.Label(self._tools)
        self._speed.pack(side="left", padx=(em, 2 * em))
        self._undo = self._button(self._tools, "Undo", self.undo)
        self._undo.pack(side="right")
        ttk.Label(self._tools, text="Frames lost on all links").pack(side="left")
        self._slider = ttkbootstrap.Scale(
            self._tools, from_=0, to=100, variable=self._loss, length=_SLIDER_EM * em, command=self._on_loss
        )
        self._slider.pack(side="left", padx=(em // 2, 0))
        self._loss_text = ttk.Label(self._tools, width=5)
        self._loss_text.pack(side="left", padx=(em // 2, 0))
        self.lines = LineList(
            self.body,
            [Column("time", 5, stretches=False), Column("what was done", 16), Column("", 5, stretches=False)],
        )
        self.lines.pack(fill="both", expand=True, padx=(em // 2, 0))
        self.lines.table.bind("<Delete>", lambda event: self.undo())
        self.refresh()

    def attend(self, session: Session) -> None:
        """Show what is done to that session's field, if it is simulated."""
        source = session.source
        self._source = source if isinstance(source, SimulatedSource) else None
        self._shown = None
        self.refresh()

    def attach(self, model: Model) -> None:
        """What was done is the source's, whatever time is looked at."""

    def undo(self) -> None:
        """Take back the deed that is chosen in the list, or the last that can be."""
        if self._source is None:
            return
        chosen = self.lines.table.selection()
        at = self.lines.table.index(chosen[0]) if chosen else None
        deeds = self._source.deeds[::-1]
        deed = deeds[at] if at is not None and at < len(deeds) else None
        self.lines.table.selection_set(())
        self._source.undo(deed.number if deed is not None and deed.can_be_undone else None)

    def refresh(self) -> None:
        """Bring it to how things are; cheap while nothing has changed."""
        source = self._source
        state = (
            None if source is None else (source.deeds, source.speed, source.is_paused, source.quality.loss)
        )
        if self._shown is not None and (state,) == self._shown:
            return
        self._shown = (state,)
        for widget in (*self._hurts, *self._tools.winfo_children()):
            if isinstance(widget, ttk.Button | ttk.Scale):
                widget.state(["disabled" if source is None else "!disabled"])
        if source is None:
            self.set_summary(NOT_SIMULATED)
            self.lines.show(())
            return
        self._pause.configure(text="Go on" if source.is_paused else "Pause")
        self._speed.configure(text="paused" if source.is_paused else f"{source.speed:g} x")
        if self._loss_due is None:
            self._loss.set(100 * source.quality.loss)
        self._loss_text.configure(text=f"{self._loss.get():.0f} %")
        self._undo.state(["!disabled" if any(deed.can_be_undone for deed in source.deeds) else "disabled"])
        self.lines.show(
            Line(
                (
                    duration_label(deed.time_us / 1e6),
                    ("undo: " if deed.undoes else "") + deed_text(deed.action),
                    "undone" if deed.is_undone else "",
                )
            )
            for deed in reversed(source.deeds)
        )
        self.set_summary(f"{plural(len(source.deeds), 'deed')}" if source.deeds else _NOTHING_DONE)

    def _on_loss(self, _: str) -> None:
        self._loss.set(round(self._loss.get()))
        self._loss_text.configure(text=f"{self._loss.get():.0f} %")
        if self._loss_due is not None:
            self.after_cancel(self._loss_due)
        self._loss_due = self.after(_LOSS_SETTLES_MS, self._set_loss)

    def _set_loss(self) -> None:
        self._loss_due = None
        if self._source is not None and self._loss.get() / 100 != self._source.quality.loss:
            self._source.hurt(set_loss(self._source, self._loss.get() / 100))

    def _button(self, master: tk.Misc, text: str, run: Callable[[], object]) -> ttkbootstrap.Button:
        return ttkbootstrap.Button(master, text=text, command=run, bootstyle="secondary-outline")


def stepped(source: SimulatedSource, step: int) -> None:
    """The next speed above or below."""
    source.set_speed(next_speed(source.speed, step))
