"""Unsaved work that outlives a crash: a copy in the app's own folder, for as long as the work is unsaved."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bridge.errors import UsageError
from bridge.file_lock import lock_file
from bridge.private_file import make_private_folder
from desktop import places
from desktop.keep.late_file import LateFile

_TEXT, _LOCK = ".txt", ".lock"


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a run that has crashed had not saved. `discard` it when it is saved, or not wanted."""

    path: Path
    text: str
    saved_at: datetime  # in local time

    def discard(self) -> None:
        """It is not offered again. Raises OSError."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(_LOCK).unlink(missing_ok=True)


class Autosave:
    """Keeps one piece of unsaved work of this run; `name` tells its kind, a word such as "field".

    The lock of the piece ends with the process, however that ends: so a crash leaves what nobody has locked.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._name = name
        self._folder = folder or places.unsaved()
        self._file = LateFile(self._folder / f"{name}-{uuid.uuid4().hex}{_TEXT}")
        self._lock: int | None = None

    @property
    def problem(self) -> str | None:
        """Why the last text could not be written, for people; None if it is on disk."""
        return self._file.problem

    def write(self, text: str) -> None:
        """The work as it is now: on disk within a second. It returns at once."""
        if self._lock is None:
            try:
                self._lock = self._locked()
            except (OSError, UsageError) as error:
                self._file.problem = str(error)
                return
        self._file.write(text)

    def flush(self) -> None:
        """Have it on disk now."""
        self._file.flush()

    def discard(self) -> None:
        """The work is saved, or not wanted: nothing of it stays. `write` begins again."""
        with suppress(OSError):
            self._file.remove()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            with suppress(OSError):
                self._file.path.with_suffix(_LOCK).unlink(missing_ok=True)

    def pending(self) -> list[Leftover]:
        """What runs that crashed have left, the newest first; not what an app that runs now works on."""
        found = []
        for path in self._folder.glob(f"{self._name}-*{_TEXT}"):
            with suppress(OSError, UnicodeDecodeError), _unlocked(path.with_suffix(_LOCK)) as is_free:
                if is_free:
                    saved_at = datetime.fromtimestamp(path.stat().st_mtime)
                    found.append(Leftover(path, path.read_text(encoding="utf-8"), saved_at))
        return sorted(found, key=lambda leftover: leftover.saved_at, reverse=True)

    def others(self) -> list[str]:
        """What apps that run now have written, this one among them."""
        found = []
        for path in self._folder.glob(f"{self._name}-*{_TEXT}"):
            with suppress(OSError, UnicodeDecodeError), _unlocked(path.with_suffix(_LOCK)) as is_free:
                if not is_free:
                    found.append(path.read_text(encoding="utf-8"))
        return found

    def _locked(self) -> int:
        """An open file with a lock, beside the text. Raises OSError, UsageError."""
        make_private_folder(self._folder)
        handle = os.open(self._file.path.with_suffix(_LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        lock_file(handle)
        return handle


@contextmanager
def _unlocked(lock: Path) -> Iterator[bool]:
    """Whether nobody holds that lock. Raises OSError."""
    try:
        handle = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        yield True
        return
    try:
        lock_file(handle)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)
