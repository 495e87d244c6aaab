"""The wire format of PROTOCOL.md sections 1 and 2: construct declarations and frozen dataclasses.

The construct declarations are the definition. The hot path (`encode`, `decode`) runs on `struct` formats
that are derived from them when this module is loaded; a test holds the two against each other.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import construct as c

from protocol.aggregate import Aggregate

WIRE_VERSION = 0
SEALED_BIT = 0x80
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
NO_ID = 0xFFFF
MUSTER = 0xFFFE
MAX_PAIRS = 5
TOKEN_ASKED, TOKEN_MORE = 1, 2
ITEM_READINGS = 0x80
ITEM_LINK = 0xC0
ITEM_DOUBT = 0xC1
METRIC_MASK = 0x3F


class FrameType(IntEnum):
    """PROTOCOL.md section 2."""

    DISCOVERY = 1
    DISC_ACK = 2
    DISC_ACK_ACK = 3
    DEPTH = 4
    DATA = 5
    DATA_ACK = 6
    HELP = 7
    HELP_ACK = 8
    HELP_ACK_DATA = 9
    HELP_CONFIRM = 10
    RESULT = 11
    LOOK = 12
    TOKEN = 13
    SIGN = 14
    CLAIM = 15
    HELLO = 16
    POLL = 17
    READING = 18
    BEAT = 19


class DropReason(IntEnum):
    """Why a frame was not used: PROTOCOL.md section 8. The C core shares the numbers."""

    FRAMING = 1
    OVERSIZED = 2
    TRUNCATED = 3
    WIRE_VERSION = 4
    CHECKSUM = 5
    SEALED = 6
    UNKNOWN_TYPE = 7
    MALFORMED = 8
    OWN_ID = 9
    STATE = 10
    NOT_A_CHILD = 11
    STALE_VERSION = 12
    TABLE_FULL = 13
    NOT_FEASIBLE = 14
    QUEUE_FULL = 15

    @property
    def label(self) -> str:
        """The reason as people read it."""
        return self.name.lower().replace("_", " ")


class FrameError(ValueError):
    """Bytes that are no frame, or a frame that has no bytes; `reason` says which check failed."""

    def __init__(self, reason: DropReason, detail: str) -> None:
        super().__init__(f"{reason.label}: {detail}")
        self.reason = reason


# --- the definition --------------------------------------------------------------------------------------

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
ITEM_BODIES = {0: AGGREGATE, ITEM_LINK: LINK, ITEM_DOUBT: DOUBT}
ITEM = c.Struct(
    "kind" / c.Int8ub,
    "body" / c.Switch(lambda this: this.kind if this.kind > METRIC_MASK else 0, ITEM_BODIES, c.Error),
)
DURATION = c.Struct("duration_ms" / c.Int24ub)
REPORT = c.Struct("head" / DEPTH, "items" / c.GreedyRange(ITEM), c.Terminated)
RESULT = c.Struct("head" / DURATION, "items" / c.GreedyRange(ITEM), c.Terminated)
PAIR = c.Struct("metric" / c.Int8ub, "raw" / c.Int8ub)
READINGS = c.Struct("node" / c.Int16ub, "pairs" / c.Array(c.this._.kind & 0x0F, PAIR))
TOKEN_ITEM = c.Struct(
    "kind" / c.Int8ub, "body" / c.IfThenElse(c.this.kind <= METRIC_MASK, AGGREGATE, READINGS)
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
CLAIM = c.Struct("epoch" / c.Int16ub, "sequence" / c.Int32ub, "version" / c.Int16ub)
HELLO = c.Struct("network" / c.Int8ub, "epoch" / c.Int16ub, "version" / c.Int16ub)
POLL = c.Struct("epoch" / c.Int16ub, "version" / c.Int16ub, "attempt" / c.Int8ub)
READING = c.Struct("head" / POLL, "pairs" / c.GreedyRange(PAIR), c.Terminated)
BEAT = c.Struct(
    "epoch" / c.Int16ub,
    "version" / c.Int16ub,
    "age_ms" / c.Int24ub,
    "period_ms" / c.Int24ub,
    "lease_ms" / c.Int16ub,
)
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
}


# --- the values ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sync:
    """What a joined node says of its way to the root: round `version` began `age` units of time ago.

    protocol.way.age_unit_ms tells the unit, which depends on the period.
    """

    version: int
    age: int
    hop_count: int
    period_ms: int


@dataclass(frozen=True, slots=True)
class Ack:
    """Payload of DATA_ACK and HELP_CONFIRM."""

    acked_version: int
    sync: Sync


@dataclass(frozen=True, slots=True)
class Help:
    """Payload of HELP and LOOK: the sender's feasibility distance; hop count 255 if it has none."""

    version: int
    hop_count: int


