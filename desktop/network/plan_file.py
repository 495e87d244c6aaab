"""Where the nodes of a field stand, from the file of the field, a scenario or a topology."""

from __future__ import annotations

import tomllib
from pathlib import Path

from bridge.errors import UsageError
from bridge.scenarios import read_scenario, read_topology
from desktop.network.plan import Picture, Plan
from protocol.simulator.scenario import NotConnectedError

M_PER_PX = 0.05  # of a picture whose scale is not given
FIELD_FILES = [("Fields and topologies", "*.toml *.def *.txt"), ("All files", "*")]


def read_plan(path: Path) -> Plan:
    """The plan in that file; its picture, if it names one, lies beside it. Raises UsageError."""
    if path.suffix != ".toml":
        return Plan(read_topology(str(path)).places, name=path.name)
    try:
        topology = read_scenario(str(path)).topology()
    except NotConnectedError as error:
        raise UsageError(f"{path}: {error}") from error
    return Plan(topology.places, picture_of(path), path.name)


def picture_of(path: Path) -> Picture | None:
    """What the [plan] table names: `image`, `m_per_px`, and `x_m`, `y_m` of its corner. Raises UsageError."""
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("plan")
    if not isinstance(table, dict) or "image" not in table:
        return None
    try:
        scale = float(table.get("m_per_px", M_PER_PX))
        corner = float(table.get("x_m", 0.0)), float(table.get("y_m", 0.0))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: [plan] has no numbers; give m_per_px, the metres of a pixel") from error
    if not 0 < scale < 1e6:
        raise UsageError(f"{path}: [plan] has a scale of {scale:g}; give m_per_px, the metres of a pixel")
    return Picture(path.parent / str(table["image"]), scale, *corner)
