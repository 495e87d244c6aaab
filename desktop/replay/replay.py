"""A log at any time of it: its index and its analysis go on, and the views show where the playback is."""

from __future__ import annotations

import contextlib
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bridge.access import RecordOpener
from bridge.errors import TreeringError
from bridge.log.decoder import StateError
from desktop.model.model import Model
from desktop.model.words import EventLine
from desktop.packets.folder import folder_of
from desktop.packets.index import PacketIndex
from desktop.replay.analysis import SPACING, Analysis, Task
from desktop.replay.beyond import Beyond
from desktop.replay.moment import Moment
from desktop.replay.overview import Numbers, Overview
from desktop.replay.playback import Playback
from desktop.replay.tables import NONE, TableError
from desktop.replay.times import Times
from desktop.replay.trail import Trail, private_folder
from protocol.capture import Record

# So many records can be fed at once; what is further away is reached from a checkpoint.
MAX_FED = 5 * SPACING
_PIECE = 100  # records between two looks at the clock
_JUMP_S = 0.25  # where playing is too fast to be fed, the views are given another model so often at most
_JUMP_RECORDS = SPACING  # less is fed
_LOOK_S = 0.2  # how often the index and the trail are looked at
_SLICE_S = 0.03  # of a way that is too long to be fed at once
_AGAIN_S = 5.0  # how often an analysis that has ended is begun again
_SCAN_S = 0.05  # a piece of the index's work
_IDLE_S = 0.25  # how often the log is looked at for growth
_STOP_TIMEOUT_S = 5.0
_MOST_DISCARDS = 3


