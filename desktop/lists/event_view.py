"""What happened, a line each."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable, Iterator

import ttkbootstrap

from desktop import theme
from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.model.model import Changes, Model
from desktop.model.words import EventKind, EventLine, duration_label, plural
from desktop.view import View

# Names of Bootstrap Icons, and the colour of the palette.
_ICONS = {
    EventKind.JOINED: ("box-arrow-in-right", "joined"),
    EventKind.MOVED: ("shuffle", "joined"),
    EventKind.SEEKING: ("search", "seeking"),
    EventKind.LOST: ("x-circle", "maximum"),
    EventKind.ROUND: ("check2", "muted"),
    EventKind.INEXACT: ("plus-slash-minus", "doubt"),
    EventKind.CLAIM: ("megaphone", "seeking"),
    EventKind.TOKEN: ("arrow-repeat", "count"),
    EventKind.PRIMARY: ("star", "count"),
    EventKind.BAD: ("exclamation-triangle", "doubt"),
    EventKind.NOTICE: ("info-circle", "count"),
}
_MOST_LOOKED_AT = 3_000
_ROUNDS = (EventKind.ROUND, EventKind.INEXACT)


class EventView(View):
    """The event list of a model, with or without the rounds."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, "Events")
        self._model = Model()
        self._with_rounds = tk.BooleanVar(self, value=True)
        ttkbootstrap.Checkbutton(
            self.head,
            text="rounds",
            variable=self._with_rounds,
            command=self._fill,
            bootstyle="round-toggle",
        ).pack(side="right")
        self.list = LineList(
            self.body,
            [Column("time", 4.5, stretches=False), Column("event", 10)],
            icons=True,
            earlier=self._before,
        )
        self.list.pack(fill="both", expand=True, padx=(theme.em_px() // 2, 0))
        self.repaint()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self._fill()
        model.subscribe(self._on_change)

    def toggle_rounds(self) -> None:
        """Show the rounds among the events, or leave them out."""
        self._with_rounds.set(not self._with_rounds.get())
        self._fill()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        for kind, (icon, color) in _ICONS.items():
            image = ttkbootstrap.Icon(icon, size=14, color=getattr(palette, color))
            self.list.table.tag_configure(kind.name, image=image)

    def _fill(self) -> None:
        self.list.begin(self._model.events.total)
        self._sum_up()

    def _on_change(self, changes: Changes) -> None:
        end = self._model.events.total
        self.list.add(self._lines(end - len(changes.events), changes.events))
        self._sum_up()

    def _before(self, number: int, most: int) -> list[tuple[int, Line]]:
        """The lines of events before that one. Where few are wanted, not all are looked for at once."""
        first = number - (most if self._with_rounds.get() else _MOST_LOOKED_AT)
        first = max(first, self._model.events.first)
        return list(self._lines(first, self._model.events.numbered(first, number)))[-most:]

    def _lines(self, number: int, events: Iterable[EventLine]) -> Iterator[tuple[int, Line]]:
        """Those that are wanted; the first event has that number."""
        for place, event in enumerate(events, number):
            if self._with_rounds.get() or event.kind not in _ROUNDS:
                time = duration_label(self._model.seconds(event.timestamp_us))
                yield place, Line((time, event.text), event.kind.name)

    def _sum_up(self) -> None:
        self.set_summary(plural(len(self._model.events), "event") if self._model.events else "")
