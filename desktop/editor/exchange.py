"""Fields from and to files: the project's own TOML, a scenario's, topo.def and Avrora's rows."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from bridge.descriptions import read_text, unusable
from bridge.errors import UsageError
from bridge.scenarios import read_topology
from desktop.editor.document import DEFAULT_RANGE_M, FieldDocument, PlanNode
from desktop.editor.edits import FIRST_ROLES
from desktop.editor.field_text import SUFFIX, name_of_file, read_field
from firmware.field.description import Board, Role
from protocol.packets import Network
from protocol.simulator.propagation import Disk, FreeSpace, Ideal
from protocol.simulator.scenario import Scenario, load_scenario
from protocol.simulator.topology import Topology

_PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
_OTHER_FORMATS = re.compile(r"\s*(node\d+\s|\d+\s*$)", re.MULTILINE)
_BOARD = re.compile(r"^\s*board\s*=", re.MULTILINE)
_GENERATED = re.compile(r"^\s*\[field\]", re.MULTILINE)


def is_packet_log(path: Path) -> bool:
    """Whether it is a log rather than a field; what cannot be read is told by whoever reads it."""
    try:
        with path.open("rb") as file:
            return file.read(4) == _PCAPNG_MAGIC or path.suffix == ".pcapng"
    except OSError:
        return path.suffix == ".pcapng"


def is_kept_here(path: Path) -> bool:
    """Whether a field that was opened is saved to that file: one to be built is; a scenario, whose runs are
    written by hand, is not, nor is another program's file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    return path.name.endswith(SUFFIX) or (path.suffix == ".toml" and bool(_BOARD.search(text)))


def open_field(path: Path) -> FieldDocument:
    """The field in that file, in any of the formats. Raises UsageError, which names file and line."""
    text = read_text(path, "name a field: .treering.toml, topo.def or Avrora's rows")
    with unusable():
        if _OTHER_FORMATS.match(text):
            return of_topology(read_topology(str(path)), name_of_file(path.name))
        if _GENERATED.search(text):
            scenario = load_scenario(text, str(path), lambda file: read_topology(str(path.parent / file)))
            return _of_scenario(scenario, name_of_file(path.name))
        return read_field(text, str(path))


def of_topology(topology: Topology, name: str) -> FieldDocument:
    """Its nodes: the root a Pi (gateway and controller), the others Unos. One range of all is the field's."""
    ranges = {place.range_m for place in topology.places.values()}
    range_m = ranges.pop() if len(ranges) == 1 else None
    nodes = tuple(
        PlanNode(
            *(key, place.id, place.x_m, place.y_m, place.z_m),
            None if range_m is not None else place.range_m,
            board=Board.PI if place.id == topology.root else Board.UNO,
            roles=FIRST_ROLES if place.id == topology.root else frozenset({Role.SENSOR}),
        )
        for key, place in enumerate(topology.places.values(), 1)
    )
    is_mixed = range_m is None and any(node.range_m is not None for node in nodes)
    field = FieldDocument(name=name, nodes=nodes, range_m=range_m)
    return replace(field, range_m=DEFAULT_RANGE_M) if is_mixed and all(n.range_m for n in nodes) else field


def _of_scenario(scenario: Scenario, name: str) -> FieldDocument:
    """The places that it generates; its faults and links are not taken over."""
    try:
        topology = scenario.topology()
    except ValueError as error:
        raise UsageError(str(error)) from error
    medium = scenario.air.propagation
    assert isinstance(medium, Ideal | Disk | FreeSpace)
    return replace(
        of_topology(topology, name),
        network=Network[scenario.network.upper()],
        period_s=scenario.period_ms / 1000,
        order=scenario.order or topology.order,
        medium=medium,
        loss=scenario.air.quality.loss,
    )


def write_whole(path: Path, text: str) -> None:
    """The file as a whole, or as it was: written beside, synced, and renamed. Raises OSError."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def topo_def(document: FieldDocument) -> str:
    """As SOS reads it: a count, then `id x y range`. Raises UsageError for what that cannot say."""
    _check_ids(document)
    rows = []
    for node in document.nodes:
        range_m = node.range_m or document.range_m
        if range_m is None:
            raise UsageError(f"node {node.id} is heard everywhere, and topo.def wants a range; give it one")
        rows.append(f"{node.id} {node.x_m!r} {node.y_m!r} {range_m!r}")
    return "\n".join([str(len(rows)), *rows]) + "\n"


def avrora_rows(document: FieldDocument) -> str:
    """As Avrora reads it: `nodeN x y z`. Raises UsageError for what that cannot say."""
    _check_ids(document)
    return "".join(f"node{node.id} {node.x_m!r} {node.y_m!r} {node.z_m!r}\n" for node in document.nodes)


def _check_ids(document: FieldDocument) -> None:
    if not document.nodes:
        raise UsageError("the field has no node; add some first")
    if document.repeated_ids:
        raise UsageError(f"id {document.repeated_ids[0]} is there twice; give each node its own")
