"""The codec of open frames (PROTOCOL.md sections 1, 2 and 4), and all that a frame is made of.

Frames are values (protocol.payloads) and bytes (protocol.wire_format); `encode` and `decode` lead from one to
the other, and everybody else needs this module alone.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from protocol.aggregate import Aggregate
from protocol.payloads import (
    Ack,
    Beat,
    Boot,
    Challenge,
    Claim,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameError,
    FrameType,
    Heard,
    Hello,
    Help,
    Items,
    Letter,
    Link,
    Network,
    Pair,
    Pairs,
    Payload,
    Poll,
    Reading,
    Report,
    Response,
    Result,
    Sign,
    Sync,
    Token,
    TokenId,
)
from protocol.wire_format import (
    ACK,
    AGGREGATE,
    BEAT_HEAD,
    BOOT,
    BROADCAST,
    CLAIM,
    COUNTER_MODULUS,
    CRC_BYTES,
    DEPTH,
    DOUBT,
    DURATION,
    HEADER,
    HEADER_BYTES,
    HEARD,
    HELLO,
    HELP,
    HOST,
    ITEM_DOUBT,
    ITEM_LINK,
    ITEM_READINGS,
    LETTER_HEAD,
    LIFE,
    LINK,
    MAX_AGGREGATES,
    MAX_FRAME_BYTES,
    MAX_HEIRS,
    MAX_LINKS,
    MAX_NODE_ID,
    MAX_PAIRS,
    MAX_PAYLOAD_BYTES,
    MAX_U24,
    METRIC_MASK,
    MUSTER,
    NO_HOP_COUNT,
    NO_ID,
    PAIR,
    POLL,
    RESPONSE,
    SEALED_BIT,
    SIGN,
    STEP,
    SYNC,
    TAG_BYTES,
    TOKEN_ASKED,
    TOKEN_HEAD,
    TOKEN_MORE,
    WIRE_VERSION,
    FixedStruct,
)

# fmt: off
__all__ = [
    "BROADCAST", "COUNTER_MODULUS", "CRC_BYTES", "HEADER_BYTES", "HOST", "ITEM_DOUBT", "ITEM_LINK",
    "ITEM_READINGS", "MAX_AGGREGATES", "MAX_FRAME_BYTES", "MAX_HEIRS", "MAX_LINKS", "MAX_NODE_ID",
    "MAX_PAIRS", "MAX_PAYLOAD_BYTES", "MAX_U24", "METRIC_MASK", "MUSTER", "NO_HOP_COUNT", "NO_ID",
    "SEALED_BIT", "TAG_BYTES", "TOKEN_ASKED", "TOKEN_MORE", "WIRE_VERSION", "Ack", "Beat", "Boot",
    "Challenge", "Claim", "Depth", "DropReason", "Empty", "Frame", "FrameError", "FrameType", "Heard",
    "Hello", "Help", "Items", "Letter", "Link", "Network", "Pair", "Pairs", "Payload", "Poll", "Reading",
    "Report", "Response", "Result", "Sign", "Sync", "Token", "TokenId", "crc16", "decode", "encode",
    "peek_header",
]
# fmt: on

_HEADER = FixedStruct(HEADER)
_PEEKED = struct.Struct(">BHHBH")  # the header, for those who read of every frame nothing else
_AGGREGATE = FixedStruct(AGGREGATE)
_LINK = FixedStruct(LINK)
_DOUBT = FixedStruct(DOUBT)
_SYNC = FixedStruct(SYNC)
_ACK = FixedStruct(ACK)
_HELP = FixedStruct(HELP)
_DEPTH = FixedStruct(DEPTH)
_DURATION = FixedStruct(DURATION)
_PAIR = FixedStruct(PAIR)
_TOKEN_HEAD = FixedStruct(TOKEN_HEAD)
_SIGN = FixedStruct(SIGN)
_CLAIM = FixedStruct(CLAIM)
_HELLO = FixedStruct(HELLO)
_POLL = FixedStruct(POLL)
_BEAT_HEAD = FixedStruct(BEAT_HEAD)
_LIFE = FixedStruct(LIFE)
_RESPONSE = FixedStruct(RESPONSE)
_LETTER_HEAD = FixedStruct(LETTER_HEAD)
_HEARD = FixedStruct(HEARD)
_BOOT = FixedStruct(BOOT)
_STEP = FixedStruct(STEP)
_HEIR_BYTES = 2
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
    _check_payload_bytes(len(data))
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
    if any(node > MAX_NODE_ID for node in (token.home, *dict(token.readings))):
        raise _malformed("home or node of readings is no node id")
    _check_token_id(token.id)


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
    sign = Sign(TokenId(epoch, generator, sequence), *rest)
    _check_token_id(sign.id)
    return sign


def _write_sign(sign: Sign) -> bytes:
    name = sign.id
    _check_token_id(name)
    return _SIGN.pack(name.epoch, name.generator, name.sequence, sign.version, sign.passed_over, sign.hold_ms)


def _check_token_id(name: TokenId) -> None:
    if name.generator > MAX_NODE_ID:
        raise _malformed(f"generator 0x{name.generator:04x} is no node id")


def _read_reading(data: bytes) -> Reading:
    epoch, version, attempt = _POLL.unpack(data, 0)
    return Reading(epoch, version, attempt, _read_pairs(data, _POLL.size_bytes, len(data)))


def _read_beat(data: bytes) -> Beat:
    head_bytes = _BEAT_HEAD.size_bytes
    count, rest = divmod(len(data) - head_bytes, _HEIR_BYTES)
    if rest:
        raise _malformed("heirs cut short")
    epoch, version, age_ms, period_ms, lease_ms = _BEAT_HEAD.unpack(data, 0)
    heirs = struct.unpack_from(f">{count}H", data, head_bytes)
    _check_heirs(heirs)
    return Beat(epoch, version, age_ms, period_ms, lease_ms, heirs)


def _write_beat(beat: Beat) -> bytes:
    _check_heirs(beat.heirs)
    head = _BEAT_HEAD.pack(beat.epoch, beat.version, beat.age_ms, beat.period_ms, beat.lease_ms)
    return head + struct.pack(f">{len(beat.heirs)}H", *beat.heirs)


def _check_heirs(heirs: tuple[int, ...]) -> None:
    if len(heirs) > MAX_HEIRS:
        raise _malformed("too many heirs")
    if len(set(heirs)) != len(heirs):
        raise _malformed("an heir twice")
    if any(heir > MAX_NODE_ID for heir in heirs):
        raise _malformed("an heir that is no node id")


def _read_letter(data: bytes) -> Letter:
    _check_payload_bytes(len(data))
    hops, origin, addressee, life, counter = _LETTER_HEAD.unpack(data, 0)
    letter = Letter(hops, origin, addressee, life, counter, data[_LETTER_HEAD.size_bytes :])
    _check_letter(letter)
    return letter


def write_letter(letter: Letter) -> bytes:
    """The payload of a LETTER. Raises FrameError."""
    _check_letter(letter)
    head = (letter.hops, letter.origin, letter.addressee, letter.origin_life, letter.origin_counter)
    data = _LETTER_HEAD.pack(*head) + letter.body
    _check_payload_bytes(len(data))
    return data


def _check_letter(letter: Letter) -> None:
    if letter.origin > MAX_NODE_ID or letter.addressee > MAX_NODE_ID:
        raise _malformed("origin or addressee is no node id")
    if not letter.body:
        raise _malformed("a letter without a body")


def _read_pair(data: bytes) -> Pair:
    _check_payload_bytes(len(data))
    return Pair(data[0], data[_STEP.size_bytes :])


def _write_pair(pair: Pair) -> bytes:
    data = _STEP.pack(pair.step) + pair.body
    _check_payload_bytes(len(data))
    return data


def _check_payload_bytes(size_bytes: int) -> None:
    if size_bytes > MAX_PAYLOAD_BYTES:
        raise _malformed(f"a payload of {size_bytes} bytes, at most {MAX_PAYLOAD_BYTES}")


# payload class, smallest size, size is exact, reader, writer
_Codec = tuple[type, int, bool, Callable[[bytes], Payload], Callable[[Any], bytes]]
_EMPTY_CODEC: _Codec = (Empty, 0, True, lambda data: Empty(), lambda empty: b"")
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
    FrameType.DISC_ACK: _EMPTY_CODEC,
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
        lambda claim: _CLAIM.pack(claim.epoch, claim.version),
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
    FrameType.BEAT: (Beat, _BEAT_HEAD.size_bytes, False, _read_beat, _write_beat),
    FrameType.GOODBYE: _EMPTY_CODEC,
    FrameType.CHALLENGE: (
        Challenge,
        _LIFE.size_bytes,
        True,
        lambda data: Challenge(*_LIFE.unpack(data, 0)),
        lambda challenge: _LIFE.pack(challenge.life),
    ),
    FrameType.RESPONSE: (
        Response,
        _RESPONSE.size_bytes,
        True,
        lambda data: Response(*_RESPONSE.unpack(data, 0)),
        lambda response: _RESPONSE.pack(response.life, response.challenged_life, response.challenged_counter),
    ),
    FrameType.LETTER: (Letter, _LETTER_HEAD.size_bytes, False, _read_letter, write_letter),
    FrameType.HEARD: (
        Heard,
        _HEARD.size_bytes,
        True,
        lambda data: Heard(*_HEARD.unpack(data, 0)),
        lambda heard: _HEARD.pack(heard.heard_source, heard.heard_counter, heard.quality),
    ),
    FrameType.BOOT: (
        Boot,
        _BOOT.size_bytes,
        True,
        lambda data: Boot(*_BOOT.unpack(data, 0)),
        lambda boot: _BOOT.pack(boot.boot_life, boot.boot_counter, boot.cause, boot.flags, boot.settings_crc),
    ),
    FrameType.PAIR: (Pair, _STEP.size_bytes, False, _read_pair, _write_pair),
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


# A frame is read by everybody who hears it: the nodes of a simulation; link, relay, observer and node of a
# bridge. Frames are values, so all of them may have the same one.
@lru_cache(maxsize=32)
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
    first, source, destination, high, low = _PEEKED.unpack_from(data)
    return first, source, destination, high << 16 | low
