"""What people have noted about a packet log: a TOML file beside it that people can read, too.

kept = true                 # the ring of recordings does not remove it
note = "after the rain"     # of the whole log
[recording]                 # the app recorded it, and may remove it when there is too much
source = "Demo network"
[[bookmark]]
after_s = 12.5              # for people: since the log's first record
time_us = 1763743332123456  # of the record, as the log has it
text = "gateway moved"
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.errors import UsageError
from bridge.private_file import make_private_folder, write_private
from desktop import places
from desktop.toml_text import toml_text

SUFFIX = ".notes.toml"
_MOST_NAME_BYTES, _MOST_STEM = 240, 50
MOST_BYTES = 1 << 22  # of notes: more was not written by a person


@dataclass(frozen=True, slots=True, order=True)
class Bookmark:
    """A place in a log, by the time of its record, and what a person says of it."""

    time_us: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """Of one log. `source` is what the app recorded there; None: it did not, so it removes nothing."""

    kept: bool = False
    note: str = ""
    source: str | None = None
    bookmarks: tuple[Bookmark, ...] = field(default=())

    @property
    def is_worth_keeping(self) -> bool:
        """Whether a person wants to have it for good."""
        return self.kept or bool(self.note) or bool(self.bookmarks)


def beside(log: Path) -> Path:
    """The file of the notes on that log."""
    return log.with_name(log.name + SUFFIX)


def place_of(log: Path) -> Path:
    """The file to write: beside the log, or among the app's own if nothing can be written there."""
    can_stand_beside = os.access(log.parent, os.W_OK) and _fits(beside(log))
    return beside(log) if can_stand_beside else _elsewhere(log)


def read_notes(log: Path) -> Notes:
    """What is noted about that log; nothing without such a file. Raises UsageError for one that is bad."""
    there = [path for path in (beside(log), _elsewhere(log)) if _fits(path) and path.exists()]
    if not there:
        return Notes()
    path = max(there, key=lambda path: path.stat().st_mtime)  # a folder may have become writable meanwhile
    try:
        with path.open("rb") as file:
            return parsed(file.read(MOST_BYTES).decode())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; make it readable, or move it away") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: {error}; mend it, or move it away") from error


def write_notes(log: Path, notes: Notes, start_us: int | None) -> None:
    """Have them in the log's file of notes; see `dumped`. Raises UsageError."""
    path = place_of(log)
    make_private_folder(path.parent)
    write_private(path, dumped(notes, start_us).encode(errors="replace"))


def parsed(text: str) -> Notes:
    """The notes as `dumped` writes them, or a person. Raises ValueError, TypeError or AttributeError."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    recording = values.get("recording")
    source = None if recording is None else str(recording.get("source", ""))
    bookmarks = (_bookmark(table) for table in values.get("bookmark", []))
    return Notes(bool(values.get("kept")), str(values.get("note", "")), source, tuple(sorted(bookmarks)))


def dumped(notes: Notes, start_us: int | None = None) -> str:
    """As TOML; `start_us` is the time of the log's first record."""
    values: dict[str, object] = {}
    if notes.kept:
        values["kept"] = True
    if notes.note:
        values["note"] = notes.note
    if notes.source is not None:
        values["recording"] = {"source": notes.source}
    if notes.bookmarks:
        values["bookmark"] = [_table(bookmark, start_us) for bookmark in notes.bookmarks]
    return toml_text(values)


def _table(bookmark: Bookmark, start_us: int | None) -> dict[str, object]:
    after = {} if start_us is None else {"after_s": round((bookmark.time_us - start_us) / 1e6, 3)}
    return after | {"time_us": bookmark.time_us, "text": bookmark.text}


def _bookmark(table: dict[str, Any]) -> Bookmark:
    time_us = table.get("time_us")
    if type(time_us) is not int:
        raise ValueError(f"a bookmark's time_us is a whole number, not {time_us!r}")
    return Bookmark(time_us, str(table.get("text", "")))


def _elsewhere(log: Path) -> Path:
    return places.notes() / f"{log.stem[:_MOST_STEM]}-{places.name_of(log)}{SUFFIX}"


def _fits(path: Path) -> bool:
    """Whether a file may have so long a name, and one that is written beside it a longer one still."""
    return len(os.fsencode(path.name)) <= _MOST_NAME_BYTES
