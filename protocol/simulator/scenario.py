"""Scenarios: a field, its radio, its faults and the run, as one value and as TOML.

    [field]      one of grid = "4x4", random = 50 (with area_m = [100, 80], connected = true) and
                 topology = "file"; spacing_m, range_m, root. Or [[node]] tables, as in a topology file
    [radio]      medium, name, collisions, loss, duplication, delay_ms, bit_flips; for free space also
                 transmit_dbm, frequency_mhz, shadowing_db
    [[link]]     from, to, loss: of one link, both ways unless one_way = true
    [run]        rounds, period_s, seed, profile, metrics, first_version, clock_ppm; network = "tree" (with
                 max_children), "ring" or "polling" (with order = [3, 1, 2] and readings = true);
                 core = "python", "c" or "avr", which runs the nodes; sealed = true;
                 gateway = "mega": the root of boards is one as well, with a line to its host
    [[fault]]    see protocol.simulator.fault_tables

A TOML topology is a scenario that says nothing else. So is the description of a field to be built
(firmware.field.description) whose nodes have places: its `network` and `period_s` are those of the run, a
node hears only its `neighbours`, and unless [run] names metrics all measure what the `sensors` of any do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from protocol.aggregate import HUMIDITY, METRICS, SOIL_MOISTURE, TEMPERATURE, WIND_SPEED
from protocol.packets import MAX_AGGREGATES, MAX_NODE_ID
from protocol.proofs import INTRODUCTION_MS
from protocol.simulator.fault_tables import Change, read_changes, resolved
from protocol.simulator.faults import Fault
from protocol.simulator.links import Links
from protocol.simulator.medium import Air, Quality
from protocol.simulator.networks import NETWORKS, NetworkKind
from protocol.simulator.propagation import MEDIA, FreeSpace, Propagation
from protocol.simulator.radio import RADIOS
from protocol.simulator.survey import reachable_from
from protocol.simulator.toml_tables import Table
from protocol.simulator.topology import Topology, grid, scattered
from protocol.simulator.topology_files import MOST_M, TOPOLOGY_KEYS, read_nodes, read_unheard
from protocol.timing import MAX_PERIOD_MS, AnyTiming

MAX_ROUNDS = 1 << 31
MAX_CLOCK_PPM = 10_000.0  # a hundredth: beyond that it is no clock
CONNECTED_TRIES = 1_000
# A grid without a range: a node hears its eight neighbours, as in the report of 2005.
GRID_RANGE_SPACINGS = 1.5
MEDIUM_NAMES: Mapping[type[Propagation], str] = {kind: name for name, kind in MEDIA.items()}

# What runs the nodes: the reference, the C core, or the C core on emulated boards. This package has the first
# alone; whoever runs a scenario brings the others.
PYTHON, C, AVR = CORES = ("python", "c", "avr")
# What the root of a field of boards is: a node on the host, or a board with a line to its host.
HOST_GATEWAY, BOARD_GATEWAY = GATEWAYS = ("host", "mega")

# What a sensor that a field's description names measures, in its place on a board.
SENSOR_METRICS: Mapping[str, tuple[int, ...]] = {
    "sht31": (TEMPERATURE.id, HUMIDITY.id),
    "soil_moisture": (SOIL_MOISTURE.id,),
    "wind": (WIND_SPEED.id,),
    "synthetic": (TEMPERATURE.id,),
}

_TABLES = ("field", "radio", "link", "run", "fault")
_FIELD_KEYS = ("grid", "spacing_m", "random", "area_m", "connected", "topology", "range_m", "root")
_FREE_SPACE_KEYS = ("transmit_dbm", "frequency_mhz", "shadowing_db")
_RADIO_KEYS = (
    *("medium", "name", "collisions", "loss", "duplication", "delay_ms", "bit_flips"),
    *_FREE_SPACE_KEYS,
)
# Of [run] where there is a [field]; above the first table where there are [[node]] tables.
_SHARED_KEYS = ("network", "period_s", "order")
_LINK_KEYS = ("from", "to", "loss", "one_way")
_RUN_KEYS = (
    *("rounds", "period_s", "seed", "profile", "metrics"),
    *(
        "first_version",
        "max_children",
        "clock_ppm",
        "network",
        "order",
        "readings",
        "core",
        "sealed",
        "gateway",
    ),
)
MAX_DELAY_MS = 3_600_000
MAX_DBM, MAX_MHZ, MAX_SHADOWING_DB = 100.0, 1e6, 30.0


class NotConnectedError(ValueError):
    """No connected field was found; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Nodes row by row; without a range each hears its eight neighbours."""

    columns: int = 4
    rows: int = 4
    spacing_m: float = 10.0
    range_m: float | None = None
    root: int | None = None

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return self.columns * self.rows

    @property
    def reach_m(self) -> float:
        """The range, given or not."""
        return self.range_m or GRID_RANGE_SPACINGS * self.spacing_m

    def topology(self, seed: int, propagation: Propagation) -> Topology:
        """The places."""
        places = grid(self.columns, self.rows, self.spacing_m, self.reach_m).places
        return Topology(places.values(), self.root)


@dataclass(frozen=True, slots=True)
class Scattered:
    """Nodes anywhere in a rectangle, from the seed; without a range each reaches half the longer side.

    `connected` takes the first field of the seed in which every node has a way to the root.
    """

    count: int
    width_m: float = 50.0
    height_m: float = 50.0
    range_m: float | None = None
    connected: bool = False
    root: int | None = None

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return self.count

    @property
    def reach_m(self) -> float:
        """The range, given or not."""
        return self.range_m or max(self.width_m, self.height_m) / 2

    def topology(self, seed: int, propagation: Propagation) -> Topology:
        """The places. Raises NotConnectedError."""
        for attempt in range(CONNECTED_TRIES):
            field_seed = seed + (attempt << 64)  # the first is the seed's own, connected or not
            places = scattered(self.count, self.width_m, self.height_m, self.reach_m, field_seed).places
            topology = Topology(places.values(), self.root)
            if not self.connected or self._is_connected(topology, seed, propagation):
                return topology
        raise NotConnectedError(
            f"none of {CONNECTED_TRIES} fields of {self.count} nodes on {self.width_m:g} x {self.height_m:g}"
            f" m is connected at a range of {self.reach_m:g} m; raise the range or make the area smaller"
        )

    def _is_connected(self, topology: Topology, seed: int, propagation: Propagation) -> bool:
        return len(reachable_from(topology.root, propagation.listeners(topology, seed))) == self.count


@dataclass(frozen=True, slots=True)
class Given:
    """Places from a file; a range stands for that of every node."""

    places: Topology
    range_m: float | None = None

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return len(self.places.places)

    @property
    def reach_m(self) -> float | None:
        """The range of every node, if it is the same."""
        ranges_m = {self.range_m or place.range_m for place in self.places.places.values()}
        return ranges_m.pop() if len(ranges_m) == 1 else None

    def topology(self, seed: int, propagation: Propagation) -> Topology:
        """The places."""
        return self.places.with_range(self.range_m) if self.range_m else self.places


Field = Grid | Scattered | Given


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that decides a run. `changes` are the faults, in the order of the file."""

    field: Field = Grid()
    air: Air = dataclasses.field(default_factory=Air)
    rounds: int = 20
    period_ms: int = 5_000
    seed: int = 1
    profile: str = "default"
    metrics: tuple[int, ...] = (TEMPERATURE.id,)
    first_version: int = 1
    max_children: int = 32
    clock_ppm: float = 0.0
    network: str = "tree"
    order: tuple[int, ...] = ()
    readings: bool = False
    core: str = PYTHON
    sealed: bool = False
    gateway: str = HOST_GATEWAY
    changes: tuple[Change, ...] = ()

    @property
    def kind(self) -> NetworkKind:
        """What the network is."""
        return NETWORKS[self.network]

    @property
    def timing(self) -> AnyTiming:
        """The profile's timers, with this period. Raises ValueError for a profile of another network."""
        timing = self.kind.profiles.get(self.profile)
        if timing is None:
            known = ", ".join(self.kind.profiles)
            raise ValueError(f"no profile {self.profile} for the network {self.network}; give {known}")
        return replace(timing, period_ms=self.period_ms)

    @property
    def first_round_ms(self) -> int:
        """When the first round begins, by the world's clock."""
        return self.introduction_ms + self.kind.first_round_ms(self.timing)

    @property
    def introduction_ms(self) -> int:
        """How long after their start nodes begin."""
        return INTRODUCTION_MS if self.sealed else 0

    @property
    def faults(self) -> list[Fault]:
        """The changes as the simulator takes them, in the order in which they happen."""
        return resolved(self.changes, self.air.quality)

    def topology(self) -> Topology:
        """The field of the seed. Raises NotConnectedError.

        A network without a root is one of nodes that hear each other: without a range they do.
        """
        topology = self.field.topology(self.seed, self.air.propagation)
        is_room = not self.kind.has_root and self.field.range_m is None and not isinstance(self.field, Given)
        return topology.with_range(None) if is_room else topology

    def order_in(self, topology: Topology) -> tuple[int, ...]:
        """The order that was given here or with the places, or one that fits the field; empty if none is
        needed, or was found."""
        given = self.order or topology.order
        if given:
            return given
        links = Links(self.air.propagation.listeners(topology, self.seed), self.air.broken_links)
        return self.kind.find_order(links.listeners, self.seed)


