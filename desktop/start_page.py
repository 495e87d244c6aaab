"""What the window shows before there is a source: the ways to begin."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from tkinter import ttk
from typing import TYPE_CHECKING

import ttkbootstrap

from desktop import theme
from desktop.page import Page

if TYPE_CHECKING:
    from desktop.actions import Action

_PLAIN_HEIGHT_EM = 46  # below that, the words above the cards are left out
_WIDE_EM = 84


@dataclass(frozen=True, slots=True)
class Way:
    """A way to begin, or a few of a kind; `icon` names a Bootstrap Icon, `buttons` (text, action's label)."""

    icon: str
    title: str
    text: str
    buttons: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a card that can be pressed: what it is, and more of it in grey."""

    text: str
    more: str
    run: Callable[[], object]


DEMO = Way(
    "play-circle",
    "Demo network",
    "Simulated nodes, no hardware. Now and then one dies: watch the network repair itself.",
    [("Tree", "Demo: tree"), ("Ring", "Demo: ring"), ("Polling", "Demo: polling")],
)
FIELD = Way(
    "usb-plug",
    "Live field",
    "A bridge, an Arduino on a serial port, or agents on the network. All of it is recorded.",
    [("Connect …", "Connect …")],
)
LOG = Way(
    "folder2-open",
    "Packet log",
    "What was recorded before, with the same pictures and the same numbers. Or drop it here.",
    [("Open a log …", "Open log …")],
)
PLAN = Way(
    "pencil-square",
    "Your own field",
    "Place nodes on a plan, see who hears whom, and simulate it before you build it.",
    [("New field", "New field")],
)


class StartPage(Page):
    """A card for each way; the first is for whoever is here for the first time.

    `perform` does the action of that label.
    """

    title = "Start"

    def __init__(self, master: tk.Misc, perform: Callable[[str], object]) -> None:
        super().__init__(master, style="Ground.TFrame")
        em = theme.em_px()
        self._middle = ttk.Frame(self, style="Ground.TFrame")
        self._middle.place(relx=0.5, rely=0.48, anchor="center")
        self._words = ttk.Frame(self._middle, style="Ground.TFrame")
        ttk.Label(self._words, text="See what your field feels", style="Hero.Ground.TLabel").pack()
        summary = "Sensors form a tree, a ring or a star. Maximum, average and count come round by round."
        ttk.Label(self._words, text=summary, style="Muted.Ground.TLabel").pack(pady=(em // 2, 2 * em))
        self._words.pack()
        self._grid = ttk.Frame(self._middle, style="Ground.TFrame")
        self._grid.pack()
        self._cards: dict[str, _WayCard] = {}
        for i, way in enumerate((DEMO, FIELD, LOG, PLAN)):
            card = _WayCard(self._grid, way, perform, is_first=not i)
            card.grid(row=i // 2, column=i % 2, sticky="nsew", padx=em // 2, pady=em // 2)
            self._grid.columnconfigure(i % 2, uniform="card", weight=1)
            self._cards[way.title] = card
        self.bind("<Configure>", self._fit, add=True)
        self.repaint()

    def furnish(self, actions: Sequence[Action]) -> None:
        """The actions are there now: show their keys, and what can be done."""
        for card in self._cards.values():
            card.furnish({action.label: action for action in actions})

    def show_rows(self, way: Way, rows: Sequence[Row]) -> None:
        """Lines of the card of that way, instead of those before."""
        self._cards[way.title].show_rows(rows)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for card in self._cards.values():
            card.repaint()

    def _fit(self, event: tk.Event[tk.Misc]) -> None:
        em = theme.em_px()
        if event.height < _PLAIN_HEIGHT_EM * em:
            self._words.pack_forget()
        elif not self._words.winfo_manager():
            self._words.pack(before=self._grid)
        width_px = min(event.width, _WIDE_EM * em) // 2 - 2 * em
        for card in self._cards.values():
            card.fit(width_px)


class _WayCard(ttk.Frame):
    """One way to begin."""

    def __init__(
        self, master: tk.Misc, way: Way, perform: Callable[[str], object], *, is_first: bool
    ) -> None:
        em = theme.em_px()
        super().__init__(master, style="Card.TFrame", padding=round(1.4 * em))
        self._way = way
        head = ttk.Frame(self)
        head.pack(fill="x")
        self._icon = ttk.Label(head)
        self._icon.pack(side="left", padx=(0, em))
        ttk.Label(head, text=way.title, style="Title.TLabel").pack(side="left")
        self._keys = ttk.Label(head, style="Muted.TLabel")
        self._keys.pack(side="right")
        self._text = ttk.Label(self, text=way.text, style="Muted.TLabel", justify="left")
        self._text.pack(anchor="w", pady=(em // 2, em // 2))
        self._rows = ttk.Frame(self)
        self._rows.pack(fill="x")
        self._rows.pack_propagate(False)  # a long name does not make the card wide
        self._rows.configure(height=1)
        self._shown: Sequence[tuple[str, str]] = ()
        buttons = ttk.Frame(self)
        buttons.pack(side="bottom", fill="x", pady=(em // 2, 0))
        self._buttons: dict[str, ttkbootstrap.Button] = {}
        for column, (words, label) in enumerate(way.buttons):
            buttons.columnconfigure(column, weight=1, uniform="button")
            button = ttkbootstrap.Button(
                buttons,
                text=words,
                command=partial(perform, label),
                bootstyle="primary" if is_first and not column else "primary-outline",
            )
            button.grid(row=0, column=column, sticky="ew", padx=(em // 3 if column else 0, 0))
            self._buttons[label] = button

    def furnish(self, actions: dict[str, Action]) -> None:
        """Show the keys of its actions; without them it is not there."""
        keys = [actions[label].shown_key for label in self._buttons if label in actions]
        self._keys.configure(text="  ".join(keys))
        if not keys:
            self.grid_remove()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """These lines; the focus stays where it is while they are the same."""
        shown = [(row.text, row.more) for row in rows]
        if shown == self._shown:
            return
        self._shown = shown
        for child in self._rows.winfo_children():
            child.destroy()
        for row in rows:
            button = ttkbootstrap.Button(
                self._rows, text=f"{row.text}   {row.more}", style="Row.TButton", command=row.run
            )
            button.pack(fill="x")
        self._rows.configure(height=sum(row.winfo_reqheight() for row in self._rows.winfo_children()) or 1)

    def fit(self, width_px: int) -> None:
        """Be so wide."""
        self._text.configure(wraplength=max(1, width_px - 3 * theme.em_px()))
        self.master.columnconfigure(0, minsize=width_px)
        self.master.columnconfigure(1, minsize=width_px)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self._icon.configure(image=ttkbootstrap.Icon(self._way.icon, size=22, color=theme.current().accent))
