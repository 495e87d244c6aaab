"""What a person does to a field: each a function from one document to the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from desktop.editor.document import FIRST_ID, FieldDocument, PlanNode
from firmware.field.description import Board, Role
from protocol.packets import MAX_NODE_ID

FIRST_ROLES = frozenset({Role.GATEWAY, Role.CONTROLLER})


def rounded_m(value: float) -> float:
    """To a tenth of a millimetre, as it stands in a file: no 0.30000000000000004, and no -0."""
    return round(value, 4) + 0.0


def add_nodes(
    document: FieldDocument, places: Iterable[tuple[float, float]]
) -> tuple[FieldDocument, list[int]]:
    """With new nodes there, and their keys. Raises ValueError if there is no id left.

    The first of a field is a Pi, gateway and controller; the others are built as the last one.
    """
    nodes = list(document.nodes)
    ids = _free_ids(document)
    added = []
    for key, (x_m, y_m) in enumerate(places, document.free_key()):
        nodes.append(_new_node(nodes[-1] if nodes else None, key, next(ids), rounded_m(x_m), rounded_m(y_m)))
        added.append(key)
    return replace(document, nodes=tuple(nodes)), added


def _free_ids(document: FieldDocument) -> Iterator[int]:
    """Those above all others, then the others that are free. Raises ValueError when there is none."""
    used = {node.id for node in document.nodes}
    highest = max(used, default=FIRST_ID - 1)
    yield from range(highest + 1, MAX_NODE_ID + 1)
    yield from (node_id for node_id in range(FIRST_ID, highest) if node_id not in used)
    raise ValueError(f"all {MAX_NODE_ID} ids are taken; delete a node first")


def _new_node(last: PlanNode | None, key: int, node_id: int, x_m: float, y_m: float) -> PlanNode:
    if last is None:
        return PlanNode(key, node_id, x_m, y_m, board=Board.PI, roles=FIRST_ROLES)
    if last.roles & FIRST_ROLES:
        return PlanNode(key, node_id, x_m, y_m)
    return replace(last, key=key, id=node_id, x_m=x_m, y_m=y_m, z_m=0.0, neighbours=None)


def remove_nodes(document: FieldDocument, keys: Collection[int]) -> FieldDocument:
    """Without these, wherever they are named."""
    left = tuple(node for node in document.nodes if node.key not in keys)
    ids = {node.id for node in left}
    gone = {node.id for node in document.nodes} - ids
    kept = tuple(
        node
        if node.neighbours is None
        else replace(node, neighbours=tuple(other for other in node.neighbours if other not in gone))
        for node in left
    )
    return replace(
        document,
        nodes=kept,
        order=tuple(node_id for node_id in document.order if node_id not in gone),
        controller=None if document.controller in gone else document.controller,
    )


def move_nodes(document: FieldDocument, keys: Collection[int], dx_m: float, dy_m: float) -> FieldDocument:
    """With these further right and further down."""
    return document.changed(
        replace(node, x_m=rounded_m(node.x_m + dx_m), y_m=rounded_m(node.y_m + dy_m))
        for node in document.nodes
        if node.key in keys
    )


def place_nodes(document: FieldDocument, places: Mapping[int, tuple[float, float]]) -> FieldDocument:
    """With nodes, by key, at these places."""
    return document.changed(
        replace(node, x_m=rounded_m(places[node.key][0]), y_m=rounded_m(places[node.key][1]))
        for node in document.nodes
        if node.key in places
    )


def change_nodes(document: FieldDocument, keys: Collection[int], **values: Any) -> FieldDocument:
    """With these values of PlanNode in all of them."""
    return document.changed(replace(node, **values) for node in document.nodes if node.key in keys)


def toggle_role(document: FieldDocument, keys: Collection[int], role: Role, *, given: bool) -> FieldDocument:
    """With that role given to all of them, or taken; who has none left is a sensor."""

    def with_role(node: PlanNode) -> PlanNode:
        roles = node.roles | {role} if given else node.roles - {role}
        return replace(node, roles=roles or frozenset({Role.SENSOR}))

    return document.changed(with_role(node) for node in document.nodes if node.key in keys)


def toggle_sensor(
    document: FieldDocument, keys: Collection[int], sensor: str, *, given: bool
) -> FieldDocument:
    """With that sensor wired to all of them, or taken off."""

    def with_sensor(node: PlanNode) -> PlanNode:
        others = tuple(name for name in node.sensors if name != sensor)
        return replace(node, sensors=(*others, sensor) if given else others)

    return document.changed(
        with_sensor(node) for node in document.nodes if node.key in keys and (sensor in node.sensors) != given
    )


def rename(document: FieldDocument, key: int, node_id: int) -> FieldDocument:
    """With another id for that node, wherever it is named, unless another node has its old one, too."""
    old = document.by_key[key].id
    renamed = change_nodes(document, {key}, id=node_id)
    if old == node_id or old in document.repeated_ids or node_id in {n.id for n in document.nodes}:
        return renamed

    def new(other: int) -> int:
        return node_id if other == old else other

    nodes = tuple(
        node if node.neighbours is None else replace(node, neighbours=tuple(map(new, node.neighbours)))
        for node in renamed.nodes
    )
    controller = None if document.controller is None else new(document.controller)
    return replace(renamed, nodes=nodes, order=tuple(map(new, document.order)), controller=controller)


def with_own_ids(document: FieldDocument) -> FieldDocument:
    """With a free id for each node whose id an earlier one has."""
    met: set[int] = set()
    for node in document.nodes:
        if node.id in met:
            document = change_nodes(document, {node.key}, id=next(_free_ids(document)))
        met.add(node.id)
    return document


def paste(
    document: FieldDocument, nodes: Iterable[PlanNode], dx_m: float, dy_m: float
) -> tuple[FieldDocument, list[int]]:
    """With copies of these beside them, and the copies' keys. Raises ValueError if there is no id left.

    A copy is gateway and controller no more: a field has few. Neighbours are not copied.
    """
    ids = _free_ids(document)
    copies = [
        replace(
            node,
            key=key,
            id=next(ids),
            x_m=rounded_m(node.x_m + dx_m),
            y_m=rounded_m(node.y_m + dy_m),
            roles=(node.roles - FIRST_ROLES) or frozenset({Role.SENSOR}),
            neighbours=None,
        )
        for key, node in enumerate(nodes, document.free_key())
    ]
    return replace(document, nodes=(*document.nodes, *copies)), [node.key for node in copies]


# --- alignment -------------------------------------------------------------------------------------------


def align_row(document: FieldDocument, keys: Collection[int]) -> FieldDocument:
    """On one line from left to right, at their mean height."""
    return _aligned(document, keys, lambda node, x_m, y_m: (node.x_m, y_m))


def align_column(document: FieldDocument, keys: Collection[int]) -> FieldDocument:
    """On one line from top to bottom, at their mean."""
    return _aligned(document, keys, lambda node, x_m, y_m: (x_m, node.y_m))


def _aligned(
    document: FieldDocument,
    keys: Collection[int],
    to: Callable[[PlanNode, float, float], tuple[float, float]],
) -> FieldDocument:
    nodes = [node for node in document.nodes if node.key in keys]
    if not nodes:
        return document
    x_m, y_m = (
        math.fsum(values) / len(nodes) for values in zip(*((n.x_m, n.y_m) for n in nodes), strict=True)
    )
    return place_nodes(document, {node.key: to(node, x_m, y_m) for node in nodes})


def space_evenly(document: FieldDocument, keys: Collection[int]) -> FieldDocument:
    """The same distance between neighbours, along the longer side of where they stand."""
    nodes = [node for node in document.nodes if node.key in keys]
    if len(nodes) < 3:
        return document
    spans = [max(values) - min(values) for values in ([n.x_m for n in nodes], [n.y_m for n in nodes])]
    across = spans[0] >= spans[1]
    nodes.sort(key=lambda node: (node.x_m if across else node.y_m, node.key))
    first, last = ((node.x_m if across else node.y_m) for node in (nodes[0], nodes[-1]))
    step_m = (last - first) / (len(nodes) - 1)
    spots = [first + i * step_m for i in range(len(nodes))]
    return place_nodes(
        document,
        {
            node.key: (spot, node.y_m) if across else (node.x_m, spot)
            for node, spot in zip(nodes, spots, strict=True)
        },
    )


# --- who is to hear whom ---------------------------------------------------------------------------------


def permit_link(
    document: FieldDocument, a: int, b: int, heard: Mapping[int, Collection[int]], *, permitted: bool
) -> FieldDocument:
    """With two nodes (keys) that are to hear each other, or not.

    `heard` says by key whom a node hears by radio. A filter that leaves out nobody who is heard is none.
    """
    by_key = document.by_key
    return document.changed(
        _filtered(by_key[listener], by_key[speaker].id, {by_key[k].id for k in heard[listener]}, permitted)
        for listener, speaker in ((a, b), (b, a))
    )


def _filtered(node: PlanNode, other: int, heard: Collection[int], permitted: bool) -> PlanNode:
    before = heard if node.neighbours is None else node.neighbours
    after = {*before, other} if permitted else {*before} - {other}
    return replace(node, neighbours=None if after >= set(heard) else tuple(sorted(after)))


def extend_order(document: FieldDocument, node_id: int) -> FieldDocument:
    """With that node as the next of the order; the last one, and no other, is taken out again."""
    if document.order[-1:] == (node_id,):
        return replace(document, order=document.order[:-1])
    if node_id in document.order:
        return document
    return replace(document, order=(*document.order, node_id))
