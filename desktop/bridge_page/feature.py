"""The page of a bridge: there whenever the session is with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.bridge_page.view import BridgeView
from desktop.bridge_page.watch import BridgeWatch
from desktop.connect.feature import SourcesFeature
from desktop.feature import Feature
from desktop.model.words import plural
from desktop.sources.bridge import BridgeSource
from desktop.sources.session import Session

if TYPE_CHECKING:
    from desktop.window import Window


class BridgeFeature(Feature):
    """Asks the bridge how it is, and shows that."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._watch: BridgeWatch | None = None
        self.show = Action("View", "Bridge, or network", "b", self.toggle, "hdd-network", "Bridge")
        self.actions = [self.show]
        self.page = BridgeView(window.root, window.feature(SourcesFeature).connect, self.show)
        window.add_page(self.page)

    def attend(self, session: Session | None) -> None:
        """See desktop.feature.Feature.attend."""
        self.close()
        if session is not None and isinstance(session.source, BridgeSource):
            self._watch = BridgeWatch(session.source.status_address)
            self._watch.start()
        self.page.attach(self._watch)

    def toggle(self) -> None:
        """The page of the bridge, instead of what is shown; or the other way."""
        self.window.toggle_page(self.page)

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        self.page.refresh()
        page = self.page.page
        warned = f": {plural(len(page.warnings), 'warning')}" if page and page.warnings else ""
        self.window.relabel(self.show, f"Bridge{warned}")

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
