"""Reads the sentences of rules by recursive descent; what is wrong is told with its column (docs/rules.md).

rule       = ("alarm" | ACTUATOR "on") "when" condition ["for" time] ["," "off" off]
off        = ("below" | "above" | sign) number ["for" time]  |  "when" condition ["for" time]
condition  = part {"or" part};  part = test {"and" test}
test       = "(" condition ")"  |  nodes "is" "stale"  |  value sign number
           | value "is" "an" "anomaly" ["by" KIND]
nodes      = "node" ID  |  "any" "node"
value      = METRIC ["of" nodes] [statistic] ["over" time]  |  STREAM
sign       = ">" | "<" | ">=" | "<=" | "above" | "below"
number     = NUMBER [unit]  |  NUMBER "per" unit of time, for a rate
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from bridge.rules.detectors import DEFAULT_KIND, KINDS, Detector
from bridge.rules.sentences import (
    Anomaly,
    Comparison,
    Condition,
    Joined,
    Of,
    Sentence,
    Stale,
    Statistic,
    Value,
)
from bridge.units import TIMES_S
from protocol.aggregate import METRICS, metric_of
from protocol.packets import MAX_NODE_ID

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_-]*)|(?P<sign>>=|<=|[><])"
    r"|(?P<mark>[(),%/]))"
)
_METRIC_IDS: Final = {metric.name: metric.id for metric in METRICS.values()}
_METRIC_NAME: Final = re.compile(r"metric_(\d{1,3})")
_STATISTICS: Final = {
    statistic.value: statistic for statistic in Statistic if statistic is not Statistic.LAST
}
_SHORT: Final = {"mean": "average", "min": "minimum", "max": "maximum"}
_OF_FIELD: Final = (Statistic.LAST, Statistic.AVERAGE, Statistic.MAXIMUM, Statistic.NODES)  # of one result
_SIGNS: Final = {"above": ">", "below": "<", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
KEYWORDS: Final = frozenset(
    [
        *("alarm", "on", "off", "when", "for", "or", "and", "node", "any", "is", "stale", "an", "anomaly"),
        *("by", "of", "over", "per", "above", "below", *_STATISTICS, *_SHORT, *_METRIC_IDS),
    ]
)
MAX_DEPTH: Final = 16
MAX_SPAN_S: Final = 7 * 86_400


class SentenceError(ValueError):
    """A sentence that cannot be read: at which column (from 1), why, and what would be known there."""

    def __init__(self, column: int, problem: str, remedy: str) -> None:
        super().__init__(f"column {column}: {problem}; {remedy}")
        self.column = column
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Names:
    """What sentences may name beside metrics: actuators, and streams with the values that they stand for."""

    actuators: Collection[str] = ()
    streams: Mapping[str, tuple[Value, Detector]] = field(default_factory=dict)


def read_sentence(text: str, names: Names) -> Sentence:
    """The rule that `text` is. Raises SentenceError."""
    return _Reader(text, names).sentence()


def read_value(text: str) -> Value:
    """The value that `text` names. Raises SentenceError."""
    return _Reader(text, Names()).value_alone()


def fitting(value: Value, detector: Detector, column: int) -> Detector:
    """The detector, if it can judge that value. Raises SentenceError."""
    is_reading = value.statistic is Statistic.LAST and value.of is not Of.FIELD
    if detector.is_of_rounds and not is_reading:
        remedy = f"write `{metric_of(value.metric).name} of any node`"
        raise SentenceError(column, f"{detector.kind} compares the readings of nodes", remedy)
    return detector


def is_name(text: str) -> bool:
    """Whether sentences can name something so."""
    return NAME.fullmatch(text) is not None and text not in KEYWORDS


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, word, sign, mark, end
    text: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            remedy = "write words, numbers, one of > < >= <= ( ) and commas"
            raise SentenceError(at + 1, f"{text[at]!r} means nothing here", remedy)
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return [*found, _Token("end", "", len(text.rstrip()) + 1)]


class _Reader:
    def __init__(self, text: str, names: Names) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._names = names
        self._depth = 0

    # --- the sentence ------------------------------------------------------------------------------------

    def sentence(self) -> Sentence:
        actuator = self._action()
        self._need("when")
        on = self._condition()
        for_us = self._hold()
        off, off_for_us = None, 0
        if self._take(","):
            self._need("off")
            off, off_for_us = self._off(on)
        if self._next.kind != "end":
            wanted = ["end"] if off else ["and", "or", *([] if for_us else ["for TIME"]), ", off"]
            self._fail(wanted)
        return Sentence(actuator, on, for_us, off, off_for_us)

    def value_alone(self) -> Value:
        value, _ = self._value()
        if self._next.kind != "end":
            self._fail(["of", *_STATISTICS, "over TIME"])
        return value

    def _action(self) -> str | None:
        if self._take("alarm"):
            return None
        token = self._next
        if token.kind != "word" or token.text not in self._names.actuators:
            known = ", ".join(self._names.actuators)
            remedy = (
                f"begin with alarm, or {known} on" if known else "begin with alarm; there is no [[actuator]]"
            )
            raise SentenceError(token.column, f"no actuator {token}", remedy)
        self._at += 1
        if self._next.text == "off":
            remedy = f"write `{token.text} on when ..., off when ...`: off is also what it is at first"
            raise SentenceError(self._next.column, "a rule turns on", remedy)
        self._need("on")
        return token.text

    def _hold(self) -> int:
        return self._time() if self._take("for") else 0

    def _off(self, on: Condition) -> tuple[Condition, int]:
        if self._take("when"):
            return self._condition(), self._hold()
        token = self._next
        if token.text not in _SIGNS:
            self._fail(["below NUMBER", "above NUMBER", "when"])
        if not isinstance(on, Comparison):
            remedy = "write `off when ...` with a value; `off below` is for a rule of one comparison"
            raise SentenceError(token.column, f"off {token.text} of what?", remedy)
        off = Comparison(on.value, self._sign(), self._number(on.value))
        way, beyond = ("below", min) if on.sign[0] == ">" else ("above", max)
        if off.sign[0] == on.sign[0] or beyond(off.threshold, on.threshold) != off.threshold:
            problem = f"off {off.sign} {off.threshold:g} would end it while {on.sign} {on.threshold:g} holds"
            remedy = f"write `off {way} {on.threshold:g}`, or with a number farther from it"
            raise SentenceError(token.column, problem, remedy)
        return off, self._hold()

    # --- conditions --------------------------------------------------------------------------------------

    def _condition(self) -> Condition:
        return self._joined("or", lambda: self._joined("and", self._test))

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _test(self) -> Condition:
        if self._next.text == "(":
            return self._in_brackets()
        if self._next.text in ("node", "any"):
            node = self._nodes()
            self._need("is")
            self._need("stale")
            return Stale(node)
        value, detector = self._value()
        if self._take("is"):
            self._take("an")
            self._need("anomaly")
            if self._take("by"):
                column = self._next.column
                detector = fitting(value, self._kind(), column)
            return Anomaly(value, detector)
        if self._next.text not in _SIGNS:
            self._fail([*_SIGNS, "is an anomaly"])
        return Comparison(value, self._sign(), self._number(value))

    def _in_brackets(self) -> Condition:
        if self._depth == MAX_DEPTH:
            raise SentenceError(self._next.column, f"more than {MAX_DEPTH} brackets deep", "make it simpler")
        self._depth += 1
        self._need("(")
        inner = self._condition()
        self._need(")")
        self._depth -= 1
        return inner

    def _nodes(self) -> int | Of:
        if self._take("any"):
            self._need("node")
            return Of.ANY
        self._need("node")
        token = self._next
        if not token.text.isdecimal() or len(token.text) > 5 or int(token.text) > MAX_NODE_ID:
            raise SentenceError(token.column, f"{token} is no node id", f"write 0 to {MAX_NODE_ID}")
        self._at += 1
        return int(token.text)

    def _kind(self) -> Detector:
        token = self._next
        if token.text not in KINDS:
            known = ", ".join(KINDS)
            raise SentenceError(token.column, f"no detector {token}", f"known are {known}")
        self._at += 1
        detector = Detector(token.text)
        try:
            detector.make(1.0)
        except ValueError as error:
            remedy = "write a [[stream]] with this detector, and name that"
            raise SentenceError(token.column, str(error), remedy) from error
        return detector

    # --- values ------------------------------------------------------------------------------------------

    def _value(self) -> tuple[Value, Detector]:
        token = self._next
        if token.text in self._names.streams:
            self._at += 1
            return self._names.streams[token.text]
        metric = self._metric()
        whose = self._nodes_of() if self._take("of") else Of.FIELD
        statistic = self._statistic()
        span_us = self._time() if self._take("over") else None
        value = Value(metric, whose, statistic, span_us)
        self._check(value, token)
        return value, Detector(DEFAULT_KIND)

    def _metric(self) -> int:
        token = self._next
        numbered = _METRIC_NAME.fullmatch(token.text)
        metric = int(numbered[1]) if numbered else _METRIC_IDS.get(token.text)
        if metric is None or metric > 0xFF:
            known = ["node ID", "any node", *self._names.streams, *_METRIC_IDS]
            raise SentenceError(token.column, f"no value {token}", f"known are {', '.join(known)}")
        self._at += 1
        return metric

    def _nodes_of(self) -> int | Of:
        if self._next.text not in ("node", "any"):
            self._fail(["node ID", "any node"])
        return self._nodes()

    def _statistic(self) -> Statistic:
        statistic = _STATISTICS.get(_SHORT.get(self._next.text, self._next.text))
        self._at += statistic is not None
        return statistic or Statistic.LAST

    def _check(self, value: Value, token: _Token) -> None:
        """One reading has no average, and a result no minimum."""
        statistic, is_field = value.statistic, value.of is Of.FIELD
        problem, remedy = "", f"write `{statistic.value} over 1 min`"
        if statistic is Statistic.NODES and (not is_field or value.span_us is not None):
            problem, remedy = "nodes are those of the field's newest result", f"write `{token.text} nodes`"
        elif statistic is Statistic.MINIMUM and is_field:
            problem, remedy = (
                "a result of the field has no minimum",
                f"write `{token.text} of any node minimum`",
            )
        elif value.span_us is not None and statistic is Statistic.LAST:
            problem, remedy = "over what is made of the values?", "write average, minimum, maximum, rate ..."
        elif value.span_us is None and statistic not in (_OF_FIELD if is_field else (Statistic.LAST,)):
            problem = f"{statistic.value} of how long?"
        if problem:
            raise SentenceError(token.column, problem, remedy)

    def _sign(self) -> str:
        sign = _SIGNS[self._next.text]
        self._at += 1
        return sign

    def _number(self, value: Value) -> float:
        """In the value's unit, which may stand behind it."""
        token = self._next
        if token.kind != "number":
            self._fail(["a number"])
        self._at += 1
        self._pass_over(metric_of(value.metric).unit if value.unit else "")
        if value.statistic is Statistic.RATE and self._take("per"):
            return float(token.text) * 60 / self._time_unit()
        return float(token.text)

    def _pass_over(self, unit: str) -> None:
        """The unit, if one stands there."""
        parts = [token.text for token in _tokens(unit)][:-1]
        if parts and [token.text for token in self._tokens[self._at : self._at + len(parts)]] == parts:
            self._at += len(parts)
        token = self._next
        if (token.kind == "word" and token.text not in KEYWORDS) or token.text in ("%", "/"):
            remedy = f"write {unit}, or leave it out" if unit else "leave it out: what is counted has none"
            raise SentenceError(token.column, f"{token} is not the value's unit", remedy)

    # --- times -------------------------------------------------------------------------------------------

    def _time(self) -> int:
        """A number and its unit, in microseconds."""
        token = self._next
        if token.kind != "number":
            self._fail(["a time such as 30 s"])
        self._at += 1
        seconds = float(token.text) * self._time_unit()
        if not 0 < seconds <= MAX_SPAN_S:
            raise SentenceError(token.column, f"{token.text} is no time", "write more than 0 s, up to 7 days")
        return round(seconds * 1e6)

    def _time_unit(self) -> float:
        token = self._next
        if token.text not in TIMES_S:
            raise SentenceError(
                token.column, f"{token} is no unit of time", f"known are {', '.join(TIMES_S)}"
            )
        self._at += 1
        return TIMES_S[token.text]

    # --- tokens ------------------------------------------------------------------------------------------

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str) -> bool:
        is_there = self._next.text == text
        self._at += is_there
        return is_there

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._fail([text])

    def _fail(self, wanted: Iterable[str]) -> NoReturn:
        raise SentenceError(
            self._next.column, f"{self._next} is not expected here", f"write {', '.join(wanted)}"
        )
