"""How the network is seen: by itself or as it stands in the field, how large, and all about one node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import TreeringError
from desktop.actions import Action
from desktop.feature import Feature
from desktop.network.plan_file import FIELD_FILES, read_plan
from desktop.shell.choice import Choice

if TYPE_CHECKING:
    from desktop.window import Window

_MOST_CHOICES = 200  # of the palette


class NetworkFeature(Feature):
    """What is done to the network's view."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.view = window.workspace.network
        canvas = self.view.canvas
        obstacle = window.session_obstacle
        self.actions = [
            Action("View", "Layers, or the plan of the field", "u", self.toggle_plan, obstacle=obstacle),
            Action("View", "Plan of the field …", "", self.ask_plan, obstacle=obstacle),
            Action("View", "Zoom in on the network", "Shift+plus", lambda: canvas.zoom(1), obstacle=obstacle),
            Action(
                "View", "Zoom out of the network", "Shift+minus", lambda: canvas.zoom(-1), obstacle=obstacle
            ),
            Action("View", "See all of the network", "Shift+0", canvas.see_all, obstacle=obstacle),
            Action("View", "All about the chosen node", "", self.open_node, obstacle=self._node_obstacle),
        ]

    def toggle_plan(self) -> None:
        """By itself, or as it stands in the field."""
        self.view.show_plan(not self.view.wants_plan)
        if self.view.wants_plan and self.view.plan is None:
            self.ask_plan()

    def ask_plan(self) -> None:
        """Ask for the file that says where the nodes of this field stand."""
        chosen = self.window.ask_open("Where the nodes stand", FIELD_FILES)
        if chosen is not None:
            self.open_plan(chosen)

    def open_plan(self, path: Path) -> None:
        """Stand on the plan in that file; what is wrong with it is told."""
        try:
            self.view.open_plan(read_plan(path))
        except TreeringError as error:
            self.window.complain("This tells not where nodes stand", str(error))

    def open_node(self, node: int | None = None) -> None:
        """All about that node, or the one that is chosen."""
        if node is not None:
            self.view.canvas.choose(node)
        self.view.canvas.focus_set()
        self.view.open_node()

    def choices(self) -> Sequence[Choice]:
        """Each node."""
        nodes = sorted(self.view.canvas.scene.looks)[:_MOST_CHOICES]
        return [Choice(f"Node {node}: all about it", self._opening(node), "network") for node in nodes]

    def _opening(self, node: int) -> Callable[[], object]:
        return lambda: self.open_node(node)

    def _node_obstacle(self) -> str | None:
        if self.view.canvas.chosen is None:
            return "Choose a node first: click it, or go to it with the arrow keys."
        return None
