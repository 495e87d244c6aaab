"""What a crash has left: recordings that did not end, and unsaved work, offered until a person has chosen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from bridge.status_view import size_text
from desktop.keep.autosave import Autosave, Leftover
from desktop.keep.notes import read_notes
from desktop.keep.recordings import Recordings
from desktop.keep.recovery_bar import RecoveryBar, Salvage
from desktop.keep.running import Crashed, RunningSession
from desktop.sources.demo import DEMOS

if TYPE_CHECKING:
    from desktop.window import Window


class Recovery:
    """`show` puts what is new of it on the window; who has unsaved work calls `offer_unsaved` once."""

    def __init__(self, window: Window, running: RunningSession, open_log: Callable[[Path], object]) -> None:
        self.bar: RecoveryBar | None = None
        self._window = window
        self._open_log = open_log
        self._found = [self._salvage_of(crashed) for crashed in running.crashed() if self._is_wanted(crashed)]

    def offer_unsaved(self, kind: str, autosave: Autosave, open_text: Callable[[str], bool]) -> None:
        """Offer what runs that crashed left in that autosave.

        `kind` is a word such as "field"; `open_text` shows the text to a person, who may save it, and writes
        it to the autosave; if it does not, it says so by False, and the offer stays.
        """

        def choose(leftover: Leftover) -> bool:
            if not open_text(leftover.text):
                return False
            autosave.flush()  # first there are two of it, then one
            return self._discard(leftover)

        for leftover in autosave.pending():
            text = f"An unsaved {kind} of {leftover.saved_at:%Y-%m-%d %H:%M} was left by a crash"
            choices = (
                ("Open", partial(choose, leftover)),
                ("Discard", partial(self._discard, leftover)),
            )
            self._found.append(Salvage(text, choices))

    def show(self) -> None:
        """Have all of it on the window; while features are made, not all of the window is there."""
        found, self._found = self._found, []
        if found and (self.bar is None or not self.bar.winfo_exists()):
            self.bar = RecoveryBar(self._window.root, lambda: self._window.perform_named("Recordings"))
            self.bar.pack(fill="x", after=self._window.header)
        if found and self.bar is not None:
            self.bar.add(found)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        if self.bar is not None and self.bar.winfo_exists():
            self.bar.repaint()

    def _is_wanted(self, crashed: Crashed) -> bool:
        """A demo runs the same again whenever a person likes, unless there are notes on this one."""
        is_demo = crashed.title in {demo.title for demo in DEMOS.values()}
        with suppress(UsageError):  # notes that cannot be read may be worth a lot
            if is_demo and not read_notes(crashed.log).is_worth_keeping:
                self._discard(crashed.mark)
                return False
        return True

    def _salvage_of(self, crashed: Crashed) -> Salvage:
        def choose(act: Callable[[Path], object]) -> Callable[[], bool]:
            def run() -> bool:
                try:
                    act(crashed.log)
                except UsageError as error:
                    self._window.complain("This recording cannot be changed", str(error))
                    return False
                return self._discard(crashed.mark)

            return run

        size = size_text(crashed.log.stat().st_size if crashed.log.is_file() else 0)
        recordings = Recordings(crashed.log.parent)
        return Salvage(
            f"“{crashed.title}” of {crashed.mark.saved_at:%Y-%m-%d %H:%M} did not end: {size} recorded",
            (
                ("Open", choose(self._open_log)),
                ("Keep", choose(recordings.keep)),
                ("Discard", choose(recordings.trash)),
            ),
            is_recording=True,
        )

    def _discard(self, leftover: Leftover) -> bool:
        try:
            leftover.discard()
        except OSError as error:
            text = f"{leftover.path}: {error.strerror}; remove it by hand, or it is offered again"
            self._window.complain("What was left cannot be removed", text)
        return True
