"""PROTOCOL.md sections 1 and 2: one frame, one string of bytes, and a reason to drop all else."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import construct
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.aggregate import Aggregate
from protocol.packets import (
    CRC_BYTES,
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    MAX_PAYLOAD_BYTES,
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
    crc16,
    decode,
    encode,
    has_wrong_checksum,
    peek_header,
)
from protocol.wire_format import HEADER, PAYLOADS
from tests.protocol import vectors
from tests.protocol.strategies import frames, u8

FRAMES = vectors.frames()
MALFORMED = vectors.malformed()
WITH_ITEMS = (Report, Result, Token, Reading, Beat)
WITH_BODY = (Letter, Pair)  # of any length


def with_crc(body: bytes) -> bytes:
    return body + crc16(body).to_bytes(CRC_BYTES, "big")


def reason_of(data: bytes) -> DropReason:
    with pytest.raises(FrameError) as caught:
        decode(data)
    return caught.value.reason


def decodes(data: bytes) -> bool:
    """Whether it is a frame; any error but FrameError comes out."""
    try:
        decode(data)
    except FrameError:
        return False
    return True


# --- vectors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FRAMES)
def test_a_vector_is_its_frame(name: str) -> None:
    data, frame = FRAMES[name]
    assert decode(data) == frame
    assert encode(frame) == data


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_vector_is_dropped_for_its_reason(name: str) -> None:
    data, reason = MALFORMED[name]
    assert reason_of(data) == reason


def test_every_frame_type_has_a_vector() -> None:
    assert {frame.type for _, frame in FRAMES.values()} == set(FrameType) == set(PAYLOADS)


def test_every_reason_that_bytes_can_give_has_a_vector() -> None:
    of_bytes = {reason for reason in DropReason if DropReason.OVERSIZED <= reason <= DropReason.MALFORMED}
    assert {reason for _, reason in MALFORMED.values()} == of_bytes


def test_a_sealed_frame_of_one_aggregate_would_be_27_bytes_and_an_open_one_is_21() -> None:
    data, _ = FRAMES["data_one_metric"]
    assert len(data) == 21
    assert len(data) - CRC_BYTES + 8 == 27


def test_the_largest_report_fits_a_frame() -> None:
    data, _ = FRAMES["result_largest"]
    assert len(data) - HEADER_BYTES - CRC_BYTES == 86 <= MAX_PAYLOAD_BYTES
    assert MAX_FRAME_BYTES == 104


def test_the_largest_token_fills_a_payload() -> None:
    data, frame = FRAMES["token_largest"]
    assert len(data) - HEADER_BYTES - CRC_BYTES == MAX_PAYLOAD_BYTES
    assert isinstance(frame.payload, Token)
    assert (len(frame.payload.aggregates), len(frame.payload.readings)) == (5, 2)


def test_the_crc_is_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1


# --- one value, one string of bytes ----------------------------------------------------------------------


@given(frames)
def test_a_frame_survives_the_wire(frame: Frame) -> None:
    data = encode(frame)
    assert len(data) <= MAX_FRAME_BYTES
    assert decode(data) == frame


type_bytes = st.one_of(st.sampled_from(FrameType), u8)
item_bytes = st.one_of(
    st.tuples(st.integers(0, 66), st.binary(min_size=9, max_size=9)),
    st.tuples(st.just(0xC0), st.binary(min_size=5, max_size=5)),
    st.tuples(st.just(0xC1), st.binary(min_size=2, max_size=2)),
).map(lambda item: bytes([item[0]]) + item[1])
pair_lists = st.lists(st.tuples(st.integers(0, 65), u8).map(bytes), max_size=6)
token_item_bytes = st.one_of(
    st.tuples(st.integers(0, 64), st.just(b"\0\7" + bytes(7))).map(lambda item: bytes([item[0]]) + item[1]),
    st.tuples(st.integers(0, 9), pair_lists).map(
        lambda item: bytes([0x80 + len(item[1]), 0, item[0]]) + b"".join(item[1])
    ),
)
token_heads = st.just(bytes(16) + b"\0\7" + bytes(10)) | st.binary(min_size=28, max_size=28)
token_bodies = st.tuples(token_heads, st.lists(token_item_bytes, max_size=6)).map(
    lambda token: token[0] + b"".join(token[1])
)
reading_bodies = st.tuples(st.binary(min_size=5, max_size=5), pair_lists).map(
    lambda reading: reading[0] + b"".join(reading[1])
)
report_bodies = st.tuples(u8, st.lists(item_bytes, max_size=7)).map(
    lambda report: bytes([report[0]]) + b"".join(report[1])
)
beat_bodies = st.tuples(
    st.binary(min_size=12, max_size=12),
    st.lists(st.sampled_from([0, 1, 7, 0xFFFD, 0xFFFE]), max_size=5),
    st.sampled_from([b"", b"\0"]),
).map(lambda beat: beat[0] + b"".join(heir.to_bytes(2, "big") for heir in beat[1]) + beat[2])
bodies = st.one_of(st.binary(max_size=20), token_bodies, reading_bodies, report_bodies, beat_bodies)


@given(type_bytes, st.binary(min_size=HEADER_BYTES - 1, max_size=HEADER_BYTES - 1), bodies)
def test_what_decodes_encodes_to_the_same_bytes(type_byte: int, head: bytes, body: bytes) -> None:
    data = with_crc(bytes([type_byte]) + head + body)
    if decodes(data):
        assert encode(decode(data)) == data


@given(token_bodies)
def test_what_decodes_as_a_token_encodes_to_the_same_bytes(body: bytes) -> None:
    data = with_crc(bytes([FrameType.TOKEN, 0, 7, 0, 3, 0, 0, 1]) + body)
    if decodes(data):
        assert len(body) <= MAX_PAYLOAD_BYTES
        assert encode(decode(data)) == data


# --- the definition and the hot path ---------------------------------------------------------------------


def fields_of(payload: Payload) -> dict[str, Any]:
    """The payload as the construct declarations name it."""
    match payload:
        case Sync(version, age, hop_count, period_ms):
            return {"version": version, "age": age, "hop_count": hop_count, "period_ms": period_ms}
        case Ack(acked_version, sync):
            return {"acked_version": acked_version, "sync": fields_of(sync)}
        case Help(version, hop_count):
            return {"version": version, "hop_count": hop_count}
        case Depth(depth):
            return {"depth": depth}
        case Report(depth, items_):
            return {"head": {"depth": depth}, "items": list(item_fields(items_))}
        case Result(duration_ms, items_):
            return {"head": {"duration_ms": duration_ms}, "items": list(item_fields(items_))}
        case Empty():
            return {}
        case Token():
            return {"head": token_head_fields(payload), "items": list(token_item_fields(payload))}
        case Reading(epoch, version, attempt, pairs):
            head = {"epoch": epoch, "version": version, "attempt": attempt}
            return {"head": head, "pairs": list(pair_fields(pairs))}
        case Beat():
            fields = asdict(payload)
            return {"heirs": list(fields.pop("heirs")), "head": fields}
        case Sign() | Claim() | Hello() | Poll() | Challenge():
            return asdict(payload)
        case _:
            return sealing_fields(payload)


def sealing_fields(payload: Payload) -> dict[str, Any]:
    """Of the frames of PROTOCOL.md sections 10, 14 and 15."""

    def number(life: int, counter: int) -> dict[str, int]:
        return {"life": life, "counter": counter}

    match payload:
        case Response(life, challenged_life, challenged_counter):
            return {"life": life, "challenged": number(challenged_life, challenged_counter)}
        case Letter(hops, origin, addressee, life, counter, body):
            head = {"hops": hops, "origin": origin, "addressee": addressee, "number": number(life, counter)}
            return {"head": head, "body": body}
        case Heard(source, counter, quality):
            return {"source": source, "counter": counter, "quality": quality}
        case Boot(life, counter, cause, flags, settings_crc):
            rest = {"cause": cause, "flags": flags, "settings_crc": settings_crc}
            return {"session": number(life, counter), **rest}
        case Pair(step, body):
            return {"head": {"step": step}, "body": body}
    raise AssertionError(payload)


def token_head_fields(token: Token) -> dict[str, Any]:
    fields = asdict(token)
    del fields["aggregates"], fields["readings"]
    return fields


def token_item_fields(token: Token) -> Iterator[dict[str, Any]]:
    yield from item_fields(Items(token.aggregates))
    for node, pairs in token.readings:
        yield {"kind": 0x80 + len(pairs), "body": {"node": node, "pairs": list(pair_fields(pairs))}}


def pair_fields(pairs: Pairs) -> Iterator[dict[str, int]]:
    return ({"metric": metric, "raw": raw} for metric, raw in pairs)


def item_fields(items_: Items) -> Iterator[dict[str, Any]]:
    for metric, a in items_.aggregates:
        body = {"version": a.version, "max": a.max, "max_id": a.max_id, "total": a.total, "count": a.count}
        yield {"kind": metric, "body": body}
    for link in items_.links:
        body = {"child": link.child, "parent": link.parent, "quality": link.quality}
        yield {"kind": 0xC0, "body": body}
    if items_.doubt:
        yield {"kind": 0xC1, "body": {"doubt": items_.doubt}}


def plain(parsed: Any) -> Any:
    """construct's containers as dicts and lists."""
    if isinstance(parsed, dict):
        return {key: plain(value) for key, value in parsed.items() if key != "_io"}
    return [plain(value) for value in parsed] if isinstance(parsed, list) else parsed


