"""The description of a field that is to be built: who its nodes are, and on which boards they run.

name = "garden"
network = "tree"               # ring, polling
period_s = 5
controller = 1                 # who may command; the first node of role "controller" without this

[[node]]
id = 1
board = "pi"                   # uno, nano, mega, leonardo
roles = ["gateway", "controller"]

[[node]]
id = 7
board = "uno"
roles = ["actuator"]           # a sensor without this
sensors = ["sht31", "soil_moisture"]
neighbours = [1, 8]            # whom it hears; everybody without this

The same file may tell where the nodes stand (x_m, y_m, range_m), their radio and a run: it is a scenario,
then (protocol.simulator.scenario), and what only that one needs is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bridge.descriptions import network_in, period_s_in, read_text, unusable
from protocol.packets import MAX_NODE_ID, Network
from protocol.settings import MAX_LISTED_NODES, Roles, Sensors, Settings, SettingsError, encode
from protocol.simulator.toml_tables import Table
from protocol.simulator.topology_files import PLACE_KEYS, PLAN

MAX_GATEWAYS = 2
_SCENARIO_KEYS = ("range_m", "root", "radio", "link", "run", "fault", PLAN)
_KEYS = ("name", "network", "period_s", "controller", "order", "open", "node", *_SCENARIO_KEYS)
_NODE_KEYS = (
    *("id", "board", "roles", "sensors", "neighbours", "safe_value", "hold_s", "air_baud"),
    *PLACE_KEYS,
)
_DEFAULT_PERIOD_S = 5.0


class Board(StrEnum):
    """What a node runs on."""

    UNO = "uno"
    NANO = "nano"
    MEGA = "mega"
    LEONARDO = "leonardo"
    PI = "pi"

    @property
    def is_arduino(self) -> bool:
        """Whether an image is written to it, rather than a configuration."""
        return self is not Board.PI


class Role(StrEnum):
    """PROTOCOL.md 10.5."""

    SENSOR = "sensor"
    ACTUATOR = "actuator"
    GATEWAY = "gateway"
    CONTROLLER = "controller"


# As [[node]] names them; a Pi has drivers of its own for each (firmware.pi.sensors).
BOARD_SENSORS = {
    "sht31": Sensors.SHT31,
    "soil_moisture": Sensors.SOIL_MOISTURE,
    "wind": Sensors.WIND,
    "synthetic": Sensors.SYNTHETIC,
}


@dataclass(frozen=True, slots=True)
class FieldNode:
    """One node; `neighbours` None: it hears everybody. None elsewhere: as the node is built."""

    node_id: int
    board: Board
    roles: frozenset[Role] = frozenset({Role.SENSOR})
    sensors: tuple[str, ...] = ()
    neighbours: tuple[int, ...] | None = None
    safe_value: int | None = None
    hold_s: int | None = None
    air_baud: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field to be built. `order` is that of the ring or of the standbys."""

    name: str
    network: Network
    period_ms: int
    nodes: tuple[FieldNode, ...]
    controller: int | None = None
    order: tuple[int, ...] = ()
    is_open: bool = False

    @property
    def gateways(self) -> tuple[int, ...]:
        """Those who may be root, in the order of the file."""
        return tuple(node.node_id for node in self.nodes if Role.GATEWAY in node.roles)

    def node(self, node_id: int) -> FieldNode:
        """Raises KeyError."""
        for node in self.nodes:
            if node.node_id == node_id:
                return node
        raise KeyError(node_id)

    def settings_of(self, node_id: int) -> Settings:
        """What a board is told (PROTOCOL.md 16.2), without keys. Raises KeyError."""
        node = self.node(node_id)
        roles = Roles(0)
        if Role.GATEWAY in node.roles:
            roles |= Roles.GATEWAY
        # The first gateway is the root; another one takes frames to the host, and no more.
        if self.network is Network.TREE and self.gateways[:1] == (node_id,):
            roles |= Roles.ROOT
        if Role.ACTUATOR in node.roles:
            roles |= Roles.ACTUATOR
        sensors = Sensors(0)
        for name in node.sensors:
            sensors |= BOARD_SENSORS[name]
        return Settings(
            node_id=node_id,
            roles=roles,
            network=self.network,
            controller=self.controller,
            gateways=self.gateways[:MAX_GATEWAYS],
            neighbours=node.neighbours or (),
            sensors=sensors,
            safe_value=node.safe_value,
            hold_s=node.hold_s,
            period_ms=self.period_ms,
            air_baud=node.air_baud,
            order=self.order,
        )


