"""Where the nodes stand and who can hear whom: generators, and the three file formats, told apart by content.

- the project's own TOML: `[[node]]` tables with `id`, `x_m`, `y_m`, optional `range_m`; optional top-level
  `range_m` and `root`;
- SOS `topo.def` (the report of 2005): a count, then `id x y range` rows;
- Avrora: `nodeN x y z` rows, whose radio range is not in the file.

All distances are metres.
"""

from __future__ import annotations

import math
import random
import re
import tomllib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from protocol.packets import MAX_NODE_ID

# Avrora's free-space model with its defaults (433 MHz, 10 dBm) reaches 18 m (the report of 2005).
AVRORA_RANGE_M = 18.0
_WHOLE = r"[0-9]{1,9}"  # more digits are no count and no id
_TOML_KEYS = {"range_m", "root", "node"}
_NODE_KEYS = {"id", "x_m", "y_m", "z_m", "range_m"}


class TopologyError(ValueError):
    """A topology that cannot be used; the message names the file, the line and the remedy."""


@dataclass(frozen=True, slots=True)
class Place:
    """One node: where it stands, and how far its radio reaches (None: everywhere)."""

    id: int
    x_m: float
    y_m: float
    z_m: float = 0.0
    range_m: float | None = None

    def distance_m(self, other: Place) -> float:
        """Straight-line distance."""
        return math.dist((self.x_m, self.y_m, self.z_m), (other.x_m, other.y_m, other.z_m))


class Topology:
    """Places by id, and the root (the first node unless told otherwise)."""

    def __init__(self, places: Iterable[Place], root: int | None = None) -> None:
        self.places: Mapping[int, Place] = {place.id: place for place in places}
        if not self.places:
            raise TopologyError("a topology needs at least one node")
        self.root = next(iter(self.places)) if root is None else root

    def hears(self, listener: int, speaker: int) -> bool:
        """Whether `listener` stands within the radio range of `speaker` (unit disk)."""
        a, b = self.places[speaker], self.places[listener]
        return a.id != b.id and (a.range_m is None or a.distance_m(b) <= a.range_m)

    def neighbours(self, node_id: int) -> frozenset[int]:
        """The nodes that `node_id` hears."""
        return frozenset(other for other in self.places if self.hears(node_id, other))

    @cached_property
    def listeners(self) -> Mapping[int, tuple[int, ...]]:
        """For every node the nodes that hear it, in id order."""
        ids = sorted(self.places)
        return {speaker: tuple(node for node in ids if self.hears(node, speaker)) for speaker in ids}

    def reachable(self, alive: AbstractSet[int] | None = None) -> frozenset[int]:
        """The nodes (of those alive, if given) with a path of links that work both ways to the root."""
        alive = self.places.keys() if alive is None else alive
        found = {self.root} & alive
        edge = list(found)
        while edge:
            node = edge.pop()
            heard_by = self.listeners[node]
            near = {other for other in heard_by if other in alive and node in self.listeners[other]} - found
            edge += near
            found |= near
        return frozenset(found)

    def with_range(self, range_m: float | None) -> Topology:
        """The same places with one radio range for all."""
        places = (Place(p.id, p.x_m, p.y_m, p.z_m, range_m) for p in self.places.values())
        return Topology(places, self.root)


def grid(columns: int, rows: int, spacing_m: float, range_m: float | None) -> Topology:
    """Nodes 1 to columns x rows, row by row; node 1, the root, in a corner."""
    return Topology(
        Place(row * columns + column + 1, column * spacing_m, row * spacing_m, 0.0, range_m)
        for row in range(rows)
        for column in range(columns)
    )


def scattered(count: int, width_m: float, height_m: float, range_m: float | None, seed: int) -> Topology:
    """Nodes 1 to `count`, uniformly at random from `seed`; the same seed gives the same field."""
    rng = random.Random(seed)
    return Topology(
        Place(node_id, rng.uniform(0, width_m), rng.uniform(0, height_m), 0.0, range_m)
        for node_id in range(1, count + 1)
    )


def load_topology(text: str, name: str) -> Topology:
    """The topology in `text`; `name` is the file's, for messages. Raises TopologyError."""
    rows = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows:
        raise TopologyError(f"{name}: the file is empty; give it node rows")
    first = rows[0][1]
    if re.fullmatch(r"node\d+", first[0]):
        return _avrora(rows, name)
    if len(first) == 1 and re.fullmatch(_WHOLE, first[0]):
        return _topo_def(rows, name)
    return _toml(text, name)


_Row = tuple[int, list[str]]


