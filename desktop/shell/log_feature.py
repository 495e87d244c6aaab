"""The page of the app's own log."""

from __future__ import annotations

from functools import partial
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
            show_folder = partial(reveal, complain=window.complain)
            self.page = LogPage(window.root, places.error_log(), window.show_home, show_folder)
            window.add_page(self.page)
        window.toggle_page(self.page)
