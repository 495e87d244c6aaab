"""The three formats of topology files, told apart by content.

- the project's own TOML: `[[node]]` tables with `id`, `x_m`, `y_m`, optional `z_m` and `range_m`; optional
  top-level `range_m`, `root` (the first gateway without it, or the first node), and `order`, of a ring or of
  standbys. A scenario (protocol.simulator.scenario) may hold the same tables, and so may the description of a
  field to be built (firmware.field.description): what only that one needs is passed over here;
- SOS `topo.def` (the report of 2005): a count, then `id x y range` rows;
- Avrora: `nodeN x y z` rows, whose radio range is not in the file.

All distances are metres.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from protocol.packets import MAX_NODE_ID
from protocol.simulator.toml_tables import DescriptionError, Table
from protocol.simulator.topology import Place, Topology

# Avrora's free-space model with its defaults (433 MHz, 10 dBm) reaches 18 m (the report of 2005).
AVRORA_RANGE_M = 18.0
MOST_M = 1e9  # far beyond any field
PLACE_KEYS = ("x_m", "y_m", "z_m", "range_m")
# What a description of a field to be built says besides; PLAN is the picture below the places.
PLAN = "plan"
BUILDING_KEYS = ("name", "network", "period_s", "controller", "open", PLAN)
TOPOLOGY_KEYS = ("range_m", "root", "order", "node", *BUILDING_KEYS)
_NODE_KEYS = (
    *("id", *PLACE_KEYS, "neighbours"),
    *("board", "roles", "sensors", "safe_value", "hold_s", "air_baud"),
)
_WHOLE = r"[0-9]{1,9}"  # more digits are no count and no id
_FORMATS = "write TOML, topo.def (a count, then id x y range) or Avrora rows (nodeN x y z)"

_Row = tuple[int, list[str]]


def load_topology(text: str, name: str) -> Topology:
    """The topology in `text`; `name` is the file's, for messages. Raises DescriptionError."""
    rows = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows:
        raise DescriptionError(name, 1, "the file is empty", "give it node rows")
    first = rows[0][1]
    if re.fullmatch(r"node\d+", first[0]):
        return _avrora(rows, name)
    if len(first) == 1 and re.fullmatch(_WHOLE, first[0]):
        return _topo_def(rows, name)
    document = Table.parse(text, name, _FORMATS)
    document.expect(TOPOLOGY_KEYS, "; for more than nodes, give the file as a scenario")
    return read_nodes(document)


def read_nodes(document: Table) -> Topology:
    """The `[[node]]` tables of a document, its `range_m`, `root` and `order`. Raises DescriptionError."""
    nodes = document.tables("node")
    if not nodes:
        raise document.error(None, "no nodes", "add a [[node]] table with id, x_m and y_m for each")
    range_m = document.number("range_m", None, above=0, most=MOST_M, unit="metres")
    places: dict[int, Place] = {}
    for node in nodes:
        place = _toml_place(node, range_m)
        if place.id in places:
            raise node.error("id", f"there is a node {place.id} already", "give it an id of its own")
        places[place.id] = place
    gateways = (node.values["id"] for node in nodes if "gateway" in _names(node, "roles"))
    root = document.values.get("root", next(gateways, next(iter(places))))
    if type(root) is not int or root not in places:
        raise document.error("root", f"root {root!r} is none of the nodes", "name one of their ids")
    return Topology(places.values(), root, document.each_once("order", frozenset(places)))


def read_unheard(document: Table, ids: frozenset[int]) -> set[tuple[int, int]]:
    """The links (speaker, listener) that the `neighbours` of its `[[node]]` tables leave out.

    Raises DescriptionError.
    """
    unheard: set[tuple[int, int]] = set()
    for node in document.tables("node"):
        if "neighbours" in node.values:
            listener = node.node("id", ids)
            left_out = ids - {listener, *node.each_once("neighbours", ids)}
            unheard.update((speaker, listener) for speaker in left_out)
    return unheard


def _names(node: Table, key: str) -> list[object]:
    """What is no list is told by whoever needs it."""
    names = node.values.get(key, [])
    return names if isinstance(names, list) else []


def _toml_place(node: Table, range_m: float | None) -> Place:
    node.expect(_NODE_KEYS)
    node.need("id", "x_m", "y_m")
    x_m, y_m, z_m = (
        node.number(axis, 0.0, least=-MOST_M, most=MOST_M, unit="metres") for axis in ("x_m", "y_m", "z_m")
    )
    range_m = node.number("range_m", range_m, above=0, most=MOST_M, unit="metres")
    return Place(node.whole("id", 0, 0, MAX_NODE_ID), x_m, y_m, z_m, range_m)


def _number(text: str, what: str, name: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DescriptionError(name, line, f"{what} is {text!r}", "write a number of metres")
    return value


def _place(node_id: int, numbers: list[float], range_m: float, name: str, line: int) -> Place:
    if node_id > MAX_NODE_ID:
        raise DescriptionError(name, line, f"node id {node_id}", f"ids run from 0 to {MAX_NODE_ID}")
    if range_m <= 0:
        raise DescriptionError(name, line, f"range {range_m:g} m", "a range is greater than 0")
    x_m, y_m, z_m = numbers
    return Place(node_id, x_m, y_m, z_m, range_m)


def _collect(places: Iterable[tuple[int, Place]], name: str) -> list[Place]:
    lines: dict[int, int] = {}
    collected = []
    for line, place in places:
        if place.id in lines:
            problem = f"node {place.id} stands in line {lines[place.id]} already"
            raise DescriptionError(name, line, problem, "give it an id of its own")
        lines[place.id] = line
        collected.append(place)
    return collected


def _avrora(rows: list[_Row], name: str) -> Topology:
    def read(line: int, fields: list[str]) -> Place:
        match = re.fullmatch(f"node({_WHOLE})", fields[0])
        if not match or len(fields) != 4:
            problem = f"{' '.join(fields)!r} is no node row"
            raise DescriptionError(name, line, problem, "write: nodeN x y z")
        numbers = [_number(text, axis, name, line) for text, axis in zip(fields[1:], "xyz", strict=True)]
        return _place(int(match[1]), numbers, AVRORA_RANGE_M, name, line)

    return Topology(_collect(((line, read(line, fields)) for line, fields in rows), name))


def _topo_def(rows: list[_Row], name: str) -> Topology:
    def read(line: int, fields: list[str]) -> Place:
        if len(fields) != 4 or not re.fullmatch(_WHOLE, fields[0]):
            problem = f"{' '.join(fields)!r} is no node row"
            raise DescriptionError(name, line, problem, "write: id x y range")
        x_m, y_m, range_m = (
            _number(text, what, name, line)
            for text, what in zip(fields[1:], ("x", "y", "range"), strict=True)
        )
        return _place(int(fields[0]), [x_m, y_m, 0.0], range_m, name, line)

    line, (count_text,) = rows[0][0], rows[0][1]
    places = _collect(((line, read(line, fields)) for line, fields in rows[1:]), name)
    if not places or len(places) != int(count_text):
        problem = f"says {count_text} nodes, and {len(places)} follow"
        raise DescriptionError(name, line, problem, "make the count and the rows agree")
    return Topology(places)
