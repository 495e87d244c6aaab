"""The app's own log as entries: when, how bad, from where, what. No tkinter."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_FIRST = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} ([A-Z]+) (\S+?): (.*)")
_MOST_BYTES = 4_000_000  # more than the app keeps


@dataclass(frozen=True, slots=True)
class Entry:
    """One message; `text` has all its lines, a traceback too."""

    time: str
    level: str
    source: str
    text: str

    @property
    def summary(self) -> str:
        """In one line: what was said, and how a traceback ends."""
        lines = self.text.splitlines() or [""]
        return lines[0] if len(lines) == 1 else f"{lines[0]}: {lines[-1].strip()}"

    @property
    def whole(self) -> str:
        """As it stands in the file, but for split seconds."""
        return f"{self.time} {self.level} {self.source}: {self.text}"


def read_entries(path: Path) -> list[Entry]:
    """The entries of the log at `path` and of the one before it, the newest first; none without a file."""
    lines: list[str] = []
    for file in (path.with_name(f"{path.name}.1"), path):
        try:
            with file.open("rb") as opened:
                lines += opened.read(_MOST_BYTES).decode("utf-8", "replace").splitlines()
        except OSError:
            continue
    return list(reversed(_entries(lines)))


def chosen(entries: Iterable[Entry], least: int, typed: str) -> list[Entry]:
    """Those of that level of `logging` or above in which all words that are typed stand."""
    words = typed.lower().split()
    levels = logging.getLevelNamesMapping()
    return [
        entry
        for entry in entries
        if levels.get(entry.level, logging.CRITICAL) >= least
        and all(word in entry.whole.lower() for word in words)
    ]


def _entries(lines: Iterable[str]) -> list[Entry]:
    entries: list[tuple[str, str, str, list[str]]] = []
    for line in lines:
        if found := _FIRST.match(line):
            entries.append((found[1], found[2], found[3], [found[4]]))
        elif entries:
            entries[-1][3].append(line)
    return [Entry(time, level, source, "\n".join(text)) for time, level, source, text in entries]
