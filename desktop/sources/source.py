"""Where records come from: one interface. Sources have their own threads and touch no view."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from bridge.access import OPEN, Access, RecordOpener
from protocol.capture import Record

_STOP_TIMEOUT_S = 5.0


class State(Enum):
    """How a source is doing."""

    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """What a source says of itself.

    `progress` is 0 to 1 where an end is in sight; `drops` counts, by reason, frames that became no record;
    `notice` is a line for the event list.
    """

    state: State
    text: str
    progress: float | None = None
    drops: Mapping[str, int] = field(default_factory=dict)
    notice: str | None = None


Put = Callable[[Sequence[Record]], None]
Report = Callable[[Status], None]


class Origin(Protocol):
    """Where records come from. What comes from a log is on file already: `log` is that file.

    A simulated network `is_simulated`: it has nothing to protect.
    """

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def log(self) -> Path | None:
        """The file that it reads, if it reads one."""

    @property
    def opener(self) -> RecordOpener:
        """What opens its records, with the keys that it was given."""

    @property
    def is_simulated(self) -> bool:
        """Whether there is no such network."""


class Source(Origin, Protocol):
    """One stream of records."""

    def start(self, put: Put, report: Report) -> None:
        """Begin. `put` and `report` are called from another thread; `put` may wait."""

    def stop(self) -> None:
        """End; harmless if it has ended."""


class Worker(ABC):
    """A thread that runs `work` until that returns; `work` watches `stopping`. A failure becomes a status."""

    is_simulated = False

    def __init__(self, access: Access = OPEN) -> None:
        self.opener = RecordOpener(access)
        self.stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, put: Put, report: Report) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, args=(put, report), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT_S)

    @abstractmethod
    def work(self, put: Put, report: Report) -> None:
        """What the thread does."""

    def _run(self, put: Put, report: Report) -> None:
        try:
            self.work(put, report)
        except Exception as error:
            report(Status(State.FAILED, str(error)))
            raise  # into the log, with its traceback
