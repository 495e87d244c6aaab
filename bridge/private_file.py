"""Files that only their owner may read, and that are whole whenever the power goes."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from bridge.errors import UsageError

_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def read_private(path: Path, why: str, remedy: str) -> str:
    """The text of a file that nobody else may read or write, which errors say `why`.

    Raises UsageError, MissingError if there is no such file.
    """
    from bridge.descriptions import unreadable  # brings the protocol, which who only writes need not wait for

    with unreadable(path, remedy):
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8-sig")
    if os.name == "posix" and mode & _OTHERS_MAY and not _is_credential(path):
        raise UsageError(f"{path}: others may read or write it, and {why}; run: chmod 600 {path}")
    return text


def _is_credential(path: Path) -> bool:
    """Whether systemd guards the file; its mode may then be an access list's mask (systemd.exec(5))."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.parent == Path(folder)


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
        sync_folder(path.parent)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a file in a folder you may write to") from error


def make_private_folder(path: Path) -> None:
    """The folder, which only its owner may enter if it is made now. Raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; name another folder, or make this one writable"
        ) from error


def own_private_folder(path: Path) -> None:
    """The folder, which only its owner may enter from now on; one that came along may be open to all.

    Raises UsageError if it is, or would be, a link or somebody else's.
    """
    make_private_folder(path)
    try:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{path}: a link, and no folder; remove it")
        if os.name == "posix" and status.st_uid != os.getuid():
            raise UsageError(f"{path}: belongs to somebody else; remove it")
        if os.name == "posix" and status.st_mode & _OTHERS_MAY:
            path.chmod(stat.S_IRWXU)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; remove it, or make it your own") from error


def sync_folder(folder: Path) -> None:
    """New names are on the disk, too; Windows does that by itself. Raises OSError."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
