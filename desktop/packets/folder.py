"""Where what is known of a log is kept: a folder beside it that only its owner may enter."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

import platformdirs

from bridge.errors import UsageError
from bridge.private_file import make_private_folder
from desktop.places import NAME


def folder_of(log: Path) -> Path:
    """`<log name>.index` beside the log, made if it is not there; in the user's cache where it cannot be.

    A link, or what is somebody else's, is no such folder. Raises UsageError if there is no place at all.
    """
    beside = log.with_name(f"{log.name}.index")
    with contextlib.suppress(UsageError, OSError):
        make_private_folder(beside)
        _take_over(beside)
        with tempfile.TemporaryFile(dir=beside):  # it may be there, on a disk that is read-only
            return beside
    name = hashlib.sha256(os.fsencode(log.resolve())).hexdigest()[:16]
    cached = platformdirs.user_cache_path(NAME, appauthor=False) / "indexes" / name
    make_private_folder(cached)
    return cached


def _take_over(folder: Path) -> None:
    """It may have come along with the log, open to all. Raises OSError if it cannot be one's own."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or (os.name == "posix" and status.st_uid != os.getuid()):
        raise NotADirectoryError(folder)
    if os.name == "posix" and stat.S_IMODE(status.st_mode) != 0o700:
        folder.chmod(0o700)
