"""Where what is known of a log is kept: a folder beside it that only its owner may enter."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from bridge.errors import UsageError
from bridge.private_file import make_private_folder, own_private_folder
from desktop import places

SUFFIX = ".index"


def folder_of(log: Path) -> Path:
    """`<log name>.index` beside the log, made if it is not there; in the user's cache where it cannot be.

    A link, or what is somebody else's, is no such folder. Raises UsageError if there is no place at all.
    """
    beside = log.with_name(log.name + SUFFIX)
    with contextlib.suppress(UsageError, OSError):
        own_private_folder(beside)
        with tempfile.TemporaryFile(dir=beside):  # it may be there, on a disk that is read-only
            return beside
    cached = places.indexes() / places.name_of(log)
    make_private_folder(cached)
    return cached
