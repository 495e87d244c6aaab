"""All that a person can do, each with its key: menus, key bindings and the list of keys come from here."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

import ttkbootstrap

MODIFIER = "Command" if sys.platform == "darwin" else "Ctrl"


@dataclass(frozen=True, slots=True)
class Action:
    """`key` is a letter (with Ctrl, or Command on a Mac) or a function key; `menu` is where it stands."""

    menu: str
    label: str
    key: str
    run: Callable[[], object]

    @property
    def shown_key(self) -> str:
        """The key as people read it."""
        return f"{MODIFIER}+{self.key.upper()}" if len(self.key) == 1 else self.key

    @property
    def sequence(self) -> str:
        """The key as Tk reads it."""
        return (
            f"<{MODIFIER.replace('Ctrl', 'Control')}-{self.key}>" if len(self.key) == 1 else f"<{self.key}>"
        )


def install(window: tk.Tk, actions: Iterable[Action]) -> None:
    """Give the window its menu bar and its keys."""
    bar = ttkbootstrap.Menu(window, tearoff=False)
    for title, group in groupby(actions, key=lambda action: action.menu):
        menu = ttkbootstrap.Menu(bar, tearoff=False)
        bar.add_cascade(label=title, menu=menu, underline=0)
        for action in group:
            menu.add_command(label=action.label, accelerator=action.shown_key, command=action.run)
            _bind(window, action)
    window.configure(menu=bar)


def _bind(window: tk.Tk, action: Action) -> None:
    def run(event: tk.Event[tk.Misc]) -> str | None:
        # Parts of some widgets are no objects but names; in a dialog the keys are the dialog's.
        if not isinstance(event.widget, tk.Misc) or event.widget.winfo_toplevel() is not window:
            return None
        action.run()
        return "break"

    window.bind_all(action.sequence, run)
    if len(action.key) == 1:  # with Caps Lock on
        window.bind_all(action.sequence.replace(f"-{action.key}", f"-{action.key.upper()}"), run)
