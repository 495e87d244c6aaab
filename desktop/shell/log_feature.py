"""The page of the app's own log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from desktop import places
from desktop.actions import Action
from desktop.feature import Feature
from desktop.keep.file_manager import reveal
from desktop.shell.log_page import LogPage

if TYPE_CHECKING:
    from desktop.window import Window


class LogFeature(Feature):
    """F9. The page is made when it is first wanted."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.page: LogPage | None = None
        self.actions = [Action("Tools", "Log of the app", "F9", self._toggle)]

    def _toggle(self) -> None:
        window = self.window
        if self.page is None:
            self.page = LogPage(window.root, places.error_log(), window.show_home, self._reveal)
            window.add_page(self.page)
        window.toggle_page(self.page)

    def _reveal(self, path: Path) -> None:
        try:
            reveal(path)
        except OSError as error:
            self.window.complain("The folder cannot be shown", f"{path.parent}: {error.strerror}")
