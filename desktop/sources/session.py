"""One source, its records on file and in the model. No tkinter: whoever shows it calls `drain`."""

from __future__ import annotations

import contextlib
import csv
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

from bridge.capture_file import CaptureFile
from desktop.model.model import Model
from desktop.sources.source import Source, State, Status
from protocol.capture import Record
from protocol.packets import DropReason

# Some seconds of the fastest source, in about 30 MB.
MAX_WAITING = 50_000
_BATCH = 256
_PUT_TIMEOUT_S = 0.1


class Security(Enum):
    """What protects the network that is shown."""

    SIMULATED = "simulated"
    UNKNOWN = "unknown"
    SEALED = "sealed"
    OPEN = "open"
    LOCKED = "sealed, and there are no keys"
    UNREAD = "sealed, and the keys open nothing yet"


class Session:
    """Writes every record to `log` before it is shown, so that what was seen can be saved at any time.

    `recording` is the file to write; without one it is temporary and goes with `stop`. A source that reads a
    log is not recorded again. Raises UsageError if there can be no recording.
    """

    def __init__(self, source: Source, recording: Path | None = None) -> None:
        self.source = source
        self.model = Model()
        self.viewed = self.model  # what the views show: the model, or one of another time
        self.status = Status(State.STARTING, "starting")
        self.not_shown = 0  # records on file that came faster than they could be shown
        self.kept = source.log is not None or recording is not None
        self._temporary = None if self.kept else tempfile.TemporaryDirectory(prefix="treering-")
        if self._temporary:
            recording = Path(self._temporary.name) / "session.pcapng"
        self._file = _created(recording) if recording and not source.log else None
        self._writing = threading.Lock()
        self._inbox: queue.Queue[Record | Status] = queue.Queue(MAX_WAITING)
        self._stopping = threading.Event()

    @property
    def log(self) -> Path:
        """The file that holds what is shown."""
        path = self._file.path if self._file else self.source.log
        assert path is not None  # a source without a log of its own is recorded
        return path

    @property
    def is_recording(self) -> bool:
        """Whether what comes is written; False for a log that is read, and after a failure (disk full)."""
        return self._file is not None and self._file.is_recording

    @property
    def security(self) -> Security:
        """How the network's frames are protected, as far as is known."""
        if self.source.is_simulated:
            return Security.SIMULATED
        dropped, good = self.model.observer.dropped, self.model.observer.good
        if self.source.opener.access.keys is not None:
            return Security.UNREAD if self.source.opener.unread and not good else Security.SEALED
        if dropped.get(DropReason.SEALED) and not good:
            return Security.LOCKED
        return Security.OPEN if good or self.source.log is None else Security.UNKNOWN

    def start(self) -> None:
        """Let the source begin."""
        self.source.start(self._put, self._post)

    def stop(self) -> None:
        """End the source and the recording; what is still waiting is on file, and is not shown any more."""
        self._stopping.set()
        self.source.stop()
        if self._file is not None:
            self._file.close()
        if self._temporary:
            self._temporary.cleanup()

    def drain(self, budget_s: float) -> bool:
        """Show what has come, for about `budget_s` at most; whether there was anything."""
        deadline_s = time.monotonic() + budget_s
        items = self._take()
        if not items:
            return False
        while items:
            self.model.feed(self._opened(items))
            for status in items:
                if isinstance(status, Status):
                    self._heed(status)
            items = self._take() if time.monotonic() < deadline_s else []
        self.model.publish()
        return True

    def save_log(self, path: Path) -> None:
        """Copy the packet log as it is now. Raises OSError."""
        with self._writing:
            if path.resolve() != self.log.resolve():
                shutil.copyfile(self.log, path)

    def export_rounds(self, path: Path) -> int:
        """Write the rounds in the model as CSV, the keys of PROTOCOL.md 6.4; how many. Raises OSError."""
        rows = [{"time_s": self.model.seconds(row.timestamp_us)} | row.as_json() for row in self.model.rows]
        keys = list(dict.fromkeys(key for row in rows for key in row)) or ["time_s", "round"]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, keys)
            writer.writeheader()
            writer.writerows(rows)
        return len(rows)

    def _take(self) -> list[Record | Status]:
        items: list[Record | Status] = []
        with contextlib.suppress(queue.Empty):
            while len(items) < _BATCH:
                items.append(self._inbox.get_nowait())
        return items

    def _opened(self, items: Iterable[Record | Status]) -> Iterator[Record]:
        """The records as the model takes them; what the source's keys do not open is counted there."""
        for item in items:
            if isinstance(item, Record) and (opened := self.source.opener.open(item)) is not None:
                yield opened

    def _heed(self, status: Status) -> None:
        self.status = status
        if status.notice:
            self.model.notice(status.notice)

    # --- called from the source's thread -----------------------------------------------------------------

    def _put(self, record: Record) -> None:
        if self._file is not None:
            with self._writing:
                self._file.write(record)
        if self.source.log is not None:
            self._post(record)
        else:
            try:
                self._inbox.put_nowait(record)
            except queue.Full:  # a live network does not wait for a window that hangs
                self.not_shown += 1

    def _post(self, item: Record | Status) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Full):
                return self._inbox.put(item, timeout=_PUT_TIMEOUT_S)


def _created(path: Path) -> CaptureFile:
    with contextlib.suppress(OSError):  # CaptureFile says what is wrong with the place
        path.parent.mkdir(parents=True, exist_ok=True)
    return CaptureFile(path)
