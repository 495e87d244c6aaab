"""Times, sizes and rates as people write them: a number and its unit ("90 s", "1.5 h", "64 MB", "1000/s")."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z/]*)\s*")

TIMES_S: Mapping[str, float] = {
    "ms": 0.001, "s": 1, "min": 60, "h": 3_600, "d": 86_400, "days": 86_400, "weeks": 604_800,
}  # fmt: skip
SIZES_BYTES: Mapping[str, float] = {
    "B": 1,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
RATES_PER_S: Mapping[str, float] = {"/s": 1, "/min": 1 / 60, "/h": 1 / 3_600}


class UnitError(ValueError):
    """Not a number with a unit of its kind; the message says what is known, without a place."""


def parse(text: str, units: Mapping[str, float]) -> float:
    """The value in the base unit: seconds, bytes or per second. Raises UnitError."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise UnitError(f"{text!r} is no number with a unit; write one such as 10 {next(iter(units))}")
    number, unit = written.groups()
    if unit not in units:
        problem = f"unknown unit {unit!r}" if unit else f"{text!r} has no unit"
        raise UnitError(f"{problem}; known are {', '.join(units)}")
    return float(number) * units[unit]
