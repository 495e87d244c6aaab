"""The rules as a consumer of the log: their state is kept with the place up to which they have read."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bridge.log.facts import Checkpoint, FactBatch, RetryError
from bridge.rules.engine import Engine, Kind, RuleEvent
from bridge.rules.settings import RuleSettings
from bridge.rules.state_file import Kept, StateFile
from bridge.status import RuleStatus, StreamStatus
from protocol.observer import ActuatorSeen

GRACE_US: Final = 2_000_000  # facts of the last seconds may still be on their way
LIVE_US: Final = 10_000_000
STATUS_PERIOD_S: Final = 0.5
TOLD_PERIOD_S: Final = 10.0

_log = logging.getLogger(__name__)

OnEvents = Callable[[Sequence[RuleEvent]], None]
Wish = Callable[[Mapping[str, bool]], None]


def wall_clock_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class RulesConsumer:
    """A bridge.log.facts.Consumer. After a crash it reads on where its file was written.

    `on_events` gets what began and ended, at least once; the keys of RuleEvent tell what came twice. It may
    raise RetryError, and need not make them durable at once: those of the last TOLD_PERIOD_S come again after
    a restart. `wish` gets what actuators are to do, every second, as long as the rules have read the
    log up to now: nobody is commanded by what was long ago.
    """

    name = "rules"

    def __init__(
        self,
        settings: RuleSettings,
        path: Path,
        *,
        on_events: OnEvents = lambda events: None,
        wish: Wish = lambda wanted: None,
        clock_us: Callable[[], int] = wall_clock_us,
    ) -> None:
        self.settings = settings
        self.rule_statuses: Sequence[RuleStatus] = ()
        self.stream_statuses: Sequence[StreamStatus] = ()
        self._file = StateFile(path)
        self._on_events = on_events
        self._wish = wish
        self._clock_us = clock_us
        self._noted_s = float("-inf")
        self._begin()

    def _begin(self) -> None:
        """As the file says."""
        kept = self._file.load()
        self._taken = kept.checkpoint
        self._actuators = kept.actuators
        self._engine = Engine(self.settings.rules, self.settings.streams, kept.engine)
        self._untold: list[RuleEvent] = []
        self._told_before = list(kept.told)
        self._told: deque[tuple[float, RuleEvent]] = deque()
        self._note_statuses()

    # --- for the log ---------------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint | None:
        """See Consumer.checkpoint: up to there all is in the file."""
        return self._file.checkpoint

    def take(self, batch: FactBatch) -> None:
        """See Consumer.take. A batch that is taken again is one whose events could not be told."""
        try:
            if self._taken is None or batch.checkpoint.at > self._taken.at:
                for fact in batch.facts:
                    self._engine.take(fact)
                    if isinstance(fact, ActuatorSeen):
                        self._actuators[fact.node, fact.actuator] = fact
                self._engine.advance(batch.newest_us)
                self._taken = batch.checkpoint
            self._settle()
        except RetryError:
            raise
        except Exception:
            self._begin()  # it is taken again, from the place that the file names
            raise

    def idle(self, now_us: int) -> None:
        """See Consumer.idle: holds and silences end, too, when nobody says anything."""
        self._engine.advance(now_us - GRACE_US)
        self._settle()

    def close(self) -> None:
        """See Consumer.close."""
        self._save(force=True)

    # --- for who looks on ----------------------------------------------------------------------------------

    @property
    def actuators(self) -> Mapping[tuple[int, int], ActuatorSeen]:
        """What the log told last of each actuator, by node and actuator."""
        return dict(self._actuators)

    @property
    def now_us(self) -> int:
        """Up to when they have read, in the time of the log; with `begun` only before the first `take`."""
        return self._engine.now_us

    def begun(self) -> Sequence[RuleEvent]:
        """How what is active began."""
        return self._engine.begun()

    @property
    def passed_over(self) -> int:
        """Nodes that rules of any node do not follow, as there are too many."""
        return self._engine.passed_over

    # --- its own -------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        self._untold += self._engine.take_events()
        told = self._untold
        if told or self._told_before:
            self._on_events([*self._told_before, *told])
            self._told += ((time.monotonic(), event) for event in (*self._told_before, *told))
            self._told_before, self._untold = [], []
            self._tell(told)
        if told or time.monotonic() - self._noted_s >= STATUS_PERIOD_S:
            self._note_statuses()
        self._save(force=False)
        if self._clock_us() - self._engine.now_us < LIVE_US:
            self._wish(self._engine.wanted)

    def _save(self, *, force: bool) -> None:
        while self._told and time.monotonic() - self._told[0][0] >= TOLD_PERIOD_S:
            self._told.popleft()
        told = (*self._told_before, *(event for _, event in self._told))
        self._file.save(Kept(self._taken, self._engine.state, self._actuators, told), force=force)

    def _tell(self, events: Sequence[RuleEvent]) -> None:
        """What happens now; what is read of the past is no news."""
        for event in events:
            if self._clock_us() - event.timestamp_us < LIVE_US + GRACE_US:
                level = logging.WARNING if event.kind is Kind.ALARM and event.has_begun else logging.INFO
                whose = "" if event.node is None else f" of node {event.node}"
                now = "" if event.has_begun else " is over"
                _log.log(level, "%s %s%s%s: %s", event.kind.value, event.name, whose, now, event.text)

    def _note_statuses(self) -> None:
        """For other threads, which must not look into the engine."""
        self._noted_s = time.monotonic()
        since_us = self._engine.active_since_us()
        self.rule_statuses = [
            RuleStatus(
                name=rule.name, text=rule.text, is_active=rule in since_us, since_us=since_us.get(rule)
            )
            for rule in self.settings.rules
            if rule.kind is not Kind.ANOMALY
        ]
        self.stream_statuses = [
            StreamStatus(
                name=stream.name if node is None else f"{stream.name} {node}",
                value=series.newest,
                unit=series.value.unit,
                time_us=series.last_us,
            )
            for stream, node, series in self._engine.numbers()
            if node is None or series.last_us is not None
        ]
