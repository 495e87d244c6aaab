"""The sensors of a Pi by their makers' drivers, on an emulated bus: values, and every way to fail."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from firmware.pi.sensors.anemometer import Anemometer, Curve
from firmware.pi.sensors.i2c import MEASURE_LIMIT_S, BoundedBus
from firmware.pi.sensors.seesaw import Calibration, SeesawSoil
from firmware.pi.sensors.sht31d import Sht31d
from firmware.pi.sensors.source import FAILURES, Source
from protocol.aggregate import HUMIDITY, SOIL_MOISTURE, SOIL_TEMPERATURE, TEMPERATURE, WIND_SPEED
from tests.firmware.i2c_bus import Ads1115, EmulatedBus, Seesaw, Sht31, VirtualClock, sht31_crc


class Bench:
    """One of each on a bus, at their usual addresses."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.wires = EmulatedBus(self.clock)
        self.bus = BoundedBus("i2c-1", lambda: self.wires, self.clock)
        self.sht31, self.seesaw, self.ads1115 = Sht31(self.clock), Seesaw(), Ads1115(self.clock)
        self.wires.chips = {0x44: self.sht31, 0x36: self.seesaw, 0x48: self.ads1115}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    made.clock.drive(monkeypatch)
    return made


Make = Callable[[BoundedBus], Source]
SOURCES: dict[str, Make] = {"sht31d": Sht31d, "seesaw": SeesawSoil, "anemometer": Anemometer}
every_source = pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)


def failure_of(source: Source) -> str:
    with pytest.raises(FAILURES) as error:
        source.measure()
    return str(error.value)


# --- good readings ---------------------------------------------------------------------------------------


def test_an_sht31_tells_temperature_and_humidity(bench: Bench) -> None:
    assert sht31_crc(b"\xbe\xef") == 0x92, "the datasheet's example"
    sensor = Sht31d(bench.bus)
    values = sensor.measure()
    assert values == pytest.approx({TEMPERATURE.id: 21.5, HUMIDITY.id: 48.0}, abs=0.01)
    bench.sht31.temperature = -12.25
    assert sensor.measure()[TEMPERATURE.id] == pytest.approx(-12.25, abs=0.01)
    assert bench.sht31.resets == 1, "the driver is made once"
    assert sensor.name == "sht31d at 0x44 of i2c-1"


def test_a_seesaw_tells_moisture_by_its_calibration_and_temperature(bench: Bench) -> None:
    sensor = SeesawSoil(bench.bus, calibration=Calibration(dry_counts=330, wet_counts=1_010))
    assert sensor.measure() == pytest.approx({SOIL_MOISTURE.id: 50.0, SOIL_TEMPERATURE.id: 14.25}, abs=0.01)
    for counts, percent in ((330, 0), (300, 0), (1_010, 100), (1_200, 100)):
        bench.seesaw.counts = counts
        assert sensor.measure()[SOIL_MOISTURE.id] == percent


@pytest.mark.parametrize(("volts", "speed"), [(0.4, 0.0), (0.37, 0.0), (1.2, 16.2), (2.0, 32.4)])
def test_an_anemometer_tells_the_wind_by_its_curve(bench: Bench, volts: float, speed: float) -> None:
    bench.ads1115.volts[0] = volts
    assert Anemometer(bench.bus).measure() == pytest.approx({WIND_SPEED.id: speed}, abs=0.01)


def test_an_anemometer_may_have_another_channel_range_and_curve(bench: Bench) -> None:
    curve = Curve([(0.0, 0.0), (1.0, 5.0), (5.0, 65.0)])
    bench.ads1115.volts[2] = 3.0
    sensor = Anemometer(bench.bus, channel=2, range_v=6.144, curve=curve)
    assert sensor.measure()[WIND_SPEED.id] == pytest.approx(35.0, abs=0.01)


def test_a_source_gives_only_the_metrics_that_are_wanted(bench: Bench) -> None:
    assert Sht31d(bench.bus, metrics=(HUMIDITY.id,)).measure().keys() == {HUMIDITY.id}


