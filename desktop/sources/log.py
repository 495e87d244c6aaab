"""A packet log as a source: all of it, as fast as the window takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge.access import OPEN, Access
from bridge.errors import UsageError
from desktop.sources.source import Put, Report, State, Status, Worker
from protocol.capture import CaptureError, CaptureReader, CutShortError, Record
from protocol.sealing import is_sealed

_CHUNK_BYTES = 1 << 16


class LogSource(Worker):
    """Raises UsageError if the file cannot be opened, or begins with no packet log.

    `is_sealed` tells whether it begins with sealed frames, which only `access` with their keys opens.
    """

    def __init__(self, path: Path, access: Access = OPEN) -> None:
        super().__init__(access)
        self.is_sealed = False
        self.title = path.name
        self.log = path
        reader = CaptureReader()
        try:
            with path.open("rb") as file:
                first = reader.feed(file.read(_CHUNK_BYTES))
                self.is_sealed = any(is_sealed(record.frame) for record in first)
            reader.finish()
        except CaptureError as error:
            if error.offset == 0:
                raise UsageError(f"{path}: {error}") from error
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}; choose a file that is there to be read") from error

    def work(self, put: Put, report: Report) -> None:
        """Read it through; a log that is cut or damaged is shown up to there, with a notice."""
        if self.opener.access.keys is not None:
            for records, _ in self._chunks(CaptureReader()):
                self.opener.learn(records)
        reader = CaptureReader()
        for records, share in self._chunks(reader):
            for record in records:
                put(record)
            report(Status(State.RUNNING, "reading the log", progress=share))
        report(Status(State.ENDED, "log read to its end", notice=_remark(reader)))

    def _chunks(self, reader: CaptureReader) -> Iterator[tuple[Sequence[Record], float]]:
        """The records, some at a time, and how much of the file has been read."""
        size_bytes = self.log.stat().st_size
        with self.log.open("rb") as file:
            while (chunk := file.read(_CHUNK_BYTES)) and not self.stopping.is_set():
                yield reader.feed(chunk), min(1.0, file.tell() / size_bytes)


def _remark(reader: CaptureReader) -> str | None:
    """What a person must know of a log that was not whole."""
    try:
        reader.finish()
    except CutShortError as error:
        return f"the log is cut short at byte {error.offset}, as by a crash: all before it is shown"
    except CaptureError as error:
        return f"the log is damaged at {error}"
    if reader.skipped:
        return f"{reader.skipped} packets of the log are of other link types and are left out"
    return None
