"""A made-up quantity that does what real ones do: a daily wave, noise, drift, spikes, and stuck phases."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from firmware.pi.sensors.source import Clock
from protocol.aggregate import (
    HUMIDITY,
    MAX_RAW,
    SOIL_MOISTURE,
    SOIL_TEMPERATURE,
    TEMPERATURE,
    WIND_SPEED,
    metric_of,
)

KIND = "synthetic"
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Shape:
    """Amounts are in the metric's unit, shares are chances a reading, 0 to 1.

    The value is `baseline` + `amplitude` x sin(2 pi (t / period_s) + phase_rad) + drift_per_day x days, with
    Gaussian noise of deviation `noise`. A spike adds `spike` up or down to one reading. A stuck phase repeats
    the reading that it began with for `stuck_s`. A failing reading (`failing_share`) is missing.
    """

    baseline: float
    amplitude: float
    noise: float
    period_s: float = DAY_S
    phase_rad: float = 0.0
    drift_per_day: float = 0.0
    spike: float = 0.0
    spike_share: float = 0.0
    stuck_s: float = 0.0
    stuck_share: float = 0.0
    failing_share: float = 0.0


# A mild day in spring.
SHAPES = {
    TEMPERATURE.id: Shape(18.0, 6.0, 0.2),
    HUMIDITY.id: Shape(60.0, 15.0, 1.0, phase_rad=math.pi),
    SOIL_MOISTURE.id: Shape(35.0, 2.0, 0.5),
    SOIL_TEMPERATURE.id: Shape(14.0, 2.0, 0.1, phase_rad=-math.pi / 2),
    WIND_SPEED.id: Shape(3.0, 2.0, 0.8),
}


class Synthetic:
    """A Source of one metric; the same seed and times give the same values."""

    def __init__(self, metric_id: int, shape: Shape, seed: int, clock: Clock = time.monotonic) -> None:
        metric = metric_of(metric_id)
        self.name = f"{KIND} {metric.name}"
        self.metrics = (metric_id,)
        self._least, self._most = metric.scaled(0), metric.scaled(MAX_RAW)
        self._shape = shape
        self._random = random.Random(f"{seed}/{metric.name}")
        self._clock = clock
        self._start_s = clock()
        self._stuck: tuple[float, float] | None = None  # until when, and at what

    def measure(self) -> Mapping[int, float]:
        """See Source.measure; held within what the metric can tell."""
        shape, draw = self._shape, self._random
        time_s = self._clock() - self._start_s
        noise, spike, stuck, failing = draw.gauss(), draw.random(), draw.random(), draw.random()
        sign = draw.choice((-1.0, 1.0))
        if failing < shape.failing_share:
            raise OSError("a failure, as its settings ask for")
        if self._stuck is not None and time_s < self._stuck[0]:
            return {self.metrics[0]: self._stuck[1]}
        value = self._smooth(time_s) + shape.noise * noise
        if spike < shape.spike_share:
            value += sign * shape.spike
        value = min(self._most, max(self._least, value))
        self._stuck = (time_s + shape.stuck_s, value) if stuck < shape.stuck_share else None
        return {self.metrics[0]: value}

    def _smooth(self, time_s: float) -> float:
        shape = self._shape
        wave = shape.amplitude * math.sin(2 * math.pi * time_s / shape.period_s + shape.phase_rad)
        return shape.baseline + wave + shape.drift_per_day * time_s / DAY_S
