"""The C core as a shared library, through cffi."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from cffi import FFI

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "firmware"
# Names another library, a sanitized one for example; its treering.cdef lies beside it.
LIBRARY_VARIABLE = "TREERING_CORE_LIBRARY"

ffi: Any = FFI()


class NotBuiltError(Exception):
    """A part of the firmware has not been built; the message names it and the remedy."""


def require(path: Path) -> Path:
    """That file of the build. Raises NotBuiltError."""
    if not path.is_file():
        raise NotBuiltError(
            f"{path}: no such file; build it in a clone of Treering: `make firmware emulator`"
        )
    return path


@functools.cache
def library() -> Any:
    """The loaded core. Raises NotBuiltError."""
    path = require(Path(os.environ.get(LIBRARY_VARIABLE, BUILD / "libtreering.so")))
    _declare(require(path.with_name("treering.cdef")).read_text("ascii"))
    return ffi.dlopen(str(path))


@functools.cache
def _declare(header: str) -> None:
    """Once: cffi takes no declaration a second time, also not after a library that could not be loaded."""
    ffi.cdef(header)


def array_length(name: str) -> int:
    """How many elements an array of a struct has, by "struct.field"."""
    library()
    struct, field = name.split(".")
    length: int = dict(ffi.typeof(struct).fields)[field].type.length
    return length
