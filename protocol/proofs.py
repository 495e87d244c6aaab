"""CHALLENGEs and RESPONSEs under way (PROTOCOL.md 10.3): who was asked to prove its counter, who asked."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.node import Jitter
from protocol.payloads import FrameType
from protocol.wire_format import BROADCAST

INTRODUCTION_MS = 3_000
INTRODUCTION_SPREAD_MS = 2_000  # of the CHALLENGE to all
RESPONSE_SPREAD_MS = 1_000
ANSWER_WAIT_MS = 1_000
LONGEST_PAUSE_MS = 8_000
PAUSE_SPREAD_DIVISOR = 8


@dataclass(slots=True)
class Question:
    """A CHALLENGE or a RESPONSE to `peer`; `number` is that of the CHALLENGE, once it is sent or received."""

    type: FrameType
    peer: int
    number: int
    at_ms: int  # it is to be sent, or was sent
    is_sent: bool = False


class Questions:
    """The places for them, so many for each type, and one to ask all; what finds none is left out.

    `jitter` spreads those that others may send, too.
    """

    def __init__(self, max_challenges: int, max_responses: int, jitter: Jitter) -> None:
        self._max = {FrameType.CHALLENGE: max_challenges, FrameType.RESPONSE: max_responses}
        self._places: list[Question | None] = [None] * (1 + max_challenges + max_responses)
        self._jitter = jitter
        self._pause_ms = ANSWER_WAIT_MS

    def introduce(self, now_ms: int) -> None:
        """Ask all."""
        self._plan(FrameType.CHALLENGE, BROADCAST, 0, INTRODUCTION_SPREAD_MS, now_ms, again=False)

    def challenge(self, peer: int, now_ms: int, *, spread: bool) -> None:
        """Ask a node, unless it is asked already."""
        self._forget(now_ms)
        spread_ms = self._pause_ms // PAUSE_SPREAD_DIVISOR if spread else 0
        self._plan(FrameType.CHALLENGE, peer, 0, spread_ms, now_ms, again=False)

    def respond(self, peer: int, number: int, now_ms: int, *, spread: bool, again: bool) -> None:
        """Answer the CHALLENGE of that number; `again`, though one of that node was answered just now."""
        self._forget(now_ms)
        spread_ms = RESPONSE_SPREAD_MS if spread else 0
        self._plan(FrameType.RESPONSE, peer, number, spread_ms, now_ms, again=again)

    def due(self, now_ms: int) -> Question | None:
        """The first that is to be sent now."""
        self._forget(now_ms)
        return next((q for q in self._places if q and not q.is_sent and q.at_ms <= now_ms), None)

    def settle(self, number: int, now_ms: int) -> bool:
        """Whether a CHALLENGE of that number awaits an answer; that of one to a single node is over then."""
        self._forget(now_ms)
        for place, question in enumerate(self._places):
            if (
                question is not None
                and question.type is FrameType.CHALLENGE
                and question.is_sent
                and question.number == number
                and now_ms - question.at_ms <= ANSWER_WAIT_MS
            ):
                if question.peer != BROADCAST:
                    self._places[place] = None
                    self._pause_ms = max(self._pause_ms // 2, ANSWER_WAIT_MS)
                return True
        return False

    def next_due_ms(self) -> int | None:
        """When the next one is to be sent."""
        return min((q.at_ms for q in self._places if q and not q.is_sent), default=None)

    def _plan(
        self, frame_type: FrameType, peer: int, number: int, spread_ms: int, now_ms: int, *, again: bool
    ) -> None:
        """The type's first free place, or the one that the peer has."""
        of_type = {q.peer: place for place, q in enumerate(self._places) if q and q.type is frame_type}
        if peer in of_type:
            if not again:
                return
            place = of_type[peer]
        elif len(of_type.keys() - {BROADCAST}) < self._max[frame_type]:
            place = self._places.index(None)
        else:
            return
        delay_ms = self._jitter.below(spread_ms) if spread_ms else 0
        self._places[place] = Question(frame_type, peer, number, now_ms + delay_ms)

    def _forget(self, now_ms: int) -> None:
        """Challenges that a node did not answer have had their place for long enough, and the next have it
        for longer: questions that fill a slow radio keep the answers from it."""
        for place, question in enumerate(self._places):
            if question is None or not question.is_sent:
                continue
            is_response = question.type is FrameType.RESPONSE
            if now_ms - question.at_ms > (ANSWER_WAIT_MS if is_response else self._pause_ms):
                self._places[place] = None
                if not is_response and question.peer != BROADCAST:
                    self._pause_ms = min(2 * self._pause_ms, LONGEST_PAUSE_MS)
