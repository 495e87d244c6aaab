"""The session of a log: the model is that of the place where the replay is."""

from __future__ import annotations

from pathlib import Path

from bridge.access import RecordOpener
from desktop.model.model import Model
from desktop.replay.analysis import Task
from desktop.replay.replay import Replay
from desktop.sources.log import LogSource
from desktop.sources.session import Session
from desktop.sources.source import State, Status

READ = "log read to its end"


class ReplaySession(Session):
    """Shows the newest of what is analysed, until a person chooses a place."""

    def __init__(self, source: LogSource) -> None:
        super().__init__(source)
        self._log = source.log
        self._replay = self.replay = Replay(Task(source.log, source.opener.access, learns=True))
        self._remarked: Model | None = None
        self._watched: Model | None = None

    @property
    def model(self) -> Model:
        """See Session.model."""
        return self._replay.model

    @property
    def opener(self) -> RecordOpener:
        """See Session.opener."""
        return self._replay.opener

    @property
    def log(self) -> Path:
        """See Session.log."""
        return self._log

    def hold(self) -> Replay:
        """See Session.hold."""
        return self._replay

    def start(self) -> None:
        """See Session.start."""
        self._replay.start()

    def stop(self) -> None:
        """See Session.stop."""
        self._replay.close()

    def drain(self, budget_s: float) -> bool:
        """See Session.drain."""
        if self._watched is not self._replay.model:
            self._watched = self._replay.model
            self._watched.subscribe(self._tell)
        moved = self._replay.tick(budget_s)
        self._remark()
        self.status = self._status()
        return moved

    @property
    def _is_at_end(self) -> bool:
        return self._replay.position == len(self._replay.times)

    def _status(self) -> Status:
        replay = self._replay
        if replay.problem is not None:
            return Status(State.FAILED, replay.problem)
        if replay.is_complete and self._is_at_end:
            return Status(State.ENDED, READ)
        if replay.is_complete and not replay.playback.follows:
            return Status(State.ENDED, f"packet {replay.position:,} of {len(replay.times):,}")
        return Status(State.RUNNING, "reading the log", progress=replay.analysed_share)

    def _remark(self) -> None:
        """At the log's end: what a person must know of one that is not whole."""
        replay = self._replay
        if self._remarked is replay.model or not (replay.is_complete and self._is_at_end):
            return
        self._remarked = replay.model
        if replay.index.problem is not None:
            replay.model.notice(f"the log ends early, at {replay.index.problem}")
        elif replay.index.skipped:
            text = f"{replay.index.skipped} packets of the log are of other link types and are left out"
            replay.model.notice(text)
        if replay.analysis_problem is not None:
            replay.model.notice(f"seeking is slow: {replay.analysis_problem}")
        replay.model.publish()