@dataclass(frozen=True, slots=True)
class Depth:
    """Payload of DEPTH: hops to the furthest leaf."""

    depth: int


@dataclass(frozen=True, slots=True)
class Empty:
    """Payload of DISC_ACK."""


@dataclass(frozen=True, slots=True)
class Link:
    """`parent` counts `child` among its children; quality 1 to 255, or 0: given up."""

    child: int
    parent: int
    quality: int


@dataclass(frozen=True, slots=True)
class Items:
    """A report's items: (metric, aggregate) pairs, a metric once, of one version; links; nodes in doubt."""

    aggregates: tuple[tuple[int, Aggregate], ...] = ()
    links: tuple[Link, ...] = ()
    doubt: int = 0

    @property
    def version(self) -> int | None:
        """The round of the aggregates, None without any."""
        return self.aggregates[0][1].version if self.aggregates else None


@dataclass(frozen=True, slots=True)
class Report:
    """Payload of DATA and HELP_ACK_DATA."""

    depth: int
    items: Items


@dataclass(frozen=True, slots=True)
class Result:
    """Payload of RESULT; `duration_ms` from the start of the round."""

    duration_ms: int
    items: Items


Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class TokenId:
    """The name of a token; protocol.token_order says which of two is newer."""

    epoch: int
    generator: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Token:
    """Payload of TOKEN (12.2). `aggregates` as in Items; `readings` are (node, (metric, raw) pairs)."""

    id: TokenId
    fork: int
    home: int
    follows: int
    version: int
    next_version: int
    age_ms: int
    period_ms: int
    turn: int
    flags: int
    aggregates: tuple[tuple[int, Aggregate], ...] = ()
    readings: tuple[tuple[int, Pairs], ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """Payload of SIGN: the newest token and version that the sender knows."""

    id: TokenId
    version: int
    passed_over: int
    hold_ms: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Payload of CLAIM: the epoch that the sender wants to open, and the newest that it knows."""

    epoch: int
    sequence: int
    version: int


class Network(IntEnum):
    """What a HELLO says the sender takes part in; a sink tree has no HELLO."""

    TREE = 0
    RING = 1
    POLLING = 2


@dataclass(frozen=True, slots=True)
class Hello:
    """Payload of HELLO; `network` is a Network that this version knows, or another number."""

    network: int
    epoch: int
    version: int


@dataclass(frozen=True, slots=True)
class Poll:
    """Payload of POLL."""

    epoch: int
    version: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Payload of READING: raw readings by metric, of the node that sends it."""

    epoch: int
    version: int
    attempt: int
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Beat:
    """Payload of BEAT: round `version` began `age_ms` ago, and the sender is primary for `lease_ms`."""

    epoch: int
    version: int
    age_ms: int
    period_ms: int
    lease_ms: int


Payload = (
    Sync | Ack | Help | Depth | Empty | Report | Result | Token | Sign | Claim | Hello | Poll | Reading | Beat
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One open frame."""

    type: FrameType
    source: int
    destination: int
    counter: int
    payload: Payload


# --- the hot path, derived from the definition -----------------------------------------------------------


class _Fixed:
    """A construct Struct of unsigned integers as one compiled `struct`; nested Structs are laid flat."""

    def __init__(self, definition: Any) -> None:
        widths = list(self._widths(definition))
        self._wide = [width == 3 for width in widths]
        self._struct = struct.Struct(
            ">" + "".join({1: "B", 2: "H", 3: "BH", 4: "I"}[width] for width in widths)
        )
        self._plain = not any(self._wide)
        self.size_bytes = self._struct.size

    @classmethod
    def _widths(cls, definition: Any) -> Iterator[int]:
        for field in definition.subcons:
            if isinstance(field.subcon, c.Struct):
                yield from cls._widths(field.subcon)
            else:
                yield field.sizeof()

    def unpack(self, data: bytes, offset: int) -> list[int] | tuple[int, ...]:
        values = self._struct.unpack_from(data, offset)
        if self._plain:
            return values
        rest = iter(values)
        return [next(rest) << 16 | next(rest) if wide else next(rest) for wide in self._wide]

    def pack(self, *values: int) -> bytes:
        if self._plain:
            return self._struct.pack(*values)
        split: list[int] = []
        for value, wide in zip(values, self._wide, strict=True):
            split += (value >> 16, value & 0xFFFF) if wide else (value,)
        return self._struct.pack(*split)


_HEADER = _Fixed(HEADER)
_AGGREGATE = _Fixed(AGGREGATE)
_LINK = _Fixed(LINK)
_DOUBT = _Fixed(DOUBT)
_SYNC = _Fixed(SYNC)
_ACK = _Fixed(ACK)
_HELP = _Fixed(HELP)
_DEPTH = _Fixed(DEPTH)
_DURATION = _Fixed(DURATION)
_PAIR = _Fixed(PAIR)
_TOKEN_HEAD = _Fixed(TOKEN_HEAD)
_SIGN = _Fixed(SIGN)
_CLAIM = _Fixed(CLAIM)
_HELLO = _Fixed(HELLO)
_POLL = _Fixed(POLL)
_BEAT = _Fixed(BEAT)
_OTHER_ITEMS = {ITEM_LINK: _LINK, ITEM_DOUBT: _DOUBT}


def _malformed(detail: str) -> FrameError:
    return FrameError(DropReason.MALFORMED, detail)


def _read_items(data: bytes, offset: int) -> Items:
    """Items in their one order (aggregates, links, doubt), so that no two payloads mean the same."""
    aggregates: list[tuple[int, Aggregate]] = []
    links: list[Link] = []
    doubt = 0
    while offset < len(data):
        kind = data[offset]
        body = _AGGREGATE if kind <= METRIC_MASK else _OTHER_ITEMS.get(kind)
        if body is None:
            raise _malformed(f"item kind 0x{kind:02x}")
        if offset + 1 + body.size_bytes > len(data):
            raise _malformed("item cut short")
        if doubt or (body is _AGGREGATE and links):
            raise _malformed("items out of order")
        values = body.unpack(data, offset + 1)
        offset += 1 + body.size_bytes
        if body is _AGGREGATE:
            aggregates.append((kind, Aggregate(*values)))
        elif body is _LINK:
            links.append(Link(*values))
        else:
            (doubt,) = values
            if not doubt:
                raise _malformed("a doubt of 0")
    items = Items(tuple(aggregates), tuple(links), doubt)
    _check_items(items)
    return items


def _check_items(items: Items) -> None:
    if len(items.aggregates) > MAX_AGGREGATES or len(items.links) > MAX_LINKS:
        raise _malformed("too many items")
    if len({metric for metric, _ in items.aggregates}) != len(items.aggregates):
        raise _malformed("a metric twice")
    if any(aggregate.version != items.version for _, aggregate in items.aggregates):
        raise _malformed("aggregates of two versions")


def _write_items(items: Items) -> bytes:
    _check_items(items)
    parts: list[bytes] = []
    for metric, a in items.aggregates:
        if not 0 <= metric <= METRIC_MASK:
            raise _malformed(f"metric {metric}")
        parts.append(bytes([metric]) + _AGGREGATE.pack(a.version, a.max, a.max_id, a.total, a.count))
    parts += [bytes([ITEM_LINK]) + _LINK.pack(link.child, link.parent, link.quality) for link in items.links]
    if items.doubt:
        parts.append(bytes([ITEM_DOUBT]) + _DOUBT.pack(items.doubt))
    return b"".join(parts)


def _read_sync(data: bytes) -> Sync:
    return Sync(*_SYNC.unpack(data, 0))


def _sync_values(sync: Sync) -> tuple[int, int, int, int]:
    return sync.version, sync.age, sync.hop_count, sync.period_ms


def _write_sync(sync: Sync) -> bytes:
    return _SYNC.pack(*_sync_values(sync))


def _read_ack(data: bytes) -> Ack:
    acked_version, *sync = _ACK.unpack(data, 0)
    return Ack(acked_version, Sync(*sync))


def _write_ack(ack: Ack) -> bytes:
    return _ACK.pack(ack.acked_version, *_sync_values(ack.sync))


def _read_report(data: bytes) -> Report:
    return Report(data[0], _read_items(data, _DEPTH.size_bytes))


def _read_result(data: bytes) -> Result:
    return Result(_DURATION.unpack(data, 0)[0], _read_items(data, _DURATION.size_bytes))


def _read_pairs(data: bytes, offset: int, end: int) -> Pairs:
    if (end - offset) % _PAIR.size_bytes:
        raise _malformed("pairs cut short")
    pairs = tuple((data[at], data[at + 1]) for at in range(offset, end, _PAIR.size_bytes))
    _check_pairs(pairs)
    return pairs


def _write_pairs(pairs: Pairs) -> bytes:
    _check_pairs(pairs)
    return b"".join(_PAIR.pack(*pair) for pair in pairs)


def _check_pairs(pairs: Pairs) -> None:
    if len(pairs) > MAX_PAIRS:
        raise _malformed("too many readings")
    if len({metric for metric, _ in pairs}) != len(pairs):
        raise _malformed("a metric twice")
    if any(not 0 <= metric <= METRIC_MASK for metric, _ in pairs):
        raise _malformed("a metric above 63")


def _read_token(data: bytes) -> Token:
    if len(data) > MAX_PAYLOAD_BYTES:
        raise _malformed(f"a token of {len(data)} bytes, at most {MAX_PAYLOAD_BYTES}")
    epoch, generator, sequence, fork, home, *rest = _TOKEN_HEAD.unpack(data, 0)
    follows, version, next_version, age_ms, period_ms, turn, flags = rest
    offset = _TOKEN_HEAD.size_bytes
    aggregates: list[tuple[int, Aggregate]] = []
    readings: list[tuple[int, Pairs]] = []
    while offset < len(data):
        kind, start = data[offset], offset + 1
        count = kind - ITEM_READINGS
        if kind <= METRIC_MASK:
            offset = start + _AGGREGATE.size_bytes
        elif 0 < count <= MAX_PAIRS:
            offset = start + 2 + count * _PAIR.size_bytes
        else:
            raise _malformed(f"item kind 0x{kind:02x}")
        if offset > len(data):
            raise _malformed("item cut short")
        if kind > METRIC_MASK:
            node = int.from_bytes(data[start : start + 2], "big")
            readings.append((node, _read_pairs(data, start + 2, offset)))
        elif readings:
            raise _malformed("items out of order")
        else:
            aggregates.append((kind, Aggregate(*_AGGREGATE.unpack(data, start))))
    token = Token(
        TokenId(epoch, generator, sequence),
        *(fork, home, follows, version, next_version, age_ms, period_ms, turn, flags),
        tuple(aggregates),
        tuple(readings),
    )
    _check_token(token)
    return token


def _check_token(token: Token) -> None:
    _check_items(Items(token.aggregates))
    if any(aggregate.version != token.version for _, aggregate in token.aggregates):
        raise _malformed("aggregates of another round")
    if len({node for node, _ in token.readings}) != len(token.readings):
        raise _malformed("a node twice")
    if any(node > MAX_NODE_ID for node in (token.home, token.id.generator, *dict(token.readings))):
        raise _malformed("no node id")


def _write_token(token: Token) -> bytes:
    _check_token(token)
    name = token.id
    parts = [
        _TOKEN_HEAD.pack(
            *(name.epoch, name.generator, name.sequence, token.fork, token.home, token.follows),
            *(token.version, token.next_version, token.age_ms, token.period_ms, token.turn, token.flags),
        ),
        _write_items(Items(token.aggregates)),
    ]
    for node, pairs in token.readings:
        if not pairs:
            raise _malformed(f"node {node} without a reading")
        parts.append(bytes([ITEM_READINGS + len(pairs)]) + node.to_bytes(2, "big") + _write_pairs(pairs))
    payload = b"".join(parts)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise _malformed(f"a token of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
    return payload


def _read_sign(data: bytes) -> Sign:
    epoch, generator, sequence, *rest = _SIGN.unpack(data, 0)
    return Sign(TokenId(epoch, generator, sequence), *rest)


def _write_sign(sign: Sign) -> bytes:
    name = sign.id
    return _SIGN.pack(name.epoch, name.generator, name.sequence, sign.version, sign.passed_over, sign.hold_ms)


def _read_reading(data: bytes) -> Reading:
    epoch, version, attempt = _POLL.unpack(data, 0)
    return Reading(epoch, version, attempt, _read_pairs(data, _POLL.size_bytes, len(data)))


# payload class, smallest size, size is exact, reader, writer
_Codec = tuple[type, int, bool, Callable[[bytes], Payload], Callable[[Any], bytes]]
_SYNC_CODEC: _Codec = (Sync, _SYNC.size_bytes, True, _read_sync, _write_sync)
_ACK_CODEC: _Codec = (Ack, _ACK.size_bytes, True, _read_ack, _write_ack)
_REPORT_CODEC: _Codec = (
    Report,
    _DEPTH.size_bytes,
    False,
    _read_report,
    lambda report: _DEPTH.pack(report.depth) + _write_items(report.items),
)
_HELP_CODEC: _Codec = (
    Help,
    _HELP.size_bytes,
    True,
    lambda data: Help(*_HELP.unpack(data, 0)),
    lambda help_: _HELP.pack(help_.version, help_.hop_count),
)
_CODECS: dict[int, _Codec] = {
    FrameType.DISCOVERY: _SYNC_CODEC,
    FrameType.DISC_ACK: (Empty, 0, True, lambda data: Empty(), lambda empty: b""),
    FrameType.DISC_ACK_ACK: _SYNC_CODEC,
    FrameType.DEPTH: (Depth, 1, True, lambda data: Depth(data[0]), lambda depth: _DEPTH.pack(depth.depth)),
    FrameType.DATA: _REPORT_CODEC,
    FrameType.DATA_ACK: _ACK_CODEC,
    FrameType.HELP: _HELP_CODEC,
    FrameType.HELP_ACK: _SYNC_CODEC,
    FrameType.HELP_ACK_DATA: _REPORT_CODEC,
    FrameType.HELP_CONFIRM: _ACK_CODEC,
    FrameType.RESULT: (
        Result,
        _DURATION.size_bytes,
        False,
        _read_result,
        lambda result: _DURATION.pack(result.duration_ms) + _write_items(result.items),
    ),
    FrameType.LOOK: _HELP_CODEC,
    FrameType.TOKEN: (Token, _TOKEN_HEAD.size_bytes, False, _read_token, _write_token),
    FrameType.SIGN: (Sign, _SIGN.size_bytes, True, _read_sign, _write_sign),
    FrameType.CLAIM: (
        Claim,
        _CLAIM.size_bytes,
        True,
        lambda data: Claim(*_CLAIM.unpack(data, 0)),
        lambda claim: _CLAIM.pack(claim.epoch, claim.sequence, claim.version),
    ),
    FrameType.HELLO: (
        Hello,
        _HELLO.size_bytes,
        True,
        lambda data: Hello(*_HELLO.unpack(data, 0)),
        lambda hello: _HELLO.pack(hello.network, hello.epoch, hello.version),
    ),
    FrameType.POLL: (
        Poll,
        _POLL.size_bytes,
        True,
        lambda data: Poll(*_POLL.unpack(data, 0)),
        lambda poll: _POLL.pack(poll.epoch, poll.version, poll.attempt),
    ),
    FrameType.READING: (
        Reading,
        _POLL.size_bytes,
        False,
        _read_reading,
        lambda reading: (
            _POLL.pack(reading.epoch, reading.version, reading.attempt) + _write_pairs(reading.pairs)
        ),
    ),
    FrameType.BEAT: (
        Beat,
        _BEAT.size_bytes,
        True,
        lambda data: Beat(*_BEAT.unpack(data, 0)),
        lambda beat: _BEAT.pack(beat.epoch, beat.version, beat.age_ms, beat.period_ms, beat.lease_ms),
    ),
}
_NEEDS_AGGREGATE = (FrameType.DATA, FrameType.RESULT)


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE over `data`."""
    return binascii.crc_hqx(data, 0xFFFF)


def _check_frame(frame: Frame) -> None:
    if frame.source > MAX_NODE_ID:
        raise _malformed(f"source 0x{frame.source:04x} is no node id")
    if frame.type in _NEEDS_AGGREGATE:
        assert isinstance(frame.payload, Report | Result)
        if not frame.payload.items.aggregates:
            raise _malformed(f"{frame.type.name} without an aggregate")


def encode(frame: Frame) -> bytes:
    """The bytes of an open frame. Raises FrameError (malformed) for a value that does not fit its field."""
    payload_class, _, _, _, write = _CODECS[frame.type]
    if type(frame.payload) is not payload_class:
        raise _malformed(
            f"{frame.type.name} bears {payload_class.__name__}, not {type(frame.payload).__name__}"
        )
    _check_frame(frame)
    try:
        head = _HEADER.pack(WIRE_VERSION << 5 | frame.type, frame.source, frame.destination, frame.counter)
        body = head + write(frame.payload)
    except (struct.error, OverflowError) as error:
        raise _malformed(f"{frame.type.name}: {error}") from error
    return body + crc16(body).to_bytes(CRC_BYTES, "big")


def decode(data: bytes) -> Frame:
    """The open frame in `data`. Raises FrameError; checked in the order of PROTOCOL.md section 4."""
    if len(data) > MAX_FRAME_BYTES:
        raise FrameError(DropReason.OVERSIZED, f"{len(data)} bytes, at most {MAX_FRAME_BYTES}")
    if len(data) < HEADER_BYTES + CRC_BYTES:
        raise FrameError(DropReason.TRUNCATED, f"{len(data)} bytes, at least {HEADER_BYTES + CRC_BYTES}")
    first, source, destination, counter = _HEADER.unpack(data, 0)
    if first >> 5 & 0x3 != WIRE_VERSION:
        raise FrameError(DropReason.WIRE_VERSION, f"wire version {first >> 5 & 0x3}")
    if first & SEALED_BIT:
        raise FrameError(DropReason.SEALED, "a sealed frame, and no key")
    if crc16(data[:-CRC_BYTES]) != int.from_bytes(data[-CRC_BYTES:], "big"):
        raise FrameError(DropReason.CHECKSUM, "CRC-16 differs")
    codec = _CODECS.get(first & 0x1F)
    if codec is None:
        raise FrameError(DropReason.UNKNOWN_TYPE, f"type {first & 0x1F}")
    frame_type = FrameType(first & 0x1F)
    payload = data[HEADER_BYTES:-CRC_BYTES]
    _, size_bytes, exact, read, _ = codec
    if len(payload) < size_bytes or (exact and len(payload) > size_bytes):
        raise _malformed(f"{frame_type.name} with a payload of {len(payload)} bytes")
    frame = Frame(frame_type, source, destination, counter, read(payload))
    _check_frame(frame)
    return frame


def peek_header(data: bytes) -> tuple[int, int, int, int]:
    """(type byte, source, destination, counter), nothing else checked. Raises FrameError (truncated)."""
    if len(data) < HEADER_BYTES:
        raise FrameError(DropReason.TRUNCATED, f"{len(data)} bytes, at least {HEADER_BYTES}")
    first, source, destination, counter = _HEADER.unpack(data, 0)
    return first, source, destination, counter
