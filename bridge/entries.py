"""What the log tells, as store, sinks and exports hand it on, each entry with its key (PROTOCOL.md 18.4)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import ClassVar

from protocol.aggregate import Metric, metric_of
from protocol.letters import Cause
from protocol.observations import (
    ActuatorSeen,
    MemberFound,
    NodeLeft,
    NodeLost,
    NodeMissing,
    Observation,
    ParentChanged,
    PassedOver,
    PrimaryChanged,
    ReadingsSeen,
    RoundRow,
)

LAST_SECOND_S = 253_402_300_799  # of the year 9999; a damaged log may hold any time


@dataclass(frozen=True, slots=True)
class Reading:
    """What one node measured of one metric for one round."""

    timestamp_us: int
    node: int
    version: int
    metric: Metric
    raw: int

    @property
    def value(self) -> float:
        """The reading in the metric's unit."""
        return self.metric.scaled(self.raw)

    def key(self, network: str) -> str:
        """The same for a reading however often it comes."""
        return f"{network}/{self.node}/{self.metric.name}/{self.version}/{self.timestamp_us}"


def round_key(network: str, row: RoundRow) -> str:
    """The same for one metric's result however often it comes."""
    return f"{network}/{row.metric.name}/{row.version}/{row.timestamp_us}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a node; `details` are other nodes and numbers, by their names."""

    timestamp_us: int
    kind: str
    node: int
    details: dict[str, int]

    def key(self, network: str) -> str:
        """The same for an event however often it comes."""
        return f"{network}/{self.kind}/{self.node}/{self.timestamp_us}"


# What is no event: what comes with every frame or round, and what tells of a record and not of a node.
_KINDS = {
    ParentChanged: "parent_changed",
    NodeLost: "lost",
    NodeLeft: "left",
    PassedOver: "passed_over",
    MemberFound: "found",
    PrimaryChanged: "primary_changed",
    NodeMissing: "missing",
}


@dataclass(frozen=True, slots=True)
class ActuatorState:
    """What an actuator of a node does, as its controller told all (PROTOCOL.md 14.3)."""

    kind: ClassVar[str] = "actuator"  # where it stands among events

    timestamp_us: int
    node: int
    actuator: int
    value: int
    cause: int

    @property
    def cause_text(self) -> str:
        """Why it has that value, in a word."""
        return Cause(self.cause).label if self.cause in list(Cause) else f"cause {self.cause}"

    @property
    def details(self) -> dict[str, int | str]:
        """What there is besides the node."""
        return {"actuator": self.actuator, "value": self.value, "cause": self.cause_text}

    def key(self, network: str) -> str:
        """The same for a state however often it comes."""
        return f"{network}/{self.node}/actuator/{self.actuator}/{self.timestamp_us}"


Entry = Reading | RoundRow | Event | ActuatorState


def entries_of(fact: Observation) -> list[Entry]:
    """What the fact tells: a reading for each metric, a round, an event, an actuator's state, or nothing."""
    if isinstance(fact, ReadingsSeen):
        return [
            Reading(fact.timestamp_us, fact.node, fact.version, metric_of(metric_id), raw)
            for metric_id, raw in fact.pairs
        ]
    if isinstance(fact, RoundRow):
        return [fact]
    if isinstance(fact, ActuatorSeen):
        return [ActuatorState(fact.timestamp_us, fact.node, fact.actuator, fact.value, fact.cause)]
    kind = _KINDS.get(type(fact))
    return [] if kind is None else [_event(kind, fact)]


def _event(kind: str, fact: Observation) -> Event:
    told = {field.name: getattr(fact, field.name) for field in fields(fact)}
    timestamp_us = told.pop("timestamp_us")
    node = told.pop("node") if "node" in told else told.pop("primary")
    return Event(timestamp_us, kind, node, {name: value for name, value in told.items() if value is not None})


def utc(timestamp_us: int) -> datetime:
    """The time, exact to the microsecond; one that no calendar has is in the last second of the year 9999."""
    seconds, microseconds = divmod(timestamp_us, 1_000_000)
    return datetime.fromtimestamp(min(seconds, LAST_SECOND_S), UTC).replace(microsecond=microseconds)


def utc_text(timestamp_us: int) -> str:
    """ISO 8601 with microseconds: 2026-11-21T13:45:00.123456Z."""
    return utc(timestamp_us).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
