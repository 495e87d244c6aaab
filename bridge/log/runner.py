"""Runs a consumer in a thread of its own: whatever it does, the bridge goes on (PROTOCOL.md 18.3)."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from bridge.log.consumer_queue import ConsumerQueue
from bridge.log.fact_log import FactLog, Follower
from bridge.log.facts import Consumer, RetryError

IDLE_PERIOD_S = 0.5
LET_GO_PERIOD_S = 1.0
LINGER_S = 0.005  # so that facts come together, and a busy log does not wake its consumers for each
STOP_TIMEOUT_S = 10.0

_log = logging.getLogger(__name__)


class ConsumerState(StrEnum):
    """RETRYING: it could not take a batch and gets it again. FAILED: it broke, and is started again later."""

    RUNNING = "running"
    RETRYING = "retrying"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """How far a consumer is. Lags are 0 when it has taken all. Since the start, `taken` counts facts,
    `retries` the times it could not take them, `gaps` those when segments were gone that it had not read."""

    name: str
    state: ConsumerState
    lag_records: int
    lag_s: float
    taken: int
    retries: int
    gaps: int
    last_error: str


@dataclass(frozen=True, slots=True)
class Pauses:
    """After the first RetryError, at most after more of them (doubled each time, less up to half of it at
    random), and after any other error."""

    first_s: float = 0.5
    longest_s: float = 60.0
    failed_s: float = 60.0

    def after(self, failures: int, rng: random.Random) -> float:
        """How long to wait after so many RetryErrors running."""
        return min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 32)) * rng.uniform(0.5, 1)


class _StoppedError(Exception):
    """The thread is to end."""


class Runner:
    """Hands all facts to `consumer`, from its checkpoint on. All its methods are for other threads.

    `queue` measures what waits for it; whoever looks on has it look, every second or so.
    """

    def __init__(
        self,
        fact_log: FactLog,
        consumer: Consumer,
        pauses: Pauses = Pauses(),
        rng: random.Random | None = None,
    ) -> None:
        self.consumer = consumer
        self.state = ConsumerState.STOPPED
        self.taken = self.retries = self.gaps = 0
        self.last_error = ""
        self.queue = ConsumerQueue(time.time())
        self._fact_log = fact_log
        self._pauses = pauses
        self._rng = rng or random.Random()
        self._stop = threading.Event()
        self._follower: Follower | None = None
        self._records = 0  # before what was taken
        self._newest_us = 0
        self._idled_s = self._let_go_s = time.monotonic()
        self._gaps_of_follower = 0
        self._thread = threading.Thread(target=self._run, name=consumer.name, daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self.state = ConsumerState.RUNNING
        self._thread.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """End it, with what it is taking now; whether it has ended. One that hangs is left behind."""
        self._stop.set()
        self._fact_log.wake()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.warning("%s: still busy after %g s; left behind", self.consumer.name, timeout_s)
        return not self._thread.is_alive()

    def status(self) -> ConsumerStatus:
        """How far it is now."""
        lag_records = max(0, self._fact_log.records - self._records)
        lag_s = max(0.0, (self._fact_log.newest_us - self._newest_us) / 1e6) if lag_records else 0.0
        return ConsumerStatus(
            self.consumer.name,
            self.state,
            lag_records,
            lag_s,
            self.taken,
            self.retries,
            self.gaps,
            self.last_error,
        )

    # --- the consumer's thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except _StoppedError:
                break
            except Exception as error:  # the consumer's own, or the disk's
                self._note_failure(error)
                self._stop.wait(self._pauses.failed_s)
        self._leave()
        try:
            self.consumer.close()
        except Exception as error:
            self._note_failure(error)
        else:
            self.state = ConsumerState.STOPPED

    def _note_failure(self, error: Exception) -> None:
        self.state, self.last_error = ConsumerState.FAILED, f"{type(error).__name__}: {error}"
        _log.error(
            "%s: failed, tried again in %g s", self.consumer.name, self._pauses.failed_s, exc_info=error
        )

    def _follow(self) -> None:
        follower = self._fact_log.follow(self.consumer.checkpoint())
        self._leave()  # only now: while it rests after a failure, what it needs is kept
        self._follower = follower
        self._gaps_of_follower = 0
        self.state = ConsumerState.RUNNING
        while not self._stop.is_set():
            batch = follower.next(IDLE_PERIOD_S)
            self._see_gaps(follower)
            if batch is not None:
                began_s = time.time()
                self._persist(partial(self.consumer.take, batch))
                ended_s = time.time()
                self.queue.took(batch.records, ended_s - batch.newest_us / 1e6, ended_s - began_s)
                self.taken += len(batch.facts)
                self._stop.wait(LINGER_S)
            elif not follower.is_behind:
                self._idle()
            self._records, self._newest_us = follower.records, follower.newest_us
            self._let_go(follower)

    def _leave(self) -> None:
        if self._follower is not None:
            self._follower.close()

    def _idle(self) -> None:
        if time.monotonic() - self._idled_s >= IDLE_PERIOD_S:
            self._persist(lambda: self.consumer.idle(time.time_ns() // 1000))
            self._idled_s = time.monotonic()

    def _persist(self, act: Callable[[], None]) -> None:
        """Have the consumer do it, again while it asks for that. Raises _StoppedError, and what it raises."""
        failures = 0
        while not self._stop.is_set():
            try:
                act()
            except RetryError as error:
                failures += 1
                self.retries += 1
                self.state, self.last_error = ConsumerState.RETRYING, str(error)
                if failures == 1:
                    _log.warning("%s: %s; it is tried again until it works", self.consumer.name, error)
                self._stop.wait(self._pauses.after(failures, self._rng))
            else:
                self.state = ConsumerState.RUNNING
                if failures:
                    _log.info("%s: it works again", self.consumer.name)
                return
        raise _StoppedError

    def _see_gaps(self, follower: Follower) -> None:
        if follower.gaps > self._gaps_of_follower:
            self.gaps += follower.gaps - self._gaps_of_follower
            _log.warning(
                "%s: a part of the log was removed before it was read; it goes on behind that",
                self.consumer.name,
            )
        self._gaps_of_follower = follower.gaps

    def _let_go(self, follower: Follower) -> None:
        """Segments whose facts the consumer has made durable are no longer kept for it."""
        is_time = time.monotonic() - self._let_go_s >= LET_GO_PERIOD_S
        if is_time and follower.needed.segment < follower.position.segment:
            self._let_go_s = time.monotonic()
            if (checkpoint := self.consumer.checkpoint()) is not None:
                follower.needed = checkpoint.at
