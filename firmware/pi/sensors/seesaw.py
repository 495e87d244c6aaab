"""Adafruit's seesaw soil sensor: a capacity that grows with the water around it, and a temperature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware.pi.sensors.i2c import BoundedBus, I2cSource
from protocol.aggregate import SOIL_MOISTURE, SOIL_TEMPERATURE

KIND = "seesaw"
ADDRESSES = (0x36, 0x37, 0x38, 0x39)
METRICS = (SOIL_MOISTURE.id, SOIL_TEMPERATURE.id)
# "200 (very dry) to 2000 (very wet)", says its maker. There is no checksum: zeros are of a bus that is stuck.
LEAST_COUNTS, MOST_COUNTS = 200, 2_000


@dataclass(frozen=True, slots=True)
class Calibration:
    """Counts that stand for 0 and 100 %: of the probe in dry soil, and in wet."""

    dry_counts: float = 330.0
    wet_counts: float = 1_010.0

    def percent(self, counts: float) -> float:
        """What the counts mean; what is drier than dry is 0 %."""
        share = (counts - self.dry_counts) / (self.wet_counts - self.dry_counts)
        return 100.0 * min(1.0, max(0.0, share))


_DEFAULT = Calibration()


class SeesawSoil(I2cSource[Any]):
    """By Adafruit's driver."""

    def __init__(
        self,
        bus: BoundedBus,
        address: int = ADDRESSES[0],
        metrics: tuple[int, ...] = METRICS,
        calibration: Calibration = _DEFAULT,
    ) -> None:
        super().__init__(KIND, bus, address, metrics)
        self._calibration = calibration

    def _open_driver(self) -> Any:
        from adafruit_seesaw.seesaw import Seesaw

        return Seesaw(self.bus, addr=self.address)

    def _read(self, driver: Any) -> Mapping[int, float]:
        counts = driver.moisture_read()
        if not LEAST_COUNTS <= counts <= MOST_COUNTS:
            raise RuntimeError(f"{counts} counts of moisture are none of {LEAST_COUNTS} to {MOST_COUNTS}")
        return {SOIL_MOISTURE.id: self._calibration.percent(counts), SOIL_TEMPERATURE.id: driver.get_temp()}
