"""Writes a log's segments (PROTOCOL.md 18.1): whatever happens to process and disk, what was written stays.

The caller's thread only writes to the system's cache. A thread of the log's own syncs that every second,
keeps what is known where segments begin, and removes what retention leaves out.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import FileIO
from itertools import accumulate

from bridge.errors import UsageError
from bridge.log.decoder import packed
from bridge.log.facts import Position
from bridge.log.folder import FolderLock, LogFolder
from bridge.log.journal import Journal
from bridge.log.retention import Room, superfluous
from bridge.log.segment_reader import survey
from bridge.log.settings import LogSettings
from bridge.private_file import sync_folder, write_private
from protocol.capture import CaptureWriter, Record

SYNC_PERIOD_S = 0.8  # and a sync takes its time: not more than a second is at risk
RETRY_S = 1.0  # after a write that failed
GRACE_S = 60.0  # in which consumers say what they need, before anything is too old
BEHIND_WARNED_S = 2.0  # how far a clock is set back before somebody is told

_log = logging.getLogger(__name__)


class SegmentedLog:
    """The packet log of a folder. `append` and `close` belong to one thread.

    `end` is behind the last record, and `newest_us` its time. `written` and `unrecorded` count records since
    the start, `removed` segments that retention took; `lost` are records that a predecessor had taken and not
    written when it was killed. `segments`, `size_bytes` and `free_bytes` are of the last look at the folder;
    the last sync took `sync_s`.
    """

    def __init__(self, settings: LogSettings, clock_s: Callable[[], float] = time.time) -> None:
        """Raises UsageError if the folder cannot be written, or another process writes there."""
        self.settings = settings
        self.folder = LogFolder(settings.folder)
        self.written = self.unrecorded = self.lost = self.removed = 0
        self.segments = self.size_bytes = self.free_bytes = 0
        self.sync_s = 0.0
        # Set by who decodes the log: what is known now, and the oldest segment that a consumer still needs.
        self.state: Callable[[], bytes] | None = None
        self.needed: Callable[[], int | None] = lambda: None
        self._clock_s = clock_s
        self._lock = FolderLock(settings.folder)
        self._journal = Journal(self.folder.journal)
        self._warnings: dict[str, str] = {}
        self._file: FileIO | None = None
        self._is_removed = False  # its name
        self._writer = CaptureWriter()
        self._taken = 0  # for the segment at hand
        self._started_s = time.monotonic()
        self._began_s = self._retry_s = 0.0
        self._ended: deque[FileIO] = deque()  # to be synced and closed
        self._states: deque[tuple[int, bytes]] = deque()  # to be kept
        self._synced = Position(0, 0)  # all before is on the disk
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._tending = threading.Lock()
        try:
            last, self.newest_us = self._look_back()
        except OSError as error:
            self._lock.release()
            raise UsageError(f"{settings.folder}: {error.strerror}; make it readable") from error
        self.end = Position(last + 1, 0)
        self._thread = threading.Thread(target=self._keep_house, name="log sync", daemon=True)
        self._thread.start()

    @property
    def warnings(self) -> Sequence[str]:
        """What is wrong now, a line each."""
        return [*self._warnings.values()]

    def append(self, records: Sequence[Record]) -> Sequence[Record]:
        """Write `records` after all others. The result is what the log holds now: with times that do not go
        back, or nothing, if they could not be written. Never blocks on the disk, and raises nothing of it."""
        if not records or (self._retry_s and time.monotonic() < self._retry_s):
            self.unrecorded += len(records)
            return ()
        records = self._in_time(records)
        try:
            if self._file is None or self._is_due():
                self._begin_segment()
            self._write(records)
        except OSError as error:
            self.unrecorded += len(records)
            self._retry_s = time.monotonic() + RETRY_S
            what = "frames are not recorded, nor handed on to store, rules and sinks, until there is room"
            self._warn("write", f"{self.folder.path}: {error.strerror}; {what}")
            return ()
        self.written += len(records)
        self.newest_us = records[-1].timestamp_us
        if self._retry_s:
            self._retry_s = 0.0
            self._resolve("write", f"recording again; {self.unrecorded} frames were not recorded so far")
        return records

    def sync(self) -> None:
        """Have all on the disk that was written, and do what else is due, as the log's own thread does."""
        with self._tending:
            self._attempt("sync", self._sync, "the newest frames may not outlive a power cut")
            if not self._stop.is_set():  # at the end nobody says any more what is needed
                self._attempt("retention", self._retain, "old segments stay; make room by hand")
            self._attempt("states", self._keep_states, "who goes on here will read more before")
            self._tell_clock()

    def close(self) -> None:
        """Sync and end the log; harmless when it is closed."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._wake.set()
        self._thread.join()
        self._end_segment()
        if self.state is not None:  # the next start need not read a segment for it
            self._states.append((self._next_number, self.state()))
        self.sync()
        for file in self._ended:
            file.close()
        self._journal.remove()
        self._lock.release()

    # --- at the start ------------------------------------------------------------------------------------

    def _look_back(self) -> tuple[int, int]:
        """The last segment number that may have been used, and the newest time."""
        numbers = self.folder.numbers()
        last, newest_us = max(numbers, default=0), 0
        for number in reversed(numbers):
            if (found := survey(self.folder.segment(number)).newest_us) is not None:
                newest_us = found
                break
        for orphan in self.folder.orphans():
            if orphan != self.folder.state(last + 1):  # for this start
                orphan.unlink()
        if self._journal.is_there:
            self._count_lost(last)
            last += 1  # it may have been begun, and its name not have reached the disk
        return last, newest_us

    def _count_lost(self, last: int) -> None:
        """What the last run had taken for its last segment, which may be one whose name is not there."""
        segment, taken = self._journal.left() or (last, 0)
        self._journal.note(last, 0)  # it is told once
        if segment == last + 1:
            self.lost = taken
        elif 0 < segment == last:
            self.lost = max(0, taken - survey(self.folder.segment(last)).records)
        if self.lost:
            what = "frames that were taken when the last run was killed are not in the log"
            _log.warning("%s: %d %s", self.folder.path, self.lost, what)

    # --- writing -----------------------------------------------------------------------------------------

    def _in_time(self, records: Sequence[Record]) -> Sequence[Record]:
        """The times of a log do not go back, though a clock may."""
        times_us = [record.timestamp_us for record in records]
        if self.newest_us <= times_us[0] and times_us == sorted(times_us):
            return records
        rising_us = list(accumulate([self.newest_us, *times_us], max))[1:]
        return [
            replace(record, timestamp_us=time_us) for record, time_us in zip(records, rising_us, strict=True)
        ]

    def _is_due(self) -> bool:
        """Whether the segment is full or old. There are never two whose names are in the cache only."""
        if self._is_removed:
            return True
        is_full = self.end.offset_bytes >= self.settings.segment_bytes
        is_old = time.monotonic() - self._began_s >= self.settings.segment_age_s
        return (is_full or is_old) and self._synced.segment == self.end.segment

    @property
    def _next_number(self) -> int:
        return self.end.segment + (self.end.offset_bytes > 0)

    def _begin_segment(self) -> None:
        self._end_segment()
        number = self._next_number
        self.folder.path.mkdir(parents=True, exist_ok=True)  # somebody may have removed it
        file = FileIO(self.folder.segment(number), "wb")
        self._writer = CaptureWriter()
        try:
            header = self._writer.header()
            _write_all(file, header)
        except OSError:
            self._discard(file, number)
            raise
        if self.state is not None:
            self._states.append((number, self.state()))
        self._began_s, self._taken = time.monotonic(), 0
        self._file, self.end = file, Position(number, len(header))
        self._is_removed = False
        self._wake.set()

    def _end_segment(self) -> None:
        if self._file is not None:
            self._ended.append(self._file)
            self._file = None

    def _discard(self, file: FileIO, number: int) -> None:
        """A segment without a record."""
        self._file, self.end = None, Position(number, 0)
        file.close()
        self.folder.segment(number).unlink()

    def _write(self, records: Sequence[Record]) -> None:
        assert self._file is not None
        try:
            blocks = self._writer.encode_all(records)
        except ValueError:  # a mistake of ours; the writer believes links described that are not
            self._end_segment()
            raise
        self._journal.note(self.end.segment, self._taken + len(records))
        try:
            _write_all(self._file, blocks)
        except OSError:
            self._journal.note(self.end.segment, self._taken)
            if not self._taken:
                self._discard(self._file, self.end.segment)
            else:
                with contextlib.suppress(OSError):
                    self._file.truncate(self.end.offset_bytes)
                self._end_segment()  # it may lack the links that the writer believes described
            raise
        self._taken += len(records)
        self.end = Position(self.end.segment, self.end.offset_bytes + len(blocks))

    # --- the log's own thread ----------------------------------------------------------------------------

    def _keep_house(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(SYNC_PERIOD_S)
            self._wake.clear()
            self.sync()

    def _attempt(self, what: str, act: Callable[[], None], meaning: str) -> None:
        """The disk may be full, or broken: that is told, and nothing else stops."""
        try:
            act()
        except (OSError, UsageError) as error:
            why = f"{self.folder.path}: {error.strerror}" if isinstance(error, OSError) else error
            self._warn(what, f"{why}; {meaning}")
        else:
            self._resolve(what, f"{what}: in order again")

    def _sync(self) -> None:
        began_s = time.monotonic()
        end, file = self.end, self._file
        if end == self._synced and not self._ended:
            return
        while self._ended:
            os.fsync(self._ended[0].fileno())
            self._ended.popleft().close()
        if file is not None:
            with contextlib.suppress(ValueError):  # closed meanwhile, as nothing could be written to it
                os.fsync(file.fileno())
            self._look_for(end.segment)
        if self._synced.segment != end.segment:
            sync_folder(self.folder.path)
        self._synced = end
        self.sync_s = time.monotonic() - began_s

    def _look_for(self, number: int) -> None:
        """People make room, and remove what is open as well: nobody could read what comes after that."""
        if not self._is_removed and not self.folder.segment(number).exists():
            what = "its newest segment was removed by somebody, and what was in it is lost; another begins"
            _log.warning("%s: %s", self.folder.path, what)
            self._is_removed = True

    def _keep_states(self) -> None:
        while self._states:
            number, state = self._states[0]
            write_private(self.folder.state(number), packed(state))
            self._states.popleft()

    def _retain(self) -> None:
        """Remove what is too old or too much, and see how much there is now."""
        open_number, needed = self.end.segment, self.needed()
        is_early = time.monotonic() - self._started_s < GRACE_S
        found = self.folder.segments()
        ended = [segment for segment in found if segment.number < open_number]
        open_bytes = sum(segment.size_bytes for segment in found[len(ended) :])
        self.free_bytes = shutil.disk_usage(self.folder.path).free
        room = Room(self.free_bytes, 0 if is_early else needed, self._clock_s())
        gone = superfluous(ended, open_bytes, self.settings, room)
        for number in gone:
            self._remove(number, is_needed=needed is not None and number >= needed)
        kept = found[len(gone) :]
        self.segments, self.size_bytes = len(kept), sum(segment.size_bytes for segment in kept)
        self._tell_room()

    def _remove(self, number: int, *, is_needed: bool) -> None:
        if is_needed:
            _log.warning(
                "%s: removed before all have read it, for want of room; raise keep_size, or make room",
                self.folder.segment(number),
            )
        self.folder.segment(number).unlink()
        self.folder.state(number).unlink(missing_ok=True)
        self.removed += 1

    def _tell_room(self) -> None:
        """What was free before anything was removed decides: else nobody knew why the log is short."""
        least_bytes = self.settings.least_free_bytes
        if self.free_bytes < least_bytes:
            what = f"the disk has less than {least_bytes / 1e6:g} MB free, so old segments go"
            self._warn("room", f"{self.folder.path}: {what}; make room, or lower least_free")
        elif self.free_bytes >= least_bytes + 2 * self.settings.segment_bytes:
            self._resolve("room", "there is room on the disk again")

    def _tell_clock(self) -> None:
        """Also of one that is set back while the log is written, which no record shows: the relay's times do
        not go back either."""
        behind_s = self.newest_us / 1e6 - self._clock_s()
        if behind_s > BEHIND_WARNED_S:
            what = f"the clock is {behind_s:.0f} s behind the log, whose times stand still until then"
            self._warn("clock", f"{self.folder.path}: {what}; set the clock")
        else:
            self._resolve("clock", "the clock has come up with the log")

    # --- what people are told ----------------------------------------------------------------------------

    def _warn(self, about: str, text: str) -> None:
        """Once, until it is over."""
        if about not in self._warnings:
            _log.warning("%s", text)
        self._warnings[about] = text

    def _resolve(self, about: str, text: str) -> None:
        if self._warnings.pop(about, None) is not None:
            _log.info("%s: %s", self.folder.path, text)


def _write_all(file: FileIO, data: bytes) -> None:
    """Unbuffered: a write may be a part, when the disk becomes full."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
