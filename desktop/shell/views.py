"""How the views look: which metric, which of them, and the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.feature import Feature

if TYPE_CHECKING:
    from desktop.window import Window


class ViewsFeature(Feature):
    """Changes what the workspace shows."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        workspace = window.workspace
        self.actions = [
            Action("View", "Back to the session, or the start", "Escape", self._back),
            Action("View", "Next metric", "m", workspace.plot.next_metric),
            Action("View", "Each node, or over time", "p", workspace.toggle_panels),
            Action("View", "Rounds among the events", "r", workspace.events.toggle_rounds),
        ]

    def _back(self) -> None:
        if self.window.shown_page not in (self.window.start_page, self.window.workspace):
            self.window.show_home()
