"""`.treering.toml`: one file that describes a field here and to `treering provision`, `flash` and `simulate`.

What is wrong with a field, but can be mended in the editor (an id that is there twice, a neighbour that is no
node, a sensor that no board has), is read; what makes no sense at all is a DescriptionError, which names its
line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import takewhile

from bridge.descriptions import ids_in, network_in, period_s_in
from desktop.editor.document import (
    DEFAULT_PERIOD_S,
    Background,
    FieldDocument,
    Medium,
    PlanNode,
)
from desktop.toml_text import toml_text
from firmware.field.description import BOARD_SENSORS, Board, Role
from protocol.packets import MAX_NODE_ID
from protocol.simulator.propagation import MEDIA, Disk, FreeSpace
from protocol.simulator.scenario import MEDIUM_NAMES
from protocol.simulator.toml_tables import Table
from protocol.simulator.topology_files import MOST_M, PLAN

SUFFIX = ".treering.toml"
_KEYS = (
    *("name", "network", "period_s", "controller", "open", "order", "range_m", "root"),
    *("radio", "plan", "run", "link", "fault", "node"),
)
_RADIO_KEYS = (
    "name",
    "collisions",
    "duplication",
    "delay_ms",
    "bit_flips",
)  # which the editor has no form for
_FREE_SPACE_KEYS = tuple(entry.name for entry in fields(FreeSpace))
_NODE_KEYS = (
    *("id", "board", "roles", "sensors", "x_m", "y_m", "z_m", "range_m", "neighbours"),
    *("safe_value", "hold_s", "air_baud"),
)
_SENSOR = frozenset({Role.SENSOR})


# --- writing ---------------------------------------------------------------------------------------------


def write_field(document: FieldDocument) -> str:
    """The document as TOML; of what is as it is by default, only what people look for."""
    heading = f"{document.heading}\n\n" if document.heading else ""
    return heading + toml_text(_as_toml(document))


def _as_toml(document: FieldDocument) -> dict[str, object]:
    written: dict[str, object] = {
        "name": document.name,
        "network": document.network.name.lower(),
        "period_s": document.period_s,
    }
    written |= _given(controller=document.controller, range_m=document.range_m)
    written |= {"open": True} if document.is_open else {}
    written |= {"order": document.order} if document.order else {}
    written["radio"] = _radio_table(document)
    if document.background is not None:
        plan = document.background
        written["plan"] = {"image": plan.image, "m_per_px": plan.m_per_px, "x_m": plan.x_m, "y_m": plan.y_m}
    written |= {key: value for key, value in document.rest.items() if key != "radio"}
    written["node"] = [_node_table(node) for node in document.nodes]
    return written


def _radio_table(document: FieldDocument) -> dict[str, object]:
    table: dict[str, object] = {"medium": MEDIUM_NAMES[type(document.medium)]}
    if isinstance(document.medium, FreeSpace):
        table |= {key: getattr(document.medium, key) for key in _FREE_SPACE_KEYS}
    table |= {"loss": document.loss} if document.loss else {}
    rest = document.rest.get("radio", {})
    return table | dict(rest) if isinstance(rest, Mapping) else table


def _node_table(node: PlanNode) -> dict[str, object]:
    table: dict[str, object] = {"id": node.id, "board": str(node.board)}
    if node.roles != _SENSOR:
        table["roles"] = [str(role) for role in Role if role in node.roles]
    table |= {"sensors": node.sensors} if node.sensors else {}
    table |= {"x_m": node.x_m, "y_m": node.y_m}
    table |= {"z_m": node.z_m} if node.z_m else {}
    return table | _given(
        range_m=node.range_m,
        neighbours=node.neighbours,
        safe_value=node.safe_value,
        hold_s=node.hold_s,
        air_baud=node.air_baud,
    )


def _given(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


# --- reading ---------------------------------------------------------------------------------------------


def read_field(text: str, name: str) -> FieldDocument:
    """The document in `text`; `name` is the file's, for messages. Raises DescriptionError."""
    table = Table.parse(text, name, "write TOML")
    table.expect(_KEYS)
    run = table.table("run")
    of_run = {key: run.values[key] for key in ("network", "period_s", "order") if key in run.values}
    nodes = tuple(_read_node(node, key) for key, node in enumerate(table.tables("node"), 1))
    medium, loss = _read_radio(table.table("radio"))
    document = FieldDocument(
        name=table.text("name", name_of_file(name)),
        network=network_in(run if "network" in of_run else table),
        period_s=period_s_in(run if "period_s" in of_run else table, DEFAULT_PERIOD_S),
        is_open=table.flag("open", False),
        controller=table.whole("controller", None, 0, MAX_NODE_ID),
        order=ids_in(run if "order" in of_run else table, "order"),
        nodes=nodes,
        medium=medium,
        range_m=table.number("range_m", None, above=0, most=MOST_M, unit="metres"),
        loss=loss,
        background=background_in(table),
        heading=_heading(text),
        rest=_rest(table, of_run),
    )
    return _with_root(document, table)


