"""What an image keeps where: the variables of its ELF file, and structs of an AVR as cffi of this machine.

Sources: System V ABI, "Object Files" (32-bit ELF, little-endian); avr-gcc's ABI: no padding, 2 bytes for an
enum and for a pointer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cffi import FFI

from firmware.native.library import NotBuiltError, require

# Where avr-gcc says that RAM begins; the rest of an address is the chip's own.
RAM = 0x800000
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<3I2BH")
_SYMTAB = 2
_POINTER_BYTES = _ENUM_BYTES = 2


@dataclass(frozen=True, slots=True)
class Variable:
    """A static variable: its address in the RAM and its size."""

    address: int
    size: int


def variable_of(path: Path, name: str) -> Variable:
    """The C++ variable of that name, static in its file. Raises NotBuiltError."""
    data = require(path).read_bytes()
    mangled = f"_ZL{len(name)}{name}"
    for found, address, size in _symbols(data):
        if address >= RAM and found.partition(".")[0] == mangled:  # after the dot, the linker's number
            return Variable(address - RAM, size)
    raise NotBuiltError(f"{path}: no variable {name}; build it with `make firmware`")


def _symbols(data: bytes) -> Iterator[tuple[str, int, int]]:
    sections_at, (size, count) = struct.unpack_from("<I", data, 32)[0], struct.unpack_from("<HH", data, 46)
    sections = [_SECTION.unpack_from(data, sections_at + i * size) for i in range(count)]
    for _, kind, _, _, at, length, link, *_ in sections:
        if kind == _SYMTAB:
            names_at = sections[link][4]
            for name, address, bytes_, *_ in _SYMBOL.iter_unpack(data[at : at + length]):
                end = data.index(0, names_at + name)
                yield data[names_at + name : end].decode("ascii"), address, bytes_


class Layout:
    """A struct of an image's headers, and how it lies in the board's memory; pointers are left out."""

    def __init__(self, headers: Path, struct_name: str) -> None:
        """Raises NotBuiltError."""
        self._ffi: Any = FFI()
        self._ffi.cdef(require(headers).read_text("ascii"))
        self._pointer = self._ffi.typeof(f"{struct_name} *")
        self._runs: list[tuple[int, int, int]] = []  # where it is here, and there, and how long
        self.size = self._lay(self._pointer.item, 0, 0)

    def read(self, data: bytes) -> Any:
        """A board's bytes as the struct."""
        found = self._ffi.new(self._pointer)
        here = self._ffi.buffer(found)
        for at, there, length in self._runs:
            here[at : at + length] = data[there : there + length]
        return found

    def _lay(self, ctype: Any, at: int, there: int) -> int:
        """Note how that type lies; its size there."""
        match ctype.kind:
            case "struct":
                begin = there
                for _, field in ctype.fields:
                    if field.bitshift > 0:
                        continue  # in the byte of the bits before
                    there += self._lay(field.type, at + field.offset, there)
                return there - begin
            case "array":
                begin = there
                for i in range(ctype.length):
                    there += self._lay(ctype.item, at + i * self._ffi.sizeof(ctype.item), there)
                return there - begin
            case "pointer" | "function":
                return _POINTER_BYTES
        length = _ENUM_BYTES if ctype.kind == "enum" else self._ffi.sizeof(ctype)
        self._add_run(at, there, length)
        return length

    def _add_run(self, at: int, there: int, length: int) -> None:
        if self._runs:
            last_at, last_there, last_length = self._runs[-1]
            if (last_at + last_length, last_there + last_length) == (at, there):
                self._runs[-1] = last_at, last_there, last_length + length
                return
        self._runs.append((at, there, length))
