"""Goes through a log in a process of its own with the model of live sessions, and leaves a trail there."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bridge.access import Access, RecordOpener
from bridge.errors import TreeringError
from bridge.file_lock import lock_file
from bridge.log.decoder import StateError
from desktop.packets.folder import folder_of
from desktop.replay.moment import Moment
from desktop.replay.tables import NONE, TableError
from desktop.replay.trail import Trail, private_folder
from desktop.replay.trail_writer import TrailWriter
from protocol.capture import CaptureReader, Record

SPACING = 400  # records between checkpoints: to feed so many takes about 8 ms, a checkpoint 2 ms
_BLOCK_BYTES = 44  # of a log for each record, beside its frame
_CHUNK_BYTES = 1 << 16
_LOOK_S = 0.25  # how often a log that may grow is looked at
_PATIENCE_S = 10.0  # after so long without growth there is no more to do
_NICENESS = 5  # the window comes first
_STOP_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Task:
    """Which log, with whose keys.

    If it `learns` it reads the log twice: sealed frames before the first sign of their sender's life can be
    read, too. A session that is live cannot do that, so its own log is read once.
    """

    log: Path
    access: Access
    learns: bool

    @property
    def reads_twice(self) -> bool:
        """Whether there is anything to learn."""
        return self.learns and self.access.keys is not None


class Analysis:
    """The process that does a task; it ends with this one."""

    def __init__(self, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, far_end = context.Pipe()
        # What it is to do goes through a pipe: keys have no place on a command line.
        self._process = context.Process(target=_run, args=(far_end,), daemon=True, name="analysis")
        self._process.start()
        far_end.close()
        with contextlib.suppress(OSError):
            self._connection.send(task)

    @property
    def is_running(self) -> bool:
        """Whether it is at work, or waits for the log to grow."""
        return self._process.is_alive()

    def failure(self) -> str | None:
        """Why it could not go on, if it has ended with that."""
        with contextlib.suppress(EOFError, OSError):
            if self._connection.poll():
                return str(self._connection.recv())
        if self._process.exitcode:
            return f"the analysis ended with code {self._process.exitcode}; open the log again"
        return None

    def stop(self) -> None:
        """End it; what it has found out stays."""
        self._connection.close()  # which it sees, and ends
        self._process.join(_STOP_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _run(connection: Connection) -> None:
    """The process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the window's process tells when to end
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with contextlib.suppress(EOFError, BrokenPipeError):
        task: Task = connection.recv()
        try:
            analyse(task, connection)
        except (OSError, TreeringError) as error:
            connection.send(f"{task.log}: {error}")


def analyse(task: Task, connection: Connection) -> None:
    """Go on with the trail of that log, until it has not grown for a while or nobody is at the other end.

    Does nothing if somebody else is at it. Raises OSError, UsageError, EOFError.
    """
    folder = private_folder(folder_of(task.log))
    with open(folder / "lock", "ab") as lock:
        try:
            lock_file(lock.fileno())
        except BlockingIOError:
            return
        pass_ = _Pass(task, folder, connection)
        try:
            pass_.run()
        finally:
            pass_.writer.close()


class _Pass:
    """One way through a log."""

    def __init__(self, task: Task, folder: Path, connection: Connection) -> None:
        self._task = task
        self._connection = connection
        trail = Trail(folder, task.log, task.access, learns=task.learns)
        trail.refresh()
        self._moment, self._newest_us = _end_of(trail)
        self._is_new = not trail.records
        self.writer = TrailWriter(trail, task.log, task.access, learns=task.learns)
        model = self._moment.model
        self._rows, self._events = model.rows.total, model.events.total
        self._row_records: list[int] = []
        self._event_records: list[int] = []
        self._committed_at = self._moment.records
        self._state_bytes = self._bytes_since = 0
        self._is_following = False  # it has been at the log's end

    def run(self) -> None:
        """Read on from where it is."""
        if self._task.reads_twice and self._is_new:
            for records in self._records(waits=False):
                self._moment.opener.learn(records)
            self._commit()
        done = self._moment.records
        for records in self._records(waits=True):
            skipped = min(done, len(records))  # of those that the trail covers
            done -= skipped
            self._take(records[skipped:])

    def _records(self, *, waits: bool) -> Iterator[Sequence[Record]]:
        """All of the log's, some at a time; `waits` for more at its end."""
        reader, waited_s = CaptureReader(), 0.0
        with self._task.log.open("rb") as file:
            while True:
                if data := file.read(_CHUNK_BYTES):
                    waited_s = 0.0
                    self._look(0.0)
                    yield reader.feed(data)
                    continue
                if waits:
                    self._commit_end()
                if not waits or waited_s >= _PATIENCE_S:
                    return
                self._look(_LOOK_S)
                waited_s += _LOOK_S

    def _look(self, timeout_s: float) -> None:
        """Whether somebody is at the other end still. Raises EOFError if not."""
        if self._connection.poll(timeout_s):
            self._connection.recv()

    def _take(self, records: Sequence[Record]) -> None:
        moment, rows, events = self._moment, self._moment.model.rows, self._moment.model.events
        for record in records:
            if record.timestamp_us > self._newest_us:
                self._newest_us = record.timestamp_us
            self._bytes_since += len(record.frame) + _BLOCK_BYTES
            moment.feed((record,))
            if events.total > self._events:  # what has a row has an event, too
                self._event_records += [moment.records] * (events.total - self._events)
                self._row_records += [moment.records] * (rows.total - self._rows)
                self._events, self._rows = events.total, rows.total
            # A checkpoint takes no more room than what it is of.
            if self._since >= SPACING and self._bytes_since >= self._state_bytes:
                self._commit()

    @property
    def _since(self) -> int:
        return self._moment.records - self._committed_at

    def _commit_end(self) -> None:
        """The log ends here, for now: it may grow slowly, and a checkpoint is large beside a record."""
        if self._since and (self._bytes_since >= self._state_bytes or not self._is_following):
            self._commit()
            self.writer.end()
        self._is_following = True

    def _commit(self) -> None:
        self._state_bytes = self.writer.commit(
            self._moment, self._newest_us, self._row_records, self._event_records
        )
        self._moment.model.publish()  # to nobody: what has changed is not kept
        self._row_records, self._event_records = [], []
        self._committed_at, self._bytes_since = self._moment.records, 0


def _end_of(trail: Trail) -> tuple[Moment, int]:
    """Where the trail ends, and the log's newest time there; if it is damaged, the beginning."""
    try:
        moment = trail.moment_before(trail.records)
    except (OSError, StateError, TableError):
        moment = None
    if moment is None:
        trail.discard()
        return Moment(RecordOpener(trail.access)), NONE
    return moment, trail.records_before(trail.records)[1]
