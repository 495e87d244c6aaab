"""All that a person can do, each with its key: menus, key bindings and the list of keys come from here."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ttkbootstrap

MODIFIER = "Command" if sys.platform == "darwin" else "Ctrl"


@dataclass(frozen=True, slots=True)
class Action:
    """`menu` is where it stands; with an `icon` (a Bootstrap Icon) it is a button of the top line, too.

    `key` is a letter (with Ctrl, or Command on a Mac), such a one with "Shift+" before it, a function key, or
    nothing. `button` is the text of the button; without one it stands at the right end, as its icon alone.
    """

    menu: str
    label: str
    key: str
    run: Callable[[], object]
    icon: str = ""
    button: str = ""

    @property
    def shown_key(self) -> str:
        """The key as people read it."""
        return f"{MODIFIER}+{self.key[:-1]}{self.key[-1].upper()}" if self._is_letter else self.key

    @property
    def sequences(self) -> list[str]:
        """The key as Tk reads it; letters also with Caps Lock on."""
        if not self._is_letter:
            return [f"<{self.key}>"] if self.key else []
        modifiers = MODIFIER.replace("Ctrl", "Control") + "-" + self.key[:-1].replace("+", "-")
        return [f"<{modifiers}{letter}>" for letter in (self.key[-1].lower(), self.key[-1].upper())]

    @property
    def _is_letter(self) -> bool:
        return len(self.key.removeprefix("Shift+")) == 1


def install(window: tk.Tk, actions: Iterable[Action]) -> None:
    """Give the window its menu bar and its keys."""
    bar = ttkbootstrap.Menu(window, tearoff=False)
    by_menu: dict[str, list[Action]] = {}
    for action in actions:
        by_menu.setdefault(action.menu, []).append(action)
    for title, group in by_menu.items():
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

    for sequence in action.sequences:
        window.bind_all(sequence, run)
