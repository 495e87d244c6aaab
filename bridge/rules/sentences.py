"""What a rule's sentence says, once it is read (docs/rules.md): values, conditions, and what they cause."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from bridge.rules.detectors import Detector
from protocol.aggregate import metric_of

SECOND_US = 1_000_000


class Of(Enum):
    """Whose values are meant, if not one node's."""

    FIELD = "the field"
    ANY = "any node"


class Statistic(Enum):
    """What is made of the values; all but LAST, MAXIMUM and NODES want a window."""

    LAST = "value"
    AVERAGE = "average"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    DEVIATION = "deviation"
    RATE = "rate"
    COUNT = "count"
    NODES = "nodes"


@dataclass(frozen=True, slots=True)
class Value:
    """A number that changes: of a metric, of a node or the field, over the last `span_us` or the newest one.

    A RATE is per minute.
    """

    metric: int
    of: int | Of
    statistic: Statistic = Statistic.LAST
    span_us: int | None = None

    def __str__(self) -> str:
        whose = "" if self.of is Of.FIELD else f" of {node_text(self.of)}"
        statistic = "" if self.statistic is Statistic.LAST else f" {self.statistic.value}"
        over = "" if self.span_us is None else f" over {duration_text(self.span_us)}"
        return f"{metric_of(self.metric).name}{whose}{statistic}{over}"

    @property
    def unit(self) -> str:
        """What it is measured in; empty for what is counted."""
        if self.statistic in (Statistic.COUNT, Statistic.NODES):
            return ""
        unit = metric_of(self.metric).unit
        return f"{unit} per min" if self.statistic is Statistic.RATE else unit


COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The value lies beyond a threshold, which is in the value's unit."""

    value: Value
    sign: str  # of COMPARE
    threshold: float

    def __str__(self) -> str:
        return f"{self.value} {self.sign} {self.threshold:g}"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The detector finds the newest value odd."""

    value: Value
    detector: Detector

    def __str__(self) -> str:
        return f"{self.value} is an anomaly by {self.detector.kind}"


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was heard of the node for as long as the rule says."""

    node: int | Of

    def __str__(self) -> str:
        return f"{node_text(self.node)} is stale"


@dataclass(frozen=True, slots=True)
class Joined:
    """All of the parts hold (`and`), or at least one (`or`)."""

    word: str
    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(f"({p})" if isinstance(p, Joined) else str(p) for p in self.parts)


Test = Comparison | Anomaly | Stale
Condition = Test | Joined


@dataclass(frozen=True, slots=True)
class Sentence:
    """Turn the actuator on, or raise an alarm (None), when `on` has held for `for_us`.

    It ends when `off` has held for `off_for_us`; None: when `on` does not hold any more.
    """

    actuator: str | None
    on: Condition
    for_us: int = 0
    off: Condition | None = None
    off_for_us: int = 0


def tests_in(condition: Condition) -> Iterator[Test]:
    """Its parts that are not joined of others."""
    if isinstance(condition, Joined):
        for part in condition.parts:
            yield from tests_in(part)
    else:
        yield condition


def node_text(node: int | Of) -> str:
    """As a sentence names it."""
    return node.value if isinstance(node, Of) else f"node {node}"


def duration_text(duration_us: int) -> str:
    """In the largest unit that it is whole in: "90 s", "1 min", "1.5 s"."""
    for unit, unit_us in (("h", 3600 * SECOND_US), ("min", 60 * SECOND_US)):
        if duration_us and duration_us % unit_us == 0:
            return f"{duration_us // unit_us} {unit}"
    return f"{duration_us / SECOND_US:g} s"
