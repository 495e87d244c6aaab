"""The wire format of PROTOCOL.md sections 1 and 2, declared with construct: the definition.

Only this module knows construct. The codecs of frames and payloads run on FixedStruct, which is derived from
the definition when this module is loaded; a test holds the two against each other.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import construct as c

from protocol.payloads import FrameType

WIRE_VERSION = 0
SEALED_BIT, TYPE_MASK = 0x80, 0x1F  # of a frame's first byte (section 1)
BROADCAST = 0xFFFF
HOST = 0xFFFE
MAX_NODE_ID = 0xFFFD
NO_HOP_COUNT = 0xFF
HEADER_BYTES = 8
CRC_BYTES = 2
TAG_BYTES = 8
MAX_PAYLOAD_BYTES = 88
MAX_FRAME_BYTES = HEADER_BYTES + MAX_PAYLOAD_BYTES + TAG_BYTES
MAX_AGGREGATES = 5
MAX_LINKS = 5
COUNTER_MODULUS = 1 << 24
MAX_U24 = (1 << 24) - 1
MAX_PAIRS = 5
MAX_HEIRS = 4
NO_ID, MUSTER = 0xFFFF, 0xFFFE  # where a node id stands in TOKEN and SIGN (12.2)
TOKEN_ASKED, TOKEN_MORE = 1, 2  # flags of a TOKEN (12.2)
ITEM_READINGS = 0x80
ITEM_LINK = 0xC0
ITEM_DOUBT = 0xC1
METRIC_MASK = 0x3F

HEADER = c.Struct("type" / c.Int8ub, "source" / c.Int16ub, "destination" / c.Int16ub, "counter" / c.Int24ub)
SYNC = c.Struct("version" / c.Int16ub, "age" / c.Int24ub, "hop_count" / c.Int8ub, "period_ms" / c.Int24ub)
AGGREGATE = c.Struct(
    "version" / c.Int16ub, "max" / c.Int8ub, "max_id" / c.Int16ub, "total" / c.Int16ub, "count" / c.Int16ub
)
LINK = c.Struct("child" / c.Int16ub, "parent" / c.Int16ub, "quality" / c.Int8ub)
DOUBT = c.Struct("doubt" / c.Int16ub)
ACK = c.Struct("acked_version" / c.Int16ub, "sync" / SYNC)
DEPTH = c.Struct("depth" / c.Int8ub)
HELP = c.Struct("version" / c.Int16ub, "hop_count" / c.Int8ub)
ITEM_BODIES = {METRIC_MASK: AGGREGATE, ITEM_LINK: LINK, ITEM_DOUBT: DOUBT}
ITEM = c.Struct(
    "kind" / c.Int8ub,
    "body" / c.Switch(lambda this: max(this.kind, METRIC_MASK), ITEM_BODIES, c.Error),
)
DURATION = c.Struct("duration_ms" / c.Int24ub)
REPORT = c.Struct("head" / DEPTH, "items" / c.GreedyRange(ITEM), c.Terminated)
RESULT = c.Struct("head" / DURATION, "items" / c.GreedyRange(ITEM), c.Terminated)
PAIR = c.Struct("metric" / c.Int8ub, "raw" / c.Int8ub)
TOKEN_BODIES = {METRIC_MASK: AGGREGATE} | {
    ITEM_READINGS + count: c.Struct("node" / c.Int16ub, "pairs" / c.Array(count, PAIR))
    for count in range(1, MAX_PAIRS + 1)
}
TOKEN_ITEM = c.Struct(
    "kind" / c.Int8ub,
    "body" / c.Switch(lambda this: max(this.kind, METRIC_MASK), TOKEN_BODIES, c.Error),
)
TOKEN_ID = c.Struct("epoch" / c.Int16ub, "generator" / c.Int16ub, "sequence" / c.Int32ub)
TOKEN_HEAD = c.Struct(
    "id" / TOKEN_ID,
    "fork" / c.Int32ub,
    "home" / c.Int16ub,
    "follows" / c.Int16ub,
    "version" / c.Int16ub,
    "next_version" / c.Int16ub,
    "age_ms" / c.Int24ub,
    "period_ms" / c.Int24ub,
    "turn" / c.Int8ub,
    "flags" / c.Int8ub,
)
TOKEN = c.Struct("head" / TOKEN_HEAD, "items" / c.GreedyRange(TOKEN_ITEM), c.Terminated)
SIGN = c.Struct("id" / TOKEN_ID, "version" / c.Int16ub, "passed_over" / c.Int16ub, "hold_ms" / c.Int24ub)
CLAIM = c.Struct("epoch" / c.Int16ub, "version" / c.Int16ub)
HELLO = c.Struct("network" / c.Int8ub, "epoch" / c.Int16ub, "version" / c.Int16ub)
POLL = c.Struct("epoch" / c.Int16ub, "version" / c.Int16ub, "attempt" / c.Int8ub)
READING_OF_ONE = c.Struct("head" / POLL, "pair" / PAIR)
READING = c.Struct("head" / POLL, "pairs" / c.GreedyRange(PAIR), c.Terminated)
BEAT_HEAD = c.Struct(
    "epoch" / c.Int16ub,
    "version" / c.Int16ub,
    "age_ms" / c.Int24ub,
    "period_ms" / c.Int24ub,
    "lease_ms" / c.Int16ub,
)
BEAT = c.Struct("head" / BEAT_HEAD, "heirs" / c.GreedyRange(c.Int16ub), c.Terminated)
LIFE = c.Struct("life" / c.Int32ub)
LONG_COUNTER = c.Struct("life" / c.Int32ub, "counter" / c.Int24ub)
RESPONSE = c.Struct("life" / c.Int32ub, "challenged" / LONG_COUNTER)
LETTER_HEAD = c.Struct(
    "hops" / c.Int8ub, "origin" / c.Int16ub, "addressee" / c.Int16ub, "number" / LONG_COUNTER
)
LETTER = c.Struct("head" / LETTER_HEAD, "body" / c.GreedyBytes)
HEARD = c.Struct("source" / c.Int16ub, "counter" / c.Int24ub, "quality" / c.Int8ub)
BOOT = c.Struct("session" / LONG_COUNTER, "cause" / c.Int8ub, "flags" / c.Int8ub, "settings_crc" / c.Int16ub)
STEP = c.Struct("step" / c.Int8ub)
PAIRING = c.Struct("head" / STEP, "body" / c.GreedyBytes)
PAYLOADS: dict[FrameType, Any] = {
    FrameType.DISCOVERY: SYNC,
    FrameType.DISC_ACK: c.Struct(),
    FrameType.DISC_ACK_ACK: SYNC,
    FrameType.DEPTH: DEPTH,
    FrameType.DATA: REPORT,
    FrameType.DATA_ACK: ACK,
    FrameType.HELP: HELP,
    FrameType.HELP_ACK: SYNC,
    FrameType.HELP_ACK_DATA: REPORT,
    FrameType.HELP_CONFIRM: ACK,
    FrameType.RESULT: RESULT,
    FrameType.LOOK: HELP,
    FrameType.TOKEN: TOKEN,
    FrameType.SIGN: SIGN,
    FrameType.CLAIM: CLAIM,
    FrameType.HELLO: HELLO,
    FrameType.POLL: POLL,
    FrameType.READING: READING,
    FrameType.BEAT: BEAT,
    FrameType.GOODBYE: c.Struct(),
    FrameType.CHALLENGE: LIFE,
    FrameType.RESPONSE: RESPONSE,
    FrameType.LETTER: LETTER,
    FrameType.HEARD: HEARD,
    FrameType.BOOT: BOOT,
    FrameType.PAIR: PAIRING,
}


class FieldPlace(NamedTuple):
    """Where a field is: its names from the outside in (what is repeated by its number), and which bytes."""

    path: tuple[str | int, ...]
    offset: int
    size_bytes: int


def field_places(
    definition: Any, data: bytes, offset: int = 0, path: tuple[str | int, ...] = ()
) -> Iterator[FieldPlace]:
    """Each field that the definition finds in `data`, which is well-formed, from `offset` on."""
    if isinstance(definition, c.Struct):
        numbers = c.Container()
        for field in definition.subcons:
            if field.name is None:  # Terminated
                continue
            part = field.subcon
            if isinstance(part, c.Switch):
                part = part.cases[part.keyfunc(numbers)]
            for place in field_places(part, data, offset, (*path, field.name)):
                offset = place.offset + place.size_bytes
                numbers[field.name] = int.from_bytes(data[place.offset : offset], "big")
                yield place
    elif isinstance(definition, c.GreedyRange | c.Array):
        number, most = 0, definition.count if isinstance(definition, c.Array) else len(data)
        while offset < len(data) and number < most:
            for place in field_places(definition.subcon, data, offset, (*path, number)):
                offset = place.offset + place.size_bytes
                yield place
            number += 1
    elif definition is c.GreedyBytes:
        yield FieldPlace(path, offset, len(data) - offset)
    else:
        yield FieldPlace(path, offset, definition.sizeof())


class FixedStruct:
    """A construct Struct of unsigned integers as one compiled `struct`; nested Structs are laid flat."""

    def __init__(self, definition: Any) -> None:
        widths = list(self._widths(definition))
        self._wide = [width == 3 for width in widths]
        self._joints = [place for place, is_wide in enumerate(self._wide) if is_wide]
        self._struct = struct.Struct(
            ">" + "".join({1: "B", 2: "H", 3: "BH", 4: "I"}[width] for width in widths)
        )
        self._plain = not any(self._wide)
        self.size_bytes = self._struct.size
        # The numbers at an offset of some bytes; nothing else is called for them, if they need no joining.
        self.unpack: Callable[[bytes, int], Sequence[int]]
        self.unpack = self._struct.unpack_from if self._plain else self._unpack_wide

    @classmethod
    def _widths(cls, definition: Any) -> Iterator[int]:
        for field in definition.subcons:
            if isinstance(field.subcon, c.Struct):
                yield from cls._widths(field.subcon)
            else:
                yield field.sizeof()

    def _unpack_wide(self, data: bytes, offset: int) -> list[int]:
        values = list(self._struct.unpack_from(data, offset))
        for place in self._joints:  # those before it are joined, so it stands at its own place
            values[place] = values[place] << 16 | values.pop(place + 1)
        return values

    def pack(self, *values: int) -> bytes:
        if self._plain:
            return self._struct.pack(*values)
        split: list[int] = []
        for value, wide in zip(values, self._wide, strict=True):
            split += (value >> 16, value & 0xFFFF) if wide else (value,)
        return self._struct.pack(*split)
