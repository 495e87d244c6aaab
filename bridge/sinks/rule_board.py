"""What the rules tell the sinks. It is not in the log: what a sink has not handed on when the bridge dies is
lost to it, but how each rule is now it learns again at the next start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.rules.consumer import GRACE_US, LIVE_US, wall_clock_us
from bridge.rules.engine import Kind, Rule, RuleEvent

RuleKey = tuple[Kind, str]  # a stream may have the name of a rule


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule has begun to hold, or is over: of one node, or of none in particular."""

    event: RuleEvent
    is_active: bool  # whether the rule holds now for any node
    is_live: bool = True  # it has just happened, and was not found in the log later

    @property
    def rule(self) -> RuleKey:
        """Which rule it is."""
        return self.event.kind, self.event.name

    @property
    def kind(self) -> str:
        """As the store calls it: `alarm begins`."""
        return f"{self.event.kind.value} {'begins' if self.event.has_begun else 'ends'}"

    def key(self, network: str) -> str:
        """The same for a change however often it comes."""
        event = self.event
        whose = "" if event.node is None else f"{event.node}/"
        return f"{network}/{self.kind}/{event.name}/{whose}{event.timestamp_us}"


@dataclass(frozen=True, slots=True)
class RuleStates:
    """All rules, each with its last change since they began, or with that which made it active before."""

    since_us: int = 0  # when the rules began, in the time of the log: what was before is in the states
    changes: Mapping[RuleKey, RuleChange | None] = field(default_factory=dict)

    def has_news(self, change: RuleChange) -> bool:
        """Whether it tells of one of these rules, and not of the past, which may be told again."""
        return change.rule in self.changes and change.event.timestamp_us >= self.since_us


class ChangeTaker(Protocol):
    """A sink that takes changes of rules."""

    def hand(self, changes: Sequence[RuleChange]) -> None:
        """From any thread; must not block."""


class RuleBoard:
    """How the rules are now, and who is told of changes. Safe from all threads."""

    def __init__(self, clock_us: Callable[[], int] = wall_clock_us) -> None:
        self.generation = 0  # how often states changed without live changes; 0: nobody knows the rules yet
        self._clock_us = clock_us
        self._is_behind = False  # the rules read what was; how they are is known when they have come up
        self._lock = threading.Lock()
        self._takers: list[ChangeTaker] = []
        self._since_us = 0
        self._active: dict[RuleKey, set[int | None]] = {}
        self._changes: dict[RuleKey, RuleChange | None] = {}

    def begin(self, rules: Iterable[Rule], active: Iterable[RuleEvent] = (), since_us: int = 0) -> None:
        """These are the rules from now on; `active` tells how those that are active at `since_us` began."""
        with self._lock:
            self._since_us = since_us
            self._active = {(rule.kind, rule.name): set() for rule in rules}
            self._changes = dict.fromkeys(self._active)
            self._is_behind = False
            for event in sorted(active, key=lambda event: event.timestamp_us):
                self._changes[event.kind, event.name] = self._changed(event)
            self.generation += 1

    def take(self, events: Iterable[RuleEvent]) -> None:
        """Tell all takers what has begun or is over, in order."""
        with self._lock:
            states = RuleStates(self._since_us, self._changes)
            live_us = self._clock_us() - LIVE_US - GRACE_US
            changes: list[RuleChange] = []
            for event in events:
                change = RuleChange(event, event.has_begun, event.timestamp_us > live_us)
                if states.has_news(change):
                    change = self._changes[change.rule] = self._changed(event, is_live=change.is_live)
                    self._is_behind = self._is_behind or not change.is_live
                changes.append(change)
            for taker in self._takers:
                taker.hand(changes)

    def note_present(self) -> None:
        """The rules have read the log up to now."""
        with self._lock:
            if self._is_behind:
                self._is_behind = False
                self.generation += 1

    def states(self) -> RuleStates:
        """As they are now."""
        with self._lock:
            return RuleStates(self._since_us, dict(self._changes))

    def add(self, taker: ChangeTaker) -> None:
        """Tell it, too, from now on."""
        with self._lock:
            self._takers.append(taker)

    def remove(self, taker: ChangeTaker) -> None:
        """Tell it nothing any more."""
        with self._lock:
            self._takers.remove(taker)

    def _changed(self, event: RuleEvent, *, is_live: bool = False) -> RuleChange:
        active = self._active.setdefault((event.kind, event.name), set())
        if event.has_begun:
            active.add(event.node)
        else:
            active.discard(event.node)
        return RuleChange(event, bool(active), is_live)