def head_fields(frame: Frame) -> dict[str, int]:
    return {
        "type": frame.type,
        "source": frame.source,
        "destination": frame.destination,
        "counter": frame.counter,
    }


@given(frames)
def test_the_hot_path_writes_what_the_definition_builds(frame: Frame) -> None:
    definition = PAYLOADS[frame.type]
    if isinstance(frame.payload, WITH_ITEMS):
        definition = construct.Struct(*definition.subcons[:2])  # Terminated has no name and no bytes
    built = HEADER.build(head_fields(frame)) + definition.build(fields_of(frame.payload))
    assert encode(frame) == with_crc(built)


@given(frames)
def test_the_definition_parses_what_the_hot_path_writes(frame: Frame) -> None:
    data = encode(frame)
    assert plain(HEADER.parse(data)) == head_fields(frame)
    parsed = plain(PAYLOADS[frame.type].parse(data[HEADER_BYTES:-CRC_BYTES]))
    parsed.pop(None, None)
    assert parsed == fields_of(frame.payload)


@given(st.sampled_from(FrameType), bodies)
def test_what_the_definition_cannot_parse_is_malformed(frame_type: FrameType, body: bytes) -> None:
    definition = construct.Struct("payload" / PAYLOADS[frame_type], construct.Terminated)
    try:
        definition.parse(body)
    except construct.ConstructError:
        assert reason_of(with_crc(bytes([frame_type, 0, 7, 0, 3, 0, 0, 1]) + body)) in (
            DropReason.MALFORMED,
            DropReason.OVERSIZED,
        )


