"""Tables on disk that only grow: entries of one size, written by one process and read by others meanwhile."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from desktop.model.columns import Column

# Numbers that a log tells may be anything; here they stop at what has room.
_LEAST, _MOST = -(1 << 63) + 1, (1 << 63) - 1
NONE = -(1 << 63)


class TableError(ValueError):
    """A table that is shorter than was said."""


def bounded(value: int | None) -> int:
    """As a table holds it; `NONE` for none."""
    return NONE if value is None else max(_LEAST, min(value, _MOST))


class TableWriter:
    """Appends to a table, from `count` entries on: what is behind those was not finished. Raises OSError."""

    def __init__(self, path: Path, dtype: DTypeLike, count: int) -> None:
        self._dtype = np.dtype(dtype)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        self._file = io.FileIO(handle, "r+")
        self._file.truncate(count * self._dtype.itemsize)
        self.count = count

    def append(self, entries: Any, *, rewriting: int = 0) -> None:
        """These behind the others, or in the place of the last `rewriting` of them."""
        array = np.asarray(entries, self._dtype)
        first = self.count - rewriting
        self._file.seek(first * self._dtype.itemsize)
        rest = memoryview(np.ascontiguousarray(array).tobytes())
        while rest:  # unbuffered: a write may be a part, when the disk becomes full
            rest = rest[self._file.write(rest) :]
        self.count = first + len(array)

    def close(self) -> None:
        """No more."""
        self._file.close()


class Table:
    """A table as far as it has been read into memory."""

    def __init__(self, path: Path, dtype: DTypeLike) -> None:
        self.path = path
        self._column = Column(dtype)
        self._dtype = np.dtype(dtype)

    def __len__(self) -> int:
        return len(self._column)

    @property
    def values(self) -> NDArray[Any]:
        """All of it, to be read only."""
        return self._column.values

    def read_to(self, count: int) -> NDArray[Any]:
        """Have so many entries; those that are new. Raises OSError, TableError if there are not so many."""
        known = len(self)
        new = self.read(known, count)
        self._column.extend(new)
        return new

    def read(self, first: int, last: int) -> NDArray[Any]:
        """Those entries, from the disk. Raises OSError, TableError."""
        if last <= first:
            return np.empty(0, self._dtype)
        with open(self.path, "rb") as file:
            if os.fstat(file.fileno()).st_size < last * self._dtype.itemsize:
                raise TableError(f"{self.path} is shorter than was said")
            file.seek(first * self._dtype.itemsize)
            return np.frombuffer(file.read((last - first) * self._dtype.itemsize), self._dtype)
