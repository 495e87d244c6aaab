"""Whether packets fulfil a condition: as far as headers tell for all at once, and for one packet for certain.

`bounds` gives two masks, of the packets that may fulfil it and of those that do for certain: where the two
differ, a packet must be looked at, which `holds` does.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop.packets.fields import Field, Kind
from desktop.packets.index import PacketIndex
from desktop.packets.scan import UNREADABLE
from desktop.packets.values import values_of
from protocol.packets import HEADER_BYTES, FrameError, Payload, decode

Mask = NDArray[np.bool_]
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPERATORS = frozenset(_OPERATORS)
_OF_HEADER = frozenset({"type", "source", "destination", "node", "counter"})


class Headers:
    """What the index tells of the packets from `first` on, before `last`."""

    def __init__(self, index: PacketIndex, first: int, last: int) -> None:
        self.first = first
        self.count = last - first
        self._index = index
        self._range = slice(first, last)
        self._columns: dict[str, Sequence[NDArray[Any]] | None] = {}

    def columns(self, name: str) -> Sequence[NDArray[Any]] | None:
        """Those that a field's values stand in; None if only the packet itself tells."""
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> Sequence[NDArray[Any]] | None:
        index, part = self._index, self._range
        match name:
            case "number":
                return [np.arange(part.start + 1, part.stop + 1)]
            case "time":
                return [(index.time_us[part] - index.time_us[:1]) / 1e6]
            case "type":
                return [index.kind[part]]
            case "node":
                return [index.source[part], index.destination[part]]
            case "source" | "destination" | "counter" | "size":
                return [getattr(index, name)[part]]
            case "inbound" | "bad" | "sealed":
                return [getattr(index, f"is_{name}")[part]]
            case "outbound":
                return [~index.is_inbound[part]]
        return None

    def links(self, accepts: Callable[[str], bool]) -> Mask:
        """Packets of links whose name is accepted."""
        accepted = np.array([accepts(link) for link in self._index.links], bool)
        mask: Mask = accepted[self._index.link[self._range]] if len(accepted) else self.none
        return mask

    def bearing(self, field: Field) -> Mask:
        """Packets that may have that field, by their type."""
        if field.types is not None:
            return np.isin(self._index.kind[self._range], [int(kind) for kind in field.types])
        if field.name == "comment":
            return self._index.has_comment[self._range]
        if field.name in _OF_HEADER:
            readable: Mask = self._index.kind[self._range] != UNREADABLE
            return readable
        return ~self.none

    def link(self, row: int) -> str:
        """The name of the link that this packet crossed."""
        return self._index.links[int(self._index.link[self.first + row])]

    def comment(self, row: int) -> str | None:
        """What the log says of this packet. Raises OSError."""
        return self._index.record(self.first + row).comment

    @property
    def none(self) -> Mask:
        """No packet."""
        return np.zeros(self.count, bool)


@dataclass
class Packet:
    """One packet, looked at: a row of the headers, its frame, and that opened if it was sealed."""

    headers: Headers
    row: int
    frame: bytes
    opened: bytes | None = None

    def values(self, name: str) -> Sequence[Any]:
        """All that it has of a field."""
        columns = self.headers.columns(name)
        if columns is not None:
            has_header = name not in _OF_HEADER or len(self.frame) >= HEADER_BYTES
            return [column[self.row] for column in columns] if has_header else ()
        match name:
            case "link":
                return (self.headers.link(self.row),)
            case "comment":
                comment = self.headers.comment(self.row)
                return () if comment is None else (comment,)
            case "frame":
                return (self.frame,)
        return [] if self._payload is None else values_of(self._payload, name)

    @cached_property
    def _payload(self) -> Payload | None:
        """None of what cannot be decoded."""
        try:
            return decode(self.opened or self.frame).payload
        except FrameError:
            return None


class Condition(ABC):
    """A filter, or a part of one."""

    @abstractmethod
    def bounds(self, headers: Headers) -> tuple[Mask, Mask]:
        """Packets that may fulfil it, and those among them that do for certain."""

    @abstractmethod
    def holds(self, packet: Packet) -> bool:
        """Whether that packet does."""


@dataclass(frozen=True)
class Test(Condition, ABC):
    """Of the values of one field."""

    field: Field

    @abstractmethod
    def accepts(self, value: Any) -> Any:
        """Whether that value does, or a column's values."""

    def combine(self, verdicts: Iterable[Any]) -> Any:
        """Of several values one must do."""
        return reduce(operator.or_, verdicts)

    def bounds(self, headers: Headers) -> tuple[Mask, Mask]:
        """By the header where that tells; else whatever may bear the field may do."""
        bearing = headers.bearing(self.field)
        if self.field.name == "link":
            mask = headers.links(lambda link: bool(self.accepts(link)))
        elif (columns := headers.columns(self.field.name)) is not None:
            mask = bearing & self.combine(self.accepts(column) for column in columns)
        else:
            return bearing, headers.none
        return mask, mask

    def holds(self, packet: Packet) -> bool:
        """Without a value of that name it does not."""
        values = packet.values(self.field.name)
        return bool(len(values)) and bool(self.combine(self.accepts(value) for value in values))


@dataclass(frozen=True)
class Comparison(Test):
    """`field < value`. Of several values one must do; `!=` means that none is equal."""

    operator: str
    value: Any

    def accepts(self, value: Any) -> Any:
        return _OPERATORS[self.operator](value, self.value)

    def combine(self, verdicts: Iterable[Any]) -> Any:
        return reduce(operator.and_ if self.operator == "!=" else operator.or_, verdicts)


@dataclass(frozen=True)
class OneOf(Test):
    """`field in {…}`: between the ends of one of these ranges."""

    ranges: tuple[tuple[Any, Any], ...]

    def accepts(self, value: Any) -> Any:
        return reduce(operator.or_, ((value >= low) & (value <= high) for low, high in self.ranges))


@dataclass(frozen=True)
class Contains(Test):
    """`field contains …`: somewhere in a text, whatever the case, or in bytes."""

    part: str | bytes

    def accepts(self, value: Any) -> Any:
        return self.part in (value.casefold() if isinstance(value, str) else value)


@dataclass(frozen=True)
class Has(Test):
    """`field` alone: a flag that is set, or a field that is there."""

    def accepts(self, value: Any) -> Any:
        return value if self.field.kind is Kind.FLAG else value == value


@dataclass(frozen=True)
class Not(Condition):
    """`not …`"""

    part: Condition

    def bounds(self, headers: Headers) -> tuple[Mask, Mask]:
        may, must = self.part.bounds(headers)
        return ~must, ~may

    def holds(self, packet: Packet) -> bool:
        return not self.part.holds(packet)


@dataclass(frozen=True)
class Every(Condition):
    """`… and …`"""

    parts: tuple[Condition, ...]

    def bounds(self, headers: Headers) -> tuple[Mask, Mask]:
        may, must = zip(*(part.bounds(headers) for part in self.parts), strict=True)
        return np.logical_and.reduce(may), np.logical_and.reduce(must)

    def holds(self, packet: Packet) -> bool:
        return all(part.holds(packet) for part in self.parts)


@dataclass(frozen=True)
class Either(Condition):
    """`… or …`"""

    parts: tuple[Condition, ...]

    def bounds(self, headers: Headers) -> tuple[Mask, Mask]:
        may, must = zip(*(part.bounds(headers) for part in self.parts), strict=True)
        return np.logical_or.reduce(may), np.logical_or.reduce(must)

    def holds(self, packet: Packet) -> bool:
        return any(part.holds(packet) for part in self.parts)