def _no_files(path: str) -> Topology:
    raise ValueError("no topology file can be read here; give [[node]] tables")


def load_scenario(text: str, name: str, read_topology: Callable[[str], Topology] = _no_files) -> Scenario:
    """The scenario in `text`; `name` is the file's, for messages. Raises DescriptionError.

    `read_topology` reads the file that `topology = "file"` names; what it raises as a ValueError is reported
    at that line.
    """
    document = Table.parse(text, name, "write a scenario in TOML")
    document.expect((*_TABLES, *TOPOLOGY_KEYS))
    field = _read_field(document, read_topology)
    ids = frozenset(field.places.places if isinstance(field, Given) else range(1, field.size + 1))
    air = _read_air(document.table("radio"))
    links = {link: loss for table in document.tables("link") for link, loss in _read_link(table, ids).items()}
    links |= dict.fromkeys(read_unheard(document, ids), 1.0)
    changes = tuple(change for table in document.tables("fault") for change in read_changes(table, ids))
    scenario = Scenario(field, replace(air, link_loss=links), changes=changes)
    run = document.table("run")
    for key in _SHARED_KEYS:
        if key in document.values and key in run.values:
            raise run.error(key, f"{key} stands above the first table as well", "give it once")
    return _read_run(run, _read_shared(document, scenario), ids)


