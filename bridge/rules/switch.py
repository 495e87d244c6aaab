"""One actuator as its controller sees it: a machine without I/O or clock (docs/rules.md).

wish on ──► command ──► answer ──► ACTIVE ──┐ renewed in half of its hold
wish off ─► command ──► answer ──► IDLE     │ (IDLE, too, if off is not what the node does by itself)
any ──── no answer, refused, not taken ──► FAILED ──► commanded again, later each time
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from bridge.rules.settings import ActuatorSettings
from protocol.letters import Cause

RETRY_FIRST_S: Final = 5.0
RETRY_LONGEST_S: Final = 60.0
WISH_LASTS_S: Final = 15.0


class State(StrEnum):
    """What an actuator does, as far as its controller knows: what was told last, whatever was before.

    IDLE is the value for off, or the safe one, ACTIVE any other; UNKNOWN: nobody has told yet.
    """

    UNKNOWN = "unknown"
    IDLE = "idle"
    ACTIVE = "active"
    FAILED = "failed"


class Switch:
    """Follows wishes with commands. Times are seconds of one clock that never goes back.

    A wish lasts WISH_LASTS_S: if whoever wishes has ended, the node goes back to its safe value by itself.
    """

    def __init__(self, settings: ActuatorSettings) -> None:
        self.settings = settings
        self.state = State.UNKNOWN
        self.value: int | None = None  # as it was told last
        self.problem = ""
        self._wished: bool | None = None
        self._wish_ends_s = 0.0
        self._asked: int | None = None  # the value of the command whose answer is awaited
        self._due_s = 0.0  # when to command again what is done already, or has failed
        self._failures = 0

    def wish(self, is_on: bool, now_s: float) -> None:
        """Have it on, or off, for a while."""
        self._wished, self._wish_ends_s = is_on, now_s + WISH_LASTS_S

    def next_s(self) -> float | None:
        """When to ask for `command` again if nothing is told or wished; None: never."""
        wanted = self._wanted
        if wanted is None or self._asked is not None:
            return None
        if self.state is State.FAILED:
            return self._due_s
        if self.value != wanted:
            return 0.0
        return None if wanted == self.settings.safe else self._due_s

    def command(self, now_s: float) -> int | None:
        """The value to command now, whose answer is then awaited; None if there is none."""
        due_s = self.next_s()
        if due_s is None or now_s < due_s or now_s >= self._wish_ends_s:
            return None
        self._asked = self._wanted
        return self._asked

    def done(self, value: int, now_s: float) -> None:
        """The node has taken the command."""
        self._asked = None
        self._due_s = now_s + self.settings.hold_s / 2
        if self.state is not State.FAILED:  # an output may fail again after the answer
            self._failures = 0
        self._is(value)

    def failed(self, problem: str, now_s: float) -> None:
        """The command was refused, or not answered."""
        self._asked = None
        self._fail(problem, now_s)

    def told(self, value: int, cause: int, now_s: float) -> None:
        """The node says by itself what it does."""
        if cause == Cause.FAILED:
            self._fail(f"its output has not taken {value}", now_s)
            return
        self._is(value)
        if cause in (Cause.SILENCE, Cause.START) and value != self.settings.safe:
            self.problem = f"by itself it goes to {value}, not to safe = {self.settings.safe}"

    @property
    def _wanted(self) -> int | None:
        if self._wished is None:
            return None
        return self.settings.on if self._wished else self.settings.off

    def _fail(self, problem: str, now_s: float) -> None:
        pause_s = min(RETRY_LONGEST_S, RETRY_FIRST_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        self._due_s = now_s + pause_s
        self.problem = problem
        self.state = State.FAILED

    def _is(self, value: int) -> None:
        self.value = value
        self.state = State.IDLE if value in (self.settings.off, self.settings.safe) else State.ACTIVE
        self.problem = ""
