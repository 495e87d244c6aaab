"""The sensors by their names, made of a table of settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from firmware.pi.sensors import anemometer, dataset, seesaw, sht31d, synthetic
from firmware.pi.sensors.i2c import BoundedBus, linux_bus
from firmware.pi.sensors.job_thread import JobThread
from firmware.pi.sensors.source import Clock, Source
from protocol.aggregate import METRICS, TEMPERATURE
from protocol.simulator.toml_tables import Table

MAX_BUS = 99
DEFAULT_BUS = 1  # of the pins 3 and 5 of a Pi
_METRIC_IDS = {metric.name: metric.id for metric in METRICS.values()}
_YEAR_S = 366 * synthetic.DAY_S
_MOST = 1e6


class Workshop:
    """Makes sources. Those on one bus share it and its thread.

    `folder` is where relative files are, `seed` that of synthetic sources without one.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        clock: Clock = time.monotonic,
        open_bus: Callable[[int], object] = linux_bus,
    ) -> None:
        self.folder = folder
        self.seed = seed
        self.clock = clock
        self._open_bus = open_bus
        self._buses: dict[int, tuple[BoundedBus, JobThread]] = {}

    def make(self, table: Table) -> tuple[Source, JobThread | None]:
        """The source that a table asks for, and the thread to read it in.

        Raises DescriptionError for a table that cannot be used, UsageError for a data set.
        """
        table.need("kind")
        kind = table.choice("kind", "", tuple(KINDS))
        return KINDS[kind](self, table)

    def bus(self, number: int) -> tuple[BoundedBus, JobThread]:
        """/dev/i2c-`number`."""
        if number not in self._buses:
            name = f"i2c-{number}"
            self._buses[number] = BoundedBus(name, lambda: self._open_bus(number)), JobThread(name)
        return self._buses[number]


_Made = tuple[Source, JobThread | None]


def _sht31d(shop: Workshop, table: Table) -> _Made:
    table.expect(("kind", "bus", "address", "metrics"))
    bus, thread = shop.bus(_bus_number(table))
    return sht31d.Sht31d(bus, _address(table, sht31d.ADDRESSES), _metrics(table, sht31d.METRICS)), thread


def _seesaw(shop: Workshop, table: Table) -> _Made:
    table.expect(("kind", "bus", "address", "metrics", "dry_counts", "wet_counts"))
    bus, thread = shop.bus(_bus_number(table))
    default = seesaw.Calibration()
    least, most = seesaw.LEAST_COUNTS, seesaw.MOST_COUNTS
    dry = table.number("dry_counts", default.dry_counts, least=least, most=most)
    wet = table.number("wet_counts", default.wet_counts, least=least, most=most)
    if wet <= dry:
        raise table.error(
            "wet_counts", "wet_counts is not above dry_counts", "measure in dry soil, then in wet"
        )
    address, metrics = _address(table, seesaw.ADDRESSES), _metrics(table, seesaw.METRICS)
    return seesaw.SeesawSoil(bus, address, metrics, seesaw.Calibration(dry, wet)), thread


def _anemometer(shop: Workshop, table: Table) -> _Made:
    table.expect(("kind", "bus", "address", "channel", "range_v", "curve"))
    bus, thread = shop.bus(_bus_number(table))
    range_v = table.number("range_v", anemometer.DEFAULT_RANGE_V)
    if range_v not in anemometer.GAINS:
        remedy = f"write one of {', '.join(map(str, anemometer.GAINS))} (V)"
        raise table.error("range_v", f"range_v is {range_v:g}", remedy)
    made = anemometer.Anemometer(
        bus,
        _address(table, anemometer.ADDRESSES),
        channel=table.whole("channel", 0, 0, anemometer.CHANNELS - 1),
        range_v=range_v,
        curve=_curve(table),
    )
    return made, thread


