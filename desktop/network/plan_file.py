"""Where the nodes of a field stand, from the file of the field, a scenario or a topology."""

from __future__ import annotations

from pathlib import Path

from bridge.descriptions import read_text, unusable
from bridge.errors import UsageError
from bridge.scenarios import read_scenario, read_topology
from desktop.editor.document import Background
from desktop.editor.field_text import background_in
from desktop.network.plan import Picture, Plan
from protocol.simulator.scenario import NotConnectedError
from protocol.simulator.toml_tables import Table

FIELD_FILES = [("Fields and topologies", "*.toml *.def *.txt"), ("All files", "*")]


def read_plan(path: Path) -> Plan:
    """The plan in that file; its picture, if it names one, lies beside it. Raises UsageError."""
    if path.suffix != ".toml":
        return Plan(read_topology(str(path)).places)
    try:
        topology = read_scenario(str(path)).topology()
    except NotConnectedError as error:
        raise UsageError(f"{path}: {error}") from error
    return Plan(topology.places, picture_of(path))


def picture_of(path: Path) -> Picture | None:
    """The picture that a field's file in TOML names. Raises UsageError."""
    with unusable():
        document = Table.parse(read_text(path, "name a field's file"), str(path), "write TOML")
        return picture_on(background_in(document), path)


def picture_on(background: Background | None, field: Path | None) -> Picture | None:
    """What lies below the plan of a field that is in that file, or in none yet."""
    if background is None:
        return None
    return Picture(background.path(field), background.m_per_px, background.x_m, background.y_m)
