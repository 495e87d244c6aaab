"""One round of a primary: who is polled when, and what has been answered (PROTOCOL.md 13.1, 13.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.aggregate import Aggregate
from protocol.packets import MAX_AGGREGATES, Items, Pairs
from protocol.peers import Peer
from protocol.timing import PollingTiming

# Missing so many rounds running, a peer gets one try a round.
DOUBTFUL_MISSES = 2
# Of so many peers one late answer may be chance; more than one tell of a link that carries fewer polls.
CROWD = 8
# Who is known to be slow or missing holds a place for this part of `slow_ms` only.
SUSPECT_HOLD_DIVISOR = 8


@dataclass(frozen=True, slots=True)
class TimedPoll:
    """The poll whose answer tells a peer's response time."""

    version: int
    attempt: int
    sent_ms: int


@dataclass(slots=True)
class PollState:
    """The poll of one peer in this round; `attempts` were sent, the last at `sent_ms`."""

    peer: Peer
    tries: int
    hold_ms: int
    was_answered: bool
    attempts: int = 0
    sent_ms: int = 0
    is_answered: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it may be sent (again)."""
        return not self.is_answered and self.attempts < self.tries

    @property
    def waits_until_ms(self) -> int:
        """When the last attempt has waited for the measured ack timeout."""
        return self.sent_ms + self.peer.round_trip.timeout_ms

    @property
    def place_until_ms(self) -> int:
        """When the last attempt gives its place up."""
        return min(self.sent_ms + self.hold_ms, self.waits_until_ms)


class PolledRound:
    """Round `version`, begun at `began_ms`; these peers are polled, in their order."""

    def __init__(
        self, version: int, began_ms: int, peers: Iterable[Peer], timing: PollingTiming, places: int
    ) -> None:
        self.version = version
        self.began_ms = began_ms
        self.is_measured = False
        self.has_answer = False
        self.polls = {peer.id: _poll_of(peer, timing) for peer in peers}
        self._places = places
        self._aggregates: dict[int, Aggregate] = {}

    def add(self, node_id: int, pairs: Pairs) -> None:
        """Count a node's raw readings by metric; once a node. Of too many metrics the first are kept."""
        for metric, raw in pairs:
            reading = Aggregate.of_reading(self.version, raw, node_id)
            before = self._aggregates.get(metric)
            if before is not None:
                self._aggregates[metric] = before.merge(reading)
            elif len(self._aggregates) < MAX_AGGREGATES:
                self._aggregates[metric] = reading

    def items(self, empty_metric: int) -> Items:
        """The result."""
        empty = (empty_metric, Aggregate.empty(self.version))
        return Items(tuple(sorted(self._aggregates.items()) or [empty]))

    @property
    def is_crowded(self) -> bool:
        """Whether more than an eighth of those who answered in the last round did not at the first poll."""
        prompt = [poll for poll in self.polls.values() if poll.was_answered]
        late = sum(poll.attempts > 1 or not poll.is_answered for poll in prompt)
        return len(prompt) >= CROWD and CROWD * late > len(prompt)

    @property
    def is_unanswered(self) -> bool:
        """Whether somebody was asked, and nobody answered."""
        return bool(self.polls) and not self.has_answer

    def next_poll(self, now_ms: int) -> PollState | None:
        """The poll that is to be sent now: a first one before any repetition."""
        if now_ms < self._place_free_ms():
            return None
        due = [p for p in self.polls.values() if p.is_open and (not p.attempts or now_ms >= p.waits_until_ms)]
        return min(due, key=lambda poll: poll.attempts, default=None)

    def next_poll_ms(self) -> int | None:
        """When `next_poll` gives one; None when all were sent."""
        due_ms = [p.waits_until_ms if p.attempts else self.began_ms for p in self.polls.values() if p.is_open]
        return max(min(due_ms), self._place_free_ms()) if due_ms else None

    def done_ms(self) -> int | None:
        """When nothing is waited for any more; None while there are polls to send."""
        waiting = [poll for poll in self.polls.values() if not poll.is_answered]
        if any(poll.is_open for poll in waiting):
            return None
        return max((poll.waits_until_ms for poll in waiting), default=self.began_ms)

    def _place_free_ms(self) -> int:
        held = [p.place_until_ms for p in self.polls.values() if p.attempts and not p.is_answered]
        if len(held) < self._places:
            return self.began_ms
        return sorted(held)[-self._places]


def _poll_of(peer: Peer, timing: PollingTiming) -> PollState:
    is_slow = peer.round_trip.is_measured and peer.round_trip.timeout_ms > timing.slow_ms
    hold_ms = timing.slow_ms // SUSPECT_HOLD_DIVISOR if is_slow or peer.misses else timing.slow_ms
    tries = 1 if peer.misses >= DOUBTFUL_MISSES else timing.tries
    return PollState(peer, tries, hold_ms, was_answered=peer.round_trip.is_measured and not peer.misses)
