"""Files that only their owner may read, and that are whole whenever the power goes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bridge.errors import UsageError


def write_private(path: Path, data: bytes) -> None:
    """A file of mode 0600 with that content: written beside, synced, and renamed. Raises UsageError."""
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a file in a folder you may write to") from error


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk, too; Windows does that by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
