"""The keys, and what this program is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop import dialogs
from desktop.actions import Action
from desktop.feature import Feature

if TYPE_CHECKING:
    from desktop.window import Window


class HelpFeature(Feature):
    """Tells a person what they can do."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.actions = [
            Action("Help", "Keys", "F1", self._show_keys),
            Action("Help", "About Treering", "F2", lambda: dialogs.show_about(window.root)),
        ]

    def _show_keys(self) -> None:
        keys = [(action.shown_key, action.label.rstrip(" …")) for action in self.window.actions]
        dialogs.show_keys(self.window.root, [*keys, ("Arrow keys", "From node to node, in the network")])