def _synthetic(shop: Workshop, table: Table) -> _Made:
    names = [field.name for field in fields(synthetic.Shape)]
    table.expect(("kind", "metric", "seed", *names))
    metric_id = _METRIC_IDS[table.choice("metric", TEMPERATURE.name, tuple(_METRIC_IDS))]
    shape = synthetic.SHAPES[metric_id]
    given = {name: _number_of_shape(table, name, getattr(shape, name)) for name in names}
    seed = table.whole("seed", shop.seed, 0, (1 << 63) - 1)
    return synthetic.Synthetic(metric_id, synthetic.Shape(**given), seed, shop.clock), None


def _dataset(shop: Workshop, table: Table) -> _Made:
    table.expect(("kind", "file", "row_s", "speed", "at_end", "metrics"))
    table.need("file")
    path = shop.folder / table.text("file", "")
    if "row_s" in table.values and "speed" in table.values:
        raise table.error("speed", "speed is of the file's own times, row_s of none", "give one of the two")
    made = dataset.DataSet(
        str(path),
        dataset.read_rows(path),
        row_s=table.number("row_s", None, above=0, most=_YEAR_S, unit="s"),
        speed=table.number("speed", 1.0, above=0, most=_MOST),
        at_end=dataset.AtEnd(table.choice("at_end", "stop", tuple(end.value for end in dataset.AtEnd))),
        metrics=_metrics(table, ()),
        clock=shop.clock,
    )
    return made, None


KINDS: Mapping[str, Callable[[Workshop, Table], _Made]] = {
    sht31d.KIND: _sht31d,
    seesaw.KIND: _seesaw,
    anemometer.KIND: _anemometer,
    synthetic.KIND: _synthetic,
    dataset.KIND: _dataset,
}


# --- values of tables ------------------------------------------------------------------------------------


def _bus_number(table: Table) -> int:
    return table.whole("bus", DEFAULT_BUS, 0, MAX_BUS)


def _address(table: Table, allowed: tuple[int, ...]) -> int:
    address = table.whole("address", allowed[0], 0, 0x7F)
    if address not in allowed:
        remedy = f"write one of {', '.join(map(hex, allowed))}"
        raise table.error("address", f"address is 0x{address:02x}", remedy)
    return address


def _metrics(table: Table, measured: tuple[int, ...]) -> tuple[int, ...]:
    """Those that the table asks for, or all that are measured (nothing: any)."""
    if "metrics" not in table.values:
        return measured
    names = table.values["metrics"]
    known = [name for name, metric in _METRIC_IDS.items() if not measured or metric in measured]
    if not isinstance(names, list) or not names or any(name not in known for name in names):
        raise table.error(
            "metrics", "metrics is no list of what it measures", f"name some of {', '.join(known)}"
        )
    return tuple(_METRIC_IDS[name] for name in dict.fromkeys(names))


def _curve(table: Table) -> anemometer.Curve:
    if "curve" not in table.values:
        return anemometer.Curve()
    points = table.values["curve"]
    try:
        if not isinstance(points, list) or not all(map(_is_point, points)):
            raise ValueError("curve is no list of points")
        return anemometer.Curve([(float(volts), float(speed)) for volts, speed in points])
    except ValueError as error:
        remedy = "write points (V, m/s), the voltages growing: curve = [[0.4, 0.0], [2.0, 32.4]]"
        raise table.error("curve", str(error), remedy) from error


def _is_point(point: object) -> bool:
    return (
        isinstance(point, list) and len(point) == 2 and all(type(number) in (int, float) for number in point)
    )


def _number_of_shape(table: Table, name: str, default: float) -> float:
    if name.endswith("_share"):
        return table.number(name, default, least=0, most=1)
    if name.endswith("_s"):
        is_length = name == "period_s"
        return table.number(name, default, least=0, above=0 if is_length else -1, most=_YEAR_S, unit="s")
    return table.number(name, default, least=0 if name == "noise" else -_MOST, most=_MOST)
