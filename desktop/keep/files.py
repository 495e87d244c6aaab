"""Logs, rounds and pictures as files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.access import load_access
from bridge.errors import TreeringError
from desktop import theme
from desktop.actions import LAST, Action
from desktop.feature import Feature
from desktop.keep.notes import write_notes
from desktop.model.model import Changes
from desktop.plots.panels import EMPTY, file_name, save_panels
from desktop.plots.round_pictures import RoundPictures
from desktop.sources.log import LogSource
from desktop.sources.session import Session

if TYPE_CHECKING:
    from desktop.window import Window

LOG_TYPES = [("Packet logs", "*.pcapng"), ("All files", "*")]
_OPEN_TYPES = [
    ("Packet logs and fields", "*.pcapng *.toml *.def *.top"),
    *LOG_TYPES,
]
_KEYS_TYPES = [("Keys", "*.toml"), ("All files", "*")]
_PNG_TYPES = [("Pictures", "*.png"), ("All files", "*")]
_CSV_TYPES = [("Comma-separated values", "*.csv"), ("All files", "*")]


class FilesFeature(Feature):
    """Opens logs; saves what is shown."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._pictures: RoundPictures | None = None
        self.open = Action("File", "Open log …", "o", self.open_log, "folder2-open", "Open …")
        obstacle = window.session_obstacle
        self.save = Action("File", "Save log as …", "s", self.save_log, "download", "Save …", obstacle)
        self.actions = [
            self.open,
            self.save,
            Action("File", "Export rounds as CSV …", "e", self.export_rounds, obstacle=obstacle),
            Action("File", "Save round as PNG …", "g", self.save_round, obstacle=obstacle),
            Action("File", "Save each round as PNG …", "F5", self.toggle_round_pictures),
            Action("File", "Close session", "w", window.close_session, obstacle=obstacle, group=LAST),
            Action("File", "Quit", "q", window.close, group=LAST),
        ]

    def attend(self, session: Session | None) -> None:
        """See desktop.feature.Feature.attend."""
        self._stop_pictures()
        if session is not None:
            session.subscribe(self._save_pictures)

    def refresh(self) -> None:
        """A folder that cannot be written to is told once, and left."""
        if self._pictures is not None and (problem := self._pictures.problem) is not None:
            folder = self._pictures.folder
            self._stop_pictures()
            why = problem.strerror if isinstance(problem, OSError) else problem
            text = f"{folder}: {why}; make room, or choose another folder"
            self.window.complain("Rounds cannot be saved", text)

    def open_log(self, path: Path | None = None) -> None:
        """Show a packet log; without a path ask which, and take a field as well."""
        if path is None:
            if asked := self.window.ask_open("Open a packet log or a field", _OPEN_TYPES):
                self.window.open_file(asked)
            return
        try:
            log = LogSource(path)
            self.window.start(self._with_keys(log) if log.is_sealed else log)
        except TreeringError as error:
            self.window.complain("This log cannot be opened", str(error))

    def _with_keys(self, log: LogSource) -> LogSource:
        """The sealed log with its keys, which are asked for; as it is without. Raises UsageError."""
        keys = self.window.ask_open("This log is sealed: its network's keys", _KEYS_TYPES)
        return log if keys is None else LogSource(log.log, load_access(str(keys)))

    def save_log(self, path: Path | None = None) -> None:
        """Copy the session's packet log, as far as it goes; ask where to if there is no path."""
        session = self.window.session_or_complaint("There is no log to save yet")
        if session is None:
            return
        path = path or self.window.ask_save("Save the packet log", LOG_TYPES, ".pcapng")
        if path is not None:
            self.window.write(path, lambda to: self._save_log(session, to))

    def _save_log(self, session: Session, path: Path) -> None:
        """With what is noted about it; a copy is a person's own, so no ring removes it. Raises OSError."""
        from desktop.keep.feature import KeepFeature  # which opens logs by this feature

        session.save_log(path)
        bookmarks = self.window.feature(KeepFeature).bookmarks
        notes = replace(bookmarks.notes, source=None)
        if notes.is_worth_keeping and path.resolve() != session.log.resolve():
            write_notes(path, notes, bookmarks.start_us)

    def export_rounds(self, path: Path | None = None) -> None:
        """Write the rounds as CSV; ask where to if there is no path."""
        session = self.window.session_or_complaint("There are no rounds to export yet")
        if session is None:
            return
        path = path or self.window.ask_save("Export the rounds", _CSV_TYPES, ".csv")
        if path is not None:
            self.window.write(path, session.export_rounds)

    def save_round(self, path: Path | None = None) -> None:
        """Write the readings of the round that is shown as a PNG; ask where to if there is no path."""
        session = self.window.session_or_complaint("There is no round to save yet")
        if session is None:
            return
        shown = session.model.settled
        if shown is None or not shown.readings:
            self.window.complain("There is no round to save yet", EMPTY)
            return
        path = path or self.window.ask_save("Save the round", _PNG_TYPES, ".png", name=file_name(shown))
        if path is not None:
            title = session.source.title
            self.window.write(path, lambda to: save_panels(shown, to, theme.current(), title))

    def toggle_round_pictures(self, folder: Path | None = None) -> None:
        """From now on write every round as a PNG into a folder, which is asked for; or do so no more."""
        session = self.window.session_or_complaint("There are no rounds to save yet")
        if session is None:
            return
        if self._pictures is not None:
            self._stop_pictures()
            self.window.notice("rounds are no longer saved as PNG")
        elif chosen := folder or self.window.ask_folder("A folder for the rounds"):
            self._pictures = RoundPictures(chosen, theme.current(), session.source.title)
            self.window.notice(f"each round is saved as PNG in {chosen}")

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self._stop_pictures()

    def _save_pictures(self, changes: Changes) -> None:
        if self._pictures is not None:
            for shown in changes.settled:
                self._pictures.save(shown)

    def _stop_pictures(self) -> None:
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None
