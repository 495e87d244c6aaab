"""Files that grow, one for each day, and hold every row exactly once, whenever the power goes.

Beside the checkpoint the state holds how long each file was there. What was written since is cut off at the
next start, half a line too, and comes again. A file is named in the state before it is made: so what is not
named there is not ours, and stays as it is.
"""

from __future__ import annotations

import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from bridge.errors import UsageError
from bridge.log.facts import Checkpoint, RetryError
from bridge.private_file import write_private

SAVE_PERIOD_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _DayFile:
    kind: str
    day: str
    path: Path
    size_bytes: int
    file: io.FileIO | None = None

    def append(self, data: bytes) -> None:
        """Raises OSError, and may have added a part."""
        if self.file is None:
            self.file = io.FileIO(self.path, "ab")
        rest = memoryview(data)
        while rest:  # a write may be a part, when the disk becomes full
            rest = rest[self.file.write(rest) :]
        self.size_bytes += len(data)

    def cut(self, size_bytes: int) -> None:
        """Back to what it was."""
        self.size_bytes = size_bytes
        if self.file is not None:
            self.file.truncate(size_bytes)

    def sync(self) -> None:
        """What was added is on the disk."""
        if self.file is not None:
            os.fsync(self.file.fileno())

    def close(self) -> None:
        """Until more is added."""
        if self.file is not None:
            self.file.close()
            self.file = None


class Part(NamedTuple):
    """Whole lines for the file of that kind and day; a new one begins with the header."""

    kind: str
    day: str
    header: str
    lines: str


class DayFiles:
    """`<kind>-<day>.csv` in `folder`, with a checkpoint, in the file `state` (sink.Offsets)."""

    def __init__(self, folder: Path, state: Path, clock_s: Callable[[], float] = time.monotonic) -> None:
        """Repair what is there. Raises UsageError for a folder or a state that cannot be used."""
        self._folder = folder
        self._state = state
        self._clock_s = clock_s
        self._files: dict[str, _DayFile] = {}  # the newest of each kind
        self._durable: dict[str, tuple[str, str, int]] = {}  # kind, day and bytes by name, as in the state
        self._checkpoint: Checkpoint | None = None
        self._unsaved: Checkpoint | None = None
        self._saved_s = float("-inf")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            state.parent.mkdir(parents=True, exist_ok=True)
            self._restore()
        except OSError as error:
            place = error.filename or folder
            raise UsageError(f"{place}: {error.strerror}; name a folder you may write to") from error

    def append(self, parts: Iterable[Part]) -> None:
        """Add all of them. Raises RetryError, and has added nothing."""
        before: list[tuple[_DayFile, int]] = []
        try:
            for part in parts:
                file = self._files.get(part.kind)
                if file is None or file.day < part.day or not file.path.exists():
                    file = self._begin(part.kind, part.day)
                before.append((file, file.size_bytes))
                file.append((part.lines if file.size_bytes else part.header + part.lines).encode())
        except OSError as error:
            for file, size_bytes in reversed(before):
                file.cut(size_bytes)
            place = f"{error.filename or self._folder}: {error.strerror}"
            raise RetryError(f"{place}; make room, and let no other program hold the file") from error

    def load(self) -> Checkpoint | None:
        """The place that was saved last."""
        return self._checkpoint

    def save(self, checkpoint: Checkpoint | None = None, *, force: bool = False) -> None:
        """Make durable what was added, and then the place: at most once a second, unless forced.

        Raises RetryError.
        """
        self._unsaved = checkpoint or self._unsaved
        if self._unsaved is None or not (force or self._clock_s() - self._saved_s >= SAVE_PERIOD_S):
            return
        self._saved_s = self._clock_s()
        try:
            for file in self._files.values():
                file.sync()
            self._write_state(
                self._unsaved,
                {file.path.name: (file.kind, file.day, file.size_bytes) for file in self._files.values()},
            )
        except (OSError, UsageError) as error:
            raise RetryError(f"{error}; the files are written on when it can be saved") from error
        self._checkpoint, self._unsaved = self._unsaved, None

    def close(self) -> None:
        """Let the files go."""
        for file in self._files.values():
            file.close()

    def _begin(self, kind: str, day: str) -> _DayFile:
        """A new file; the one before it is complete. Raises OSError."""
        if (before := self._files.pop(kind, None)) is not None:
            before.sync()
            before.close()
        names = (f"{kind}-{day}{f'-{number}' if number else ''}.csv" for number in count())
        path = next(path for name in names if not (path := self._folder / name).exists())
        self._write_state(self._checkpoint, self._durable | {path.name: (kind, day, 0)})
        open(path, "xb").close()
        self._files[kind] = _DayFile(kind, day, path, 0)
        return self._files[kind]

    # --- the state ---------------------------------------------------------------------------------------

    def _write_state(self, checkpoint: Checkpoint | None, files: dict[str, tuple[str, str, int]]) -> None:
        at = None if checkpoint is None else checkpoint.to_json()
        write_private(self._state, json.dumps({"checkpoint": at, "files": files}).encode())
        self._durable = files

    def _restore(self) -> None:
        try:
            found = json.loads(self._state.read_text("utf-8"))
            checkpoint = None if found["checkpoint"] is None else Checkpoint.from_json(found["checkpoint"])
            files = [(str(name), *_checked(*entry)) for name, entry in found["files"].items()]
        except FileNotFoundError:
            return
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            remedy = "move it and the files away, to have them written anew from the log"
            raise UsageError(f"{self._state}: damaged ({error}); {remedy}") from error
        self._checkpoint = checkpoint
        for name, kind, day, size_bytes in sorted(files, key=lambda entry: entry[2]):
            if self._repair(self._folder / name, size_bytes):
                self._durable[name] = (kind, day, size_bytes)
                self._files[kind] = _DayFile(kind, day, self._folder / name, size_bytes)

    def _repair(self, path: Path, size_bytes: int) -> bool:
        """Cut off what comes again; whether the file is there to be gone on with. Raises OSError."""
        if not path.exists():
            return False
        if not size_bytes:
            path.unlink()
            return False
        if path.stat().st_size < size_bytes:
            _log.warning("%s: shorter than it was; it is left as it is, and a new file begun", path)
            return False
        with open(path, "r+b") as file:
            file.truncate(size_bytes)
        return True


def _checked(kind: Any, day: Any, size_bytes: Any) -> tuple[str, str, int]:
    if not (isinstance(kind, str) and isinstance(day, str) and type(size_bytes) is int):
        raise ValueError("a file without kind, day and size")
    return kind, day, size_bytes