# --- damage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_cut_anywhere_is_dropped(name: str) -> None:
    data, _ = FRAMES[name]
    for size_bytes in range(len(data)):
        short = size_bytes < HEADER_BYTES + CRC_BYTES
        assert reason_of(data[:size_bytes]) is (DropReason.TRUNCATED if short else DropReason.CHECKSUM)


@pytest.mark.parametrize("name", FRAMES)
def test_a_payload_cut_anywhere_is_malformed_or_one_of_fewer_items(name: str) -> None:
    data, frame = FRAMES[name]
    for size_bytes in range(HEADER_BYTES, len(data) - CRC_BYTES):
        shorter = with_crc(data[:size_bytes])
        if isinstance(frame.payload, WITH_ITEMS + WITH_BODY) and decodes(shorter):
            assert encode(decode(shorter)) == shorter
            continue
        assert reason_of(shorter) is DropReason.MALFORMED


# Two bytes more are one more pair of a READING, or one more heir of a BEAT.
EXTENSIBLE = {"reading_of_nothing", "beat", "beat_smallest", "beat_with_heirs"}
# Any byte more is a byte more of the body.
EXTENSIBLE |= {"letter", "letter_smallest", "pair", "pair_smallest"}


@pytest.mark.parametrize("name", sorted(FRAMES.keys() - EXTENSIBLE))
@pytest.mark.parametrize("tail", [b"\x00", b"\xff", b"\x00\x00", b"123456789"])
def test_trailing_bytes_are_refused(name: str, tail: bytes) -> None:
    data, _ = FRAMES[name]
    # The CRC of a frame with its CRC is 0, so zeros alone would pass it: then the length gives them away.
    noticed_by = DropReason.CHECKSUM if any(tail) else DropReason.MALFORMED
    assert reason_of(data + tail) in (noticed_by, DropReason.OVERSIZED)
    assert reason_of(with_crc(data[:-CRC_BYTES] + tail)) in (DropReason.MALFORMED, DropReason.OVERSIZED)


@pytest.mark.parametrize("name", FRAMES)
def test_every_flipped_bit_is_noticed(name: str) -> None:
    data, _ = FRAMES[name]
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        in_type_byte = {0: DropReason.SEALED, 1: DropReason.WIRE_VERSION, 2: DropReason.WIRE_VERSION}
        assert reason_of(bytes(flipped)) is in_type_byte.get(bit, DropReason.CHECKSUM)