def _fail(name: str, line: int, problem: str, remedy: str) -> TopologyError:
    return TopologyError(f"{name}:{line}: {problem}; {remedy}")


def _number(text: str, what: str, name: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _fail(name, line, f"{what} is {text!r}", "write a number of metres")
    return value


def _place(node_id: int, numbers: list[float], range_m: float | None, name: str, line: int) -> Place:
    if not 0 <= node_id <= MAX_NODE_ID:
        raise _fail(name, line, f"node id {node_id}", f"ids run from 0 to {MAX_NODE_ID}")
    if range_m is not None and range_m <= 0:
        raise _fail(name, line, f"range {range_m:g} m", "a range is greater than 0")
    x_m, y_m, z_m = numbers
    return Place(node_id, x_m, y_m, z_m, range_m)


def _collect(places: Iterable[tuple[int, Place]], name: str) -> list[Place]:
    lines: dict[int, int] = {}
    collected = []
    for line, place in places:
        if place.id in lines:
            raise _fail(
                name,
                line,
                f"node {place.id} stands in line {lines[place.id]} already",
                "give it an id of its own",
            )
        lines[place.id] = line
        collected.append(place)
    return collected


def _avrora(rows: list[_Row], name: str) -> Topology:
    def read(line: int, fields: list[str]) -> Place:
        match = re.fullmatch(f"node({_WHOLE})", fields[0])
        if not match or len(fields) != 4:
            raise _fail(name, line, f"{' '.join(fields)!r} is no node row", "write: nodeN x y z")
        numbers = [_number(text, axis, name, line) for text, axis in zip(fields[1:], "xyz", strict=True)]
        return _place(int(match[1]), numbers, AVRORA_RANGE_M, name, line)

    return Topology(_collect(((line, read(line, fields)) for line, fields in rows), name))


def _topo_def(rows: list[_Row], name: str) -> Topology:
    def read(line: int, fields: list[str]) -> Place:
        if len(fields) != 4 or not re.fullmatch(_WHOLE, fields[0]):
            raise _fail(name, line, f"{' '.join(fields)!r} is no node row", "write: id x y range")
        x_m, y_m, range_m = (
            _number(text, what, name, line)
            for text, what in zip(fields[1:], ("x", "y", "range"), strict=True)
        )
        return _place(int(fields[0]), [x_m, y_m, 0.0], range_m, name, line)

    line, (count_text,) = rows[0][0], rows[0][1]
    places = _collect(((line, read(line, fields)) for line, fields in rows[1:]), name)
    if len(places) != int(count_text):
        raise _fail(
            name,
            line,
            f"says {count_text} nodes, and {len(places)} follow",
            "make the count and the rows agree",
        )
    return Topology(places)


def _toml(text: str, name: str) -> Topology:
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # a TOMLDecodeError, or a number of too many digits
        raise TopologyError(
            f"{name}: {error}; write TOML, topo.def (a count, then id x y range) or Avrora rows (nodeN x y z)"
        ) from error
    lines = [
        number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*node\s*\]\]", line)
    ]
    for key in document.keys() - _TOML_KEYS:
        raise TopologyError(f"{name}: unknown key {key!r}; known are {', '.join(sorted(_TOML_KEYS))}")
    nodes = document.get("node", [])
    if not isinstance(nodes, list) or not nodes or len(lines) != len(nodes):
        raise TopologyError(f"{name}: no nodes; add a [[node]] table with id, x_m and y_m for each")
    default_range = document.get("range_m")
    places = _collect(
        (
            (line, _toml_place(node, default_range, name, line))
            for line, node in zip(lines, nodes, strict=True)
        ),
        name,
    )
    root = document.get("root", places[0].id)
    if not isinstance(root, int) or root not in {place.id for place in places}:
        raise TopologyError(f"{name}: root {root!r} is none of the nodes; name one of their ids")
    return Topology(places, root)


def _toml_place(node: Mapping[str, object], default_range: object, name: str, line: int) -> Place:
    for key in node.keys() - _NODE_KEYS:
        raise _fail(name, line, f"unknown key {key!r}", f"known are {', '.join(sorted(_NODE_KEYS))}")
    node_id = node.get("id")
    if not isinstance(node_id, int) or isinstance(node_id, bool):
        raise _fail(name, line, "a node without an id", "add id = a whole number")
    numbers = []
    for axis in ("x_m", "y_m", "z_m"):
        numbers.append(_number(str(node.get(axis, 0.0 if axis == "z_m" else "missing")), axis, name, line))
    range_m = node.get("range_m", default_range)
    return _place(
        node_id,
        numbers,
        None if range_m is None else _number(str(range_m), "range_m", name, line),
        name,
        line,
    )
