"""How many records were taken to be written, so that a start after a kill can say how many were not.

Written before the records, and not synced: it outlives the process, not the power (PROTOCOL.md 18.1).
"""

from __future__ import annotations

import contextlib
import struct
from io import FileIO
from pathlib import Path

_TAKEN = struct.Struct("<QQ")


class Journal:
    """The number of a segment and of the records taken for it. There is no file after a clean end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None

    def left(self) -> tuple[int, int] | None:
        """Segment and records that a writer which did not end well took last; None without one."""
        try:
            return _TAKEN.unpack(self._path.read_bytes())
        except (OSError, struct.error):
            return None

    @property
    def is_there(self) -> bool:
        """Whether the last writer did not end well."""
        return self._path.exists()

    def note(self, segment: int, taken: int) -> None:
        """So many are taken. On a full disk nothing is noted, and nothing said: the records will not fit."""
        with contextlib.suppress(OSError):
            if self._file is None:
                self._file = FileIO(self._path, "wb")
            self._file.seek(0)
            self._file.write(_TAKEN.pack(segment, taken))

    def remove(self) -> None:
        """The log ends well."""
        if self._file is not None:
            self._file.close()
            self._file = None
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
