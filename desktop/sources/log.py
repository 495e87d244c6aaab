"""A packet log that is to be shown."""

from __future__ import annotations

from pathlib import Path

from bridge.access import OPEN, Access, RecordOpener
from bridge.errors import UsageError
from protocol.capture import CaptureError, CaptureReader
from protocol.sealing import is_sealed

_CHUNK_BYTES = 1 << 16


class LogSource:
    """Raises UsageError if the file cannot be opened, or begins with no packet log.

    `is_sealed` tells whether it begins with sealed frames, which only `access` with their keys opens.
    """

    is_simulated = False

    def __init__(self, path: Path, access: Access = OPEN) -> None:
        self.opener = RecordOpener(access)
        self.is_sealed = False
        self.title = path.name
        self.log = path
        reader = CaptureReader()
        try:
            with path.open("rb") as file:
                first = reader.feed(file.read(_CHUNK_BYTES))
                self.is_sealed = any(is_sealed(record.frame) for record in first)
            reader.finish()
        except CaptureError as error:
            if error.offset == 0:
                raise UsageError(f"{path}: {error}") from error
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}; choose a file that is there to be read") from error
