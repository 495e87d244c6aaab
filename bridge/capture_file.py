"""Packet logs on disk (PROTOCOL.md section 9): every record is there as soon as it is written."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bridge import new_file
from bridge.errors import UsageError
from protocol.capture import CaptureError, CaptureReader, CaptureWriter, CutShortError, Record

READ_BYTES = 1 << 16
RETRY_S, LOOK_S = 5.0, 1.0

_log = logging.getLogger(__name__)


class CaptureFile:
    """A new packet log at `path`: an existing file is kept, and `-1`, `-2`, ... added to the new one's name.

    Raises UsageError if there can be no such file. When writing fails later (disk full) what is there stays
    readable, further records are counted in `lost`, and every few seconds one is tried again: then the log
    goes on in a new section; in a new file, if somebody has removed this one. `on_notice` gets a line for the
    end and for the new beginning.
    """

    def __init__(self, path: str | Path, on_notice: Callable[[str], None] = _log.warning) -> None:
        self.lost = 0
        self._writer = CaptureWriter()
        self._on_notice = on_notice
        self._has_records = self._has_ended = False
        self._size_bytes = 0
        self._retry_s = 0.0
        self._looked_s = time.monotonic()
        self._is_removed = False
        self.path, self._file = new_file.create(Path(path))
        try:
            self._append(self._writer.header())
        except OSError as error:
            self._tell_failure(error)

    @property
    def is_recording(self) -> bool:
        """Whether records still reach the file."""
        return not self._file.closed

    def write(self, record: Record) -> None:
        """Append `record`, or count it as lost."""
        self.write_all((record,))

    def write_all(self, records: Sequence[Record]) -> None:
        """Append them at once, or count them as lost."""
        if not self.is_recording and not self._begin_again():
            self.lost += len(records)
            return
        blocks = b"".join(map(self._writer.encode, records))
        try:
            self._look()
            self._append(blocks)
        except OSError as error:
            self.lost += len(records)
            self._tell_failure(error)
        else:
            self._has_records = True

    def close(self) -> None:
        """End the log; one without a record is removed."""
        self._has_ended = True
        self._file.close()
        if not self._has_records:
            self.path.unlink(missing_ok=True)

    def _look(self) -> None:
        """Now and then. What is written to a file that was removed is lost. Raises OSError if it was."""
        now_s = time.monotonic()
        if now_s < self._looked_s + LOOK_S:
            return
        self._looked_s = now_s
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if os.path.samestat(os.stat(self.path), os.fstat(self._file.fileno())):
                return
        self._file.close()
        self._size_bytes, self._is_removed, self._retry_s = 0, True, now_s + RETRY_S
        raise FileNotFoundError(errno.ENOENT, "the file was removed")

    def _append(self, blocks: bytes) -> None:
        """All of it, or nothing, and the file is closed. Raises OSError."""
        rest = memoryview(blocks)
        try:
            while rest:  # unbuffered: a write may be a part, when the disk becomes full
                rest = rest[self._file.write(rest) :]
            self._size_bytes += len(blocks)
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size_bytes)
            with contextlib.suppress(OSError):
                self._file.close()
            self._retry_s = time.monotonic() + RETRY_S
            raise

    def _begin_again(self) -> bool:
        """Whether there is room now. The section is new: the old one may lack the description of a link."""
        if self._has_ended or time.monotonic() < self._retry_s:
            return False
        try:
            self._file = open(self.path, "xb" if self._is_removed else "r+b", buffering=0)  # noqa: SIM115 (close)
            self._is_removed = False
            self._file.truncate(self._size_bytes)
            self._file.seek(self._size_bytes)
            self._append(self._writer.header())
        except OSError:
            self._file.close()
            self._retry_s = time.monotonic() + RETRY_S
            return False
        self._on_notice(f"{self.path}: recording goes on; {self.lost} records in all are not in it")
        return True

    def _tell_failure(self, error: OSError) -> None:
        self._on_notice(
            f"{self.path}: {error.strerror}; recording has stopped, what is there can be read."
            " It goes on when there is room"
        )


def read_records(
    path: str | Path,
    on_notice: Callable[[str], None] = _log.warning,
    on_share: Callable[[float], None] = lambda share: None,
) -> Iterator[Record]:
    """The records of the log, in order; `on_notice` gets a line if it ends within one, as after a crash, and
    one if it holds packets that are not ours. `on_share` hears how much of the file is read, from 0 to 1.

    Raises UsageError if the file cannot be read, or, after the records before it, for damage.
    """
    reader = CaptureReader()
    try:
        with open(path, "rb") as file:
            size_bytes = max(1, os.fstat(file.fileno()).st_size)
            while data := file.read(READ_BYTES):
                yield from reader.feed(data)
                on_share(min(1.0, file.tell() / size_bytes))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a packet log (.pcapng)") from error
    try:
        reader.finish()
    except CutShortError as error:
        on_notice(f"{path}: {error}")
    except CaptureError as error:
        raise UsageError(f"{path}: {error}") from error
    if reader.skipped:
        on_notice(
            f"{path}: {reader.skipped} packets of another link type are passed over; is it a Treering log?"
        )
