"""What is wrong with a field, why, what to do about it, and where one key press does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from desktop.editor import edits
from desktop.editor.document import FieldDocument, PlanNode
from desktop.editor.field_text import field_name
from desktop.editor.hearing import Hearing, distance
from firmware.field.description import BOARD_SENSORS, MAX_GATEWAYS, Board, Field, FieldNode, Role
from protocol.keys import KEY_BYTES
from protocol.packets import Network
from protocol.settings import MAX_LISTED_NODES, SettingsError, encode
from protocol.simulator.medium import Air, Quality
from protocol.simulator.propagation import Disk
from protocol.simulator.radio import RADIOS
from protocol.simulator.ring_order import ring_order
from protocol.simulator.survey import Survey
from protocol.timing import MAX_PERIOD_MS, Timing

_SHOWN_IDS = 8
_LEAST_PERIOD_S = 0.001
_RANGE_STEPS_A_METRE = 10  # what a range that reaches all is rounded up to

Fix = Callable[[FieldDocument], FieldDocument]


class Severity(Enum):
    """An ERROR keeps a field from being built; a WARNING from working well."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """`keys` are the nodes concerned; `where` the field of the form, of a node or of the whole.

    `fix`, if there is one, gives the document without the problem, and `fix_text` says how.
    """

    severity: Severity
    where: str
    cause: str
    remedy: str
    keys: tuple[int, ...] = ()
    fix: Fix | None = None
    fix_text: str = ""

    @property
    def text(self) -> str:
        """In one line."""
        return f"{self.cause}; {self.remedy}"


def problems_of(hearing: Hearing) -> list[Problem]:
    """All of them, those first that keep the field from being built."""
    document = hearing.document
    found = [*_of_the_whole(document), *_of_nodes(document), *_of_roles(document)]
    if document.nodes and not document.repeated_ids:
        found += _of_the_network(document, hearing)
    return sorted(found, key=lambda problem: problem.severity is Severity.WARNING)


def built_field(document: FieldDocument) -> Field:
    """The field as those who build it take it; whether it makes sense, `problems_of` says."""
    nodes = tuple(
        FieldNode(
            *(node.id, node.board, node.roles, node.sensors, node.neighbours),
            *(node.safe_value, node.hold_s, node.air_baud),
        )
        for node in document.nodes
    )
    controllers = (node.id for node in document.nodes if Role.CONTROLLER in node.roles)
    controller = next(controllers, None) if document.controller is None else document.controller
    period_ms = round(document.period_s * 1000)
    return Field(
        document.name, document.network, period_ms, nodes, controller, document.order, document.is_open
    )


# --- the whole -------------------------------------------------------------------------------------------


def _of_the_whole(document: FieldDocument) -> Iterator[Problem]:
    if (name := field_name(document.name)) != document.name:
        yield _error(
            *("name", f"the name is {document.name!r}", "it names files: use letters, digits, - and _"),
            fix=lambda field: replace(field, name=name),
            fix_text=f"Call it {name}",
        )
    if not _LEAST_PERIOD_S <= document.period_s <= MAX_PERIOD_MS / 1000:
        most = f"{MAX_PERIOD_MS / 1000:g}"
        yield _error("period_s", f"the period is {document.period_s:g} s", f"it is up to {most} s")
    if document.range_m is not None and document.range_m <= 0:
        yield _error("range_m", f"the range is {document.range_m:g} m", "give a number above 0")


def _of_roles(document: FieldDocument) -> Iterator[Problem]:
    gateways = [node for node in document.nodes if Role.GATEWAY in node.roles]
    if document.nodes and not gateways and document.network is Network.TREE:
        first = document.nodes[0]
        yield _error(
            *("roles", "no node is a gateway, so nobody is the root of the tree", "make one the gateway"),
            fix=lambda field: edits.toggle_role(field, {first.key}, Role.GATEWAY, given=True),
            fix_text=f"Make node {first.id} the gateway",
        )
    if len(gateways) > MAX_GATEWAYS:
        surplus = {node.key for node in gateways[MAX_GATEWAYS:]}
        yield _error(
            *("roles", f"{len(gateways)} nodes are gateways", f"at most {MAX_GATEWAYS} may be"),
            keys=tuple(surplus),
            fix=lambda field: edits.toggle_role(field, surplus, Role.GATEWAY, given=False),
            fix_text=f"Keep {' and '.join(str(node.id) for node in gateways[:MAX_GATEWAYS])}",
        )
    if document.controller is not None and document.controller not in document.by_id:
        yield _error(
            *("roles", f"the controller is node {document.controller}, which is not there", "name another"),
            fix=lambda field: replace(field, controller=None),
            fix_text="Take the node of that role",
        )


# --- each node -------------------------------------------------------------------------------------------


def _of_nodes(document: FieldDocument) -> Iterator[Problem]:
    repeated = set(document.repeated_ids)
    first = document.by_id
    ids = set(first)
    field = built_field(document)
    mended = edits.with_own_ids(document).by_key if repeated else {}
    for node in document.nodes:
        if node.id in repeated and first[node.id] is not node:
            yield _error(
                *("id", f"two nodes have the id {node.id}", "give each its own"),
                keys=(first[node.id].key, node.key),
                fix=edits.with_own_ids,
                fix_text=f"Give it {mended[node.key].id}",
            )
        if node.range_m is not None and node.range_m <= 0:
            yield _of_node(
                *(node, "range_m", f"reaches {node.range_m:g} m", "a range is above 0"),
                {"range_m": None},
                "Take the field's range",
            )
        yield from _of_neighbours(document, node, ids)
        yield from _of_a_build(document, node)
        if node.id not in repeated:
            yield from _of_memory(document, field, node)


def _of_neighbours(document: FieldDocument, node: PlanNode, ids: set[int]) -> Iterator[Problem]:
    listed = node.neighbours
    if listed is None:
        return
    strangers = [other for other in listed if other not in ids or other == node.id]
    if strangers:
        known = tuple(other for other in listed if other not in strangers)
        what = "itself" if strangers[0] == node.id else f"node {strangers[0]}, which is not there"
        yield _of_node(
            *(node, "neighbours", f"is to hear {what}", "name nodes of the field"),
            {"neighbours": known},
            "Take it off the list",
        )
    elif not listed:
        yield _of_node(
            *(node, "neighbours", "is to hear nobody", "name its neighbours, or let it hear everybody"),
            {"neighbours": None},
            "Let it hear everybody",
        )
    elif node.board.is_arduino and len(listed) > MAX_LISTED_NODES:
        near = sorted(
            (document.by_id[other] for other in listed),
            key=lambda other: (Role.GATEWAY not in other.roles, distance(node, other)),
        )
        kept = tuple(sorted(other.id for other in near[:MAX_LISTED_NODES]))
        yield _of_node(
            *(node, "neighbours", f"is to hear {len(listed)} nodes"),
            f"a board knows {MAX_LISTED_NODES} at most: shorten the list, or take a Pi",
            {"neighbours": kept},
            f"Keep the nearest {MAX_LISTED_NODES}",
        )


def _of_a_build(document: FieldDocument, node: PlanNode) -> Iterator[Problem]:
    unknown = [name for name in node.sensors if name not in BOARD_SENSORS]
    if unknown:
        known = tuple(name for name in node.sensors if name in BOARD_SENSORS)
        yield _of_node(
            *(node, "sensors", f"has a sensor {unknown[0]!r}, which no board knows"),
            f"take some of {', '.join(BOARD_SENSORS)}",
            {"sensors": known},
            "Take it off",
        )
    if not node.board.is_arduino:
        return
    if Role.CONTROLLER in node.roles:
        yield _of_node(
            *(node, "roles", "is a controller on a board", "a controller is a Pi, or a PC"),
            {"board": Board.PI},
            "Make it a Pi",
        )
    if len(document.order) > MAX_LISTED_NODES:
        yield _of_node(
            *(node, "order", f"is told an order of {len(document.order)} nodes"),
            f"a board knows {MAX_LISTED_NODES} at most: take Pis, or let all hear each other",
        )


def _of_memory(document: FieldDocument, field: Field, node: PlanNode) -> Iterator[Problem]:
    """What a board is told must fit into its memory, with the keys of a sealed field."""
    lists = (node.neighbours or (), document.order)
    is_known = set(node.sensors) <= set(BOARD_SENSORS)
    is_short = any(lists) and max(map(len, lists)) <= MAX_LISTED_NODES
    if not (node.board.is_arduino and is_known and is_short):
        return  # without a list it always fits; what is too long is told besides
    settings = field.settings_of(node.id)
    if not document.is_open:
        key = bytes(KEY_BYTES)
        settings = replace(settings, epoch=0, network_key=key, node_key=key, first_life=0)
    try:
        encode(settings)
    except SettingsError as error:
        cause, _, remedy = str(error).partition(": ")
        yield _of_node(node, "neighbours", f"is told too much: {cause}", remedy or "ask less of it")


# --- who hears whom --------------------------------------------------------------------------------------


def _of_the_network(document: FieldDocument, hearing: Hearing) -> Iterator[Problem]:
    if document.network is Network.TREE:
        if document.order:
            yield _error(
                *("order", "a tree has no order", "take it away, or make it a ring"),
                fix=lambda field: replace(field, order=()),
                fix_text="Take the order away",
            )
        yield from _of_the_unreachable(hearing)
        yield from _of_the_period(hearing)
        return
    strangers = {node_id for node_id in document.order if node_id not in document.by_id}
    if strangers:
        yield _error(
            *("order", f"the order names {_named(strangers)}, which are not there", "take them out"),
            fix=lambda field: replace(field, order=tuple(n for n in field.order if n not in strangers)),
            fix_text="Take them out",
        )
    elif document.network is Network.RING:
        yield from _of_the_ring(document, hearing)
    else:
        yield from _of_the_star(document, hearing)


def _of_the_unreachable(hearing: Hearing) -> Iterator[Problem]:
    """Nodes of a tree without a way to the root, by why that is."""
    document = hearing.document
    cut_off = [node for node in document.nodes if node.key not in hearing.hops]
    restricted = [node for node in cut_off if node.key in hearing.hops_by_radio]
    far = [node for node in cut_off if node.key not in hearing.hops_by_radio]
    if restricted:
        yield Problem(
            Severity.WARNING,
            "neighbours",
            f"{_nodes(restricted)} no way to the root, as nodes hear their neighbours alone",
            "permit a link",
            tuple(node.key for node in restricted),
            lambda field: edits.change_nodes(field, field.by_key, neighbours=None),
            "Let all hear each other",
        )
    if far:
        fix, fix_text = _farther(hearing)
        yield Problem(
            Severity.WARNING,
            "range_m",
            f"{_nodes(far)} no way to the root by radio",
            "move them nearer, put nodes between, or reach farther",
            tuple(node.key for node in far),
            fix,
            fix_text,
        )


def _farther(hearing: Hearing) -> tuple[Fix | None, str]:
    """The smallest range for all that connects the field, where the range decides."""
    document = hearing.document
    if not isinstance(document.medium, Disk):
        return None, ""

    def with_range(field: FieldDocument) -> FieldDocument:
        range_m = connecting_range_m(field)
        nodes = (
            replace(node, range_m=None)
            for node in field.nodes
            if node.range_m is not None and node.range_m < range_m
        )
        return replace(field.changed(nodes), range_m=range_m)

    return with_range, "Reach all"


def connecting_range_m(document: FieldDocument) -> float:
    """The smallest range for all, to a tenth of a metre, at which every node has a way to the others.

    The longest edge of the smallest spanning tree (Prim).
    """
    nodes = list(document.nodes)
    longest_m = 0.0
    nearest = {node.key: distance(nodes[0], node) for node in nodes[1:]}
    by_key = document.by_key
    while nearest:
        key = min(nearest, key=nearest.__getitem__)
        longest_m = max(longest_m, nearest.pop(key))
        for other in nearest:
            nearest[other] = min(nearest[other], distance(by_key[key], by_key[other]))
    steps = math.ceil(round(longest_m * _RANGE_STEPS_A_METRE, 6))  # 25 m is 25 m, not 25.1
    return max(1, steps) / _RANGE_STEPS_A_METRE


def _of_the_period(hearing: Hearing) -> Iterator[Problem]:
    """A round must be long enough for the depth and the crowd (PROTOCOL.md section 7)."""
    document, root = hearing.document, hearing.document.root
    if root is None or len(hearing.hops) < 2:
        return
    period_ms = round(document.period_s * 1000)
    advised_ms = Survey(root.key, hearing.working).advised_period_ms(
        air_of(document), Timing(period_ms=period_ms)
    )
    if period_ms < advised_ms:
        yield Problem(
            Severity.WARNING,
            "period_s",
            f"a round of {document.period_s:g} s is short for {len(hearing.hops)} nodes,"
            f" {max(hearing.hops.values())} hops deep",
            f"take {advised_ms / 1000:g} s or more",
            fix=lambda field: replace(field, period_s=advised_ms / 1000),
            fix_text=f"Take {advised_ms / 1000:g} s",
        )


def _of_the_ring(document: FieldDocument, hearing: Hearing) -> Iterator[Problem]:
    missing = [node for node in document.nodes if node.id not in document.order]
    order = found_order(hearing)
    find: Fix | None = (lambda field: replace(field, order=order)) if order else None
    if not document.order:
        if not hearing.is_room:
            cause = "not all nodes hear each other, so the ring needs an order in which each hears the next"
            yield _warning("order", cause, "draw it, or let one be found", fix=find, fix_text="Find one")
        return
    if missing:
        whole = (*document.order, *(node.id for node in missing))
        yield _warning(
            *("order", f"the order leaves out {_named(node.id for node in missing)}", "add them at its end"),
            keys=tuple(node.key for node in missing),
            fix=lambda field: replace(field, order=whole),
            fix_text="Add them",
        )
    for speaker, listener in gaps_in(document, hearing):
        cause = f"node {listener.id} does not hear node {speaker.id}, which comes before it in the ring"
        yield _warning(
            *("order", cause, "draw another order, permit the link, or move them nearer"),
            keys=(speaker.key, listener.key),
            fix=find,
            fix_text="Find another order",
        )


def gaps_in(document: FieldDocument, hearing: Hearing) -> Iterator[tuple[PlanNode, PlanNode]]:
    """Each (speaker, listener) that follow each other in the order, and do not hear each other both ways."""
    by_id = document.by_id
    ring = [by_id[node_id] for node_id in document.order if node_id in by_id]
    if len(ring) < 2:
        return
    for speaker, listener in zip(ring, ring[1:] + ring[:1], strict=True):
        both = hearing.hears(listener.key, speaker.key) and hearing.hears(speaker.key, listener.key)
        if not both and speaker is not listener:
            yield speaker, listener


def found_order(hearing: Hearing) -> tuple[int, ...]:
    """An order, by id, in which each hears the next; empty if none was found or needed."""
    by_key = hearing.document.by_key
    by_id = {by_key[key].id: others for key, others in hearing.working.items()}
    listeners = {
        node_id: tuple(sorted(by_key[key].id for key in others)) for node_id, others in sorted(by_id.items())
    }
    return ring_order(listeners, hearing.document.seed)


def _of_the_star(document: FieldDocument, hearing: Hearing) -> Iterator[Problem]:
    """Who is polled must hear the primary: the first of the order, or the lowest id."""
    by_id = document.by_id
    primary = by_id[document.order[0] if document.order else min(by_id)]
    far = [
        node
        for node in document.nodes
        if node is not primary
        and not (hearing.hears(node.key, primary.key) and hearing.hears(primary.key, node.key))
    ]
    if far:
        yield _warning(
            "range_m",
            f"{_nodes(far)} no link both ways with node {primary.id}, which polls them",
            "move them nearer, reach farther, or begin the order with another node",
            keys=tuple(node.key for node in far),
        )


def air_of(document: FieldDocument) -> Air:
    """What lies between the nodes, as a simulation takes it."""
    rest = document.rest.get("radio", {})
    radio = rest if isinstance(rest, Mapping) else {}
    return Air(
        document.medium,
        RADIOS.get(str(radio.get("name")), Air().radio),
        radio.get("collisions") is True,
        Quality(loss=document.loss),
    )


# --- words -----------------------------------------------------------------------------------------------


def _problem(
    severity: Severity,
    where: str,
    cause: str,
    remedy: str,
    *,
    keys: tuple[int, ...] = (),
    fix: Fix | None = None,
    fix_text: str = "",
) -> Problem:
    return Problem(severity, where, cause, remedy, keys, fix, fix_text if fix else "")


_error = partial(_problem, Severity.ERROR)
_warning = partial(_problem, Severity.WARNING)


def _of_node(
    node: PlanNode,
    where: str,
    cause: str,
    remedy: str,
    mended: Mapping[str, object] | None = None,
    fix_text: str = "",
) -> Problem:
    """Of one node, mended by these values."""

    def fix(field: FieldDocument) -> FieldDocument:
        return edits.change_nodes(field, {node.key}, **(mended or {}))

    cause = f"node {node.id} {cause}"
    return _error(
        where, cause, remedy, keys=(node.key,), fix=None if mended is None else fix, fix_text=fix_text
    )


def _named(ids: Iterable[int]) -> str:
    """As many ids as a person reads."""
    ordered = sorted(ids)
    return ", ".join(map(str, ordered[:_SHOWN_IDS])) + (", ..." if len(ordered) > _SHOWN_IDS else "")


def _nodes(nodes: list[PlanNode]) -> str:
    """The subject of a sentence: "node 7 has", "3 nodes (4, 5, 6) have"."""
    if len(nodes) == 1:
        return f"node {nodes[0].id} has"
    return f"{len(nodes)} nodes ({_named(node.id for node in nodes)}) have"
