"""The tabs with the values and the links of all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.stream.queueing import QueueMeasure
from desktop.actions import Action
from desktop.bridge_page.feature import BridgeFeature
from desktop.feature import Feature
from desktop.model.bridge import CONSUMER_COLUMNS
from desktop.plots.link_words import Waiting
from desktop.plots.links_view import LinksView
from desktop.plots.values_view import ValuesView
from desktop.sources.session import LiveSession, Session

if TYPE_CHECKING:
    from desktop.window import Window

_CONSUMER = [column.title for column in CONSUMER_COLUMNS]


class ValuesFeature(Feature):
    """The values of all nodes, live."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        workspace = window.workspace
        self.view = ValuesView(workspace.tabs)
        workspace.add_tab(self.view, "Values")
        show = Action("View", "Values of all nodes", "Shift+v", self.show, page=workspace, group=3)
        self.actions = [show]

    def show(self) -> None:
        """Bring the table to the front."""
        self.window.workspace.select(self.view)
        self.view.table.table.focus_set()

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        self.view.refresh()


class LinksFeature(Feature):
    """How well frames come in, live."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        workspace = window.workspace
        self._session: Session | None = None
        self.view = LinksView(workspace.tabs)
        self.view.queue, self.view.waiting = self._queue, self._waiting
        workspace.add_tab(self.view, "Links")
        show = Action("View", "Health of the links", "Shift+l", self.show, page=workspace, group=3)
        self.actions = [show]

    def attend(self, session: Session | None) -> None:
        """See desktop.feature.Feature.attend."""
        self._session = session

    def show(self) -> None:
        """Bring the panel to the front."""
        self.window.workspace.select(self.view)
        self.view.nodes.table.focus_set()

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        self.view.refresh()

    def _queue(self) -> tuple[QueueMeasure | None, float | None]:
        """What waits for the window, of a session that is live."""
        if not isinstance(self._session, LiveSession):
            return None, None
        return self._session.inbox_meter.measured, self._session.inbox_fill

    def _waiting(self) -> tuple[Waiting, ...]:
        """What waits for the bridge's consumers, as it last told."""
        page = self.window.feature(BridgeFeature).page.page
        if page is None:
            return ()
        columns = [_CONSUMER.index(name) for name in ("consumer", "waiting", "by Little", "by M/M/1")]
        return tuple(Waiting(*(line.values[column] for column in columns)) for line in page.consumers.lines)