@pytest.mark.parametrize("frame_type", sorted(set(range(32)) - set(FrameType)))
def test_a_type_of_a_later_version_is_unknown(frame_type: int) -> None:
    assert reason_of(with_crc(bytes([frame_type, 0, 7, 0, 3, 0, 0, 1]))) is DropReason.UNKNOWN_TYPE


@pytest.mark.parametrize("size_bytes", [105, 106, 255, 1500, 65535])
def test_more_than_the_largest_frame_is_oversized_whatever_it_holds(size_bytes: int) -> None:
    assert reason_of(bytes(size_bytes)) is DropReason.OVERSIZED
    assert reason_of(b"\xff" * size_bytes) is DropReason.OVERSIZED


@given(st.binary(max_size=200))
def test_noise_raises_nothing_but_frame_error(data: bytes) -> None:
    decodes(data)


@given(type_bytes, st.binary(min_size=HEADER_BYTES - 1, max_size=HEADER_BYTES - 1), st.binary(max_size=98))
def test_noise_under_a_right_crc_raises_nothing_but_frame_error(
    type_byte: int, head: bytes, body: bytes
) -> None:
    decodes(with_crc(bytes([type_byte]) + head + body))


# --- our own misuse --------------------------------------------------------------------------------------

ONE = FRAMES["data_with_links_and_doubt"][1]
ONE_AGGREGATE = Aggregate(12, 61, 9, 200, 4)
A_TOKEN = FRAMES["token_of_one_aggregate"][1]
TOKEN, LARGEST_TOKEN = A_TOKEN.payload, FRAMES["token_largest"][1].payload
assert isinstance(TOKEN, Token)
assert isinstance(LARGEST_TOKEN, Token)


def report(*aggregates: tuple[int, Aggregate], links: tuple[Link, ...] = (), doubt: int = 0) -> Report:
    return Report(1, Items(aggregates, links, doubt))


@pytest.mark.parametrize(
    "frame",
    [
        replace(ONE, source=0xFFFE),
        replace(ONE, source=-1),
        replace(ONE, destination=0x10000),
        replace(ONE, counter=1 << 24),
        replace(ONE, counter=-1),
        replace(ONE, payload=Depth(1)),
        replace(ONE, payload=report()),
        replace(ONE, payload=report((64, ONE_AGGREGATE))),
        replace(ONE, payload=report((-1, ONE_AGGREGATE))),
        replace(ONE, payload=report((0, replace(ONE_AGGREGATE, max=256)))),
        replace(ONE, payload=report((0, replace(ONE_AGGREGATE, total=0x10000)))),
        replace(ONE, payload=report((0, ONE_AGGREGATE), (0, ONE_AGGREGATE))),
        replace(ONE, payload=report((0, ONE_AGGREGATE), (1, replace(ONE_AGGREGATE, version=13)))),
        replace(ONE, payload=report(*((m, ONE_AGGREGATE) for m in range(6)))),
        replace(ONE, payload=report((0, ONE_AGGREGATE), links=(Link(1, 2, 3),) * 6)),
        replace(ONE, payload=report((0, ONE_AGGREGATE), links=(Link(1, 2, 256),))),
        replace(ONE, payload=report((0, ONE_AGGREGATE), doubt=0x10000)),
        replace(ONE, payload=report((0, ONE_AGGREGATE), doubt=-1)),
        Frame(FrameType.DISCOVERY, 0, 0xFFFF, 1, Sync(0, 1 << 24, 0, 0)),
        Frame(FrameType.RESULT, 0, 0xFFFE, 1, Result(0, Items())),
        replace(A_TOKEN, payload=replace(LARGEST_TOKEN, readings=((3, ((0, 1),)), (4, ((0, 1), (1, 2)))))),
        replace(A_TOKEN, payload=replace(TOKEN, readings=((3, ()),))),
        replace(A_TOKEN, payload=replace(TOKEN, readings=((3, tuple((m, 1) for m in range(6))),))),
        replace(A_TOKEN, payload=replace(TOKEN, readings=((3, ((64, 1),)),))),
        replace(A_TOKEN, payload=replace(TOKEN, readings=((3, ((0, 256),)),))),
        replace(A_TOKEN, payload=replace(TOKEN, readings=((3, ((0, 1),)), (3, ((1, 1),))))),
        replace(A_TOKEN, payload=replace(TOKEN, readings=((0xFFFE, ((0, 1),)),))),
        replace(A_TOKEN, payload=replace(TOKEN, readings=((-1, ((0, 1),)),))),
        replace(A_TOKEN, payload=replace(TOKEN, home=0xFFFF)),
        replace(A_TOKEN, payload=replace(TOKEN, home=-1)),
        replace(A_TOKEN, payload=replace(TOKEN, version=13)),
        replace(A_TOKEN, payload=replace(TOKEN, fork=1 << 32)),
        replace(A_TOKEN, payload=replace(TOKEN, age_ms=1 << 24)),
        replace(A_TOKEN, payload=replace(TOKEN, turn=256)),
        Frame(FrameType.SIGN, 1, 0xFFFF, 1, Sign(TokenId(0, 0xFFFE, 0), 0, 0, 0)),
        Frame(FrameType.SIGN, 1, 0xFFFF, 1, Sign(TokenId(1 << 16, 0, 0), 0, 0, 0)),
        Frame(FrameType.SIGN, 1, 0xFFFF, 1, Sign(TokenId(0, 0, 0), 0, 0, 1 << 24)),
        Frame(FrameType.CLAIM, 1, 0xFFFF, 1, Claim(0, 1 << 16)),
        Frame(FrameType.HELLO, 1, 0xFFFF, 1, Hello(256, 0, 0)),
        Frame(FrameType.POLL, 1, 2, 1, Poll(0, 0, 256)),
        Frame(FrameType.POLL, 1, 2, 1, Reading(0, 0, 0, ())),
        Frame(FrameType.READING, 1, 2, 1, Reading(0, 0, 0, ((0, 1), (0, 2)))),
        Frame(FrameType.BEAT, 1, 0xFFFF, 1, Beat(0, 0, 0, 0, 1 << 16)),
        Frame(FrameType.BEAT, 1, 0xFFFF, 1, Beat(1, 0, 0, 1, 1, (1, 2, 3, 4, 5))),
        Frame(FrameType.BEAT, 1, 0xFFFF, 1, Beat(1, 0, 0, 1, 1, (2, 2))),
        Frame(FrameType.BEAT, 1, 0xFFFF, 1, Beat(1, 0, 0, 1, 1, (0xFFFE,))),
        Frame(FrameType.BEAT, 1, 0xFFFF, 1, Beat(1, 0, 0, 1, 1, (-1,))),
    ],
    ids=lambda frame: f"{frame.type.name}",
)
def test_a_frame_that_has_no_bytes_is_refused(frame: Frame) -> None:
    with pytest.raises(FrameError) as caught:
        encode(frame)
    assert caught.value.reason is DropReason.MALFORMED


