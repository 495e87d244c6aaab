"""What gives a node values: one sensor, and why it gives none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

Clock = Callable[[], float]  # seconds; it never goes back

# What Adafruit's drivers raise: a bus that fails (OSError, also a timeout), a wrong checksum or chip
# (RuntimeError), nobody at the address (ValueError).
FAILURES = (OSError, RuntimeError, ValueError)


class Source(Protocol):
    """A sensor. `name` is for people, `metrics` are the ids that it measures."""

    @property
    def name(self) -> str:
        """Such as `sht31d at 0x44 of i2c-1`."""

    @property
    def metrics(self) -> tuple[int, ...]:
        """Ids of PROTOCOL.md section 2."""

    def measure(self) -> Mapping[int, float]:
        """Values in their metrics' units. May block. Raises one of FAILURES if there is none."""
