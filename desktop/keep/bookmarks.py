"""The bookmarks of the log that is shown, and the file that has them a moment later. No tkinter.

There is one `Bookmarks` for the life of the window (`KeepFeature.bookmarks`): who draws them subscribes once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bridge.errors import UsageError
from desktop.keep.late_file import LateFile
from desktop.keep.notes import Bookmark, Notes, dumped, place_of, read_notes


class Bookmarks:
    """`items` are sorted by time. All changes come through here, and are on disk within a second.

    A file of notes that cannot be read is never written over: then `problem` says why, and nothing is kept.
    """

    def __init__(self) -> None:
        self.notes = Notes()
        self.start_us: int | None = None  # the first record's time, for the file's readers
        self._log: Path | None = None
        self._unreadable: str | None = None
        self._file: LateFile | None = None
        self._subscribers: list[Callable[[], object]] = []

    @property
    def items(self) -> Sequence[Bookmark]:
        """All of them, by time."""
        return self.notes.bookmarks

    @property
    def problem(self) -> str | None:
        """Why the notes are not on disk, for people."""
        return self._unreadable or (self._file.problem if self._file else None)

    def subscribe(self, on_change: Callable[[], object]) -> None:
        """Call this after every change, and when another log is shown."""
        self._subscribers.append(on_change)

    def open(self, log: Path, *, source: str | None = None) -> None:
        """Those of that log from now on; `source` is what the app records there, if it does."""
        self.close()
        self._log = log
        try:
            self.notes = read_notes(log)
        except UsageError as error:
            self._unreadable = str(error)
        else:
            self._file = LateFile(place_of(log))
        if source is not None:
            self._change(replace(self.notes, source=source))
        else:
            self._tell()

    def close(self) -> None:
        """No log is shown; what was changed is on disk."""
        if self._file is not None and self._log is not None:
            is_wanted = self.notes.is_worth_keeping and self._log.parent.is_dir()
            if self._log.exists() or is_wanted:
                self._file.flush()
            else:  # nothing was recorded, or only for the time of the session
                with suppress(OSError):
                    self._file.remove()
        self.notes, self.start_us = Notes(), None
        self._file = self._unreadable = None
        self._tell()

    def add(self, time_us: int, text: str = "") -> Bookmark:
        """A new one; there is one at most of a time and a text."""
        bookmark = Bookmark(time_us, text)
        self._set({*self.items, bookmark})
        return bookmark

    def edit(self, bookmark: Bookmark, text: str) -> Bookmark:
        """Change its text; what it is now."""
        changed = replace(bookmark, text=text)
        self._set({*self.items} - {bookmark} | {changed})
        return changed

    def remove(self, bookmark: Bookmark) -> None:
        """No such bookmark any more."""
        self._set({*self.items} - {bookmark})

    def set_note(self, text: str) -> None:
        """What is said of the whole log."""
        self._change(replace(self.notes, note=text))

    def keep(self) -> None:
        """The ring of recordings does not remove the log any more."""
        self._change(replace(self.notes, kept=True))

    def flush(self) -> None:
        """Have it all on disk now."""
        if self._file is not None:
            self._file.flush()

    def _set(self, bookmarks: set[Bookmark]) -> None:
        self._change(replace(self.notes, bookmarks=tuple(sorted(bookmarks))))

    def _change(self, notes: Notes) -> None:
        if notes == self.notes:
            return
        self.notes = notes
        if self._file is not None:
            self._file.write(dumped(notes, self.start_us))
        self._tell()

    def _tell(self) -> None:
        for on_change in self._subscribers:
            on_change()
