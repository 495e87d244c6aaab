"""The 9-byte aggregate as a mergeable value, and what its raw readings mean (PROTOCOL.md section 2)."""

from __future__ import annotations

from protocol.values import value_class

SATURATED = 0xFFFF
NO_NODE = 0xFFFF
MAX_RAW = 0xFF


@value_class(frozen=True, slots=True)
class Metric:
    """A measured quantity: `offset + scale * raw` in `unit`, raw from 0 to 255."""

    id: int
    name: str
    scale: float
    offset: float
    unit: str

    def scaled(self, raw: float) -> float:
        """A raw value (or an average of raw values) in `unit`."""
        return self.offset + self.scale * raw

    def raw(self, value: float) -> int:
        """The nearest raw reading for `value` in `unit`, held within 0 to 255."""
        return min(MAX_RAW, max(0, round((value - self.offset) / self.scale)))


TEMPERATURE = Metric(0, "temperature", 0.5, -40.0, "degC")
HUMIDITY = Metric(1, "humidity", 0.5, 0.0, "%")
SOIL_MOISTURE = Metric(2, "soil_moisture", 0.5, 0.0, "%")
SOIL_TEMPERATURE = Metric(3, "soil_temperature", 0.5, -40.0, "degC")
WIND_SPEED = Metric(4, "wind_speed", 0.25, 0.0, "m/s")
METRICS = {m.id: m for m in (TEMPERATURE, HUMIDITY, SOIL_MOISTURE, SOIL_TEMPERATURE, WIND_SPEED)}


def metric_of(metric_id: int) -> Metric:
    """The metric of that id; one that this version does not know is shown raw."""
    return METRICS.get(metric_id) or Metric(metric_id, f"metric_{metric_id}", 1.0, 0.0, "raw")


@value_class(frozen=True, slots=True)
class Aggregate:
    """Maximum, where it is, total and count of the readings of one round; u16 fields stop at SATURATED."""

    version: int
    max: int
    max_id: int
    total: int
    count: int

    @classmethod
    def empty(cls, version: int) -> Aggregate:
        """No reading: the neutral element of `merge`."""
        return cls(version, 0, NO_NODE, 0, 0)

    @classmethod
    def of_reading(cls, version: int, raw: int, node_id: int) -> Aggregate:
        """One node's reading, raw from 0 to 255."""
        if not 0 <= raw <= MAX_RAW:
            raise ValueError(f"a raw reading is 0 to {MAX_RAW}, not {raw}")
        return cls(version, raw, node_id, raw, 1)

    def merge(self, other: Aggregate) -> Aggregate:
        """Both together; commutative and associative. Raises ValueError if the versions differ."""
        if self.version != other.version:
            raise ValueError(f"cannot merge version {other.version} into {self.version}")
        if not self.count or not other.count:
            return self if self.count else other
        first = min((-self.max, self.max_id), (-other.max, other.max_id))
        return Aggregate(
            self.version,
            -first[0],
            first[1],
            min(SATURATED, self.total + other.total),
            min(SATURATED, self.count + other.count),
        )

    @property
    def saturated(self) -> bool:
        """Whether total or count stopped at its limit."""
        return SATURATED in (self.total, self.count)

    @property
    def average_raw(self) -> float | None:
        """Mean raw reading; None without readings."""
        return self.total / self.count if self.count else None
