"""What can be done with the plots over time, and the map of where the maximum is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.feature import Feature
from desktop.plots.axes_dialog import AxesDialog
from desktop.plots.pane import MOST_PANES, pane_of, pane_text
from desktop.plots.where_view import WhereView

if TYPE_CHECKING:
    from desktop.window import Window

_AXES = "axes"
_ZOOM, _PAN = 0.7, 0.25


class PlotsFeature(Feature):
    """Moves through time, chooses lines, reads values."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        workspace = window.workspace
        self.plot = plot = workspace.plot
        kept = window.memory.texts(_AXES)
        plot.chosen_panes = tuple(pane for text in kept[:MOST_PANES] if (pane := pane_of(text)))
        self.where = WhereView(workspace.stage, plot)
        workspace.add_stage(self.where, "Where")
        plot.on_move = self.where.follow_plot
        actions: list[tuple[str, str, Callable[[], object]]] = [
            ("Axes and lines of the plot …", "Shift+a", self.choose_axes),
            ("Where the maximum is", "Shift+m", lambda: workspace.select(self.where)),
            ("Pause the plot, or go on", "Shift+p", plot.toggle_pause),
            ("Plot the newest: all, a minute, …", "Shift+u", plot.follow),
            ("Plot all", "0", plot.show_all),
            ("Time of day, or since the start", "Shift+t", plot.toggle_clock),
            ("Plot less time", "plus", lambda: plot.zoom(_ZOOM)),
            ("Plot more time", "minus", lambda: plot.zoom(1 / _ZOOM)),
            ("Plot earlier", "", lambda: plot.pan(-_PAN)),
            ("Plot later", "", lambda: plot.pan(_PAN)),
            ("Cursor A in the plot", "1", lambda: plot.place_cursor("A")),
            ("Cursor B in the plot", "2", lambda: plot.place_cursor("B")),
            ("Cursor a sample back", "", lambda: plot.move_cursor(-1)),
            ("Cursor a sample on", "", lambda: plot.move_cursor(1)),
            ("No cursors in the plot", "", plot.clear_cursors),
        ]
        self.actions = [
            Action("View", label, key, run, page=workspace, group=3) for label, key, run in actions
        ]

    def choose_axes(self) -> None:
        """Ask which axes and lines."""
        plot = self.plot
        AxesDialog(self.window.root, plot.chart.model, plot.chart.panes, plot.set_panes).open()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self.window.memory.put(_AXES, [pane_text(pane) for pane in self.plot.chosen_panes])
