"""Light or dark: as settled, or as the system is, also when that changes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from desktop import places, theme
from desktop.actions import Action
from desktop.feature import Feature
from desktop.palette import DARK, LIGHT
from desktop.shell.memory import Memory
from desktop.shell.settings import Settings, SettingsFile

if TYPE_CHECKING:
    from desktop.window import Window

_ASK_EVERY_S = 5.0
_LAST_MODE = "theme of the system"


def first_mode() -> str:
    """The theme to begin with: as settled, or as the system was; to ask it would hold the window up."""
    settled = SettingsFile(places.settings()).now.theme
    if settled in (LIGHT, DARK):
        return settled
    return DARK if Memory(places.memory()).texts(_LAST_MODE) == [DARK] else LIGHT


class AppearanceFeature(Feature):
    """Follows the settings, and by them the system, if the window does."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._settled = window.settings.theme
        self._follows = window.follows_settings
        self._asking: threading.Thread | None = None
        self._asked_s = 0.0
        self._answer: str | None = None
        self.toggle = Action("View", "Light or dark", "t", self._turn, "circle-half")
        self.actions = [self.toggle]

    def heed(self, settings: Settings) -> None:
        """See desktop.feature.Feature.heed."""
        if settings.theme != self._settled:
            self._settled = settings.theme
            self._follows = True
            self._asked_s = 0.0
            if settings.theme in (LIGHT, DARK):
                self.window.show_theme(settings.theme)

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh: the system's answer comes from a thread of its own."""
        if not self._follows or self._settled != "system":
            return
        if self._answer is not None:
            self.window.show_theme(self._answer)
            self.window.memory.put(_LAST_MODE, [self._answer])
            self._answer = None
        elif time.monotonic() - self._asked_s > _ASK_EVERY_S and not self._is_asking:
            self._asked_s = time.monotonic()
            self._asking = threading.Thread(target=self._ask, name="theme of the system", daemon=True)
            self._asking.start()

    @property
    def _is_asking(self) -> bool:
        return self._asking is not None and self._asking.is_alive()

    def _ask(self) -> None:
        self._answer = theme.system_mode()

    def _turn(self) -> None:
        self.window.change_settings(theme=LIGHT if theme.mode() == DARK else DARK)
