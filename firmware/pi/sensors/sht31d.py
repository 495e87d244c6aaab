"""Sensirion's SHT31: temperature and humidity, each word with a CRC that the driver checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware.pi.sensors.i2c import BoundedBus, I2cSource
from protocol.aggregate import HUMIDITY, TEMPERATURE

KIND = "sht31d"
ADDRESSES = (0x44, 0x45)
METRICS = (TEMPERATURE.id, HUMIDITY.id)


class Sht31d(I2cSource[Any]):
    """By Adafruit's driver, in single shots without clock stretching."""

    def __init__(
        self, bus: BoundedBus, address: int = ADDRESSES[0], metrics: tuple[int, ...] = METRICS
    ) -> None:
        super().__init__(KIND, bus, address, metrics)

    def _open_driver(self) -> Any:
        from adafruit_sht31d import SHT31D

        return SHT31D(self.bus, self.address)

    def _read(self, driver: Any) -> Mapping[int, float]:
        return {TEMPERATURE.id: driver.temperature, HUMIDITY.id: driver.relative_humidity}
