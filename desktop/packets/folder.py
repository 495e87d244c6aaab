"""Where what is known of a log is kept: a folder beside it that only its owner may enter."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

from bridge.errors import UsageError
from bridge.private_file import make_private_folder
from desktop.places import NAME


def folder_of(log: Path) -> Path:
    """`<log name>.index` beside the log, made if it is not there; in the user's cache where it cannot be.

    Raises UsageError if there is no place at all.
    """
    beside = log.with_name(f"{log.name}.index")
    with contextlib.suppress(UsageError, OSError):
        make_private_folder(beside)
        with tempfile.TemporaryFile(dir=beside):  # it may be there, on a disk that is read-only
            return beside
    name = hashlib.sha256(os.fsencode(log.resolve())).hexdigest()[:16]
    cached = platformdirs.user_cache_path(NAME, appauthor=False) / "indexes" / name
    make_private_folder(cached)
    return cached
