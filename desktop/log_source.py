"""A packet log as a source: all of it, as fast as the window takes it."""

from __future__ import annotations

from pathlib import Path

from bridge.errors import UsageError
from desktop.sources import Put, Report, State, Status, Worker
from protocol.capture import CaptureError, CaptureReader, CutShortError

_CHUNK_BYTES = 1 << 16


class LogSource(Worker):
    """Raises UsageError if the file cannot be opened, or begins with no packet log."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.title = path.name
        self.log = path
        reader = CaptureReader()
        try:
            with path.open("rb") as file:
                reader.feed(file.read(_CHUNK_BYTES))
            reader.finish()
        except CaptureError as error:
            if error.offset == 0:
                raise UsageError(f"{path}: {error}") from error
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}; choose a file that is there to be read") from error

    def work(self, put: Put, report: Report) -> None:
        """Read it through; a log that is cut or damaged is shown up to there, with a notice."""
        reader = CaptureReader()
        size_bytes = self.log.stat().st_size
        with self.log.open("rb") as file:
            while (chunk := file.read(_CHUNK_BYTES)) and not self.stopping.is_set():
                for record in reader.feed(chunk):
                    put(record)
                report(Status(State.RUNNING, "reading the log", progress=min(1.0, file.tell() / size_bytes)))
        report(Status(State.ENDED, "log read to its end", notice=_remark(reader)))


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
