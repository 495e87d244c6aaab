"""One subject of the app: what a person can do with it, what it shows, and when it hears of what goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.actions import Action

if TYPE_CHECKING:
    from desktop.shell.choice import Choice
    from desktop.shell.settings import Settings
    from desktop.sources.session import Session
    from desktop.window import Window


class Feature:
    """Made once with the window; adds its views and pages there. All of it is called on the main thread."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.actions: Sequence[Action] = ()

    def attend(self, session: Session | None) -> None:
        """That session is shown from now on; None: there is none."""

    def heed(self, settings: Settings) -> None:
        """A person has changed settings; what they were at the start is in `window.settings`."""

    def refresh(self) -> None:
        """Called a few times a second."""

    def repaint(self) -> None:
        """Take the colours of the theme in use."""

    def open_file(self, path: Path) -> bool:
        """Show that file if it is of this feature's kind; whether it is."""
        return False

    def choices(self) -> Sequence[Choice]:
        """What the command palette offers now besides the actions."""
        return ()

    def may_close(self) -> bool:
        """Whether what would be lost may be: a person may be asked."""
        return True

    def close(self) -> None:
        """The window goes."""
