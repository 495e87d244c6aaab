"""How the views look: which metric, which of them, and the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.feature import Feature
from desktop.shell import frame

if TYPE_CHECKING:
    from desktop.window import Window


class ViewsFeature(Feature):
    """Changes what the workspace shows."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        workspace = window.workspace
        self.actions = [
            Action(
                "View", "One view alone, or all", "F12", self._toggle_alone, obstacle=window.session_obstacle
            ),
            Action("View", "Full screen", "F11", lambda: frame.toggle_full_screen(window.root)),
            Action("View", "Back to the session, or the start", "Escape", self._back),
            Action("View", "Next metric", "m", workspace.plot.next_metric),
            Action("View", "Each node, or over time", "p", workspace.toggle_panels),
            Action("View", "Rounds among the events", "r", workspace.events.toggle_rounds),
        ]

    def _toggle_alone(self) -> None:
        self.window.show_page(self.window.workspace)
        self.window.workspace.toggle_alone()

    def _back(self) -> None:
        if self.window.shown_page not in (self.window.start_page, self.window.workspace):
            self.window.show_home()
