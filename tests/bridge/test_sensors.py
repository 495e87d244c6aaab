"""Constant, synthetic and no readings."""

from __future__ import annotations

import time
from itertools import pairwise

from bridge.sensors import ConstantSensor, NoSensor, SlowSensor, SyntheticSensor
from protocol.aggregate import HUMIDITY, MAX_RAW, METRICS, TEMPERATURE
from tests.bridge.rig import run


def test_a_constant_is_given_in_the_unit_and_read_raw() -> None:
    sensor = ConstantSensor({TEMPERATURE.id: 22.5, HUMIDITY.id: 45.0})
    assert sensor.read(1) == sensor.read(99) == {TEMPERATURE.id: 125, HUMIDITY.id: 90}


def test_no_sensor_reads_nothing() -> None:
    assert NoSensor().read(1) == {}


def test_a_synthetic_sensor_reads_what_it_is_asked_for_the_same_in_every_run() -> None:
    first, again = (SyntheticSensor(7, tuple(METRICS)) for _ in range(2))
    for version in (0, 1, 30, 65_535):
        readings = first.read(version)
        assert readings.keys() == METRICS.keys()
        assert all(0 <= raw <= MAX_RAW for raw in readings.values())
        assert again.read(version) == readings


def test_synthetic_readings_differ_between_nodes_and_over_time_and_stay_plausible() -> None:
    sensors = [SyntheticSensor(node_id, (TEMPERATURE.id,)) for node_id in range(1, 11)]
    values = [[TEMPERATURE.scaled(sensor.read(v)[TEMPERATURE.id]) for v in range(60)] for sensor in sensors]
    assert len({values_of_node[0] for values_of_node in values}) >= 4
    for values_of_node in values:
        assert 10 <= min(values_of_node) < max(values_of_node) <= 35
        assert max(abs(a - b) for a, b in pairwise(values_of_node)) <= 2.0


def test_a_slow_sensor_reads_the_same_later() -> None:
    async def main() -> None:
        began_s = time.monotonic()
        assert await SlowSensor(ConstantSensor({TEMPERATURE.id: 22.5}), 0.05).read(1) == {TEMPERATURE.id: 125}
        assert time.monotonic() - began_s >= 0.04

    run(main())
