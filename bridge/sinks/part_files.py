"""Numbered parts, each written whole, and a checkpoint that counts them: every row is in one part.

A part that the state does not count was written just before the end: it is removed at the next start, and its
rows come again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from bridge.errors import UsageError
from bridge.log.facts import Checkpoint, RetryError
from bridge.private_file import sync_folder, write_private

_NAME = re.compile(r"[a-z]+-\d{4}-\d\d-\d\d-(\d{6,})\.parquet(\.part)?")


class Part(NamedTuple):
    """Rows of that kind and day, and how to write them."""

    kind: str
    day: str
    write: Callable[[Path], object]


class PartFiles:
    """`<kind>-<day>-<number>.parquet` in a folder of its own, counted in the file `state` (sink.Offsets)."""

    def __init__(self, folder: Path, state: Path) -> None:
        """Remove what is not counted. Raises UsageError for a folder or a state that cannot be used."""
        self._folder = folder
        self._state = state
        self._checkpoint: Checkpoint | None = None
        self._unsynced: list[Path] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            state.parent.mkdir(parents=True, exist_ok=True)
            self._number = self._restore()
        except OSError as error:
            place = error.filename or folder
            raise UsageError(f"{place}: {error.strerror}; name a folder you may write to") from error

    def add(self, parts: Iterable[Part]) -> None:
        """Have all of them written. Raises RetryError, and has added none."""
        added: list[Path] = []
        try:
            for part in parts:
                path = self._folder / f"{part.kind}-{part.day}-{self._number + len(added):06}.parquet"
                part.write(path)
                added.append(path)
        except OSError as error:
            for path in added:
                path.unlink(missing_ok=True)
            place = f"{error.filename or self._folder}: {error.strerror or error}"
            raise RetryError(f"{place}; make room") from error
        self._number += len(added)
        self._unsynced += added

    def load(self) -> Checkpoint | None:
        """The place that was saved last."""
        return self._checkpoint

    def save(self, checkpoint: Checkpoint | None = None, *, force: bool = False) -> None:
        """Make durable what was added, and then the place, at once: parts are few. Raises RetryError."""
        if checkpoint is None:
            return
        try:
            for path in self._unsynced:
                with open(path, "r+b") as file:
                    os.fsync(file.fileno())
            sync_folder(self._folder)
            state = {"checkpoint": checkpoint.to_json(), "parts": self._number}
            write_private(self._state, json.dumps(state).encode())
        except (OSError, UsageError) as error:
            raise RetryError(f"{error}; what is written counts when it can be saved") from error
        self._checkpoint, self._unsynced = checkpoint, []

    def _restore(self) -> int:
        """The number of the next part."""
        names = {path: _NAME.fullmatch(path.name) for path in self._folder.iterdir()}
        numbers = {path: int(name[1]) for path, name in names.items() if name}
        try:
            found = json.loads(self._state.read_text("utf-8"))
            self._checkpoint = Checkpoint.from_json(found["checkpoint"])
            parts = int(found["parts"])
        except FileNotFoundError:
            return max(numbers.values(), default=-1) + 1
        except (ValueError, LookupError, TypeError) as error:
            remedy = "move it and the parts away, to have them written anew from the log"
            raise UsageError(f"{self._state}: damaged ({error}); {remedy}") from error
        for path, number in numbers.items():
            if number >= parts:
                path.unlink()
        return parts
