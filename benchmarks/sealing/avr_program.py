"""Functions of the core called one by one as the machine code of an ATmega328P, on libsimavr."""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cffi import FFI

from benchmarks.build import make

FOLDER = Path(__file__).resolve().parent
BUILD = FOLDER.parents[1] / "build" / "benchmarks"

IMAGE = BUILD / "sealing.elf"
LIBRARY = BUILD / "libavr_program.so"
DATA_SPACE = 0x800000  # where the linker puts it
LIMIT_CYCLES = 10_000_000


@dataclass(frozen=True, slots=True)
class Call:
    """What a call came to; `stack_bytes` holds the return address, too."""

    value: int
    cycles: int
    stack_bytes: int


@functools.cache
def build() -> None:
    """Compile the image and what runs it, unless they are up to date."""
    make(folder=FOLDER, into=BUILD)


class AvrProgram:
    """The image, its variables initialized; they keep their values from one call to the next."""

    def __init__(self) -> None:
        build()
        self._ffi: Any = FFI()
        header = ["cc", "-E", "-P", "-D_STDINT_H", str(FOLDER / "avr_program.h")]
        self._ffi.cdef(subprocess.run(header, check=True, capture_output=True, text=True).stdout)
        self._library = self._ffi.dlopen(str(LIBRARY))
        listing = subprocess.run(["avr-nm", str(IMAGE)], check=True, capture_output=True, text=True).stdout
        rows = (line.split() for line in listing.splitlines())
        self._symbols = {row[2]: int(row[0], 16) for row in rows if len(row) == 3}
        self._program = self._library.avr_program_open(str(IMAGE).encode(), self._symbols["main"])
        if not self._program:
            raise OSError(f"{IMAGE}: libsimavr cannot run it; build it anew")

    def address(self, variable: str) -> int:
        """Of a variable, as a pointer holds it."""
        return self._symbols[variable] - DATA_SPACE

    def write(self, variable: str, data: bytes) -> None:
        """Put bytes where a variable begins."""
        self._view(variable, len(data))[:] = data

    def read(self, variable: str, length: int) -> bytes:
        """Take bytes from where a variable begins."""
        return bytes(self._view(variable, length))

    def _view(self, variable: str, length: int) -> Any:
        data = self._library.avr_program_data(self._program)
        return self._ffi.buffer(data + self.address(variable), length)

    def call(self, function: str, *arguments: int) -> Call:
        """Call with arguments of up to 16 bits each. Raises RuntimeError if it crashes or does not return."""
        call = self._ffi.new("avr_call_t *")
        address = self._symbols[function]
        if self._library.avr_program_call(
            self._program, address, arguments, len(arguments), LIMIT_CYCLES, call
        ):
            raise RuntimeError(f"{function} has crashed, or not returned after {LIMIT_CYCLES} cycles")
        return Call(call.value, call.cycles, call.stack_bytes)
