"""The rules as a machine without I/O or clock: facts and times go in, events come out (docs/rules.md).

Time is that of the log. What happens between two facts (a hold is over, a node is stale) has the time at
which it was due, whenever `advance` is called: the same log always gives the same events at the same times.

A rule with `any node` is one rule for each node that was heard. A rule does not begin while it is not known
whether it would end at once, and ends at once when that is not known any more: a value is unknown when nobody
has told it for the rule's `stale_after`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from bridge.rules.detectors import Detector
from bridge.rules.rounds import Rounds, judged
from bridge.rules.sentences import (
    COMPARE,
    Anomaly,
    Comparison,
    Condition,
    Joined,
    Of,
    Sentence,
    Stale,
    Test,
    Value,
    tests_in,
)
from bridge.rules.series import Series, reading_of
from protocol.aggregate import metric_of
from protocol.observer import NodeHeard, NodeLeft, Observation, ReadingsSeen, RoundRow

MAX_NODES: Final = 1024  # that are followed; beyond it new ones are passed over


class Kind(Enum):
    """What a rule is for."""

    ALARM = "alarm"
    SWITCH = "switch"  # it turns an actuator on
    ANOMALY = "anomaly"  # of a stream's detector


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence with its name; values and nodes unheard of for `stale_us` are unknown and stale."""

    name: str
    text: str
    sentence: Sentence
    stale_us: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Stream:
    """A value that is followed under a name."""

    name: str
    value: Value
    detector: Detector | None = None


@dataclass(frozen=True, slots=True)
class RuleEvent:
    """A rule has begun to hold, or is over; `node` is None but for a rule of any node.

    All but the text is its key: a log that is read again gives the same event again.
    """

    timestamp_us: int
    kind: Kind
    name: str
    node: int | None
    has_begun: bool
    text: str


@dataclass(slots=True)
class Phase:
    """Whether a rule is active, since when, and since when that is asked for which changes it."""

    is_active: bool = False
    since_us: int | None = None
    met_us: int | None = None


SeriesKey = tuple[Value, Detector | None]
PhaseKey = tuple[str, str, int | None]  # name, text, node


@dataclass(slots=True)
class EngineState:
    """All that an engine remembers. `heard_us` has None for a node that said goodbye."""

    now_us: int = 0
    began_us: int | None = None
    heard_us: dict[int, int | None] = field(default_factory=dict)
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    phases: dict[PhaseKey, Phase] = field(default_factory=dict)
    rounds: Rounds = field(default_factory=Rounds)


@dataclass(frozen=True, slots=True)
class _Check:
    """A test, and the series that it looks at; None for one of silence."""

    test: Test
    series: Series | None


@dataclass(frozen=True, slots=True)
class _Checks:
    """All or at least one of them: the truth that one part has and that decides."""

    deciding: bool
    parts: tuple[_Check | _Checks, ...]


class _Instance:
    """A rule for one node, or for none in particular."""

    def __init__(
        self, order: int, rule: Rule, node: int | None, phase: Phase, check: Callable[[Test], _Check]
    ) -> None:
        self.order = order, -1 if node is None else node
        self.rule = rule
        self.node = node
        self.phase = phase
        self.due_us: int | None = None
        on = _bound(rule.sentence.on, node)
        off = None if rule.sentence.off is None else _bound(rule.sentence.off, node)
        found = [*tests_in(on), *(() if off is None else tests_in(off))]
        checks = {test: check(test) for test in found}
        self.checks = tuple(checks.values())
        self.on = _checked(on, checks)
        self.off = None if off is None else _checked(off, checks)


Changed = dict[tuple[int, int], _Instance]


