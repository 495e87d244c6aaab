"""What every detector gives, and how its parameters are checked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf, nan

LARGEST = 1e150  # squares of larger values, summed, are infinite and would stay so
SMALLEST = 1e-150  # squares of smaller differences are 0, or nearly


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A value that is not as expected; it lies above or below `expected`."""

    time_s: float
    value: float
    expected: float
    score: float  # how far out it is, in the unit of its detector's threshold


class Detector(ABC):
    """Judges a stream of values, in order of their time.

    `score` is that of the newest value, and NaN if it was not judged: in warm-up, or because it was skipped.
    `skipped` counts the values that could neither be judged nor learnt.
    """

    __slots__ = ("score", "skipped")

    def __init__(self) -> None:
        self.skipped = 0
        self.reset()

    def reset(self) -> None:
        """Forget all values; what follows is warm-up again."""
        self.score = nan
        self._begin()

    @abstractmethod
    def _begin(self) -> None:
        """Forget all values."""

    @abstractmethod
    def update(self, time_s: float, value: float) -> Anomaly | None:
        """Judge and learn one more value."""

    def _skip(self) -> None:
        self.skipped += 1
        self.score = nan


def deviations(away: float, deviation: float) -> float:
    """A distance in deviations; infinite where there is no deviation."""
    if deviation:
        return away / deviation
    return inf if away > SMALLEST else 0.0


def require(*parameters: tuple[str, float, float]) -> None:
    """Raises ValueError unless each (name, value, least) is at least as large as it must be."""
    for name, value, least in parameters:
        if not value >= least:
            raise ValueError(f"{name} is {value}; give at least {least}")


def require_positive(name: str, value: float) -> None:
    """Raises ValueError unless it is above 0."""
    if not value > 0:
        raise ValueError(f"{name} is {value}; give one above 0")
