"""The command palette: all actions, and what the features offer besides."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.feature import Feature
from desktop.shell.choice import Choice
from desktop.shell.command_palette import CommandPalette

if TYPE_CHECKING:
    from desktop.window import Window


class FindFeature(Feature):
    """Ctrl+K."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.palette = CommandPalette(window.root)
        self.palette.repaint()
        self._find = Action("Help", "Find a command …", "k", self._open, "search")
        self.actions = [self._find]

    def repaint(self) -> None:
        """See desktop.feature.Feature.repaint."""
        self.palette.repaint()

    def choices(self) -> list[Choice]:
        """See desktop.feature.Feature.choices: the logs that were opened last."""
        return [
            Choice(f"Open recent log {log.name}", partial(self.window.open_file, log), str(log.parent))
            for log in map(Path, self.window.recent_logs)
        ]

    def _open(self) -> None:
        window = self.window
        actions = [
            Choice(
                action.name,
                partial(window.perform, action),
                action.shown_key or action.menu,
                window.obstacle(action),
            )
            for action in window.actions
            if action is not self._find
        ]
        recent = [label.rstrip(" …") for label in window.recent_actions]
        self.palette.open([*actions, *window.choices()], recent)
