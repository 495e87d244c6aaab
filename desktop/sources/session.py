"""What is shown, on file and in a model. No tkinter: whoever shows it calls `drain`."""

from __future__ import annotations

import contextlib
import csv
import queue
import shutil
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import partial
from pathlib import Path

from bridge.access import RecordOpener
from bridge.capture_file import CaptureFile
from desktop.model.model import Changes, Model
from desktop.replay.analysis import Task
from desktop.replay.moment import Moment
from desktop.replay.replay import Replay
from desktop.sources.inbox_meter import InboxMeter
from desktop.sources.source import Origin, Source, State, Status
from protocol.capture import Record
from protocol.packets import DropReason

# Some seconds of the fastest source, in about 30 MB.
MAX_WAITING = 50_000
_MANY_WAITING = MAX_WAITING // 10
_BATCH = 256
_PUT_TIMEOUT_S = 0.1


class Security(Enum):
    """What protects the network that is shown."""

    SIMULATED = "simulated"
    UNKNOWN = "unknown"
    SEALED = "sealed"
    OPEN = "open"
    LOCKED = "sealed, and there are no keys"
    UNREAD = "sealed, and the keys open nothing yet"


class Session(ABC):
    """What is shown: where it comes from, how that is doing, the model, and the log that it is on."""

    def __init__(self, source: Origin) -> None:
        self.source = source
        self.status = Status(State.STARTING, "starting")
        self.not_shown = 0  # records on file that came faster than they could be shown
        self.kept = True  # whether the log stays when the session ends
        self.replay: Replay | None = None  # of the log, while another time of it is shown
        self._subscribers: list[Callable[[Changes], None]] = []

    @property
    @abstractmethod
    def model(self) -> Model:
        """The newest state; of a log, that of the place where it is."""

    @property
    def viewed(self) -> Model:
        """What the views show: the model, or one of another time."""
        return self.model if self.replay is None else self.replay.model

    def subscribe(self, on_change: Callable[[Changes], None]) -> None:
        """Have `on_change` called with all that comes, whatever the views show meanwhile."""
        self._subscribers.append(on_change)

    def _tell(self, changes: Changes) -> None:
        for on_change in self._subscribers:
            on_change(changes)

    @property
    @abstractmethod
    def opener(self) -> RecordOpener:
        """What has opened the model's records."""

    @property
    @abstractmethod
    def log(self) -> Path:
        """The file that holds what is shown."""

    @property
    def is_recording(self) -> bool:
        """Whether what comes is written; False for a log that is read, and after a failure (disk full)."""
        return False

    @property
    def security(self) -> Security:
        """How the network's frames are protected, as far as is known."""
        if self.source.is_simulated:
            return Security.SIMULATED
        dropped, good = self.model.observer.dropped, self.model.observer.good
        if self.opener.access.keys is not None:
            return Security.UNREAD if self.opener.unread and not good else Security.SEALED
        if dropped.get(DropReason.SEALED) and not good:
            return Security.LOCKED
        return Security.OPEN if good or self.source.log is None else Security.UNKNOWN

    @abstractmethod
    def start(self) -> None:
        """Begin."""

    @abstractmethod
    def stop(self) -> None:
        """End all that goes on."""

    @abstractmethod
    def drain(self, budget_s: float) -> bool:
        """Show what has come, for about `budget_s` at most; whether there was anything."""

    @abstractmethod
    def hold(self) -> Replay:
        """What is to be shown instead of what comes: the views stay at what they show, and go from there."""

    def seek(self, time_us: float) -> None:
        """Show what was then."""
        self.hold().seek_time(time_us)

    def save_log(self, path: Path) -> None:
        """Copy the packet log as it is now. Raises OSError."""
        if path.resolve() != self.log.resolve():
            shutil.copyfile(self.log, path)

    def export_rounds(self, path: Path) -> int:
        """Write the rounds in the model as CSV, the keys of PROTOCOL.md 6.4; how many. Raises OSError."""
        rows = [{"time_s": self.model.seconds(row.timestamp_us)} | row.as_json() for row in self.model.rows]
        keys = list(dict.fromkeys(key for row in rows for key in row)) or ["time_s", "round"]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, keys)
            writer.writeheader()
            writer.writerows(rows)
        return len(rows)