class Engine:
    """Follows facts by rules; goes on from the `state` of another one, as far as its rules are the same."""

    def __init__(
        self, rules: Sequence[Rule], streams: Sequence[Stream] = (), state: EngineState | None = None
    ) -> None:
        self.passed_over = 0  # nodes that were too many
        self._rules = rules
        self._streams = streams
        self._kept = state or EngineState()
        kept = self._kept
        self._state = EngineState(kept.now_us, kept.began_us, dict(kept.heard_us), rounds=kept.rounds)
        self._instances: list[_Instance] = []
        self._watchers: dict[tuple[int, int | Of], list[SeriesKey]] = {}
        self._readers: dict[SeriesKey | int, list[_Instance]] = {}
        self._numbers: list[tuple[Stream, int | None, Series]] = []
        self._due: list[tuple[int, tuple[int, int], _Instance]] = []
        self._events: list[RuleEvent] = []
        self._of_rounds: dict[int, set[Detector]] = {}  # by metric: detectors of whole rounds
        self._is_for_any = any(_is_of_any(rule.sentence) for rule in rules) or any(
            stream.value.of is Of.ANY for stream in streams
        )
        self._make(None)
        for node in self._state.heard_us:
            self._make(node)
        self._kept = EngineState()

    # --- what comes in -----------------------------------------------------------------------------------

    def take(self, fact: Observation) -> None:
        """The next fact of the log."""
        state = self._state
        self.advance(max(fact.timestamp_us, state.now_us))
        changed: Changed = {}
        if isinstance(fact, ReadingsSeen | NodeHeard | NodeLeft):
            is_gone = isinstance(fact, NodeLeft)
            if self._heard(fact.node, None if is_gone else state.now_us):
                self._mark(fact.node, changed)
        if isinstance(fact, ReadingsSeen):
            for metric, raw in fact.pairs:
                self._push((metric, fact.node), fact, changed)
                if metric in self._of_rounds and fact.node in state.heard_us:
                    self._compare(metric, fact.version, fact.node, metric_of(metric).scaled(raw), changed)
        elif isinstance(fact, RoundRow):
            self._push((fact.metric_id, Of.FIELD), fact, changed)
        for _, instance in sorted(changed.items(), key=lambda item: item[0]):
            self._judge(instance)

    def advance(self, now_us: int) -> None:
        """All that was due before that time happens; no fact of an earlier time is to come any more."""
        state = self._state
        if state.began_us is None:
            state.began_us = state.now_us = now_us
            for instance in self._instances:
                self._schedule(instance, now_us)
        while self._due and self._due[0][0] < now_us:
            due_us, _, instance = heapq.heappop(self._due)
            if instance.due_us == due_us:
                state.now_us = due_us
                instance.due_us = None
                self._judge(instance)
        state.now_us = max(state.now_us, now_us)

    # --- what comes out ----------------------------------------------------------------------------------

    def take_events(self) -> list[RuleEvent]:
        """What began or ended since the last call, in order."""
        events, self._events = self._events, []
        return events

    @property
    def now_us(self) -> int:
        """The newest time it was told."""
        return self._state.now_us

    @property
    def wanted(self) -> dict[str, bool]:
        """Of each actuator that rules name, whether any of these is active."""
        wanted = {rule.sentence.actuator: False for rule in self._rules if rule.sentence.actuator is not None}
        for instance in self._instances:
            if instance.rule.sentence.actuator is not None and instance.phase.is_active:
                wanted[instance.rule.sentence.actuator] = True
        return wanted

    def active_since_us(self) -> dict[Rule, int]:
        """The rules that are active, and since when, for whichever node was the first."""
        since_us: dict[Rule, int] = {}
        for instance in self._instances:
            phase = instance.phase
            if phase.is_active and phase.since_us is not None:
                rule = instance.rule
                since_us[rule] = min(phase.since_us, since_us.get(rule, phase.since_us))
        return since_us

    def begun(self) -> list[RuleEvent]:
        """How what is active began; the text is of now."""
        return [
            self._event(instance, instance.phase.since_us)
            for instance in self._instances
            if instance.phase.is_active and instance.phase.since_us is not None
        ]

    def numbers(self) -> Iterator[tuple[Stream, int | None, Series]]:
        """The streams, one of any node once for each."""
        return iter(self._numbers)

    @property
    def state(self) -> EngineState:
        """What it remembers now, and changes with the next fact: whoever keeps it takes a copy."""
        return self._state

    # --- rules and series --------------------------------------------------------------------------------

    def _make(self, node: int | None) -> None:
        """The rules and streams of any node for this one; those of none in particular if it is None."""
        for order, rule in enumerate(self._rules):
            if _is_of_any(rule.sentence) == (node is not None):
                self._make_instance(order, rule, node)
        for stream in self._streams:
            if (stream.value.of is Of.ANY) == (node is not None):
                series = self._follow((_of_node(stream.value, node), stream.detector))
                self._numbers.append((stream, node, series))

    def _make_instance(self, order: int, rule: Rule, node: int | None) -> None:
        key = rule.name, rule.text, node
        phase = self._state.phases[key] = self._kept.phases.get(key) or Phase()
        instance = _Instance(order, rule, node, phase, self._check)
        self._instances.append(instance)
        for check in instance.checks:
            self._readers.setdefault(_read_by(check.test), []).append(instance)
        self._schedule(instance, self._state.now_us - 1)  # what is due at this very time has not happened

    def _check(self, test: Test) -> _Check:
        return _Check(test, None if isinstance(test, Stale) else self._follow(_key_of(test)))

    def _follow(self, key: SeriesKey) -> Series:
        series = self._state.series
        if key not in series:
            series[key] = self._kept.series.get(key) or Series(*key)
            self._watchers.setdefault((key[0].metric, key[0].of), []).append(key)
            if key[1] is not None and key[1].is_of_rounds:
                self._of_rounds.setdefault(key[0].metric, set()).add(key[1])
        return series[key]

    def _heard(self, node: int, now_us: int | None) -> bool:
        """Note when a node was heard; whether it is one that is followed."""
        heard_us = self._state.heard_us
        if node not in heard_us:
            if not self._is_for_any and node not in self._readers:
                return False
            if len(heard_us) >= MAX_NODES and node not in self._readers:
                self.passed_over += 1
                return False
            self._make(node)
        heard_us[node] = now_us
        return True

    def _push(self, of: tuple[int, int | Of], fact: ReadingsSeen | RoundRow, changed: Changed) -> None:
        for key in self._watchers.get(of, ()):
            reading = reading_of(key[0], fact)
            if reading is not None:
                self._state.series[key].push(self._state.now_us, reading)
                self._mark(key, changed)

    def _compare(self, metric: int, version: int, node: int, reading: float, changed: Changed) -> None:
        """When a round is whole, judge its nodes by each other."""
        whole = self._state.rounds.add(metric, version, node, reading)
        if whole is None:
            return
        for detector in self._of_rounds[metric]:
            for other, anomaly, score in judged(detector, metric, self._state.now_us / 1e6, whole):
                key = Value(metric, other), detector
                if key in self._state.series:
                    self._state.series[key].judge(anomaly, score)
                    self._mark(key, changed)

    def _mark(self, key: SeriesKey | int, changed: Changed) -> None:
        for instance in self._readers.get(key, ()):
            changed[instance.order] = instance

    # --- one rule ----------------------------------------------------------------------------------------

    def _judge(self, instance: _Instance) -> None:
        """Let the rule begin or end if it is time, and see when to look again."""
        now_us, phase, sentence = self._state.now_us, instance.phase, instance.rule.sentence
        on = self._truth(instance.on, instance)
        off = _not(on) if instance.off is None else self._truth(instance.off, instance)
        is_met = off is not False if phase.is_active else on is True and off is False
        if not is_met:
            phase.met_us = None
        elif phase.met_us is None:
            phase.met_us = now_us
        if phase.met_us is not None:
            hold_us = (0 if off is None else sentence.off_for_us) if phase.is_active else sentence.for_us
            if now_us >= phase.met_us + hold_us:
                phase.is_active, phase.since_us, phase.met_us = not phase.is_active, now_us, None
                self._events.append(self._event(instance, now_us))
        self._schedule(instance, now_us)

    def _event(self, instance: _Instance, timestamp_us: int) -> RuleEvent:
        told = "; ".join(dict.fromkeys(map(self._text, instance.checks)))
        rule = instance.rule
        return RuleEvent(timestamp_us, rule.kind, rule.name, instance.node, instance.phase.is_active, told)

    def _schedule(self, instance: _Instance, after_us: int) -> None:
        """When, after that time, the rule is to be judged next though there is no news."""
        phase, sentence = instance.phase, instance.rule.sentence
        times_us = [
            time_us for check in instance.checks for time_us in self._turns_us(check, instance.rule.stale_us)
        ]
        if phase.met_us is not None:
            times_us.append(phase.met_us + (sentence.off_for_us if phase.is_active else sentence.for_us))
        due_us = min((time_us for time_us in times_us if time_us > after_us), default=None)
        if due_us is not None and due_us != instance.due_us:
            heapq.heappush(self._due, (due_us, instance.order, instance))
        instance.due_us = due_us

    # --- conditions --------------------------------------------------------------------------------------

    def _truth(self, check: _Check | _Checks, instance: _Instance) -> bool | None:
        """None: it is not known. Of joined parts as in Kleene's logic."""
        if isinstance(check, _Check):
            return self._holds(check, instance.rule.stale_us)
        parts = [self._truth(part, instance) for part in check.parts]
        if check.deciding in parts:
            return check.deciding
        return None if None in parts else not check.deciding

    def _holds(self, check: _Check, stale_us: int) -> bool | None:
        now_us, test, series = self._state.now_us, check.test, check.series
        if isinstance(test, Stale):
            stale_at_us = self._stale_at_us(test, stale_us)
            return stale_at_us is not None and now_us >= stale_at_us
        assert series is not None
        series.advance(now_us)
        if not series.known(now_us, stale_us, self._state.began_us):
            return None
        if isinstance(test, Anomaly):
            return series.is_odd
        value = series.newest
        return None if value is None else COMPARE[test.sign](value, test.threshold)

    def _turns_us(self, check: _Check, stale_us: int) -> Iterable[int]:
        """When its truth may change without news; some of it may be over."""
        if isinstance(check.test, Stale):
            stale_at_us = self._stale_at_us(check.test, stale_us)
            return () if stale_at_us is None else (stale_at_us,)
        assert check.series is not None
        return check.series.turns_us(stale_us, self._state.began_us)

    def _stale_at_us(self, test: Stale, stale_us: int) -> int | None:
        """None: it has left. One that was never heard is as if it was when the log began."""
        assert isinstance(test.node, int)
        last_us = self._state.heard_us.get(test.node, self._state.began_us)
        return None if last_us is None else last_us + stale_us

    def _text(self, check: _Check) -> str:
        """What it is that holds, for people."""
        test, series = check.test, check.series
        if isinstance(test, Stale):
            last_us = self._state.heard_us.get(test.node) if isinstance(test.node, int) else None
            if last_us is None:
                return f"node {test.node} was not heard"
            return f"node {test.node} was heard {(self._state.now_us - last_us) / 1e6:.0f} s ago"
        if series is None or series.newest is None:
            return f"{test.value} is not known"
        expected = "" if series.anomaly is None else f", {series.anomaly.expected:g} expected"
        return f"{test.value} is {series.newest:g} {test.value.unit}".rstrip() + expected


