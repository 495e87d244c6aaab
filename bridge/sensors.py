"""What a node measures with."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from protocol.aggregate import metric_of
from protocol.simulator.field import reading
from protocol.simulator.topology import Place

Readings = Mapping[int, int]

# Where a synthetic sensor stands in its field: ids are spread over a square, neighbours in number apart.
_FIELD_M = 100
_STRIDE_M = (19, 31)


class Sensor(Protocol):
    """A sensor, or all those of one node."""

    def read(self, version: int) -> Readings | Awaitable[Readings]:
        """Raw readings (0 to 255) by metric id for that round; one that failed is left out."""


class NoSensor:
    """The node takes part without readings."""

    def read(self, version: int) -> Readings:
        """Nothing."""
        return {}


class ConstantSensor:
    """The same values in every round, given in the metrics' units."""

    def __init__(self, values: Mapping[int, float]) -> None:
        self._readings = {metric: metric_of(metric).raw(value) for metric, value in values.items()}

    def read(self, version: int) -> Readings:
        """See Sensor.read."""
        return self._readings


class SyntheticSensor:
    """The simulator's field (a baseline, a slow wave, noise), felt at a place that the node's id decides."""

    def __init__(self, node_id: int, metrics: Sequence[int]) -> None:
        x_m, y_m = (node_id * stride % _FIELD_M for stride in _STRIDE_M)
        self._place = Place(node_id, x_m, y_m)
        self._metrics = metrics

    def read(self, version: int) -> Readings:
        """See Sensor.read; the same in every run."""
        return {
            metric: reading(self._place, metric, version, seed=self._place.id) for metric in self._metrics
        }


class SlowSensor:
    """Another sensor that answers so much later."""

    def __init__(self, sensor: Sensor, delay_s: float) -> None:
        self._sensor = sensor
        self._delay_s = delay_s

    async def read(self, version: int) -> Readings:
        """See Sensor.read."""
        await asyncio.sleep(self._delay_s)
        readings = self._sensor.read(version)
        return await readings if inspect.isawaitable(readings) else readings