# --- the field -------------------------------------------------------------------------------------------


def _read_field(document: Table, read_topology: Callable[[str], Topology]) -> Field:
    if "node" in document.values:
        if "field" in document.values:
            raise document.error("field", "a [field] and [[node]] tables", "give one of them")
        return Given(read_nodes(document))
    for key, its_table in (("range_m", "field"), ("root", "field"), *((key, "run") for key in _SHARED_KEYS)):
        if key in document.values:
            raise document.error(key, f"{key} stands above a [field]", f"write it below [{its_table}]")
    table = document.table("field")
    table.expect(_FIELD_KEYS)
    kinds = [key for key in ("grid", "random", "topology") if key in table.values]
    if len(kinds) != 1:
        problem = f"a field of {' and '.join(kinds)}" if kinds else "no field"
        raise table.error(
            kinds[-1] if kinds else None, problem, "give one of grid, random and topology, or [[node]] tables"
        )
    kind = kinds[0]
    _only_with(table, kind, ("spacing_m",), "grid")
    _only_with(table, kind, ("area_m", "connected"), "random")
    range_m = table.number("range_m", None, above=0, most=MOST_M, unit="metres")
    if kind == "topology":
        return _read_file(table, range_m, read_topology)
    field = _read_grid(table, range_m) if kind == "grid" else _read_scattered(table, range_m)
    return replace(field, root=table.whole("root", None, 1, field.size))


