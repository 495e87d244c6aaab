"""Challenges and responses on their way (PROTOCOL.md 10.3): who was asked to prove its counter, who asked.

Both tables are in the order in which their places were taken; what does not fit is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

INTRODUCTION_MS = 700
CHALLENGE_JITTER_MS = 100
RESPONSE_SPREAD_MS = 250
ANSWER_WAIT_MS = 1_000
LONGEST_PAUSE_MS = 8_000
PAUSE_SPREAD_DIVISOR = 8


@dataclass(slots=True)
class Challenged:
    """A sender that is asked; `number` is the CHALLENGE's long counter once it is sent."""

    sender: int
    due_ms: int
    number: int | None = None
    sent_ms: int = 0

    def is_answered_by(self, number: int, now_ms: int) -> bool:
        """Whether that challenged counter is this one's, in time."""
        return self.number == number and now_ms - self.sent_ms <= ANSWER_WAIT_MS


class Challenges:
    """The CHALLENGEs to single senders, fewer of them while they go unanswered."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._challenged: list[Challenged] = []
        self._pause_ms = ANSWER_WAIT_MS

    @property
    def spread_ms(self) -> int:
        """Over which a CHALLENGE that a broadcast frame causes is spread."""
        return self._pause_ms // PAUSE_SPREAD_DIVISOR

    def may_ask(self, sender: int, now_ms: int) -> bool:
        """Whether there is a place, and the sender was not asked a moment ago."""
        if not self._places:
            return False
        self._forget(now_ms)
        return len(self._challenged) < self._places and all(c.sender != sender for c in self._challenged)

    def ask(self, sender: int, due_ms: int) -> None:
        """Ask it then; only if it may be asked."""
        self._challenged.append(Challenged(sender, due_ms))

    def due(self, now_ms: int) -> Challenged | None:
        """The first that is to be sent now."""
        self._forget(now_ms)
        return next((c for c in self._challenged if c.number is None and c.due_ms <= now_ms), None)

    def settle(self, sender: int, number: int, now_ms: int) -> bool:
        """Whether `number` answers what that sender was asked; the place is free then."""
        self._forget(now_ms)
        for challenged in self._challenged:
            if challenged.sender == sender and challenged.is_answered_by(number, now_ms):
                self._challenged.remove(challenged)
                self._pause_ms = max(self._pause_ms // 2, ANSWER_WAIT_MS)
                return True
        return False

    def next_due_ms(self) -> int | None:
        """When the next one is to be sent."""
        return min((c.due_ms for c in self._challenged if c.number is None), default=None)

    def _forget(self, now_ms: int) -> None:
        """Those that nobody answered have had their place for long enough, and the next have it for longer:
        questions that fill a slow radio keep the answers from it."""
        waiting = []
        for challenged in self._challenged:
            if challenged.number is not None and now_ms - challenged.sent_ms > self._pause_ms:
                self._pause_ms = min(2 * self._pause_ms, LONGEST_PAUSE_MS)
            else:
                waiting.append(challenged)
        self._challenged = waiting


@dataclass(slots=True)
class Challenger:
    """Who asked, and the long counter that the RESPONSE repeats; answered at `sent_ms`."""

    sender: int
    number: int
    due_ms: int
    sent_ms: int | None = None


class Responses:
    """The RESPONSEs to be sent, and those sent within answer wait."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._challengers: list[Challenger] = []

    def place(self, sender: int, *, proven: bool, now_ms: int) -> Challenger | None:
        """The place for an answer to that sender; None if there is none, or it was answered just now.

        Who is proven asks for good reason, and is answered again.
        """
        self._challengers = [
            c for c in self._challengers if c.sent_ms is None or now_ms - c.sent_ms <= ANSWER_WAIT_MS
        ]
        for challenger in self._challengers:
            if challenger.sender == sender:
                return challenger if proven or challenger.sent_ms is None else None
        if len(self._challengers) >= self._places:
            return None
        self._challengers.append(Challenger(sender, 0, now_ms))
        return self._challengers[-1]

    def due(self, now_ms: int) -> Challenger | None:
        """The first that is to be sent now."""
        return next((c for c in self._challengers if c.sent_ms is None and c.due_ms <= now_ms), None)

    def next_due_ms(self) -> int | None:
        """When the next one is to be sent."""
        return min((c.due_ms for c in self._challengers if c.sent_ms is None), default=None)
