"""An I2C bus of Linux, held to a time limit, and a sensor on it that is driven by its maker's code.

Adafruit's drivers wait without a bound, for the bus and for some chips. They come back to the bus in each
such wait, so the bus ends it.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from firmware.pi.sensors.source import FAILURES, Clock

Driver = TypeVar("Driver")

# An SHT31 needs 31 ms, a seesaw 0.5 s after its reset; a driver that takes longer is caught in a wait.
MEASURE_LIMIT_S = 2.0
TRIES = 2


def linux_bus(number: int) -> Any:
    """/dev/i2c-`number` as a `busio.I2C`. Raises OSError or RuntimeError if it cannot be had.

    Not `board.I2C()`: importing Blinka's `board` lets pip install packages, and a service must not.
    """
    from adafruit_blinka.microcontroller.generic_linux.i2c import I2C

    return I2C(number)


class BoundedBus:
    """A `busio.I2C` for the drivers; `open_bus` gives the one beneath, when it is needed first.

    One thread uses it. Every call raises TimeoutError after the limit of the running measurement.
    """

    def __init__(self, name: str, open_bus: Callable[[], Any], clock: Clock = time.monotonic) -> None:
        self.name = name
        self._open_bus = open_bus
        self._bus: Any = None
        self._clock = clock
        self._end_s = 0.0
        self._is_locked = False

    def begin(self, limit_s: float) -> None:
        """A measurement begins, and may take so long."""
        self._end_s = self._clock() + limit_s
        self._is_locked = False

    def try_lock(self) -> bool:
        """See busio.I2C.try_lock."""
        self._open()
        was_locked, self._is_locked = self._is_locked, True
        return not was_locked

    def unlock(self) -> None:
        """See busio.I2C.unlock."""
        self._is_locked = False

    def scan(self) -> list[int]:
        """See busio.I2C.scan."""
        found: list[int] = self._open().scan()
        return found

    def writeto(self, address: int, buffer: Any, **options: Any) -> None:
        """See busio.I2C.writeto."""
        self._open().writeto(address, buffer, **options)

    def readfrom_into(self, address: int, buffer: Any, **options: Any) -> None:
        """See busio.I2C.readfrom_into."""
        self._open().readfrom_into(address, buffer, **options)

    def writeto_then_readfrom(self, address: int, out: Any, into: Any, **options: Any) -> None:
        """See busio.I2C.writeto_then_readfrom."""
        self._open().writeto_then_readfrom(address, out, into, **options)

    def _open(self) -> Any:
        if self._clock() > self._end_s:
            raise TimeoutError(f"{self.name} or the chip is stuck")
        if self._bus is None:
            self._bus = self._open_bus()
        return self._bus


class I2cSource(ABC, Generic[Driver]):
    """A Source on a bus. The driver is made when it is needed, and made anew after a failure."""

    def __init__(self, kind: str, bus: BoundedBus, address: int, metrics: tuple[int, ...]) -> None:
        self.name = f"{kind} at 0x{address:02x} of {bus.name}"
        self.metrics = metrics
        self.bus = bus
        self.address = address
        self._driver: Driver | None = None

    def measure(self) -> Mapping[int, float]:
        """See Source.measure: tried once more after a failure."""
        self.bus.begin(MEASURE_LIMIT_S)
        for _ in range(TRIES - 1):
            try:
                return self._try()
            except TimeoutError:
                raise  # the limit is that of all tries
            except FAILURES:
                continue
        return self._try()

    def _try(self) -> Mapping[int, float]:
        driver, self._driver = self._driver, None
        if driver is None:
            driver = self._open_driver()
        values = self._read(driver)
        self._driver = driver
        return {metric: value for metric, value in values.items() if metric in self.metrics}

    @abstractmethod
    def _open_driver(self) -> Driver:
        """The maker's driver, which looks for its chip. Raises one of FAILURES."""

    @abstractmethod
    def _read(self, driver: Driver) -> Mapping[int, float]:
        """All that the chip measures. Raises one of FAILURES."""
