"""What payloads say, by the names that `treering decode` prints: for filters, and for the tree of fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def values_of(payload: Any) -> Iterator[tuple[str, Value]]:
    """Each value of a payload with its name, in the order of the frame; of what is repeated, each."""
    for name in _field_names(payload.__class__):
        value = getattr(payload, name)
        match name:
            case "aggregates":
                for metric, aggregate in value:
                    yield "metric", metric
                    yield from values_of(aggregate)
            case "links":
                for link in value:
                    yield from values_of(link)
            case "pairs":
                yield from _pair_values(value)
            case "readings":
                for node, pairs in value:
                    yield "of_node", node
                    yield from _pair_values(pairs)
            case "heirs":
                for heir in value:
                    yield "heir", heir
            case _ if isinstance(value, int | bytes):
                yield name, value
            case _:
                yield from values_of(value)


def names_of(payload_class: type[Any]) -> Iterator[str]:
    """The names that `values_of` may give for such a payload, in their order, what is repeated last."""
    for name, kind in get_type_hints(payload_class).items():
        if kind in (int, bytes):
            yield name
        elif is_dataclass(kind):
            assert isinstance(kind, type)
            yield from names_of(kind)
        else:
            yield from _REPEATED[name]


def types_by_name() -> dict[str, frozenset[FrameType]]:
    """Of each name of a payload's value the types of frames that may bear it."""
    found: dict[str, set[FrameType]] = {}
    for number, codec in CODECS.items():
        for name in names_of(codec.payload_class):
            found.setdefault(name, set()).add(FrameType(number))
    return {name: frozenset(types) for name, types in sorted(found.items())}


def _pair_values(pairs: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, Value]]:
    for pair in pairs:
        yield from zip(_PAIR, pair, strict=True)


@cache
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
