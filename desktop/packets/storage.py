"""The columns of an index on the disk: files that only grow, and one that tells how far they are true.

It has a CRC of each column, so that files which a crash or a full disk left half written are found.
"""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from bridge.file_lock import lock_file
from desktop.packets.scan import COLUMNS, Column, Columns
from desktop.packets.seal import sealed, unsealed

_FORMAT = 2
_STATE, _LOCK = "packets.json", "packets.lock"
_READ_BYTES = 1 << 20


class ColumnFiles:
    """One file a column in a folder; for as long as it lives nobody else uses them. Raises OSError.

    If somebody does (another window with the same log), they are in a folder of their own that goes with it.
    """

    def __init__(self, folder: Path) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if (folder / _LOCK).is_symlink():
            (folder / _LOCK).unlink()
        self._lock = open(folder / _LOCK, "ab")  # noqa: SIM115  (it is held until `close`)
        try:
            lock_file(self._lock.fileno())
        except OSError:
            self._lock.close()
            self._temporary = tempfile.TemporaryDirectory(prefix="treering-", ignore_cleanup_errors=True)
            folder = Path(self._temporary.name)
        self._folder = folder
        self._files: dict[str, io.FileIO] = {}
        self._views: dict[str, Column] = {}
        self._crcs = dict.fromkeys(COLUMNS, 0)
        self.rows = 0

    def load(self) -> dict[str, Any] | None:
        """What was saved with the columns, which are open then; None if there are none, or not as saved."""
        try:
            # Before any file is opened to be written: what came along with the log may be links.
            state = unsealed((self._folder / _STATE).read_text(encoding="utf-8"))
            if state["format"] != _FORMAT:
                return None
            self._open(int(state["rows"]), "r+b")
            if self._crcs != state["crcs"]:
                return None
            return dict(state["of_log"])
        except (OSError, ValueError, KeyError, TypeError):  # whatever there is, it is no index of ours
            return None

    def clear(self) -> None:
        """Begin with empty columns."""
        self._close_files()
        (self._folder / _STATE).unlink(missing_ok=True)
        for name in COLUMNS:
            # Not emptied but made anew: somebody may still look at the old ones.
            (self._folder / f"packets.{name}").unlink(missing_ok=True)
        self._open(0, "w+b")

    def append(self, columns: Columns) -> None:
        """Add rows. After an OSError (disk full) the columns are as before."""
        added = len(next(iter(columns.values())))
        if not added:
            return
        for name, column in columns.items():
            self._append(name, column)
        for name, column in columns.items():
            self._crcs[name] = zlib.crc32(column.data, self._crcs[name])
        self.rows += added

    def view(self, name: str) -> Column:
        """The column as it is now; not to be written."""
        view = self._views.get(name)
        if view is None or len(view) < self.rows:
            view = self._views[name] = self._mapped(name)
        return view

    def save(self, of_log: dict[str, Any]) -> None:
        """Say that all rows so far are true, of a log of which that is known."""
        state = {"format": _FORMAT, "rows": self.rows, "crcs": self._crcs, "of_log": of_log}
        beside = self._folder / f"{_STATE}.new"
        beside.unlink(missing_ok=True)  # a link would be followed
        beside.write_text(sealed(state), encoding="utf-8")
        os.replace(beside, self._folder / _STATE)

    def close(self) -> None:
        """Let go of the files; views that somebody has stay good."""
        self._close_files()
        self._lock.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _open(self, rows: int, mode: str) -> None:
        """Open all files with so many rows in each; what is behind was not saved."""
        self._close_files()
        for name, kind in COLUMNS.items():
            path = self._folder / f"packets.{name}"
            file = self._files[name] = io.FileIO(path, mode.replace("b", ""))
            if os.fstat(file.fileno()).st_size < rows * kind.itemsize:
                raise ValueError(f"{path} is too short")
            file.truncate(rows * kind.itemsize)
            self._crcs[name] = _crc_of(file)
        self.rows = rows

    def _append(self, name: str, column: Column) -> None:
        file, end = self._files[name], self.rows * COLUMNS[name].itemsize
        file.seek(end)
        rest = np.ascontiguousarray(column).data.cast("B")
        while rest:  # unbuffered: a write may be a part, when the disk becomes full
            rest = rest[file.write(rest) :]

    def _mapped(self, name: str) -> Column:
        kind = COLUMNS[name]
        if not self.rows:
            return np.empty(0, kind)
        size_bytes = self.rows * kind.itemsize
        return np.frombuffer(mmap.mmap(self._files[name].fileno(), size_bytes, access=mmap.ACCESS_READ), kind)

    def _close_files(self) -> None:
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()
        self._files.clear()
        self._views.clear()
        self._crcs = dict.fromkeys(COLUMNS, 0)
        self.rows = 0


def _crc_of(file: io.FileIO) -> int:
    crc = 0
    file.seek(0)
    while data := file.read(_READ_BYTES):
        crc = zlib.crc32(data, crc)
    return crc
