"""What a key does, on the page that is shown."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable
from functools import partial

from desktop.actions import Action
from desktop.page import Page

_WRITTEN_IN = ("Entry", "Text", "TEntry", "TCombobox", "TSpinbox", "Spinbox")
_PRESSED = ("TButton", "TCheckbutton", "TRadiobutton", "TMenubutton")
_MOVED_IN = ("Treeview", "Listbox", "TNotebook", "TRadiobutton", "TScale")
_MOVING = ("Home", "End", "Prior", "Next", "Up", "Down", "Left", "Right")
_PRESSING = ("Return", "KP_Enter", "space")
_CONTROL, _COMMAND = 0x4, 0x8  # of an event's state; Command is of a Mac's keyboards


class Keys:
    """Binds the keys of all actions; where two have one key, that of the page `shown` counts.

    What is pressed before there are actions waits for them.
    """

    def __init__(
        self, window: tk.Tk, shown: Callable[[], Page | None], perform: Callable[[Action], object]
    ) -> None:
        self._window = window
        self._shown = shown
        self._perform = perform
        self._actions: dict[str, dict[Page | None, Action]] = {}
        self._early: list[tuple[str, int]] = []  # keys and their state
        window.bind_all("<Key>", self._keep, add=True)

    def bind(self, actions: Iterable[Action]) -> None:
        """Heed these from now on."""
        for action in actions:
            for sequence in action.sequences:
                if sequence not in self._actions:
                    self._window.bind_all(sequence, partial(self._run, sequence))
                self._actions.setdefault(sequence, {})[action.page] = action
        for keysym, state in self._early:
            self._window.event_generate("<Key>", keysym=keysym, state=state, when="tail")
        self._early.clear()

    def _keep(self, event: tk.Event[tk.Misc]) -> None:
        state = int(event.state)
        is_function_key = event.keysym[0] == "F" and event.keysym[1:].isdigit()
        if not self._actions and (state & (_CONTROL | _COMMAND) or is_function_key):
            self._early.append((event.keysym, state))

    def _run(self, sequence: str, event: tk.Event[tk.Misc]) -> str | None:
        # Parts of some widgets are no objects but names; in a dialog the keys are the dialog's.
        if not isinstance(event.widget, tk.Misc) or event.widget.winfo_toplevel() is not self._window:
            return None
        by_page = self._actions[sequence]
        action = by_page.get(self._shown()) or by_page.get(None)
        kind = event.widget.winfo_class()
        if action is None or (action.is_typed and kind in _WRITTEN_IN):
            return None
        if event.keysym in _PRESSING and kind in _PRESSED:
            return None
        if event.keysym in _MOVING and kind in _MOVED_IN and sequence == f"<{event.keysym}>":
            return None
        self._perform(action)
        return "break"
