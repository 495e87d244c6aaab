"""The settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop import places
from desktop.actions import LAST, Action
from desktop.feature import Feature
from desktop.shell.settings import Settings
from desktop.shell.settings_page import SettingsPage

if TYPE_CHECKING:
    from desktop.window import Window


class SettingsFeature(Feature):
    """Ctrl+comma. The page is made when it is first wanted."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.page: SettingsPage | None = None
        self.actions = [Action("Edit", "Settings", "comma", self._toggle, "gear", group=LAST)]

    def heed(self, settings: Settings) -> None:
        """See desktop.feature.Feature.heed."""
        if self.page is not None:
            self.page.show(settings)

    def _toggle(self) -> None:
        if self.page is None:
            window = self.window
            self.page = SettingsPage(
                window.root,
                window.settings,
                window.change_settings,
                window.ask_folder,
                window.show_home,
                str(places.recordings()),
            )
            window.add_page(self.page)
        self.window.toggle_page(self.page)
