"""One emulated board: an AVR with its EEPROM, UARTs and sensor, by cycles (firmware/emulator/boards.h)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

from cffi import FFI

from firmware.native.library import BUILD, NotBuiltError, require
from protocol.payloads import Network

BOARD_HZ = 16_000_000
CYCLES_PER_US = BOARD_HZ // 1_000_000

ffi: Any = FFI()


@dataclass(frozen=True, slots=True)
class BoardKind:
    """A board that there is firmware for; `host_uart` is that of a board with a line for its host alone."""

    mcu: str
    image: str
    eeprom_bytes: int
    air_uart: int
    host_uart: int | None = None
    network: Network = Network.TREE

    @property
    def path(self) -> Path:
        """Of the image that the firmware's Makefile builds."""
        return BUILD / self.image

    @property
    def headers(self) -> Path:
        """Of the core as the image has it."""
        return self.path.with_suffix(".cdef")


UNO = BoardKind("atmega328p", "treering-uno.elf", eeprom_bytes=1024, air_uart=0)
UNO_RING = replace(UNO, image="treering-uno-ring.elf", network=Network.RING)
UNO_POLLING = replace(UNO, image="treering-uno-polling.elf", network=Network.POLLING)
MEGA = BoardKind("atmega2560", "treering-mega.elf", eeprom_bytes=4096, air_uart=1, host_uart=0)


class Told(IntEnum):
    """What a board tells: enum boards_told."""

    STREAM = 1
    EVENT = 2
    MEASURED = 3
    CRASHED = 4


class SensorFault(IntEnum):
    """What is wrong with a board's SHT31: enum sht31_fault."""

    NONE = 0
    CRC = 1
    NACK = 2
    STUCK = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a board told, whole at that cycle.

    A stream's bytes end with a delimiter, or fill the buffer; `cycles` says when each of them had left. An
    event is kind u8, node u16, value u16.
    """

    told: Told
    cycle: int
    uart: int
    data: bytes
    cycles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """What a board has done since its power came; `untouched_bytes` are of RAM, between data and stack."""

    cycles: int
    slept_cycles: int
    measurements: int
    eeprom_written: int
    led_blinks: int
    untouched_bytes: int


@functools.cache
def library() -> Any:
    """The loaded emulator. Raises NotBuiltError."""
    path = require(BUILD / "libtreering-boards.so")
    ffi.cdef(require(path.with_name("treering-boards.cdef")).read_text("ascii"))
    try:
        return ffi.dlopen(str(path))
    except OSError as error:
        raise NotBuiltError(f"{path}: {error}; install libsimavr2 and libelf1") from error


@functools.cache
def _firmware(mcu: str, path: Path) -> Any:
    error = ffi.new("char[256]")
    firmware = library().boards_load(mcu.encode(), str(require(path)).encode(), error)
    if firmware == ffi.NULL:
        raise NotBuiltError(ffi.string(error).decode())
    return firmware


class Board:
    """A board from when its power comes until `power_off`. Raises NotBuiltError."""

    def __init__(
        self, kind: BoardKind, eeprom: bytes, *, path: Path | None = None, has_sensor: bool = True
    ) -> None:
        """`path` is that of another image than the kind's."""
        self.kind = kind
        self._lib = library()
        firmware = _firmware(kind.mcu, path or kind.path)
        self.handle = self._lib.boards_power_on(firmware, eeprom, len(eeprom), has_sensor)
        self._notice = ffi.new("boards_notice_t *")

    @property
    def cycle(self) -> int:
        """How long it has had power."""
        cycle: int = self._lib.boards_cycle(self.handle)
        return cycle

    def run_until(self, cycle: int) -> bool:
        """Run to that cycle. False if it has something to tell before: take that, and call again."""
        return bool(self._lib.boards_run([self.handle], [cycle], 0, 1))

    def notices(self) -> Iterator[Notice]:
        """What it has to tell."""
        notice = self._notice
        while self._lib.boards_next_notice(self.handle, notice):
            length = notice.length
            yield Notice(
                Told(notice.kind),
                notice.cycle,
                notice.uart,
                bytes(ffi.buffer(notice.bytes, length)),
                tuple(notice.cycles[0:length]),
            )

    def send(self, uart: int, data: bytes) -> None:
        """Bytes toward that UART, one after the other from now on."""
        self._lib.boards_send(self.handle, uart, data, len(data))

    def reset(self) -> None:
        """Pull the reset line."""
        self._lib.boards_reset(self.handle)

    def set_climate(self, temperature_c: float, humidity_percent: float) -> None:
        """What the SHT31 feels."""
        self._lib.boards_set_climate(self.handle, temperature_c, humidity_percent)

    def set_sensor_fault(self, fault: SensorFault) -> None:
        """What is wrong with the SHT31."""
        self._lib.boards_set_sensor_fault(self.handle, fault)

    def set_analog(self, pin: int, millivolts: int) -> None:
        """What that analog pin feels."""
        self._lib.boards_set_analog(self.handle, pin, millivolts)

    def memory(self, address: int, size: int) -> bytes:
        """What is there now in the data space."""
        data = ffi.new(f"uint8_t[{size}]")
        self._lib.boards_read(self.handle, address, data, size)
        return bytes(data)

    def counts(self) -> BoardCounts:
        """What it has done."""
        counts = ffi.new("boards_counts_t *")
        self._lib.boards_count(self.handle, counts)
        return BoardCounts(*(getattr(counts, field.name) for field in fields(BoardCounts)))

    def power_off(self, chance: int = 0) -> bytes:
        """Cut the power; what the EEPROM holds then. Of a byte that was being written, the bits of `chance`
        (u8) are still, or already, erased. The board is of no more use."""
        eeprom = ffi.new(f"uint8_t[{self.kind.eeprom_bytes}]")
        self._lib.boards_power_off(self.handle, chance, eeprom, self.kind.eeprom_bytes)
        self.handle = ffi.NULL
        return bytes(ffi.buffer(eeprom))
