"""Packets of a log into a log of their own, some at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from protocol.capture import CaptureWriter, Record

_AT_ONCE = 200


class PacketExport:
    """Writes beside `path` until all is there; only then it takes that name. Raises OSError."""

    def __init__(
        self, path: Path, rows: NDArray[np.int64], read: Callable[[Sequence[int]], list[Record]]
    ) -> None:
        self.path = path
        self.count = len(rows)
        self.is_done = False
        self._rows, self._read = rows, read
        self._written = 0
        self._writer = CaptureWriter()
        self._beside = path.with_name(f".{path.name}.part")

    @property
    def share(self) -> float:
        """How much is written, 0 to 1."""
        return self._written / self.count if self.count else 1.0

    def write_some(self, budget_s: float) -> None:
        """Go on for about so long."""
        deadline_s = time.monotonic() + budget_s
        with self._beside.open("ab" if self._written else "wb") as file:
            if not self._written:
                file.write(self._writer.header())
            while self._written < self.count:
                some = self._rows[self._written : self._written + _AT_ONCE].tolist()
                file.write(self._writer.encode_all(self._read(some)))
                self._written += len(some)
                if time.monotonic() > deadline_s:
                    break
        if self._written == self.count:
            os.replace(self._beside, self.path)
            self.is_done = True

    def cancel(self) -> None:
        """Remove what is half written."""
        self._beside.unlink(missing_ok=True)
