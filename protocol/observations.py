"""What an observer finds in frames (PROTOCOL.md 6.4, 6.5, 11 to 13)."""

from __future__ import annotations

import json

from protocol.aggregate import Aggregate, Metric, metric_of
from protocol.packets import DropReason, Pairs, TokenId
from protocol.values import value_class


@value_class(frozen=True, slots=True)
class RoundRow:
    """One metric of one finished round."""

    timestamp_us: int
    round: int
    metric_id: int
    aggregate: Aggregate
    doubt: int
    duration_ms: int
    frames: int
    bytes: int
    repairs: int
    alive: int | None = None
    reachable: int | None = None

    @property
    def metric(self) -> Metric:
        """What the raw values mean."""
        return metric_of(self.metric_id)

    @property
    def version(self) -> int:
        """The round as on the wire."""
        return self.aggregate.version

    @property
    def max(self) -> int | None:
        """The largest raw reading, None without readings."""
        return self.aggregate.max if self.aggregate.count else None

    @property
    def maximum(self) -> float | None:
        """The largest reading in the metric's unit, None without readings."""
        return None if self.max is None else self.metric.scaled(self.max)

    @property
    def max_id(self) -> int | None:
        """Who read it, None without readings."""
        return self.aggregate.max_id if self.aggregate.count else None

    @property
    def count_lo(self) -> int:
        """At least so many different nodes are counted (6.3)."""
        return max(0, self.aggregate.count - self.doubt)

    @property
    def saturated(self) -> bool:
        """Whether total or count stopped at its limit."""
        return self.aggregate.saturated

    @property
    def exact(self) -> bool:
        """Whether the result is exact for the nodes that it counts."""
        return not self.doubt and not self.saturated

    @property
    def average(self) -> float | None:
        """The mean in the metric's unit, rounded to 6 decimals; None without readings, or if saturated."""
        raw = None if self.saturated else self.aggregate.average_raw
        return None if raw is None else round(self.metric.scaled(raw), 6)

    def as_json(self) -> dict[str, object]:
        """The result object of PROTOCOL.md 6.4, its keys in that order."""
        found: dict[str, object] = {
            "round": self.round,
            "version": self.version,
            "metric": self.metric.name,
            "max": self.max,
            "max_id": self.max_id,
            "total": self.aggregate.total,
            "count": self.aggregate.count,
            "count_lo": self.count_lo,
            "count_hi": self.aggregate.count,
            "average": self.average,
            "unit": self.metric.unit,
            "exact": self.exact,
            "saturated": self.saturated,
            "duration_ms": self.duration_ms,
            "frames": self.frames,
            "bytes": self.bytes,
            "repairs": self.repairs,
        }
        known = {"alive": self.alive, "reachable": self.reachable}
        return found | {key: value for key, value in known.items() if value is not None}


def json_line(row: RoundRow, **more: object) -> str:
    """The result object as one line of JSON, without a line end; `more` follows its keys."""
    return json.dumps(row.as_json() | more, separators=(",", ":"))


@value_class(frozen=True, slots=True)
class ParentChanged:
    """`parent` counts `node` among its children; `previous` was its last parent, None if none was known."""

    timestamp_us: int
    node: int
    parent: int
    previous: int | None


@value_class(frozen=True, slots=True)
class NodeLost:
    """`parent` has given `node` up, or `node` calls for help and so has left it."""

    timestamp_us: int
    node: int
    parent: int


@value_class(frozen=True, slots=True)
class NodeLeft:
    """`node` has said goodbye."""

    timestamp_us: int
    node: int


@value_class(frozen=True, slots=True)
class HelpHeard:
    """`node` seeks a parent; version and hop count are its feasibility distance (5.3)."""

    timestamp_us: int
    node: int
    version: int
    hop_count: int


@value_class(frozen=True, slots=True)
class Dropped:
    """A record that holds no frame; `detail` is for people and begins with the reason."""

    timestamp_us: int
    link: str
    reason: DropReason
    detail: str


@value_class(frozen=True, slots=True)
class TokenMoved:
    """`destination` has the token, or gets it. None for what the frames did not tell."""

    timestamp_us: int
    source: int | None
    destination: int
    token: TokenId
    version: int
    turn: int | None


@value_class(frozen=True, slots=True)
class PassedOver:
    """A ring closed over `node`, which `by` found silent."""

    timestamp_us: int
    node: int
    by: int


@value_class(frozen=True, slots=True)
class MemberFound:
    """A ring's node was heard for the first time, or again."""

    timestamp_us: int
    node: int


@value_class(frozen=True, slots=True)
class PrimaryChanged:
    """`primary` polls the others from now on; `previous` is None if none was known."""

    timestamp_us: int
    primary: int
    previous: int | None
    epoch: int


@value_class(frozen=True, slots=True)
class NodeMissing:
    """A polled network's result of round `version` came without `node`."""

    timestamp_us: int
    node: int
    version: int


@value_class(frozen=True, slots=True)
class ReadingsSeen:
    """What `node` measured for round `version`, as raw readings by metric."""

    timestamp_us: int
    node: int
    version: int
    pairs: Pairs


@value_class(frozen=True, slots=True)
class NodeHeard:
    """`node` was heard, for the first time in this second of the log's time."""

    timestamp_us: int
    node: int


@value_class(frozen=True, slots=True)
class ActuatorSeen:
    """What an actuator of `node` does, as its controller told all (14.3); `cause` is a Cause, or unknown."""

    timestamp_us: int
    node: int
    actuator: int
    value: int
    cause: int


Observation = (
    RoundRow
    | ParentChanged
    | NodeLost
    | NodeLeft
    | HelpHeard
    | Dropped
    | TokenMoved
    | PassedOver
    | MemberFound
    | PrimaryChanged
    | NodeMissing
    | ReadingsSeen
    | NodeHeard
    | ActuatorSeen
)
