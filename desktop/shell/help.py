"""The help, and what this program is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop import dialogs
from desktop.actions import LAST, Action
from desktop.feature import Feature
from desktop.shell.help_page import HelpPage
from desktop.shell.manual import FIRST, KEYS, manual

if TYPE_CHECKING:
    from desktop.window import Window


class HelpFeature(Feature):
    """Tells a person what they can do. The page is made when it is first wanted."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.page: HelpPage | None = None
        self.actions = [
            Action("Help", "Help", "F1", self._toggle),
            Action("Help", "Keys", "Shift+F1", lambda: self.show(KEYS)),
            Action("Help", "About Treering", "F2", lambda: dialogs.show_about(window.root), group=LAST),
        ]

    def show(self, name: str = FIRST) -> None:
        """Show the page of the help of that name (its file's)."""
        pages = manual(self.window.actions_by_feature)
        if self.page is None:
            self.page = HelpPage(self.window.root, pages, self.window.show_home)
            self.window.add_page(self.page)
        self.window.show_page(self.page)
        self.page.show(pages, name)

    def _toggle(self) -> None:
        if self.page is not None and self.page is self.window.shown_page:
            self.window.show_home()
        else:
            self.show()
