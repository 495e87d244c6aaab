"""What payloads say, by the names that `treering decode` prints: for filters, and for the tree of fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from protocol.aggregate import Aggregate
from protocol.packets import FrameType, Link
from protocol.payload_codec import CODECS

Value = int | bytes

_PAIR = ("metric", "raw")
# What is repeated has no names of its own in the dataclasses.
_REPEATED: Mapping[str, tuple[str, ...]] = {
    "aggregates": ("metric", *(field.name for field in fields(Aggregate))),
    "links": tuple(field.name for field in fields(Link)),
    "pairs": _PAIR,
    "readings": ("of_node", *_PAIR),
    "heirs": ("heir",),
}


def values_of(payload: Any, name: str) -> list[Value]:
    """All that a payload has under that name, in the order of the frame."""
    found: list[Value] = []
    for field in _bearers(payload.__class__, name):
        value = getattr(payload, field)
        if field == name:
            found.append(value)
        elif field in _REPEATED:
            found += _repeated(field, value, name)
        else:
            found += values_of(value, name)
    return found


def names_of(payload_class: Any) -> Iterator[str]:
    """The names of a payload's values, in their order, what is repeated last."""
    for field in _kinds(payload_class):
        yield from _names_in(payload_class, field)


def types_by_name() -> dict[str, frozenset[FrameType]]:
    """Of each name of a payload's value the types of frames that may bear it."""
    found: dict[str, set[FrameType]] = {}
    for number, codec in CODECS.items():
        for name in names_of(codec.payload_class):
            found.setdefault(name, set()).add(FrameType(number))
    return {name: frozenset(types) for name, types in sorted(found.items())}


def _repeated(field: str, value: Any, name: str) -> Sequence[Value]:
    match field:
        case "aggregates" if name == "metric":
            return [metric for metric, _ in value]
        case "aggregates":
            return [getattr(aggregate, name) for _, aggregate in value]
        case "links":
            return [getattr(link, name) for link in value]
        case "readings" if name == "of_node":
            return [node for node, _ in value]
        case "readings":
            return [pair[_PAIR.index(name)] for _, pairs in value for pair in pairs]
        case "pairs":
            return [pair[_PAIR.index(name)] for pair in value]
    return list(value)


@cache
def _kinds(payload_class: Any) -> dict[str, Any]:
    return get_type_hints(payload_class)


@cache
def _bearers(payload_class: Any, name: str) -> tuple[str, ...]:
    """The fields of that class in which such a value may be."""
    return tuple(field for field in _kinds(payload_class) if name in _names_in(payload_class, field))


def _names_in(payload_class: Any, field: str) -> tuple[str, ...]:
    kind = _kinds(payload_class)[field]
    if kind in (int, bytes):
        return (field,)
    return tuple(names_of(kind)) if is_dataclass(kind) and isinstance(kind, type) else _REPEATED[field]
