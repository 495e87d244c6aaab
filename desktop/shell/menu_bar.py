"""The menus, made of the actions."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable
from functools import partial

import ttkbootstrap

from desktop.actions import MENUS, Action, in_menus


class MenuBar:
    """There at once with its titles; `fill` gives it what is in them. What cannot be done now is greyed."""

    def __init__(self, window: tk.Tk) -> None:
        self._window = window
        self._bar = ttkbootstrap.Menu(window, tearoff=False)
        for title in MENUS:  # most will be there: the page below shall not jump
            self._bar.add_cascade(label=title)
        window.configure(menu=self._bar)

    def fill(
        self,
        features: Iterable[Iterable[Action]],
        perform: Callable[[Action], object],
        obstacle: Callable[[Action], str | None],
    ) -> None:
        """Each menu with the actions of the features; `perform` does one, if there is no `obstacle`."""
        self._bar.delete(0, "end")
        taken: set[str] = set()
        for title, groups in in_menus(features):
            menu = ttkbootstrap.Menu(self._bar, tearoff=False)
            self._bar.add_cascade(label=title, menu=menu, underline=_letter(title, taken))
            entries: dict[int, Action] = {}
            for i, group in enumerate(groups):
                if i:
                    menu.add_separator()
                for action in group:
                    menu.add_command(
                        label=action.label, accelerator=action.shown_key, command=partial(perform, action)
                    )
                    entries[menu.index("end") or 0] = action
            menu.configure(postcommand=partial(_grey, menu, entries, obstacle))


def _letter(title: str, taken: set[str]) -> int:
    """Which letter opens the menu with Alt: the first that no other has."""
    place = next((i for i, letter in enumerate(title.lower()) if letter not in taken), 0)
    taken.add(title[place].lower())
    return place


def _grey(menu: tk.Menu, entries: dict[int, Action], obstacle: Callable[[Action], str | None]) -> None:
    for index, action in entries.items():
        menu.entryconfigure(index, state="disabled" if obstacle(action) else "normal")
