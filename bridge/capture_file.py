"""Packet logs on disk (PROTOCOL.md section 9): every record is there as soon as it is written."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge import new_file
from bridge.errors import UsageError
from protocol.capture import CaptureError, CaptureReader, CaptureWriter, CutShortError, Record

READ_BYTES = 1 << 16

_log = logging.getLogger(__name__)


class CaptureFile:
    """A new packet log at `path`: an existing file is kept, and `-1`, `-2`, ... added to the new one's name.

    Raises UsageError if there can be no such file. When writing fails later (disk full) `on_failure` gets one
    line, what is there stays readable, and further records are not kept.
    """

    def __init__(self, path: str | Path, on_failure: Callable[[str], None] = _log.warning) -> None:
        self._writer = CaptureWriter()
        self._on_failure = on_failure
        self._has_records = False
        self._size_bytes = 0
        self.path, self._file = new_file.create(Path(path))
        self._append(self._writer.header())

    @property
    def is_recording(self) -> bool:
        """Whether records still reach the file."""
        return not self._file.closed

    def write(self, record: Record) -> None:
        """Append `record`; does nothing after a failure."""
        if self.is_recording:
            self._has_records = True
            self._append(self._writer.encode(record))

    def close(self) -> None:
        """End the log; one without a record is removed."""
        self._file.close()
        if not self._has_records:
            self.path.unlink(missing_ok=True)

    def _append(self, blocks: bytes) -> None:
        rest = memoryview(blocks)
        try:
            while rest:  # unbuffered: a write may be a part, when the disk becomes full
                rest = rest[self._file.write(rest) :]
            self._size_bytes += len(blocks)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size_bytes)
            with contextlib.suppress(OSError):
                self._file.close()
            self._on_failure(
                f"{self.path}: {error.strerror}; recording has stopped, what is there can be read."
                " Make room and start again"
            )


def read_records(path: str | Path, on_notice: Callable[[str], None] = _log.warning) -> Iterator[Record]:
    """The records of the log, in order; `on_notice` gets a line if it ends within one, as after a crash, and
    one if it holds packets that are not ours.

    Raises UsageError if the file cannot be read, or, after the records before it, for damage.
    """
    reader = CaptureReader()
    try:
        with open(path, "rb") as file:
            while data := file.read(READ_BYTES):
                yield from reader.feed(data)
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
