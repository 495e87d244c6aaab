"""A controller's letters: one at a time for each node, repeated until answered (PROTOCOL.md 14.2)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from protocol.letters import Answer, Body, Kind, Status, encode_body

ANSWER_WAIT_MS = 2_000
TRIES = 5
NO_SESSION = 0


@dataclass(slots=True)
class Request:
    """What is to be said to `addressee`, and the numbers of the letters that have said it."""

    addressee: int
    kind: Kind
    content: bytes = field(repr=False)
    due_ms: int
    numbers: list[int] = field(default_factory=list)
    session: int = NO_SESSION


class Requests:
    """What a controller wants of its nodes; the first of each node is on its way, the others wait."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Request]] = {}
        self._sessions: dict[int, int] = {}

    def add(self, addressee: int, kind: Kind, content: bytes, now_ms: int) -> None:
        """Say that to the node, after what it is told already."""
        self._waiting.setdefault(addressee, deque()).append(Request(addressee, kind, content, now_ms))

    def due(self, now_ms: int) -> Request | None:
        """The first request, in the order of node ids, that is to be sent now."""
        return next((r for r in self._first() if r.due_ms <= now_ms and len(r.numbers) < TRIES), None)

    def write(self, request: Request, number: int, now_ms: int) -> bytes:
        """The clear body of its next letter, which bears that number."""
        request.session = self._sessions.get(request.addressee, NO_SESSION)
        request.numbers.append(number)
        request.due_ms = now_ms + ANSWER_WAIT_MS
        return encode_body(Body(request.kind, request.session, request.content))

    def answered(self, node_id: int, number: int, answer: Answer, now_ms: int) -> Request | None:
        """The request that is over with that answer of the node; None if it asks for more or for nothing."""
        waiting = self._waiting.get(node_id)
        if not waiting or number not in waiting[0].numbers:
            return None
        request = waiting[0]
        self._sessions[node_id] = answer.session
        if answer.status == Status.SESSION:
            if answer.session != request.session:
                request.due_ms = now_ms
            return None
        return self._end(node_id, now_ms)

    def take_unanswered(self, now_ms: int) -> Request | None:
        """A request given up after all its tries."""
        for request in self._first():
            if request.due_ms <= now_ms and len(request.numbers) >= TRIES:
                return self._end(request.addressee, now_ms)
        return None

    def next_deadline(self) -> int | None:
        """When the next letter is to be sent, or a request is given up."""
        return min((request.due_ms for request in self._first()), default=None)

    def _first(self) -> list[Request]:
        return [self._waiting[node_id][0] for node_id in sorted(self._waiting)]

    def _end(self, node_id: int, now_ms: int) -> Request:
        request = self._waiting[node_id].popleft()
        if self._waiting[node_id]:
            following = self._waiting[node_id][0]
            following.due_ms = max(following.due_ms, now_ms)
        else:
            del self._waiting[node_id]
        return request
