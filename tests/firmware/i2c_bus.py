"""An emulated I2C bus with the chips of a Pi's sensors, for their makers' drivers; time is virtual."""

from __future__ import annotations

import errno
import struct
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

BYTE_S = 9 / 100_000  # 9 clocks at 100 kHz
DRIVERS = ("adafruit_sht31d", "adafruit_seesaw.seesaw", "adafruit_bus_device.i2c_device")


class VirtualClock:
    """Calling it tells the time; the bus and the drivers' sleeps let it pass."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def drive(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the drivers sleep by this clock."""
        stub = SimpleNamespace(sleep=self.sleep, time=self, monotonic=self)
        for name in DRIVERS:
            pytest.importorskip(name, reason="pip install 'treering[pi,soil,wind]' brings it")
            monkeypatch.setattr(f"{name}.time", stub)


class Chip(Protocol):
    """What is at an address. Raises OSError for a NACK."""

    def write(self, data: bytes) -> None: ...

    def read(self, count: int) -> bytes: ...


def nack() -> OSError:
    """As Linux tells it."""
    return OSError(errno.EREMOTEIO, "Remote I/O error")


class EmulatedBus:
    """The part of `busio.I2C` that drivers use. `fault` fails every transfer; `stuck_high` reads as 0xFF."""

    def __init__(self, clock: VirtualClock) -> None:
        self.chips: dict[int, Chip] = {}
        self.fault: OSError | None = None
        self.failures_left = 0  # so many transfers fail, then they go well again
        self.level: int | None = None  # what a line that is held gives for every byte
        self._clock = clock

    def scan(self) -> list[int]:
        return sorted(self.chips)

    def writeto(self, address: int, buffer: Any, *, start: int = 0, end: int | None = None) -> None:
        data = bytes(buffer)[start:end]
        self._chip(address, len(data)).write(data)

    def readfrom_into(self, address: int, buffer: Any, *, start: int = 0, end: int | None = None) -> None:
        end = len(buffer) if end is None else end
        data = self._chip(address, end - start).read(end - start)
        buffer[start:end] = data if self.level is None else bytes([self.level]) * (end - start)

    def writeto_then_readfrom(
        self,
        address: int,
        out: Any,
        into: Any,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        self.writeto(address, out, start=out_start, end=out_end)
        self.readfrom_into(address, into, start=in_start, end=in_end)

    def _chip(self, address: int, count: int) -> Chip:
        self._clock.sleep((1 + count) * BYTE_S)
        if self.failures_left:
            self.failures_left -= 1
            raise OSError(errno.EIO, "Input/output error")
        if self.fault is not None:
            raise self.fault
        if address not in self.chips:
            raise nack()
        return self.chips[address]


class Sht31:
    """Sensirion's datasheet: single shots, a CRC for each word, no answer until a measurement is done."""

    MEASURE_S = 0.0155

    def __init__(self, clock: VirtualClock, temperature: float = 21.5, humidity: float = 48.0) -> None:
        self.temperature, self.humidity = temperature, humidity
        self.spoil_crc_of: int | None = None  # the word whose CRC comes wrong
        self.resets = 0
        self._clock = clock
        self._ready_s: float | None = None

    def write(self, data: bytes) -> None:
        if data == b"\x30\xa2":
            self.resets += 1
        if data == b"\x24\x00":  # high repeatability, no clock stretching
            self._ready_s = self._clock() + self.MEASURE_S

    def read(self, count: int) -> bytes:
        if self._ready_s is None or self._clock() < self._ready_s:
            raise nack()
        self._ready_s = None
        words = round((self.temperature + 45) / 175 * 0xFFFF), round(self.humidity / 100 * 0xFFFF)
        data = b""
        for index, word in enumerate(words):
            raw = struct.pack(">H", word)
            data += raw + bytes([sht31_crc(raw) ^ (index == self.spoil_crc_of)])
        return data[:count]


def sht31_crc(data: bytes) -> int:
    """CRC-8 of polynomial 0x31 and initial value 0xFF: 0xBEEF gives 0x92."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


class Seesaw:
    """Adafruit's soil sensor (4026) on a SAMD09: registers that are chosen by two bytes and then read."""

    HARDWARE_ID, VERSION, TEMPERATURE, RESET, MOISTURE = (0, 1), (0, 2), (0, 4), (0, 0x7F), (0x0F, 0x10)

    def __init__(self, counts: int = 670, temperature: float = 14.25) -> None:
        self.counts, self.temperature = counts, temperature
        self.hardware_id = 0x55
        self.resets = 0
        self._chosen = (0, 0)

    def write(self, data: bytes) -> None:
        if len(data) >= 2:
            self._chosen = data[0], data[1]
        self.resets += self._chosen == self.RESET

    def read(self, count: int) -> bytes:
        registers = {
            self.HARDWARE_ID: bytes([self.hardware_id]),
            self.VERSION: struct.pack(">HH", 4026, 1),
            self.TEMPERATURE: struct.pack(">I", round(self.temperature * 65536)),
            self.MOISTURE: struct.pack(">H", self.counts),
        }
        return registers.get(self._chosen, b"").ljust(count, b"\xff")[:count]


class Ads1115:
    """TI's datasheet: a pointer, the conversion and configuration registers, single shots at 128 a second."""

    FULL_SCALE_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)

    def __init__(self, clock: VirtualClock, volts: float = 0.4) -> None:
        self.volts = [volts, 0.0, 0.0, 0.0]  # of the four channels
        self.is_stuck = False  # a conversion never ends
        self._clock = clock
        self._registers = [0x0000, 0x8583, 0x8000, 0x7FFF]
        self._pointer = 0
        self._ready_s = 0.0

    def write(self, data: bytes) -> None:
        if data:
            self._pointer = data[0]
        if len(data) == 3:
            self._registers[self._pointer] = data[1] << 8 | data[2]
            if self._pointer == 1 and data[1] & 0x80:
                self._ready_s = self._clock() + 1 / 128

    def read(self, count: int) -> bytes:
        is_done = not self.is_stuck and self._clock() >= self._ready_s
        config = self._registers[1]
        if is_done:
            channel, full_scale_v = (config >> 12 & 0x3), self.FULL_SCALE_V[config >> 9 & 0x7]
            code = round(self.volts[channel] / full_scale_v * 0x8000)
            self._registers[0] = min(0x7FFF, max(-0x8000, code)) & 0xFFFF
        self._registers[1] = config & 0x7FFF | is_done << 15
        return struct.pack(">H", self._registers[self._pointer])[:count]