def _only_with(table: Table, kind: str, keys: tuple[str, ...], their_kind: str) -> None:
    for key in keys:
        if key in table.values and kind != their_kind:
            raise table.error(key, f"{key} is of a {their_kind} field", f"remove it, or give {their_kind}")


def _read_file(table: Table, range_m: float | None, read_topology: Callable[[str], Topology]) -> Given:
    path = table.values["topology"]
    if not isinstance(path, str):
        raise table.error("topology", "topology is no text", 'write the name of a file: "topo.def"')
    if "root" in table.values:
        raise table.error("root", "the root is the file's", "remove it here, and name it there")
    try:
        return Given(read_topology(path), range_m)
    except ValueError as error:
        raise table.error_of("topology", str(error), "name another file") from error


def parse_size(text: str) -> tuple[int, int]:
    """Columns and rows of "4x4". Raises ValueError, its message without a remedy."""
    columns_text, _, rows_text = text.lower().partition("x")
    if not (columns_text.isdecimal() and rows_text.isdecimal() and len(text) <= 12):
        raise ValueError(f"{text!r} is not like 4x4")
    columns, rows = int(columns_text), int(rows_text)
    if columns < 1 or rows < 1:
        raise ValueError(f"{text!r} holds no node")
    if columns * rows > MAX_NODE_ID:
        raise ValueError(f"{text!r} holds more than the {MAX_NODE_ID} nodes that have an id")
    return columns, rows


def _read_grid(table: Table, range_m: float | None) -> Grid:
    try:
        columns, rows = parse_size(str(table.values["grid"]))
    except ValueError as error:
        raise table.error("grid", f"grid {error}", 'write columns x rows: grid = "4x4"') from error
    return Grid(columns, rows, table.number("spacing_m", 10.0, above=0, most=MOST_M, unit="metres"), range_m)


def _read_scattered(table: Table, range_m: float | None) -> Scattered:
    count = table.whole("random", 1, 1, MAX_NODE_ID)
    width_m, height_m = table.numbers("area_m", (50.0, 50.0), above=0, most=MOST_M)
    return Scattered(count, width_m, height_m, range_m, table.flag("connected", False))


# --- the radio -------------------------------------------------------------------------------------------


def _read_air(table: Table) -> Air:
    table.expect(_RADIO_KEYS)
    medium = table.choice("medium", "disk", MEDIA)
    for key in _FREE_SPACE_KEYS:
        if key in table.values and MEDIA[medium] is not FreeSpace:
            raise table.error(
                key, f"{key} is of the medium free-space", 'remove it, or write medium = "free-space"'
            )
    quality = Quality(
        table.number("loss", 0.0, least=0, most=1),
        table.number("duplication", 0.0, least=0, most=1),
        table.whole("delay_ms", 0, 0, MAX_DELAY_MS),
        table.number("bit_flips", 0.0, least=0, most=1),
    )
    return Air(
        _read_free_space(table) if medium == "free-space" else MEDIA[medium](),
        RADIOS[table.choice("name", Air().radio.name, RADIOS)],
        table.flag("collisions", False),
        quality,
    )


def _read_free_space(table: Table) -> FreeSpace:
    default = FreeSpace()
    return FreeSpace(
        table.number("transmit_dbm", default.transmit_dbm, least=-MAX_DBM, most=MAX_DBM),
        table.number("frequency_mhz", default.frequency_mhz, above=0, most=MAX_MHZ),
        table.number("shadowing_db", default.shadowing_db, least=0, most=MAX_SHADOWING_DB),
    )


