"""What stays of sessions: recordings in their ring, bookmarks, and what a crash has left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge.status_view import size_text
from desktop.actions import Action
from desktop.feature import Feature
from desktop.keep.bookmark_view import BookmarkView
from desktop.keep.bookmarks import Bookmarks
from desktop.keep.files import FilesFeature
from desktop.keep.recordings import Recordings
from desktop.keep.recordings_page import Commands, RecordingsPage
from desktop.keep.recovery import Recovery
from desktop.keep.ring_keeper import RingKeeper
from desktop.keep.running import RunningSession
from desktop.shell.settings import Settings
from desktop.sources.session import Session

if TYPE_CHECKING:
    from desktop.window import Window


class KeepFeature(Feature):
    """`bookmarks` are those of the log that is shown; who has unsaved work offers it in `recovery`."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.bookmarks = Bookmarks()
        self.recordings = Recordings(window.settings.recordings)
        self._running = RunningSession()
        self._ring = RingKeeper(self._running.spared_logs)
        self._was_recording = False
        self._notes_problem: str | None = None
        self._is_warned = False
        self.recovery = Recovery(window, self._running, self.open_log)
        workspace = window.workspace
        self.view = BookmarkView(workspace.tabs, self.bookmarks, add=self.add_bookmark, go_to=self.go_to)
        workspace.add_tab(self.view, "Bookmarks")
        self.page = RecordingsPage(
            window.root,
            self.recordings,
            Commands(
                self.open_log,
                window.complain,
                lambda: self._limit_bytes,
                self._running.open_logs,
            ),
        )
        window.add_page(self.page)
        self.actions = [
            Action("File", "Recordings", "Shift+o", lambda: window.toggle_page(self.page)),
            Action("File", "Keep this recording", "", self.keep),
            Action("Edit", "Bookmark here", "Shift+b", self.add_bookmark),
            Action("Edit", "Go to the bookmark", "", self.view.go),
            Action("Edit", "Remove the bookmark", "", self.view.remove),
            Action("Edit", "Undo removal of a bookmark", "", self.view.undo),
            *self.page.actions,
        ]

    # --- for the window and for other features -----------------------------------------------------------

    def open_log(self, log: Path) -> None:
        """Show it, unless it is what is shown."""
        session = self.window.session
        if session is not None and session.log.absolute() == log.absolute():
            self.window.show_page(self.window.workspace)
        else:
            self.window.feature(FilesFeature).open_log(log)

    def keep(self) -> None:
        """The ring leaves the recording of this session alone."""
        if session := self.window.session_or_complaint("There is nothing to keep yet"):
            if not session.log.exists():
                text = f"{session.log} is not there: nothing is recorded yet, or the file was removed."
                self.window.complain("There is nothing to keep", text)
                return
            self.bookmarks.keep()
            self.window.notice("this recording is kept for good")

    def add_bookmark(self) -> None:
        """At the time that is shown; a person may say what it is."""
        session = self.window.session_or_complaint("There is nothing to mark yet")
        if session is not None:
            if self.page.winfo_manager():
                self.window.toggle_page(self.page)
            self.window.workspace.select(self.view)
            self.view.edit(self.bookmarks.add(session.viewed.now_us))

    def go_to(self, time_us: int) -> None:
        """Show the network as it was then."""
        from desktop.replay.feature import ReplayFeature  # which draws bookmarks

        self.window.feature(ReplayFeature).seek_time(time_us)

    # --- what goes on ------------------------------------------------------------------------------------

    def attend(self, session: Session | None) -> None:
        """See desktop.feature.Feature.attend."""
        self._running.end()
        self._is_warned = False
        self._was_recording = session is not None and session.is_recording
        if session is None:
            self.bookmarks.close()
            return
        is_recorded = session.source.log is None and session.kept
        in_ring = is_recorded and session.log.parent == self.recordings.folder
        self.bookmarks.open(session.log, source=session.source.title if in_ring else None)
        self._running.begin(session.log, session.source.title, is_recorded=is_recorded)
        self._ring.hurry()

    def heed(self, settings: Settings) -> None:
        """See desktop.feature.Feature.heed."""
        self.recordings = self.page.recordings = Recordings(settings.recordings)
        self._ring.hurry()

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        self.recovery.show()
        session = self.window.session
        if session is not None:
            self.bookmarks.start_us = session.model.start_us
            if (problem := self.bookmarks.problem) != self._notes_problem:
                self._notes_problem = problem
                self.window.notice(f"notes are not saved: {problem}" if problem else "notes are saved again")
            self._watch(session)
        if self.window.settings.recording:
            self._ring.look(self.recordings, self._limit_bytes)
        for name in self._ring.removed():
            self.window.notice(f"{name} is removed: the ring of recordings is full")

    def repaint(self) -> None:
        """See desktop.feature.Feature.repaint."""
        self.recovery.repaint()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self.bookmarks.close()
        self._ring.close()
        self._running.end()

    @property
    def _limit_bytes(self) -> int:
        return self.window.settings.recording_limit_mb * 1_000_000

    def _watch(self, session: Session) -> None:
        """A disk that is full, or a session that outgrows the ring, is told."""
        if session.is_recording != self._was_recording and session.source.log is None:
            self._was_recording = session.is_recording
            free = size_text(self.recordings.free_bytes())
            if session.is_recording:
                self.window.notice("there is room again: recording goes on")
            else:
                text = (
                    f"{session.log}: nothing can be written there; the disk has {free} free. What is recorded"
                    " can be read. Make room, and recording goes on by itself."
                    if session.log.exists()
                    else f"{session.log}: the file was removed, and what was in it with it. Recording goes on"
                    " by itself in a new one, as soon as its folder is there."
                )
                self.window.complain("Recording has stopped", text)
                self.window.notice("recording has stopped")
                self._ring.hurry()
        if not self._is_warned and session.is_recording and _size_bytes(session.log) > self._limit_bytes:
            self._is_warned = True
            limit = size_text(self._limit_bytes)
            self.window.notice(f"this recording alone is larger than the ring ({limit}); it goes on")


def _size_bytes(log: Path) -> int:
    try:
        return log.stat().st_size
    except OSError:
        return 0
