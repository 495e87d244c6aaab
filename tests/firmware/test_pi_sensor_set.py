"""All sensors of a node together: who fails or hangs is missing, and costs nobody else anything."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping

import pytest

from bridge.driver import sink_tree_driver
from bridge.link import LinkState
from firmware.pi.sensors.job_thread import JobThread
from firmware.pi.sensors.sensor_set import SensorBack, SensorMissing, SensorSet
from firmware.pi.sensors.source import Source
from protocol.aggregate import HUMIDITY, TEMPERATURE, WIND_SPEED
from protocol.node import Event, ReportSealed, RoundFinished
from tests.bridge.rig import TIMEOUT_S, run, until
from tests.bridge.test_driver import QUICK

T, H, W = TEMPERATURE.id, HUMIDITY.id, WIND_SPEED.id
Value = Callable[[], float]


class Given:
    """A source made of functions by metric."""

    def __init__(self, name: str, values: Mapping[int, Value]) -> None:
        self.name = name
        self.metrics = tuple(values)
        self._values = values
        self.calls = 0

    def measure(self) -> Mapping[int, float]:
        self.calls += 1
        return {metric: value() for metric, value in self._values.items()}


def failing(error: Exception) -> Value:
    def fail() -> float:
        raise error

    return fail


class Hanging:
    """A value that comes when the test lets it: as of a bus whose transfer never ends."""

    def __init__(self) -> None:
        self.free = threading.Event()

    def __call__(self) -> float:
        assert self.free.wait(TIMEOUT_S)
        return 45.0


def sensors(*sources: Source, patience_s: float = 5.0) -> SensorSet:
    return SensorSet([(source, JobThread(source.name)) for source in sources], patience_s=patience_s)


def test_all_readings_come_together_and_raw() -> None:
    async def main() -> None:
        both = sensors(Given("a", {T: lambda: 22.5}), Given("b", {H: lambda: 45.0, W: lambda: 3.25}))
        assert both.metrics == (T, H, W)
        assert await both.read(1) == {T: 125, H: 90, W: 13}
        assert both.missing == {}

    run(main())


def test_a_source_without_a_thread_is_read_at_once() -> None:
    async def main() -> None:
        assert await SensorSet([(Given("a", {T: lambda: 22.5}), None)]).read(1) == {T: 125}

    run(main())


def test_two_of_one_metric_are_refused() -> None:
    with pytest.raises(ValueError, match="two sensors measure humidity"):
        sensors(Given("a", {H: lambda: 1.0}), Given("b", {H: lambda: 1.0}))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
        (RuntimeError("CRC mismatch"), "CRC mismatch"),
        (TimeoutError(), "TimeoutError"),
        (ZeroDivisionError("a mistake of the driver"), "a mistake of the driver"),
        (ImportError("No module named 'adafruit_sht31d'"), "its driver is not installed (No module named"),
    ],
)
def test_a_sensor_that_fails_is_missing_until_it_answers_and_that_is_said_once(
    error: Exception, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        values: list[Value] = [lambda: 20.0, failing(error), failing(error), lambda: 21.0]
        flaky = Given("sht31d", {T: lambda: values.pop(0)()})
        told: list[SensorMissing | SensorBack] = []
        both = sensors(flaky, Given("wind", {W: lambda: 1.0}))
        both.on_health = told.append
        assert [await both.read(version) for version in range(4)] == [
            {T: 120, W: 4},
            {W: 4},
            {W: 4},
            {T: 122, W: 4},
        ]
        (missing, back) = told
        assert isinstance(missing, SensorMissing)
        assert missing.why.startswith(why)
        assert back == SensorBack("sht31d")
        lines = [record.getMessage() for record in caplog.records]
        assert lines == [
            f"sht31d: {missing.why}; its readings are missing until it answers",
            "sht31d answers again",
        ]

    run(main())


@pytest.mark.parametrize("value", [-40.5, 88.0, 16_383.0, float("nan"), float("inf")])
def test_what_a_metric_cannot_tell_is_no_reading(value: float) -> None:
    """Held within the limits it would be another temperature."""

    async def main() -> None:
        one = sensors(Given("sht31d", {T: lambda: value}))
        assert await one.read(1) == {}
        assert "is none of -40 to 87.5 degC" in one.missing["sht31d"]

    run(main())


def test_a_sensor_that_hangs_is_not_waited_for_nor_asked_again_until_it_is_back() -> None:
    async def main() -> None:
        hanging = Hanging()
        stuck = Given("seesaw", {H: hanging})
        both = sensors(stuck, Given("wind", {W: lambda: 1.0}), patience_s=0.05)
        for version in range(3):
            assert await both.read(version) == {W: 4}
        assert stuck.calls == 1
        assert both.missing == {"seesaw": "no answer within 0.05 s"}
        hanging.free.set()
        async with asyncio.timeout(TIMEOUT_S):
            while (found := await both.read(3)).keys() != {H, W}:
                pass
        assert found == {H: 90, W: 4}, "what came late is of no round; it is measured anew"
        assert stuck.calls >= 2
        assert both.missing == {}

    run(main())


def test_a_hung_bus_stops_neither_the_node_nor_its_end() -> None:
    """The root's own sensor hangs for good: rounds go on, without its reading."""

    async def main() -> None:
        hanging = Hanging()
        events: list[Event] = []
        stuck = sensors(Given("sht31d", {T: hanging}), patience_s=0.02)
        node = sink_tree_driver("root", 1, stuck, root=True, timing=QUICK, on_event=events.append)
        states: list[LinkState] = []
        await node.start(lambda frames: None, states.append)
        await until(lambda: sum(isinstance(event, RoundFinished) for event in events) >= 3)
        results = [event for event in events if isinstance(event, RoundFinished)]
        assert all(event.items.aggregates[0][1].count == 0 for event in results)
        assert sum(isinstance(event, ReportSealed) for event in events) >= 3
        await node.close()
        hanging.free.set()

    run(main())
