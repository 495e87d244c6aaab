"""Files that people name for what comes out: one that exists is never overwritten."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from bridge.errors import UsageError


def create(path: Path) -> tuple[Path, io.FileIO]:
    """A new file, unbuffered, and its name: `path`, with `-1`, `-2`, ... where that exists.

    Raises UsageError if there can be none.
    """
    for number in count():
        candidate = path.with_stem(f"{path.stem}-{number}") if number else path
        try:
            return candidate, open(candidate, "xb", buffering=0)
        except OSError as error:
            if not candidate.is_file():
                reason = "is a directory" if candidate.is_dir() else error.strerror
                raise UsageError(f"{path}: {reason}; name a file in a folder you may write to") from error
    raise AssertionError("count() ends")


def write_new(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new file; a line on stderr says so if that has another name than `path`.

    Raises UsageError.
    """
    new_path, file = create(path)
    file.close()
    try:
        write(new_path)
    except OSError as error:
        new_path.unlink(missing_ok=True)
        raise UsageError(f"{path}: {error.strerror}; make room, or name another file") from error
    if new_path != path:
        print(f"treering: {path} exists and is kept; the new file is {new_path}", file=sys.stderr)