def _is_of_any(sentence: Sentence) -> bool:
    conditions = [sentence.on, *(() if sentence.off is None else (sentence.off,))]
    return any(_whose(test) is Of.ANY for condition in conditions for test in tests_in(condition))


def _whose(test: Test) -> int | Of:
    return test.node if isinstance(test, Stale) else test.value.of


def _bound(condition: Condition, node: int | None) -> Condition:
    """The condition with that node for any."""
    match condition:
        case Joined(_, parts):
            return replace(condition, parts=tuple(_bound(part, node) for part in parts))
        case Stale(whose):
            return Stale(node) if whose is Of.ANY and node is not None else condition
        case Comparison(value) | Anomaly(value):
            return replace(condition, value=_of_node(value, node))


def _of_node(value: Value, node: int | None) -> Value:
    return replace(value, of=node) if value.of is Of.ANY and node is not None else value


def _checked(condition: Condition, checks: Mapping[Test, _Check]) -> _Check | _Checks:
    if isinstance(condition, Joined):
        parts = tuple(_checked(part, checks) for part in condition.parts)
        return _Checks(condition.word == "or", parts)
    return checks[condition]


def _read_by(test: Test) -> SeriesKey | int:
    """By whose news its truth changes."""
    if isinstance(test, Stale):
        assert isinstance(test.node, int)  # it is bound
        return test.node
    return _key_of(test)


def _key_of(test: Comparison | Anomaly) -> SeriesKey:
    return test.value, test.detector if isinstance(test, Anomaly) else None


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth
