"""The C store on a memory whose power can be cut at any byte."""

from __future__ import annotations

from random import Random
from typing import Any

from firmware.native.library import ffi, library
from protocol.long_counter import LONG_COUNTER_BYTES
from protocol.settings import EEPROM_BYTES, ERASED, Key, write_value

PAGE_ADDRESS = 512
FOUND, NEW, LOST = range(3)  # enum tr_counter_state


class Memory:
    """An EEPROM, and perhaps a page in flash; it counts writes, and one of them may be its last."""

    def __init__(self, content: bytes = b"", page: bytes = b"") -> None:
        self.bytes = bytearray(content.ljust(EEPROM_BYTES, bytes((ERASED,))))
        self.page = page
        self.writes = 0
        self.worn: set[int] = set()  # addresses that keep nothing
        self._cut: tuple[int, Random] | None = None
        self.read = ffi.callback("uint8_t(uint16_t)", self._read)
        self.write = ffi.callback("void(uint16_t, uint8_t)", self._write)

    def cut_after(self, writes: int, random: Random) -> None:
        """So many more bytes are written; the next one becomes a random one, and then nothing is written."""
        self.writes = 0
        self._cut = writes, random

    @property
    def is_cut(self) -> bool:
        return self._cut is not None and self.writes > self._cut[0]

    def power_on(self) -> None:
        self._cut = None

    def _read(self, address: int) -> int:
        if address >= PAGE_ADDRESS:
            offset = address - PAGE_ADDRESS
            return self.page[offset] if offset < len(self.page) else ERASED
        return self.bytes[address]

    def _write(self, address: int, byte: int) -> None:
        self.writes += 1
        if self._cut is not None and self.writes > self._cut[0]:
            if self.writes == self._cut[0] + 1 and self.bytes[address] != byte:
                self.bytes[address] = self._cut[1].randrange(256)
        elif address not in self.worn:
            self.bytes[address] = byte


class Store:
    """A tr_store_t that was opened. `state` and `limit` (a long counter) are what tr_store_open told."""

    def __init__(self, memory: Memory) -> None:
        self._lib = library()
        self._memory = memory  # its callbacks must live as long
        self._store = ffi.new("tr_store_t *", {"read": memory.read, "write": memory.write})
        limit = ffi.new(f"uint8_t[{LONG_COUNTER_BYTES}]")
        self.state: int = self._lib.tr_store_open(self._store, limit)
        self.limit = int.from_bytes(bytes(limit), "big")

    def get(self, key: Key) -> bytes | None:
        """tr_store_get."""
        value = ffi.new("uint8_t[255]")
        length = self._lib.tr_store_get(self._store, key, value, 255)
        return bytes(ffi.buffer(value, length)) if length else None

    def change(self, changes: dict[Key, Any]) -> bool:
        """tr_store_change; None removes an entry."""
        changes = dict(sorted(changes.items()))
        values = [b"" if value is None else write_value(key, value) for key, value in changes.items()]
        held = [ffi.from_buffer(value) for value in values]
        entries = [
            {"key": key, "length": len(value), "value": ffi.cast("uint8_t *", buffer)}
            for key, value, buffer in zip(changes, values, held, strict=True)
        ]
        changed: bool = self._lib.tr_store_change(
            self._store, ffi.new("tr_change_t[]", entries), len(entries)
        )
        return changed

    def reserve(self, limit: int) -> bool:
        """tr_store_reserve."""
        data = limit.to_bytes(LONG_COUNTER_BYTES, "big")
        reserved: bool = self._lib.tr_store_reserve(self._store, data)
        return reserved

    def settings_crc(self) -> int:
        """tr_store_settings_crc."""
        crc: int = self._lib.tr_store_settings_crc(self._store)
        return crc
