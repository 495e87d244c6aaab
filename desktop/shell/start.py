"""What the start page lists: boards and bridges nearby, and the logs that were opened last."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desktop import start_page
from desktop.connect.feature import SourcesFeature
from desktop.connect.nearby import Lookout
from desktop.feature import Feature
from desktop.shell.recent_logs import RecentLogs
from desktop.start_page import Row

if TYPE_CHECKING:
    from desktop.window import Window

_MOST_ROWS = 4


class StartFeature(Feature):
    """Looks around while the start page is seen."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._lookout: Lookout | None = None
        self._logs: RecentLogs | None = None

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        if self.window.shown_page is not self.window.start_page:
            self.close()
            return
        if self._lookout is None:
            self._lookout = Lookout()
            self._lookout.start()
        sources = self.window.feature(SourcesFeature)
        rows = [
            Row(found.name, found.where, partial(sources.ask_which, found))
            for found in self._lookout.found[:_MOST_ROWS]
        ]
        self.window.start_page.show_rows(start_page.FIELD, rows)
        self._show_logs()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        if self._lookout is not None:
            self._lookout.stop()
            self._lookout = None
        self._logs = None  # logs grow and go

    def _show_logs(self) -> None:
        if self._logs is None:
            self._logs = RecentLogs([Path(text) for text in self.window.recent_logs], _MOST_ROWS)
            self._logs.start()
        elif self._logs.found is not None:
            rows = [
                Row(log.path.stem, log.details, partial(self.window.open_file, log.path))
                for log in self._logs.found
            ]
            self.window.start_page.show_rows(start_page.LOG, rows)
