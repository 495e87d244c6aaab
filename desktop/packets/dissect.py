"""A frame taken apart: each field with its bytes, its value and what that means (PROTOCOL.md section 2).

Where the fields are is told by the definition (protocol.wire_format), what they are called by the payloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.decode import payload_text
from desktop.packets.values import names_of
from protocol.aggregate import Metric, metric_of
from protocol.packets import (
    BROADCAST,
    CRC_BYTES,
    HEADER_BYTES,
    HOST,
    ITEM_DOUBT,
    ITEM_LINK,
    ITEM_READINGS,
    METRIC_MASK,
    MUSTER,
    NO_ID,
    SEALED_BIT,
    TAG_BYTES,
    TYPE_MASK,
    WIRE_VERSION,
    FrameError,
    FrameType,
    Network,
    crc16,
    decode,
)
from protocol.sealing import unfit
from protocol.wire_format import HEADER, PAYLOADS, FieldPlace, field_places

_NAMED_NODES = {BROADCAST: "all", HOST: "host"}
_NO_NODES = {NO_ID: "nobody", MUSTER: "muster"}  # in TOKEN and SIGN, and of an aggregate without a reading
_HEX = ("fork", "life", "boot_life", "origin_life", "challenged_life", "settings_crc", "flags")
_ITEMS = {ITEM_LINK: "link", ITEM_DOUBT: "doubt"}


@dataclass(slots=True)
class FieldNode:
    """A field: its bytes of the frame, what it says in words, and the fields that it is made of."""

    name: str
    text: str
    offset: int
    size_bytes: int
    parts: list[FieldNode] = field(default_factory=list)

    def leaf_at(self, offset: int) -> FieldNode | None:
        """The innermost field that has that byte."""
        if not self.offset <= offset < self.offset + self.size_bytes:
            return None
        return next((leaf for part in self.parts if (leaf := part.leaf_at(offset))), self)


def type_name(number: int) -> str:
    """What frames of that type are called."""
    return FrameType(number).name if number in list(FrameType) else f"type {number}"


def node_name(number: int) -> str:
    """Who that is, as an address."""
    return _NAMED_NODES.get(number, str(number))


def dissect(frame: bytes, opened: bytes | None = None) -> list[FieldNode]:
    """The fields of a frame as it crossed the link; of a sealed one those within if it was `opened`."""
    if len(frame) < HEADER_BYTES:
        return [FieldNode("bytes", f"{len(frame)}, too few for a frame", 0, len(frame))]
    is_sealed = frame[0] & SEALED_BIT != 0
    trailer_bytes = min(TAG_BYTES if is_sealed else CRC_BYTES, len(frame) - HEADER_BYTES)
    payload = _payload(opened or frame, len(frame) - trailer_bytes)
    nodes = [_header(frame), payload] if payload.size_bytes or payload.text else [_header(frame)]
    if trailer_bytes:
        nodes.append(_trailer(frame, trailer_bytes, is_sealed))
    return nodes


def _header(frame: bytes) -> FieldNode:
    parts = []
    for place in field_places(HEADER, frame):
        name, value = str(place.path[-1]), _number(frame, place)
        text = _type_text(value) if name == "type" else _text(name, value)
        parts.append(FieldNode(name, text, place.offset, place.size_bytes))
    _, source, destination, _ = parts
    return FieldNode("header", f"{source.text} to {destination.text}", 0, HEADER_BYTES, parts)


def _type_text(first: int) -> str:
    parts = [type_name(first & TYPE_MASK)]
    if first & SEALED_BIT:
        parts.append("sealed")
    if (version := first >> 5 & 0x3) != WIRE_VERSION:
        parts.append(f"of wire version {version}")
    return ", ".join(parts)


def _payload(frame: bytes, end: int) -> FieldNode:
    """The payload of an open frame; `end` is where it ends in the frame as it was sent."""
    node = FieldNode("payload", "", HEADER_BYTES, max(0, end - HEADER_BYTES))
    try:
        found = decode(frame)
    except FrameError as error:
        node.text = "sealed: open the log with its keys" if unfit(frame) is None else str(error)
        return node
    node.text = payload_text(found.payload)
    data = frame[HEADER_BYTES:-CRC_BYTES]
    names = names_of(type(found.payload))
    groups: dict[tuple[str | int, ...], FieldNode] = {(): node}
    metric: Metric | None = None
    for place in field_places(PAYLOADS[found.type], data):
        repeated = [i for i, step in enumerate(place.path) if isinstance(step, int)]
        name = _repeated_name(place, data) if repeated else next(names)
        raw = data[place.offset : place.offset + place.size_bytes]
        if name == "metric":
            metric = metric_of(raw[0])
        text = raw.hex(" ") if name == "body" else _text(name, int.from_bytes(raw, "big"), metric)
        leaf = FieldNode(name, text, HEADER_BYTES + place.offset, place.size_bytes)
        _group(groups, place.path, repeated, leaf).parts.append(leaf)
    return node


def _group(
    groups: dict[tuple[str | int, ...], FieldNode],
    path: tuple[str | int, ...],
    repeated: list[int],
    leaf: FieldNode,
) -> FieldNode:
    """The node that this leaf belongs under: one for each of what is repeated, if that has several fields."""
    parent = groups[()]
    for depth in repeated:
        if depth + 1 == len(path):
            break
        key = path[: depth + 1]
        if key not in groups:
            groups[key] = FieldNode(_singular(str(path[depth - 1])), leaf.text, leaf.offset, 0)
            parent.parts.append(groups[key])
        parent = groups[key]
        parent.size_bytes = leaf.offset + leaf.size_bytes - parent.offset
    return parent


def _singular(name: str) -> str:
    return name.removesuffix("s")


def _repeated_name(place: FieldPlace, data: bytes) -> str:
    """As values.values_of calls it."""
    last = place.path[-1]
    if isinstance(last, int):
        return _singular(str(place.path[-2]))
    if last == "kind":
        return "metric" if data[place.offset] <= METRIC_MASK else "item"
    return "of_node" if last == "node" else last


def _text(name: str, value: int, metric: Metric | None = None) -> str:
    """A number, and what it stands for."""
    match name:
        case "metric":
            return f"{value} ({metric_of(value).name.replace('_', ' ')})"
        case "item":
            return _ITEMS.get(value) or f"{value - ITEM_READINGS} readings"
        case "network" if value in list(Network):
            return f"{value} ({Network(value).name.lower()})"
        case "source" | "destination":
            return node_name(value)
        case "follows" | "passed_over" | "max_id":
            return _NO_NODES.get(value) or str(value)
        case "max" | "raw" if metric is not None:
            return f"{value} ({metric.scaled(value):g} {metric.unit})"
        case _ if name.endswith("_ms"):
            return f"{value} ms"
        case _ if name in _HEX:
            return f"0x{value:x}"
    return str(value)


def _trailer(frame: bytes, size_bytes: int, is_sealed: bool) -> FieldNode:
    offset = len(frame) - size_bytes
    raw = frame[offset:]
    if is_sealed:
        return FieldNode("tag", raw.hex(" "), offset, size_bytes)
    right = crc16(frame[:offset]).to_bytes(CRC_BYTES, "big")
    verdict = "right" if right == raw else f"wrong: 0x{right.hex()} would be right"
    return FieldNode("crc", f"0x{raw.hex()}, {verdict}", offset, size_bytes)


def _number(data: bytes, place: FieldPlace) -> int:
    return int.from_bytes(data[place.offset : place.offset + place.size_bytes], "big")


def leaves(nodes: list[FieldNode]) -> Iterator[FieldNode]:
    """The innermost fields, in the order of the frame."""
    for node in nodes:
        if node.parts:
            yield from leaves(node.parts)
        else:
            yield node
