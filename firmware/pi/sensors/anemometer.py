"""An anemometer that tells the wind as a voltage, read by an ADS1115."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from firmware.pi.sensors.i2c import BoundedBus, I2cSource
from protocol.aggregate import WIND_SPEED

KIND = "anemometer"
ADDRESSES = (0x48, 0x49, 0x4A, 0x4B)
CHANNELS = 4
# The ADC's gain by its full scale in V.
GAINS = {6.144: 2 / 3, 4.096: 1, 2.048: 2, 1.024: 4, 0.512: 8, 0.256: 16}
DEFAULT_RANGE_V = 4.096
METRICS = (WIND_SPEED.id,)
# Adafruit's 1733: 0.4 V stands still, 2.0 V is 32.4 m/s.
DEFAULT_CURVE = ((0.4, 0.0), (2.0, 32.4))
# So far outside of its curve a voltage is noise, and further out no anemometer's.
TOLERANCE_V = 0.05


class Curve:
    """Wind speed in m/s by voltage: straight between points (V, m/s), whose voltages grow.

    Raises ValueError for fewer than two points, or voltages that do not grow.
    """

    def __init__(self, points: Sequence[tuple[float, float]] = DEFAULT_CURVE) -> None:
        self._volts = [volts for volts, _ in points]
        self._speeds = [speed for _, speed in points]
        if len(points) < 2 or any(a >= b for a, b in zip(self._volts, self._volts[1:], strict=False)):
            raise ValueError("a curve has two points (V, m/s) or more, and their voltages grow")

    def speed(self, volts: float) -> float:
        """Raises ValueError for a voltage beyond the ends, by more than noise."""
        first, last = self._volts[0], self._volts[-1]
        if not first - TOLERANCE_V <= volts <= last + TOLERANCE_V:
            raise ValueError(f"{volts:.3f} V is none of {first:g} to {last:g} V: is it connected?")
        volts = min(max(volts, first), last)
        i = max(1, bisect_left(self._volts, volts))
        a, b = self._volts[i - 1], self._volts[i]
        share = (volts - a) / (b - a)
        return self._speeds[i - 1] + share * (self._speeds[i] - self._speeds[i - 1])


_DEFAULT = Curve()


class Anemometer(I2cSource[Any]):
    """By Adafruit's driver, a conversion a reading; `channel` 0 to 3, `range_v` one of GAINS."""

    def __init__(
        self,
        bus: BoundedBus,
        address: int = ADDRESSES[0],
        metrics: tuple[int, ...] = METRICS,
        *,
        channel: int = 0,
        range_v: float = DEFAULT_RANGE_V,
        curve: Curve = _DEFAULT,
    ) -> None:
        super().__init__(KIND, bus, address, metrics)
        self._channel = channel
        self._gain = GAINS[range_v]
        self._curve = curve

    def _open_driver(self) -> Any:
        from adafruit_ads1x15.ads1115 import ADS1115
        from adafruit_ads1x15.analog_in import AnalogIn

        return AnalogIn(ADS1115(self.bus, gain=self._gain, address=self.address), self._channel)

    def _read(self, driver: Any) -> Mapping[int, float]:
        return {WIND_SPEED.id: self._curve.speed(driver.voltage)}
