"""All sensors of a node: read in every round, each in its time, and none made up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.sensors import Readings
from firmware.pi.sensors.job_thread import JobThread
from firmware.pi.sensors.source import Source
from protocol.aggregate import MAX_RAW, metric_of

_log = logging.getLogger(__name__)

# A round does not wait longer for a sensor: what comes later is not of this round.
PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class SensorMissing:
    """From now on the sensor gives no readings; `why` is for people."""

    sensor: str
    why: str


@dataclass(frozen=True, slots=True)
class SensorBack:
    """A missing sensor gives readings again."""

    sensor: str


OnHealth = Callable[[SensorMissing | SensorBack], None]


@dataclass(slots=True)
class _Place:
    """A source, where it is read (None: at once), the reading that is under way, and why it is missing."""

    source: Source
    thread: JobThread | None
    reading: asyncio.Task[Readings | str] | None = None
    missing: str | None = None


class SensorSet:
    """A `bridge.sensors.Sensor` of several sources. What is on one bus has one thread.

    A source that fails or is late leaves its readings out of the round, is asked again in the next (unless it
    still hangs), and is missing until it answers; that is said once.

    Raises ValueError if two measure the same.
    """

    def __init__(
        self,
        sources: Sequence[tuple[Source, JobThread | None]],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._places = [_Place(source, thread) for source, thread in sources]
        self._patience_s = patience_s
        self.on_health: OnHealth = lambda change: None
        self.metrics = tuple(metric for source, _ in sources for metric in source.metrics)
        for metric in self.metrics:
            if self.metrics.count(metric) > 1:
                raise ValueError(f"two sensors measure {metric_of(metric).name}")

    @property
    def missing(self) -> Mapping[str, str]:
        """Why sensors give no readings now, by name."""
        return {place.source.name: place.missing for place in self._places if place.missing is not None}

    def read(self, version: int) -> Awaitable[Readings]:
        """See bridge.sensors.Sensor.read."""
        return self._read()

    async def _read(self) -> Readings:
        begun = {}
        for place in self._places:
            if place.reading is None or place.reading.done():
                begun[id(place)] = place.reading = asyncio.create_task(_read_one(place))
        if begun:
            await asyncio.wait(begun.values(), timeout=self._patience_s)
        found: dict[int, int] = {}
        for place in self._places:
            task = begun.get(id(place))
            if task is None or not task.done():
                self._note(place, f"no answer within {self._patience_s:g} s")
                continue
            result = task.result()
            if isinstance(result, str):
                self._note(place, result)
            else:
                self._note(place, None)
                found |= result
        return found

    def _note(self, place: _Place, why: str | None) -> None:
        was_missing, place.missing = place.missing is not None, why
        if why is not None and not was_missing:
            _log.warning("%s: %s; its readings are missing until it answers", place.source.name, why)
            self.on_health(SensorMissing(place.source.name, why))
        elif why is None and was_missing:
            _log.info("%s answers again", place.source.name)
            self.on_health(SensorBack(place.source.name))


async def _read_one(place: _Place) -> Readings | str:
    """Its raw readings, or why there are none."""
    try:
        values = await place.thread.run(place.source.measure) if place.thread else place.source.measure()
        return {metric: _raw(metric, value) for metric, value in values.items()}
    except ImportError as error:
        return f"its driver is not installed ({error}); pip install 'treering[pi,soil,wind]'"
    except Exception as error:  # whatever a driver raises, it costs its own readings only
        return str(error) or type(error).__name__


def _raw(metric_id: int, value: float) -> int:
    """Raises ValueError for what the metric cannot tell: it would be another value that is told."""
    metric = metric_of(metric_id)
    least, most = metric.scaled(-0.5), metric.scaled(MAX_RAW + 0.5)
    if not least <= value <= most:
        limits = f"{metric.scaled(0):g} to {metric.scaled(MAX_RAW):g} {metric.unit}"
        raise ValueError(f"{metric.name} {value:g} {metric.unit} is none of {limits}")
    return metric.raw(value)
