"""Payloads as bytes (PROTOCOL.md section 2): a codec for each frame type, all in one table."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from protocol.aggregate import Aggregate
from protocol.payloads import (
    Ack,
    Beat,
    Boot,
    Challenge,
    Claim,
    Depth,
    Empty,
    FrameType,
    Heard,
    Hello,
    Help,
    Items,
    Letter,
    Link,
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
    malformed,
)
from protocol.wire_format import (
    ACK,
    AGGREGATE,
    BEAT_HEAD,
    BOOT,
    CLAIM,
    DEPTH,
    DOUBT,
    DURATION,
    HEARD,
    HELLO,
    HELP,
    ITEM_DOUBT,
    ITEM_LINK,
    ITEM_READINGS,
    LETTER_HEAD,
    LIFE,
    LINK,
    MAX_AGGREGATES,
    MAX_HEIRS,
    MAX_LINKS,
    MAX_NODE_ID,
    MAX_PAIRS,
    MAX_PAYLOAD_BYTES,
    METRIC_MASK,
    PAIR,
    POLL,
    READING_OF_ONE,
    RESPONSE,
    SIGN,
    STEP,
    SYNC,
    TOKEN_HEAD,
    FixedStruct,
)

_AGGREGATE = FixedStruct(AGGREGATE)
_LINK = FixedStruct(LINK)
_DOUBT = FixedStruct(DOUBT)
_ACK = FixedStruct(ACK)
_DEPTH = FixedStruct(DEPTH)
_DURATION = FixedStruct(DURATION)
_PAIR = FixedStruct(PAIR)
_TOKEN_HEAD = FixedStruct(TOKEN_HEAD)
_SIGN = FixedStruct(SIGN)
_POLL = FixedStruct(POLL)
_READING_OF_ONE = FixedStruct(READING_OF_ONE)
_BEAT_HEAD = FixedStruct(BEAT_HEAD)
_LETTER_HEAD = FixedStruct(LETTER_HEAD)
_STEP = FixedStruct(STEP)
_HEIR_BYTES = 2
# By metric << 8 | raw: who keeps readings for long has each of them once.
_PAIRS_OF_ONE: dict[int, Pairs] = {}
_OTHER_ITEMS = {ITEM_LINK: _LINK, ITEM_DOUBT: _DOUBT}


class Codec(NamedTuple):
    """How a payload is read and written; both raise FrameError. `read` gets `least_bytes` or more, or just
    so many if `is_exact`."""

    payload_class: type
    least_bytes: int
    is_exact: bool
    read: Callable[[bytes], Payload]
    write: Callable[[Any], bytes]


def _read_items(data: bytes, offset: int) -> Items:
    """Items in their one order (aggregates, links, doubt), so that no two payloads mean the same."""
    aggregates: list[tuple[int, Aggregate]] = []
    links: list[Link] = []
    doubt = 0
    while offset < len(data):
        kind = data[offset]
        body = _AGGREGATE if kind <= METRIC_MASK else _OTHER_ITEMS.get(kind)
        if body is None:
            raise malformed(f"item kind 0x{kind:02x}")
        if offset + 1 + body.size_bytes > len(data):
            raise malformed("item cut short")
        if doubt or (body is _AGGREGATE and links):
            raise malformed("items out of order")
        values = body.unpack(data, offset + 1)
        offset += 1 + body.size_bytes
        if body is _AGGREGATE:
            aggregates.append((kind, Aggregate(*values)))
        elif body is _LINK:
            links.append(Link(*values))
        else:
            (doubt,) = values
            if not doubt:
                raise malformed("a doubt of 0")
    items = Items(tuple(aggregates), tuple(links), doubt)
    _check_items(items)
    return items


def _check_items(items: Items) -> None:
    if len(items.aggregates) > MAX_AGGREGATES or len(items.links) > MAX_LINKS:
        raise malformed("too many items")
    if len(items.aggregates) < 2:
        return
    if len(dict(items.aggregates)) != len(items.aggregates):
        raise malformed("a metric twice")
    version = items.version
    for _, aggregate in items.aggregates:
        if aggregate.version != version:
            raise malformed("aggregates of two versions")


def _write_items(items: Items) -> bytes:
    _check_items(items)
    parts: list[bytes] = []
    for metric, a in items.aggregates:
        if not 0 <= metric <= METRIC_MASK:
            raise malformed(f"metric {metric}")
        parts.append(bytes([metric]) + _AGGREGATE.pack(a.version, a.max, a.max_id, a.total, a.count))
    parts += [bytes([ITEM_LINK]) + _LINK.pack(link.child, link.parent, link.quality) for link in items.links]
    if items.doubt:
        parts.append(bytes([ITEM_DOUBT]) + _DOUBT.pack(items.doubt))
    return b"".join(parts)


def _read_ack(data: bytes) -> Ack:
    acked_version, *sync = _ACK.unpack(data, 0)
    return Ack(acked_version, Sync(*sync))


def _write_ack(ack: Ack) -> bytes:
    sync = ack.sync
    return _ACK.pack(ack.acked_version, sync.version, sync.age, sync.hop_count, sync.period_ms)


def _read_report(data: bytes) -> Report:
    return Report(data[0], _read_items(data, _DEPTH.size_bytes))


def _write_report(report: Report) -> bytes:
    return _DEPTH.pack(report.depth) + _write_items(report.items)


def _read_result(data: bytes) -> Result:
    return Result(_DURATION.unpack(data, 0)[0], _read_items(data, _DURATION.size_bytes))


def _write_result(result: Result) -> bytes:
    return _DURATION.pack(result.duration_ms) + _write_items(result.items)


def _read_pairs(data: bytes, offset: int, end: int) -> Pairs:
    if (end - offset) % _PAIR.size_bytes:
        raise malformed("pairs cut short")
    pairs = tuple(zip(data[offset:end:2], data[offset + 1 : end : 2], strict=True))
    _check_pairs(pairs)
    return pairs


def _write_pairs(pairs: Pairs) -> bytes:
    _check_pairs(pairs)
    return b"".join(_PAIR.pack(*pair) for pair in pairs)


def _check_pairs(pairs: Pairs) -> None:
    if len(pairs) > MAX_PAIRS:
        raise malformed("too many readings")
    metrics = dict(pairs)
    if len(metrics) != len(pairs):
        raise malformed("a metric twice")
    if pairs and not 0 <= min(metrics) <= max(metrics) <= METRIC_MASK:
        raise malformed("a metric above 63")


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
            raise malformed(f"item kind 0x{kind:02x}")
        if offset > len(data):
            raise malformed("item cut short")
        if kind > METRIC_MASK:
            node = int.from_bytes(data[start : start + 2], "big")
            readings.append((node, _read_pairs(data, start + 2, offset)))
        elif readings:
            raise malformed("items out of order")
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
    version = token.version
    for _, aggregate in token.aggregates:
        if aggregate.version != version:
            raise malformed("aggregates of another round")
    nodes = dict(token.readings)
    if len(nodes) != len(token.readings):
        raise malformed("a node twice")
    if token.home > MAX_NODE_ID or max(nodes, default=0) > MAX_NODE_ID:
        raise malformed("home or node of readings is no node id")
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
            raise malformed(f"node {node} without a reading")
        parts.append(bytes([ITEM_READINGS + len(pairs)]) + node.to_bytes(2, "big") + _write_pairs(pairs))
    payload = b"".join(parts)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise malformed(f"a token of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
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
        raise malformed(f"generator 0x{name.generator:04x} is no node id")


def _read_reading(data: bytes) -> Reading:
    if len(data) == _READING_OF_ONE.size_bytes:  # of one metric, as those of most nodes are
        epoch, version, attempt, metric, raw = _READING_OF_ONE.unpack(data, 0)
        if metric <= METRIC_MASK:
            key = metric << 8 | raw
            return Reading(epoch, version, attempt, _PAIRS_OF_ONE.get(key) or _pairs_of_one(key))
    epoch, version, attempt = _POLL.unpack(data, 0)
    return Reading(epoch, version, attempt, _read_pairs(data, _POLL.size_bytes, len(data)))


def _pairs_of_one(key: int) -> Pairs:
    return _PAIRS_OF_ONE.setdefault(key, ((key >> 8, key & 0xFF),))


def _write_reading(reading: Reading) -> bytes:
    head = _POLL.pack(reading.epoch, reading.version, reading.attempt)
    return head + _write_pairs(reading.pairs)


def _read_beat(data: bytes) -> Beat:
    head_bytes = _BEAT_HEAD.size_bytes
    count, rest = divmod(len(data) - head_bytes, _HEIR_BYTES)
    if rest:
        raise malformed("heirs cut short")
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
        raise malformed("too many heirs")
    if len(set(heirs)) != len(heirs):
        raise malformed("an heir twice")
    if any(heir > MAX_NODE_ID for heir in heirs):
        raise malformed("an heir that is no node id")


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
        raise malformed("origin or addressee is no node id")
    if not letter.body:
        raise malformed("a letter without a body")


def _read_pair(data: bytes) -> Pair:
    _check_payload_bytes(len(data))
    return Pair(data[0], data[_STEP.size_bytes :])


def _write_pair(pair: Pair) -> bytes:
    data = _STEP.pack(pair.step) + pair.body
    _check_payload_bytes(len(data))
    return data


def _check_payload_bytes(size_bytes: int) -> None:
    if size_bytes > MAX_PAYLOAD_BYTES:
        raise malformed(f"a payload of {size_bytes} bytes, at most {MAX_PAYLOAD_BYTES}")


def _fixed(payload_class: type[Any], layout: FixedStruct) -> Codec:
    """Of a payload whose fields are the numbers of the layout, in their order."""
    names = [field.name for field in fields(payload_class)]

    def read(data: bytes) -> Payload:
        payload: Payload = payload_class(*layout.unpack(data, 0))
        return payload

    def write(payload: Payload) -> bytes:
        return layout.pack(*[getattr(payload, name) for name in names])

    return Codec(payload_class, layout.size_bytes, True, read, write)


_EMPTY = Codec(Empty, 0, True, lambda data: Empty(), lambda empty: b"")
_SYNC = _fixed(Sync, FixedStruct(SYNC))
_ACKED = Codec(Ack, _ACK.size_bytes, True, _read_ack, _write_ack)
_REPORT = Codec(Report, _DEPTH.size_bytes, False, _read_report, _write_report)
_SOUGHT = _fixed(Help, FixedStruct(HELP))
CODECS: Mapping[int, Codec] = {
    FrameType.DISCOVERY: _SYNC,
    FrameType.DISC_ACK: _EMPTY,
    FrameType.DISC_ACK_ACK: _SYNC,
    FrameType.DEPTH: _fixed(Depth, _DEPTH),
    FrameType.DATA: _REPORT,
    FrameType.DATA_ACK: _ACKED,
    FrameType.HELP: _SOUGHT,
    FrameType.HELP_ACK: _SYNC,
    FrameType.HELP_ACK_DATA: _REPORT,
    FrameType.HELP_CONFIRM: _ACKED,
    FrameType.RESULT: Codec(Result, _DURATION.size_bytes, False, _read_result, _write_result),
    FrameType.LOOK: _SOUGHT,
    FrameType.TOKEN: Codec(Token, _TOKEN_HEAD.size_bytes, False, _read_token, _write_token),
    FrameType.SIGN: Codec(Sign, _SIGN.size_bytes, True, _read_sign, _write_sign),
    FrameType.CLAIM: _fixed(Claim, FixedStruct(CLAIM)),
    FrameType.HELLO: _fixed(Hello, FixedStruct(HELLO)),
    FrameType.POLL: _fixed(Poll, _POLL),
    FrameType.READING: Codec(Reading, _POLL.size_bytes, False, _read_reading, _write_reading),
    FrameType.BEAT: Codec(Beat, _BEAT_HEAD.size_bytes, False, _read_beat, _write_beat),
    FrameType.GOODBYE: _EMPTY,
    FrameType.CHALLENGE: _fixed(Challenge, FixedStruct(LIFE)),
    FrameType.RESPONSE: _fixed(Response, FixedStruct(RESPONSE)),
    FrameType.LETTER: Codec(Letter, _LETTER_HEAD.size_bytes, False, _read_letter, write_letter),
    FrameType.HEARD: _fixed(Heard, FixedStruct(HEARD)),
    FrameType.BOOT: _fixed(Boot, FixedStruct(BOOT)),
    FrameType.PAIR: Codec(Pair, _STEP.size_bytes, False, _read_pair, _write_pair),
}
