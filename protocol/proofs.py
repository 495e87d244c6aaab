"""Challenges and responses on their way (PROTOCOL.md 10.3): who was asked to prove its counter, who asked.

Both tables are in the order in which their places were taken; what does not fit is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

INTRODUCTION_MS = 700
CHALLENGE_JITTER_MS = 100
RESPONSE_SPREAD_MS = 250
ANSWER_WAIT_MS = 1_000


@dataclass(slots=True)
class Challenged:
    """A sender that is asked; `number` is the CHALLENGE's long counter once it is sent."""

    sender: int
    due_ms: int
    number: int | None = None
    sent_ms: int = 0

    def is_over(self, now_ms: int) -> bool:
        """Whether an answer comes too late."""
        return self.number is not None and now_ms - self.sent_ms > ANSWER_WAIT_MS

    def is_answered_by(self, number: int, now_ms: int) -> bool:
        """Whether that challenged counter is this one's, in time."""
        return self.number == number and not self.is_over(now_ms)


class Challenges:
    """The CHALLENGEs to single senders."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._challenged: list[Challenged] = []

    def may_ask(self, sender: int, now_ms: int) -> bool:
        """Whether there is a place, and the sender was not asked within answer wait."""
        if not self._places:
            return False
        self._challenged = [c for c in self._challenged if not c.is_over(now_ms)]
        return len(self._challenged) < self._places and all(c.sender != sender for c in self._challenged)

    def ask(self, sender: int, due_ms: int) -> None:
        """Ask it then; only if it may be asked."""
        self._challenged.append(Challenged(sender, due_ms))

    def due(self, now_ms: int) -> Challenged | None:
        """The first that is to be sent now."""
        return next((c for c in self._challenged if c.number is None and c.due_ms <= now_ms), None)

    def settle(self, sender: int, number: int, now_ms: int) -> bool:
        """Whether `number` answers what that sender was asked; the place is free then."""
        for challenged in self._challenged:
            if challenged.sender == sender and challenged.is_answered_by(number, now_ms):
                self._challenged.remove(challenged)
                return True
        return False

    def next_due_ms(self) -> int | None:
        """When the next one is to be sent."""
        return min((c.due_ms for c in self._challenged if c.number is None), default=None)


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