class LiveSession(Session):
    """Writes every record to `log` before it is shown, so that what was seen can be saved at any time.

    `recording` is the file to write; without one it is temporary and goes with `stop`. Raises UsageError if
    there can be no recording.
    """

    def __init__(self, source: Source, recording: Path | None = None) -> None:
        super().__init__(source)
        self._source = source
        self._model = Model()
        self._model.subscribe(self._tell)
        self.kept = recording is not None
        self._temporary = None if self.kept else tempfile.TemporaryDirectory(prefix="treering-")
        if self._temporary:
            recording = Path(self._temporary.name) / "session.pcapng"
        assert recording is not None
        self._file = _created(recording)
        self._writing = threading.Lock()
        self._inbox: queue.Queue[Record | Status] = queue.Queue(MAX_WAITING)
        self.inbox_meter = InboxMeter()
        self._stopping = threading.Event()

    @property
    def model(self) -> Model:
        """See Session.model."""
        return self._model

    @property
    def opener(self) -> RecordOpener:
        """See Session.opener."""
        return self.source.opener

    @property
    def log(self) -> Path:
        """See Session.log."""
        return self._file.path

    @property
    def is_recording(self) -> bool:
        """See Session.is_recording."""
        return self._file.is_recording

    @property
    def inbox_fill(self) -> float:
        """How full the queue of what waits to be shown is, 0 to 1."""
        return self._inbox.qsize() / MAX_WAITING

    def start(self) -> None:
        """Let the source begin."""
        self._source.start(self._put, self._post)

    def stop(self) -> None:
        """End the source and the recording; what is still waiting is on file, and is not shown any more."""
        self._stopping.set()
        self._source.stop()
        self.go_live()
        self._file.close()
        if self._temporary:
            self._temporary.cleanup()

    def hold(self) -> Replay:
        """See Session.hold; all goes on meanwhile."""
        if self.replay is None:
            held = Moment(self.source.opener)
            # The views keep the model that they have, which publishes no more.
            held.model, self._model = self._model, self._model.copy()
            self._model.subscribe(self._tell)
            self.replay = Replay(Task(self.log, self.source.opener.access, learns=False), held=held)
            self.replay.start()
        return self.replay

    def go_live(self) -> None:
        """Have the views show what comes."""
        if self.replay is not None:
            self.replay.close()
            self.replay = None

    def drain(self, budget_s: float) -> bool:
        """See Session.drain."""
        moved = self.replay is not None and self.replay.tick(budget_s)
        if self._inbox.qsize() > _MANY_WAITING:
            budget_s *= 2  # the pictures come less often, so that nothing is left out of them
        deadline_s = time.monotonic() + budget_s
        items = self._take()
        if not items:
            return moved
        while items:
            records = [item for item in items if isinstance(item, Record)]
            self._model.feed(self._opened(records))
            self.inbox_meter.depart(len(records))
            if len(records) < len(items):
                for status in items:
                    if isinstance(status, Status):
                        self._heed(status)
            items = self._take() if time.monotonic() < deadline_s else []
        self._model.publish()
        return True

    def save_log(self, path: Path) -> None:
        """See Session.save_log."""
        with self._writing:
            super().save_log(path)

    def _take(self) -> list[Record | Status]:
        items: list[Record | Status] = []
        with contextlib.suppress(queue.Empty):
            while len(items) < _BATCH:
                items.append(self._inbox.get_nowait())
        return items

    def _opened(self, records: Iterable[Record]) -> Iterator[Record]:
        """They as the model takes them; what the source's keys do not open is counted there."""
        open_ = self.source.opener.open
        return filter(None, map(open_, records))

    def _heed(self, status: Status) -> None:
        self.status = status
        if status.notice:
            self._model.notice(status.notice)

    # --- called from the source's thread -----------------------------------------------------------------

    def _put(self, records: Sequence[Record]) -> None:
        # Together: a write lets go of the interpreter, and a busy main thread then keeps it for 5 ms.
        # One by one, a fast source would lose frames before they are read.
        with self._writing:
            self._file.write_all(records)
        for record in records:
            try:
                self.inbox_meter.arrive(partial(self._inbox.put_nowait, record))
            except queue.Full:  # a live network does not wait for a window that hangs
                self.not_shown += 1

    def _post(self, item: Record | Status) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Full):
                return self._inbox.put(item, timeout=_PUT_TIMEOUT_S)


def _created(path: Path) -> CaptureFile:
    with contextlib.suppress(OSError):  # CaptureFile says what is wrong with the place
        path.parent.mkdir(parents=True, exist_ok=True)
    return CaptureFile(path)