# --- the header alone ------------------------------------------------------------------------------------


@given(frames)
def test_the_header_can_be_read_alone(frame: Frame) -> None:
    assert peek_header(encode(frame)) == (frame.type, frame.source, frame.destination, frame.counter)


@pytest.mark.parametrize("size_bytes", range(HEADER_BYTES))
def test_a_cut_header_is_truncated(size_bytes: int) -> None:
    with pytest.raises(FrameError) as caught:
        peek_header(bytes(size_bytes))
    assert caught.value.reason is DropReason.TRUNCATED


@given(st.binary(max_size=MAX_FRAME_BYTES + 2) | frames.map(encode), st.integers(0, 7))
def test_a_wrong_checksum_is_that_of_decode(data: bytes, flipped: int) -> None:
    damaged = bytes([data[0] ^ 1 << flipped]) + data[1:] if data else data
    for tried in (data, damaged):
        is_wrong = not decodes(tried) and reason_of(tried) is DropReason.CHECKSUM
        assert has_wrong_checksum(tried) == is_wrong


@given(frames, frames)
def test_frames_are_values(one: Frame, other: Frame) -> None:
    assert one == decode(encode(one))
    assert hash(one) == hash(decode(bytes(bytearray(encode(one)))))
    assert (one == other) == (encode(one) == encode(other))


def test_drop_reasons_keep_their_numbers() -> None:
    """PROTOCOL.md section 8; the C core has the same ones."""
    assert {int(reason): reason.label for reason in DropReason} == {
        1: "framing",
        2: "oversized",
        3: "truncated",
        4: "wire version",
        5: "checksum",
        6: "sealed",
        7: "unknown type",
        8: "malformed",
        9: "own id",
        10: "state",
        11: "not a child",
        12: "stale version",
        13: "table full",
        14: "not feasible",
        15: "queue full",
        16: "open",
        17: "tag",
        18: "replayed",
        19: "unproven",
        20: "role",
        21: "session",
    }
