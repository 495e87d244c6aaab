"""Times, sizes and rates in a TOML file: text with a unit, within limits."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bridge.units import UnitError, parse
from protocol.simulator.toml_tables import Table


def quantity(
    table: Table,
    key: str,
    default: str,
    units: Mapping[str, float],
    *,
    least: float = 0,
    most: float = math.inf,
) -> float:
    """The value of that key in the base unit of `units`: seconds, bytes or per second.

    The limits are in the base unit. Raises DescriptionError for what lies beyond them or has no such unit.
    """
    text = table.text(key, default)
    try:
        value = parse(text, units)
    except UnitError as error:
        raise table.error_of(key, f"{key}: {error}") from error
    if not least <= value <= most:
        base = next(unit for unit, factor in units.items() if factor == 1)
        limits = f"from {least:g}" + (f" to {most:g}" if math.isfinite(most) else "")
        raise table.error(key, f"{key} is {text!r}", f"write a value {limits} {base}")
    return value