def _heading(text: str) -> str:
    """The comments above all else."""
    lines = takewhile(lambda line: line.startswith("#") or not line.strip(), text.splitlines())
    return "\n".join(lines).strip()


def field_name(text: str) -> str:
    """The text as a field may be called: it names files."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in text) or "field"


def name_of_file(file: str) -> str:
    """The name of a field whose file tells none."""
    return field_name(file.replace("\\", "/").rpartition("/")[2].partition(".")[0])


def _read_node(table: Table, key: int) -> PlanNode:
    table.expect(_NODE_KEYS)
    table.need("id")
    x_m, y_m, z_m = (
        table.number(axis, 0.0, least=-MOST_M, most=MOST_M, unit="metres") for axis in ("x_m", "y_m", "z_m")
    )
    return PlanNode(
        key,
        table.whole("id", 0, 0, MAX_NODE_ID),
        x_m,
        y_m,
        z_m,
        table.number("range_m", None, above=0, most=MOST_M, unit="metres"),
        Board(table.choice("board", Board.UNO, tuple(Board))),
        frozenset(Role(role) for role in _names(table, "roles", tuple(Role))) or _SENSOR,
        _names(table, "sensors"),
        ids_in(table, "neighbours") if "neighbours" in table.values else None,
        table.whole("safe_value", None, 0, 255),
        table.whole("hold_s", None, 1, 0xFFFF),
        table.whole("air_baud", None, 300, 1_000_000),
    )


def _names(table: Table, key: str, known: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """A list of some of these names, or of any."""
    names = table.values.get(key, [])
    if not isinstance(names, list) or not all(
        isinstance(name, str) if known is None else name in known for name in names
    ):
        some = ", ".join(tuple(BOARD_SENSORS) if known is None else known)
        raise table.error(key, f"{key} is {names!r:.60}", f"write a list of some of {some}")
    return tuple(names)


def _read_radio(table: Table) -> tuple[Medium, float]:
    table.expect(("medium", "loss", *_FREE_SPACE_KEYS, *_RADIO_KEYS))
    kind = MEDIA[table.choice("medium", MEDIUM_NAMES[Disk], MEDIA)]
    loss = table.number("loss", 0.0, least=0, most=1)
    if kind is not FreeSpace:
        return kind(), loss
    default = FreeSpace()
    numbers = {key: table.number(key, getattr(default, key)) for key in _FREE_SPACE_KEYS}
    try:
        return FreeSpace(**numbers), loss
    except ValueError as error:
        raise table.error_of("medium", str(error)) from error


def background_in(document: Table) -> Background | None:
    """The picture that a field's [plan] names, if it names one. Raises DescriptionError."""
    if PLAN not in document.values:
        return None
    table = document.table(PLAN)
    table.expect(("image", "m_per_px", "x_m", "y_m"))
    table.need("image")
    x_m, y_m = (table.number(axis, 0.0, least=-MOST_M, most=MOST_M, unit="metres") for axis in ("x_m", "y_m"))
    m_per_px = table.number("m_per_px", 0.05, above=0, most=MOST_M, unit="metres a pixel")
    return Background(table.text("image", ""), m_per_px, x_m, y_m)


def _rest(table: Table, of_run: Mapping[str, object]) -> dict[str, object]:
    """What is carried through, but not edited."""
    rest: dict[str, object] = {key: table.values[key] for key in ("link", "fault") if key in table.values}
    run = {key: value for key, value in table.table("run").values.items() if key not in of_run}
    radio = {key: value for key, value in table.table("radio").values.items() if key in _RADIO_KEYS}
    return rest | ({"run": run} if run else {}) | ({"radio": radio} if radio else {})


def _with_root(document: FieldDocument, table: Table) -> FieldDocument:
    """The root that a scenario names becomes the gateway: in a field to be built that is what the root is."""
    root = table.values.get("root")
    if root is None:
        return document
    node = document.by_id.get(root) if isinstance(root, int) else None
    if node is None:
        raise table.error("root", f"root {root!r} is none of the nodes", "name one of their ids")
    gateways = [other for other in document.nodes if Role.GATEWAY in other.roles]
    if gateways and gateways[0] is not node:
        problem = f"the root is {root}, and the first gateway is {gateways[0].id}"
        raise table.error("root", problem, "remove root: the first gateway is it")
    return document.changed([replace(node, roles=node.roles | {Role.GATEWAY})])