def _read_link(table: Table, ids: frozenset[int]) -> dict[tuple[int, int], float]:
    table.expect(_LINK_KEYS)
    table.need("from", "to", "loss")
    speaker, listener = table.node("from", ids), table.node("to", ids)
    if speaker == listener:
        raise table.error("to", f"a link from node {speaker} to itself", "name two nodes")
    loss = table.number("loss", 0.0, least=0, most=1)
    links = {(speaker, listener): loss}
    return links if table.flag("one_way", False) else links | {(listener, speaker): loss}


# --- the run -------------------------------------------------------------------------------------------


def _read_run(table: Table, scenario: Scenario, ids: frozenset[int]) -> Scenario:
    table.expect(_RUN_KEYS)
    network = _network(table, scenario)
    if NETWORKS[network].has_root:
        _only_with_network(table, ("order", "readings"), "a ring or a polled network", "ring")
    else:
        _only_with_network(table, ("max_children",), "a tree", "tree")
    return replace(
        scenario,
        rounds=table.whole("rounds", scenario.rounds, 1, MAX_ROUNDS),
        period_ms=_period_ms(table, scenario),
        seed=table.whole("seed", scenario.seed, -(1 << 63), (1 << 63) - 1),
        profile=table.choice("profile", scenario.profile, NETWORKS[network].profiles),
        metrics=_read_metrics(table, scenario.metrics),
        first_version=table.whole("first_version", scenario.first_version, 0, 0xFFFF),
        max_children=table.whole("max_children", scenario.max_children, 1, MAX_NODE_ID),
        clock_ppm=table.number("clock_ppm", scenario.clock_ppm, least=0, most=MAX_CLOCK_PPM),
        network=network,
        order=table.each_once("order", ids),
        readings=table.flag("readings", scenario.readings),
        core=table.choice("core", scenario.core, CORES),
        sealed=table.flag("sealed", scenario.sealed),
        gateway=table.choice("gateway", scenario.gateway, GATEWAYS),
    )


def _read_shared(document: Table, scenario: Scenario) -> Scenario:
    """What a description of a field to be built says of its run."""
    wired = {name for node in document.tables("node") for name in _texts(node, "sensors")}
    metrics = {metric for name in wired for metric in SENSOR_METRICS.get(name, ())}
    return replace(
        scenario,
        network=_network(document, scenario),
        period_ms=_period_ms(document, scenario),
        metrics=tuple(sorted(metrics)) or scenario.metrics,
    )


def _texts(table: Table, key: str) -> list[str]:
    """What is no list of texts is told by whoever builds the field."""
    texts = table.values.get(key, [])
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []


def _network(table: Table, scenario: Scenario) -> str:
    return table.choice("network", scenario.network, NETWORKS)


def _period_ms(table: Table, scenario: Scenario) -> int:
    period_s = table.number("period_s", scenario.period_ms / 1000, least=0.001, most=MAX_PERIOD_MS / 1000)
    return round(period_s * 1000)


def _only_with_network(table: Table, keys: tuple[str, ...], whose: str, network: str) -> None:
    for key in keys:
        if key in table.values:
            raise table.error(key, f"{key} is of {whose}", f'remove it, or write network = "{network}"')


def _read_metrics(table: Table, default: tuple[int, ...]) -> tuple[int, ...]:
    if "metrics" not in table.values:
        return default
    ids = {metric.name: metric.id for metric in METRICS.values()}
    names = table.values["metrics"]
    if (
        not isinstance(names, list)
        or not all(isinstance(name, str) and name in ids for name in names)
        or not 1 <= len(set(names)) == len(names) <= MAX_AGGREGATES
    ):
        remedy = f"write a list of {', '.join(ids)}, each once"
        raise table.error("metrics", f"metrics is {names!r:.60}", remedy)
    return tuple(ids[name] for name in names)
