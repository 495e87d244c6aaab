"""The system's own window of files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def reveal(path: Path, complain: Callable[[str, str], object]) -> None:
    """Show that file among the others of its folder; `complain` gets heading and text where none can."""
    try:
        _open(path)
    except OSError as error:
        complain("The folder cannot be shown", f"{path}: {error.strerror}; open its folder by hand")


def _open(path: Path) -> None:
    """As far as the system can. Raises OSError."""
    if sys.platform == "win32":
        subprocess.Popen(["explorer", "/select,", os.fspath(path)])
    elif sys.platform == "darwin":
        subprocess.Popen(["open", "-R", os.fspath(path)])
    else:
        subprocess.Popen(
            ["xdg-open", os.fspath(path if path.is_dir() else path.parent)],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