@pytest.mark.parametrize("points", [[], [(1.0, 0.0)], [(1.0, 0.0), (1.0, 2.0)], [(2.0, 0.0), (1.0, 2.0)]])
def test_a_curve_needs_points_that_grow(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="voltages grow"):
        Curve(points)


# --- failures --------------------------------------------------------------------------------------------


@every_source
def test_nobody_at_the_address_is_told_and_found_when_it_is_there(bench: Bench, make: Make) -> None:
    chips, bench.wires.chips = bench.wires.chips, {}
    sensor = make(bench.bus)
    assert "No I2C device at address: 0x" in failure_of(sensor)
    bench.wires.chips = chips
    assert sensor.measure().keys() == set(sensor.metrics)


@every_source
@pytest.mark.parametrize("code", [errno.EIO, errno.ETIMEDOUT, errno.EREMOTEIO])
def test_a_bus_that_fails_gives_no_value_and_then_one_again(bench: Bench, make: Make, code: int) -> None:
    sensor = make(bench.bus)
    sensor.measure()
    bench.wires.fault = OSError(code, "the bus fails")
    assert failure_of(sensor)
    bench.wires.fault = None
    assert sensor.measure().keys() == set(sensor.metrics)


@every_source
def test_a_single_failure_is_tried_again_in_the_same_measurement(bench: Bench, make: Make) -> None:
    sensor = make(bench.bus)
    sensor.measure()
    bench.wires.failures_left = 1
    assert sensor.measure().keys() == set(sensor.metrics)


@every_source
@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_a_line_that_is_held_gives_no_value(bench: Bench, make: Make, level: int) -> None:
    """An SHT31 has a CRC; the others' zeros and ones are told by what they cannot mean."""
    sensor = make(bench.bus)
    sensor.measure()
    bench.wires.level = level
    assert failure_of(sensor)
    bench.wires.level = None
    assert sensor.measure().keys() == set(sensor.metrics)


@pytest.mark.parametrize("word", [0, 1])
def test_a_wrong_crc_costs_both_values_of_an_sht31(bench: Bench, word: int) -> None:
    bench.sht31.spoil_crc_of = word
    assert failure_of(Sht31d(bench.bus)) == "CRC mismatch"


def test_a_chip_that_is_no_seesaw_is_told(bench: Bench) -> None:
    bench.seesaw.hardware_id = 0x11
    assert "hardware ID returned 0x11" in failure_of(SeesawSoil(bench.bus))


@pytest.mark.parametrize("counts", [0, 199, 2_001, 4_095, 65_535])
def test_counts_that_no_soil_gives_are_no_moisture(bench: Bench, counts: int) -> None:
    bench.seesaw.counts = counts
    assert "moisture" in failure_of(SeesawSoil(bench.bus))


@pytest.mark.parametrize("volts", [0.0, 0.34, 2.06, 3.3])
def test_a_voltage_beyond_the_curve_is_no_wind(bench: Bench, volts: float) -> None:
    bench.ads1115.volts[0] = volts
    assert failure_of(Anemometer(bench.bus)) == f"{volts:.3f} V is none of 0.4 to 2 V: is it connected?"


def test_a_conversion_that_never_ends_is_given_up(bench: Bench) -> None:
    """The driver asks for its end without a bound."""
    sensor = Anemometer(bench.bus)
    sensor.measure()
    bench.ads1115.is_stuck = True
    began_s = bench.clock()
    assert failure_of(sensor) == "i2c-1 or the chip is stuck"
    assert bench.clock() - began_s < MEASURE_LIMIT_S + 0.1
    bench.ads1115.is_stuck = False
    assert sensor.measure().keys() == {WIND_SPEED.id}


def test_a_bus_that_is_not_there_is_told(bench: Bench) -> None:
    def no_bus() -> object:
        raise RuntimeError("I2C Bus #7 not found, check if enabled in config!")

    assert "#7 not found" in failure_of(Sht31d(BoundedBus("i2c-7", no_bus, bench.clock)))


def test_sensors_of_one_bus_take_turns(bench: Bench) -> None:
    sensors = [make(bench.bus) for make in SOURCES.values()]
    for _ in range(3):
        assert [sensor.measure().keys() for sensor in sensors] == [set(sensor.metrics) for sensor in sensors]
