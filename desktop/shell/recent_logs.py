"""What the logs are that were opened last, found out in a thread: when, how large, of which network."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bridge.access import OPEN, RecordOpener
from bridge.status_view import size_text
from protocol.capture import CaptureError, CaptureReader
from protocol.observer import Observer
from protocol.sealing import is_sealed

_HEAD_BYTES = 1 << 16  # some hundred frames: enough to tell one network from another


@dataclass(frozen=True, slots=True)
class RecentLog:
    """One that is there, and what is known of it."""

    path: Path
    details: str


class RecentLogs:
    """`found` are those of `paths` that are there, at most so many; None until they have been looked at."""

    def __init__(self, paths: Sequence[Path], most: int) -> None:
        self.found: Sequence[RecentLog] | None = None
        self._paths = paths
        self._most = most

    def start(self) -> None:
        """Look at them, once."""
        threading.Thread(target=self._look, name="recent logs", daemon=True).start()

    def _look(self) -> None:
        found: list[RecentLog] = []
        for path in self._paths:
            if len(found) < self._most and (details := described(path)) is not None:
                found.append(RecentLog(path, details))
        self.found = found


def described(path: Path) -> str | None:
    """Of which network it is, how large, and when it was written; None if it is not there to be read."""
    try:
        status = path.stat()
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    written = datetime.fromtimestamp(status.st_mtime)
    return ", ".join(filter(None, [_network(head), size_text(status.st_size), f"{written:%d %b %Y %H:%M}"]))


def _network(head: bytes) -> str:
    """The kind of network that the first frames of a log tell of, "sealed", or nothing."""
    try:
        records = CaptureReader().feed(head)
    except CaptureError:
        return ""
    if any(is_sealed(record.frame) for record in records):
        return "sealed"
    opener, observer = RecordOpener(OPEN), Observer()
    for record in records:
        if (opened := opener.open(record)) is not None:
            observer.observe(opened)
    return observer.network.name.lower() if observer.good else ""