def read_field(path: Path) -> Field:
    """What the file says. Raises UsageError, which names file, line, cause and remedy."""
    return parse_field(read_text(path, "name a description of a field (TOML)"), str(path))


def parse_field(text: str, name: str) -> Field:
    """As `read_field`, of a text that errors call `name`. Raises UsageError."""
    with unusable():
        return _field_in(Table.parse(text, name, "write TOML"))


def _field_in(table: Table) -> Field:
    table.expect(_KEYS)
    table.need("name", "node")
    tables = table.tables("node")
    ids = _ids(tables)
    nodes = tuple(_node_in(entry, ids) for entry in tables)
    network = network_in(table, "order")
    period_s = period_s_in(table, _DEFAULT_PERIOD_S)
    field = Field(
        _name(table),
        network,
        round(period_s * 1000),
        nodes,
        _controller(table, nodes, ids),
        table.each_once("order", ids),
        table.flag("open", False),
    )
    _check(field, table, tables)
    return field


def _name(table: Table) -> str:
    """It names files and keyring entries as well."""
    name = table.text("name", "")
    if not all(c.isalnum() or c in "-_" for c in name):
        raise table.error("name", f"name is {name!r}", "use letters, digits, - and _")
    return name


def _ids(tables: Iterable[Table]) -> frozenset[int]:
    ids: set[int] = set()
    for table in tables:
        table.expect(_NODE_KEYS)
        table.need("id", "board")
        node_id = table.whole("id", 0, 0, MAX_NODE_ID)
        if node_id in ids:
            raise table.error("id", f"node {node_id} is there twice", "give each node its own id")
        ids.add(node_id)
    return frozenset(ids)


def _node_in(table: Table, ids: frozenset[int]) -> FieldNode:
    board = Board(table.choice("board", "", tuple(Board)))
    return FieldNode(
        table.whole("id", 0, 0, MAX_NODE_ID),
        board,
        frozenset(Role(role) for role in _names(table, "roles", tuple(Role))) or frozenset({Role.SENSOR}),
        _names(table, "sensors", tuple(BOARD_SENSORS)),
        table.each_once("neighbours", ids) if "neighbours" in table.values else None,
        table.whole("safe_value", None, 0, 255),
        table.whole("hold_s", None, 1, 0xFFFF),
        table.whole("air_baud", None, 300, 1_000_000),
    )


def _names(table: Table, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """A list of some of these names."""
    names = table.values.get(key, [])
    if not isinstance(names, list) or not all(name in known for name in names):
        raise table.error(key, f"{key} is {names!r}", f"write a list of some of {', '.join(known)}")
    return tuple(names)


def _controller(table: Table, nodes: Iterable[FieldNode], ids: frozenset[int]) -> int | None:
    if "controller" in table.values:
        return table.node("controller", ids)
    return next((node.node_id for node in nodes if Role.CONTROLLER in node.roles), None)


def _check(field: Field, table: Table, tables: list[Table]) -> None:
    """Raises DescriptionError for what each part allows, and all together do not."""
    if field.network is Network.TREE and not field.gateways:
        raise table.error(
            "node", "no node is a gateway, so nobody is the root", 'give one roles = ["gateway"]'
        )
    if field.network is Network.TREE and table.values.get("root", field.gateways[0]) != field.gateways[0]:
        problem = f"the root is {table.values['root']}, and the first gateway is {field.gateways[0]}"
        raise table.error("root", problem, "remove root: the first gateway is it")
    if len(field.gateways) > MAX_GATEWAYS:
        raise table.error(
            "node", f"{len(field.gateways)} nodes are gateways", f"at most {MAX_GATEWAYS} may be"
        )
    for node, entry in zip(field.nodes, tables, strict=True):
        if not node.board.is_arduino:
            continue
        for key, listed in (("neighbours", node.neighbours or ()), ("id", field.order)):
            if len(listed) > MAX_LISTED_NODES:
                what = "neighbours" if key == "neighbours" else "the order"
                remedy = f"a board knows {MAX_LISTED_NODES} at most; shorten the list, or take a Pi"
                raise entry.error(key, f"{what} of node {node.node_id} names {len(listed)} nodes", remedy)
        if Role.CONTROLLER in node.roles:
            raise entry.error(
                "roles", f"node {node.node_id} is a controller on a board", "a controller is a Pi"
            )
        try:
            encode(field.settings_of(node.node_id))
        except SettingsError as error:
            raise entry.error("id", f"node {node.node_id}: {error}", "ask less of that node") from error
