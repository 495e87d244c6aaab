"""A node's long counter over restarts (PROTOCOL.md 10.2, 16.1): two copies on disk, one process at a time.

A copy is a line: the first number that is not reserved, life and counter as 14 hex digits, and its CRC-16.
"""

from __future__ import annotations

import logging
import os
import secrets
import sys
from pathlib import Path
from urllib.parse import quote

from bridge.errors import UsageError
from bridge.file_lock import lock_file
from bridge.private_file import write_private
from protocol.long_counter import LIFE_SHIFT, RESERVED_AHEAD, LongCounter
from protocol.packets import crc16

_log = logging.getLogger(__name__)
_NUMBER_MASK = (1 << 56) - 1


def state_folder() -> Path:
    """Where this system keeps what a program must remember; systemd's StateDirectory counts first.

    Raises UsageError if there is no such place.
    """
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(os.pathsep)[0])
    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError(f"there is no place for counters ({error}); set STATE_DIRECTORY") from error
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Treering"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Treering"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "treering"


class CounterFile:
    """The counter of one node of one network. Nobody else may use it between `open` and `close`."""

    def __init__(self, network: str, node_id: int, folder: Path | None = None) -> None:
        self._folder = folder
        self._name = f"{quote(network, safe='')}-{node_id}"
        self._lock: int | None = None

    def open(self) -> LongCounter:
        """Go on where it was left; a new life if there is no whole copy. Raises UsageError."""
        folder = self._folder or state_folder()
        lock = folder / f"{self._name}.lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
            lock_file(self._lock)
        except BlockingIOError as error:
            self.close()
            raise UsageError(f"{lock}: another process is this node; end it, or give another --id") from error
        except OSError as error:
            self.close()
            raise UsageError(f"{lock}: {error.strerror}; make it writable, or set STATE_DIRECTORY") from error
        copies = [folder / f"{self._name}.counter", folder / f"{self._name}.counter.copy"]

        def reserve(limit: int) -> None:
            for copy in copies:
                write_private(copy, _line(limit))

        return LongCounter(_first(copies), reserve)

    def close(self) -> None:
        """Let others use it; harmless when it is not open."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


def _first(copies: list[Path]) -> int:
    """Where to go on. Of one copy alone the other may have been the newer."""
    found = [number for copy in copies if (number := _read(copy)) is not None]
    if len(found) == len(copies):
        return max(found)
    if found:
        return (found[0] + RESERVED_AHEAD) & _NUMBER_MASK
    if any(copy.exists() for copy in copies):
        _log.warning("%s: damaged; the node draws a new life, and has to prove itself anew", copies[0])
    return secrets.randbits(32) << LIFE_SHIFT


def _line(number: int) -> bytes:
    text = f"{number:014x}".encode()
    return b"%s %04x\n" % (text, crc16(text))


def _read(copy: Path) -> int | None:
    try:
        line = copy.read_bytes()
        number = int(line[:14], 16)
    except (OSError, ValueError):
        return None
    return number if line == _line(number) else None