class Replay:
    """`start`, then `tick` on the thread of the views until `close`. `model` is that of the place shown.

    `held` is what is shown until a person moves: a model of another origin, whose place is not known exactly.
    """

    def __init__(
        self, task: Task, *, held: Moment | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.task = task
        self.index = PacketIndex(task.log)
        self.times = Times()
        self.playback = Playback(self.times)
        self.trail: Trail | None = None
        self.beyond = Beyond()
        self.problem: str | None = None  # why the log cannot be read
        self.analysis_problem: str | None = None
        self._clock = clock
        self._moment = held or Moment(RecordOpener(task.access))
        self._is_held = held is not None
        self._is_moved = False  # by a person, since it is held
        self._may_feed = not (held or task.reads_twice)  # on from what is shown
        self._analysis: Analysis | None = None
        self._looked_s = self._jumped_s = self._began_s = -1e9
        self._discards = 0
        self._waiting: list[Callable[[], object]] = []
        self._stopping = threading.Event()
        self._scanner: threading.Thread | None = None

    @property
    def model(self) -> Model:
        """What is shown."""
        return self._moment.model

    @property
    def opener(self) -> RecordOpener:
        """What has opened the records of what is shown."""
        return self._moment.opener

    @property
    def position(self) -> int:
        """How many records are shown."""
        return self.playback.wanted if self._is_held else self._moment.records

    @property
    def analysed_share(self) -> float:
        """How much of the log can be shown, 0 to 1."""
        records = len(self.times)
        return self._front() / records * self._scanned_share() if records else 0.0

    @property
    def is_complete(self) -> bool:
        """Whether all of the log, as it is now, can be shown."""
        return self._scanned_share() >= 1.0 and self._front() == len(self.times) == len(self.index)

    @property
    def is_placed(self) -> bool:
        """Whether it is known which place is shown."""
        return not (self._is_held and self.playback.follows)

    def start(self) -> None:
        """Begin with the index, on a thread, and with what is known already."""
        self._scanner = threading.Thread(target=self._scan, name="index", daemon=True)
        self._scanner.start()

    def close(self) -> None:
        """End all that goes on; what was found out stays beside the log."""
        self._stopping.set()
        if self._analysis is not None:
            self._analysis.stop()
        if self._scanner is not None:
            self._scanner.join(_STOP_TIMEOUT_S)
        self.index.close()

    def tick(self, budget_s: float) -> bool:
        """Show what is due, in about `budget_s`; whether anything has changed."""
        now_s = self._clock()
        if now_s - self._looked_s >= _LOOK_S or len(self.times) < MAX_FED:
            self._looked_s = now_s
            self._look()
        target = min(self.playback.due(now_s), self._front())
        before = self._moment, self._moment.records
        if self._is_held and (not self._is_moved or target < self.playback.wanted):
            return False
        self._go(target, now_s, now_s + budget_s)
        self.playback.note_shown(self._moment.records, now_s)
        return before != (self._moment, self._moment.records)

    # --- what a person does ------------------------------------------------------------------------------

    def seek(self, records: int) -> None:
        """Show the log after so many records, as soon as the analysis has come there."""
        self._when_placed(lambda: self._seek(records))

    def seek_time(self, time_us: float) -> None:
        """Show the log as it was then."""
        self._when_placed(lambda: self._seek(self.times.records_until(time_us)))

    def step(self, records: int) -> None:
        """So many records on, or back; time stands still."""

        def step() -> None:
            self.playback.pause()
            self._seek(self.position + records)

        self._when_placed(step)

    def step_round(self, direction: int) -> None:
        """To where the next round was finished (1), or the one before (-1); time stands still."""

        def step() -> None:
            self.playback.pause()
            place = self.position
            self._seek(self._round_before(place) if direction < 0 else self._round_after(place))

        self._when_placed(step)

    def toggle(self) -> None:
        """Play, or pause."""

        def toggle() -> None:
            self._is_moved = True
            self.playback.toggle(self._clock())

        self._when_placed(toggle)

    def set_speed(self, speed: float) -> None:
        """So many seconds of the log in one."""
        self.playback.set_speed(speed, self._clock())

    def round_places(self, place: int) -> tuple[int, int]:
        """After how many records the last round up to there was finished, and the one before it."""
        last = self._round_before(place + 1)
        return last, self._round_before(last)

    def overview(self, bookmarks: Sequence[tuple[int, str]] = ()) -> Overview:
        """What a strip of time shows of it."""
        times, told = self.times, self.beyond.told
        events, rounds = told.events, told.rounds
        before: Sequence[EventLine] = ()
        if self.trail is not None and self.trail.records:
            seen, rows, before = self.trail.event_columns, self.trail.row_columns, self.trail.events
            alive = np.where(rows["alive"] == NONE, np.nan, rows["alive"])
            events = _joined((seen["timestamp_us"], seen["kind"]), events)
            rounds = _joined((rows["timestamp_us"], rows["count"], alive), rounds)
        known = len(before)
        return Overview(
            times.start_us,
            times.end_us,
            self.cursor_us,
            self.reach_us,
            self.loop_us,
            events,
            rounds,
            lambda place: before[place] if place < known else told.lines[place - known],
            bookmarks,
        )

    @property
    def reach_us(self) -> int:
        """Up to when the log can be shown."""
        return self.times.at(self._front())

    @property
    def loop_us(self) -> tuple[int, int] | None:
        """From when to when it loops."""
        loop = self.playback.loop
        return None if loop is None else (self.times.at(loop[0]), self.times.at(loop[1]))

    @property
    def waits(self) -> bool:
        """Whether the analysis has not come to the place that is wanted."""
        return self._front() < self.playback.wanted

    @property
    def cursor_us(self) -> float:
        """The time that is shown."""
        if not self.is_placed or self.playback.follows:
            return self.model.now_us
        return self.playback.cursor_us(self._clock())

    def _when_placed(self, do: Callable[[], object]) -> None:
        """Do that at once, or as soon as the index has found which place is shown."""
        if self.is_placed:
            do()
        else:
            self._waiting.append(do)

    def _seek(self, records: int) -> None:
        now_s = self._clock()
        self.playback.seek(records, now_s)
        target = min(self.playback.wanted, self._front())
        if target == self.playback.wanted or not self._is_held:
            self._go(target, now_s, None)
        self._is_moved = True

    def _round_after(self, place: int) -> int:
        found = 0
        if self.trail is not None:
            rounds = self.trail.round_records
            at = int(rounds.searchsorted(place, side="right"))
            found = int(rounds[at]) if at < len(rounds) else 0
        if not found:
            at = bisect_right(self.beyond.row_records, place)
            found = self.beyond.row_records[at] if at < len(self.beyond.row_records) else self._front()
        return found

    def _round_before(self, place: int) -> int:
        at = bisect_left(self.beyond.row_records, place)
        if at:
            return self.beyond.row_records[at - 1]
        if self.trail is None:
            return 0
        rounds = self.trail.round_records
        at = int(rounds.searchsorted(place, side="left"))
        return int(rounds[at - 1]) if at else 0

    # --- where the model is ------------------------------------------------------------------------------

    def _go(self, target: int, now_s: float, deadline_s: float | None) -> None:
        """Bring the model there, fed on or from a checkpoint; without a deadline at once."""
        checkpoint, newest_us = (0, 0) if self.trail is None else self.trail.records_before(target)
        ahead = checkpoint - self._moment.records
        may_jump = deadline_s is None or not self.playback.is_playing or now_s - self._jumped_s >= _JUMP_S
        is_new = not self._may_feed or target < self._moment.records or (ahead > _JUMP_RECORDS and may_jump)
        if is_new:
            if checkpoint and newest_us != self.times.at(checkpoint):  # it is of another log
                self._discard()
                return
            self._jumped_s = now_s
            if not self._restore(target):
                return
        if target - self._moment.records > MAX_FED:  # there is no analysis: it takes its time
            self._feed(target, deadline_s or self._clock() + _SLICE_S)
        else:
            self._feed(target, None if is_new else deadline_s)
        self._moment.model.publish()

    def _restore(self, target: int) -> bool:
        """The last checkpoint up to there, or the beginning."""
        moment = None
        if self.trail is not None:
            try:
                moment = self.trail.moment_before(target)
            except (OSError, StateError, TableError):
                self._discard()
                return False
        self._moment = moment or self._beginning()
        self._is_held, self._may_feed = False, True
        return True

    def _beginning(self) -> Moment:
        """Nothing told yet, but what the analysis of a short log would have learned to open it."""
        moment = Moment(RecordOpener(self.task.access))
        if self.task.reads_twice:
            moment.opener.learn(self.index.records(0, len(self.times)))
        return moment

    def _feed(self, target: int, deadline_s: float | None) -> None:
        moment = self._moment
        while moment.records < target and (deadline_s is None or self._clock() < deadline_s):
            last = min(target, moment.records + (_PIECE if deadline_s is not None else MAX_FED))
            try:
                records = self.index.records(moment.records, last)
            except OSError as error:
                self.problem = f"{self.task.log}: {error.strerror}; see that the log can be read"
                return
            if not records:
                return
            for record in records:
                self._feed_one(moment, record)

    def _feed_one(self, moment: Moment, record: Record) -> None:
        model = moment.model
        rows, events = model.rows.total, model.events.total
        moment.feed((record,))
        if moment.records > self.beyond.records:
            new_rows = model.rows.numbered(rows, model.rows.total)
            new_events = model.events.numbered(events, model.events.total)
            self.beyond.add(moment.records, new_rows, new_events)

    # --- what is known of the log ------------------------------------------------------------------------

    def _front(self) -> int:
        """How far the log can be shown: to its end if that is near what is analysed."""
        records, analysed = len(self.times), self.trail.records if self.trail else 0
        reached = max(analysed, self.beyond.records)
        if records - reached <= MAX_FED:
            return records
        if self.analysis_problem is not None:
            return reached + MAX_FED
        return reached or (0 if self.task.reads_twice else MAX_FED)

    def _scanned_share(self) -> float:
        with contextlib.suppress(OSError, ValueError):  # the thread has just closed it
            return self.index.scanned_share
        return 0.0

    def _look(self) -> None:
        """Take what the index and the analysis have found since."""
        if not self.times.follow(self.index.time_us):
            self._discard()
        if not self.is_placed and self.times.end_us >= self.model.now_us:
            self.playback.stay(self.times.records_until(self.model.now_us))
            waiting, self._waiting = self._waiting, []
            for do in waiting:
                do()
        if self.trail is not None and self.trail.refresh():
            self.beyond.forget(self.trail.records)
        if self._analysis is not None and not self._analysis.is_running:
            self.analysis_problem = self._analysis.failure()
            self._analysis.stop()
            self._analysis = None
        behind = len(self.times) - (self.trail.records if self.trail else 0)
        # One that has ended may have found another window's at work.
        is_time = self._looked_s - self._began_s >= _AGAIN_S
        if self._analysis is None and self.analysis_problem is None and behind > MAX_FED and is_time:
            self._began_s = self._looked_s
            try:
                self._analysis = Analysis(self.task)
            except OSError as error:  # no memory, or no more processes
                self.analysis_problem = f"no process can be started for it: {error.strerror}"

    def _discard(self) -> None:
        """What is known is not of this log, or is damaged: begin anew."""
        if self.trail is not None:
            self.trail.discard()
        if self._analysis is not None:
            self._analysis.stop()
            self._analysis = None
        self._discards += 1
        self._began_s = -1e9
        if self._discards > _MOST_DISCARDS:
            self.analysis_problem = "what the analysis found is not of this log, again and again"
        self.beyond = Beyond()
        self._moment = Moment(RecordOpener(self.task.access))
        self._is_held, self._may_feed = False, not self.task.reads_twice

    # --- on its own thread -------------------------------------------------------------------------------

    def _scan(self) -> None:
        """Keep the index at the log's end."""
        try:
            folder = private_folder(folder_of(self.task.log))
            trail = Trail(folder, self.task.log, self.task.access, learns=self.task.learns)
            trail.refresh()
            self.trail = trail
            while not self._stopping.is_set():
                if not self.index.extend(_SCAN_S) and self._scanned_share() >= 1.0:
                    self._stopping.wait(_IDLE_S)
        except (TreeringError, OSError) as error:
            self.problem = str(error)


def _joined(one: tuple[Numbers, ...], other: tuple[Numbers, ...]) -> Any:
    return tuple(np.concatenate(pair) for pair in zip(one, other, strict=True))
