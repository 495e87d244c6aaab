"""The names in a log's folder, and who may write there (PROTOCOL.md 18.1)."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import UsageError
from bridge.file_lock import lock_file

_SEGMENT = re.compile(r"treering-(\d{8,})\.pcapng")
_LOCK = "log.lock"


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment as the folder lists it; `changed_s` is when it was last written, in seconds since 1970."""

    number: int
    size_bytes: int
    changed_s: float


class LogFolder:
    """The files of one packet log."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def segment(self, number: int) -> Path:
        """That segment's file."""
        return self.path / f"treering-{number:08}.pcapng"

    def state(self, number: int) -> Path:
        """What an observer knows before that segment's first record (18.3)."""
        return self.path / f"treering-{number:08}.state"

    @property
    def journal(self) -> Path:
        """What was taken to be written; it is there while the log is open, and after a kill."""
        return self.path / "log.taken"

    def numbers(self) -> list[int]:
        """The segments that are there, oldest first; empty if there is no such folder."""
        try:
            names = os.listdir(self.path)
        except FileNotFoundError:
            return []
        return sorted(int(match[1]) for name in names if (match := _SEGMENT.fullmatch(name)))

    def segments(self) -> list[SegmentFile]:
        """The same with size and time."""
        found = []
        for number in self.numbers():
            try:
                status = self.segment(number).stat()
            except FileNotFoundError:
                continue  # retention was faster
            found.append(SegmentFile(number, status.st_size, status.st_mtime))
        return found

    def orphans(self) -> list[Path]:
        """States of segments that are no more, and those that a killed writer has not finished."""
        there = {self.state(number) for number in self.numbers()}
        states = [path for path in self.path.glob("treering-*.state") if path not in there]
        return [*states, *self.path.glob(".treering-*.state.*")]

    def oldest(self) -> int | None:
        """The number of the oldest segment, None without any."""
        return min(self.numbers(), default=None)

    def after(self, number: int) -> int | None:
        """The next segment, None if that is the last."""
        return min((found for found in self.numbers() if found > number), default=None)


class FolderLock:
    """Held by the one process that writes into a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises UsageError, which names who holds it, or why there can be no such folder."""
        path = folder / _LOCK
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UsageError(f"{folder}: {error.strerror}; name a folder that you may write to") from error
        try:
            lock_file(self._handle)
        except OSError as error:
            holder = _holder(path)
            os.close(self._handle)
            raise UsageError(f"{folder}: {holder} writes this log; end it, or name another folder") from error
        self._say(f"process {os.getpid()} on {socket.gethostname()}")

    def release(self) -> None:
        """Let another process write."""
        os.close(self._handle)

    def _say(self, holder: str) -> None:
        try:
            os.ftruncate(self._handle, 0)
            os.write(self._handle, holder.encode())
        except OSError:
            pass  # a full disk; the lock holds without a name


def _holder(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip() or "another process"
    except OSError:
        return "another process"
