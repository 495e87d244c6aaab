"""The C codecs of rings and polled networks against the vectors, and Python's on what Hypothesis finds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.native.items import entry_of
from firmware.native.library import ffi
from protocol import packets
from protocol.packets import (
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    MAX_NODE_ID,
    Beat,
    Claim,
    DropReason,
    Empty,
    Frame,
    FrameError,
    FrameType,
    Hello,
    Pairs,
    Payload,
    Poll,
    Reading,
    Sign,
    Token,
    TokenId,
)
from protocol.wire_format import BEAT_HEAD, POLL, TOKEN_HEAD
from tests.firmware import core
from tests.protocol import strategies, vectors

pytestmark = pytest.mark.usefixtures("built_core")

# Whose payloads the decoder of a network looks at.
TYPES = {
    "ring": (FrameType.TOKEN, FrameType.SIGN, FrameType.CLAIM, FrameType.HELLO, FrameType.GOODBYE),
    "polling": (FrameType.HELLO, FrameType.POLL, FrameType.READING, FrameType.BEAT, FrameType.GOODBYE),
}
ALL_TYPES = sorted({kind for kinds in TYPES.values() for kind in kinds})
FRAME_VECTORS = {
    name: (data, frame) for name, (data, frame) in vectors.frames().items() if frame.type in ALL_TYPES
}
MALFORMED_VECTORS = vectors.malformed()

every_network = pytest.mark.parametrize("network", TYPES)


@dataclass(frozen=True)
class Foreign:
    """A frame that another network bears: its payload is not looked at."""

    type: int
    source: int


Outcome = Frame | Foreign | DropReason


# --- the C codecs ---


def decode(network: str, data: bytes) -> Outcome:
    """What the decoder of that network and the readers make of bytes."""
    frame, held = ffi.new("tr_frame_t *"), ffi.from_buffer(data)
    result = getattr(core.library(), f"tr_{network}_frame_decode")(frame, held, len(data))
    if result < 0:
        return DropReason(-result)
    if frame.type not in TYPES[network]:
        return Foreign(frame.type, frame.source)
    kind = FrameType(frame.type)
    payload = bytes(ffi.buffer(frame.payload, frame.payload_bytes))
    return Frame(kind, frame.source, frame.destination, frame.counter, read_payload(kind, payload))


def read_payload(kind: FrameType, data: bytes) -> Payload:
    lib = core.library()
    match kind:
        case FrameType.TOKEN:
            return read_token(data)
        case FrameType.SIGN:
            sign = read("tr_sign", data)
            return Sign(token_id(sign.id), sign.version, sign.passed_over, sign.hold_ms)
        case FrameType.CLAIM:
            return Claim(**numbers(Claim, read("tr_claim", data)))
        case FrameType.HELLO:
            return Hello(**numbers(Hello, read("tr_hello", data)))
        case FrameType.POLL:
            return Poll(**numbers(Poll, read("tr_poll", data)))
        case FrameType.READING:
            found = ffi.new("tr_pairs_t *")
            assert lib.tr_pairs_read(found, data[POLL.sizeof() :], len(data) - POLL.sizeof())
            return Reading(**numbers(Poll, read("tr_poll", data)), pairs=pairs_of(found))
        case FrameType.BEAT:
            beat = ffi.new("tr_beat_t *")
            lib.tr_beat_read(beat, data, len(data))
            heirs = tuple(beat.heirs[0 : beat.heir_count])
            return Beat(**numbers(Beat, beat, "heirs"), heirs=heirs)
        case _:
            return Empty()


def read(name: str, data: bytes) -> Any:
    found = ffi.new(f"{name}_t *")
    getattr(core.library(), f"{name}_read")(found, data)
    return found


def numbers(payload_class: type[Any], found: Any, *left_out: str) -> dict[str, int]:
    """The fields of a C struct that has those of the payload."""
    names = [field.name for field in fields(payload_class) if field.name not in left_out]
    return {name: getattr(found, name) for name in names}


def token_id(found: Any) -> TokenId:
    return TokenId(found.epoch, found.generator, found.sequence)


def pairs_of(found: Any) -> Pairs:
    return tuple((pair.metric, pair.raw) for pair in found.pairs[0 : found.count])


def read_token(data: bytes) -> Token:
    lib, head, rest = (
        core.library(),
        read("tr_token_head", data),
        ffi.from_buffer(data[TOKEN_HEAD.sizeof() :]),
    )
    items, entry = ffi.new("tr_token_items_t *"), ffi.new("tr_metric_aggregate_t *")
    assert lib.tr_token_items_read(items, rest, len(rest), head.version)
    aggregates = []
    for index in range(items.aggregates.aggregate_count):
        lib.tr_items_get_aggregate(ffi.addressof(items, "aggregates"), index, entry)
        aggregates.append(entry_of(entry, head.version))
    node, pairs = ffi.new("uint16_t *"), ffi.new("tr_pairs_t *")
    readings, offset = [], 0
    while offset < items.readings_bytes:
        offset = lib.tr_token_get_readings(items, offset, node, pairs)
        readings.append((node[0], pairs_of(pairs)))
    left = numbers(Token, head, "id", "aggregates", "readings")
    return Token(token_id(head.id), **left, aggregates=tuple(aggregates), readings=tuple(readings))


def encode(frame: Frame) -> bytes:
    """The writers of payloads and tr_frame_encode."""
    data = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
    length = write_payload(frame.payload, data + HEADER_BYTES)
    header = ffi.new("tr_frame_t *")
    header.type, header.source, header.destination = frame.type, frame.source, frame.destination
    header.counter, header.payload, header.payload_bytes = frame.counter, data + HEADER_BYTES, length
    return bytes(ffi.buffer(data, core.library().tr_frame_encode(header, data)))


def write_payload(payload: Payload, at: Any) -> int:
    lib = core.library()
    length: int
    match payload:
        case Token():
            return write_token(payload, at)
        case Sign() | Claim() | Hello() | Poll():
            name = f"tr_{type(payload).__name__.lower()}"
            length = getattr(lib, f"{name}_write")(ffi.new(f"{name}_t *", asdict(payload)), at)
        case Reading(epoch, version, attempt, pairs):
            lib.tr_poll_write(ffi.new("tr_poll_t *", asdict(Poll(epoch, version, attempt))), at)
            length = POLL.sizeof() + lib.tr_pairs_write(given_pairs(pairs), at + POLL.sizeof())
        case Beat():
            given = asdict(payload) | {"heir_count": len(payload.heirs), "heirs": list(payload.heirs)}
            length = lib.tr_beat_write(ffi.new("tr_beat_t *", given), at)
        case _:
            assert payload == Empty()
            length = 0
    return length


def given_pairs(pairs: Pairs) -> Any:
    rows = [{"metric": metric, "raw": raw} for metric, raw in pairs]
    return ffi.new("tr_pairs_t *", {"count": len(pairs), "pairs": rows})


def write_token(token: Token, at: Any) -> int:
    lib = core.library()
    head = {name: value for name, value in asdict(token).items() if name not in ("aggregates", "readings")}
    offset: int = lib.tr_token_head_write(ffi.new("tr_token_head_t *", head), at)
    for metric, aggregate in token.aggregates:
        at[offset] = metric
        ffi.memmove(at + offset + 1, core.write_aggregate(aggregate), 9)
        offset += 10
    for node, pairs in token.readings:
        offset += lib.tr_token_readings_write(node, given_pairs(pairs), at + offset)
    return offset


# --- what Python makes of the same ---


def expected(network: str, data: bytes) -> Outcome:
    """Of a frame of another network, only what its header says."""
    try:
        found: Outcome = packets.decode(data)
    except FrameError as error:
        found = error.reason
    if found is not DropReason.MALFORMED and not isinstance(found, Frame):
        return found
    kind, source, _, _ = packets.peek_header(data)
    if kind not in TYPES[network]:
        return Foreign(kind, source) if source <= MAX_NODE_ID else DropReason.MALFORMED
    return found


def check(data: bytes) -> None:
    """Both decoders make of bytes what Python does."""
    for network in TYPES:
        assert decode(network, data) == expected(network, data)


def sealed_by_crc(kind: int, payload: bytes) -> bytes:
    body = bytes([kind, 0, 9, 0, 3, 0, 0, 1]) + payload
    return body + packets.crc16(body).to_bytes(2, "big")


# --- the vectors ---


@pytest.mark.parametrize("name", FRAME_VECTORS)
def test_a_frame_vector_is_decoded_and_encoded(name: str) -> None:
    data, frame = FRAME_VECTORS[name]
    assert encode(frame) == data
    networks = [network for network, kinds in TYPES.items() if frame.type in kinds]
    assert [decode(network, data) for network in networks] == [frame] * len(networks)


@pytest.mark.parametrize("name", vectors.frames())
def test_a_frame_of_another_network_is_known_by_its_type(name: str) -> None:
    data, frame = vectors.frames()[name]
    check(data)
    for network, kinds in TYPES.items():
        if frame.type not in kinds:
            assert decode(network, data) == Foreign(frame.type, frame.source)


@pytest.mark.parametrize("name", FRAME_VECTORS)
def test_a_frame_cut_anywhere_is_refused_as_in_python(name: str) -> None:
    data, frame = FRAME_VECTORS[name]
    for length in range(len(data)):
        check(data[:length])
    payload = data[HEADER_BYTES:-2]
    for length in range(len(payload)):
        check(sealed_by_crc(frame.type, payload[:length]))


@pytest.mark.parametrize("name", MALFORMED_VECTORS)
def test_a_malformed_vector_is_refused_for_the_same_reason(name: str) -> None:
    data, reason = MALFORMED_VECTORS[name]
    check(data)
    for network, kinds in TYPES.items():
        if data and data[0] in kinds:
            assert decode(network, data) == reason


@every_network
def test_a_type_that_nobody_knows_is_unknown(network: str) -> None:
    last = max(FrameType)
    assert decode(network, sealed_by_crc(0, b"")) is DropReason.UNKNOWN_TYPE
    assert decode(network, sealed_by_crc(last, b"")) == Foreign(last, 9)
    assert decode(network, sealed_by_crc(last + 1, b"")) is DropReason.UNKNOWN_TYPE


# --- against Python ---

frames = strategies.frames_of(ALL_TYPES)


@given(frames)
def test_any_frame_is_the_same_bytes(frame: Frame) -> None:
    data = packets.encode(frame)
    assert encode(frame) == data
    check(data)


@given(frames, st.data())
def test_a_damaged_frame_is_the_same_to_both(frame: Frame, data: st.DataObject) -> None:
    whole = packets.encode(frame)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # or its bytes would mostly end at the checksum
        damaged[-2:] = packets.crc16(bytes(damaged[:-2])).to_bytes(2, "big")
    check(bytes(damaged))


small = st.integers(0, 4)
pair_like = st.tuples(st.integers(0, 65), small).map(bytes)
readings_like = st.builds(
    lambda kind, node, pairs: bytes([0x80 + kind]) + node.to_bytes(2, "big") + b"".join(pairs),
    st.integers(0, 7),
    small | st.integers(0xFFFC, 0xFFFF),
    st.lists(pair_like, max_size=6),
)
aggregate_like = st.builds(
    lambda metric, version: bytes([metric, 0, version]) + bytes(7), st.integers(0, 65), st.integers(6, 7)
)
# A head of zeros but for version 7, with home and generator to choose.
head_like = st.builds(
    lambda generator, home: bytes(2) + generator + bytes(8) + home + bytes(3) + b"\7" + bytes(10),
    *[st.sampled_from((b"\0\3", b"\xff\xfd", b"\xff\xfe", b"\xff\xff"))] * 2,
)
heir_like = (small | st.integers(0xFFFC, 0xFFFF)).map(lambda heir: heir.to_bytes(2, "big"))
payload_like: dict[FrameType, st.SearchStrategy[bytes]] = {
    FrameType.TOKEN: st.builds(
        lambda head, aggregates, readings, tail: head + b"".join(aggregates + readings) + tail,
        head_like,
        st.lists(aggregate_like, max_size=6),
        st.lists(readings_like, max_size=6),
        st.just(b"") | aggregate_like | st.binary(max_size=3),
    ),
    FrameType.READING: st.lists(pair_like, max_size=7).map(lambda pairs: bytes(5) + b"".join(pairs)),
    FrameType.BEAT: st.lists(heir_like, max_size=6).map(
        lambda heirs: bytes(BEAT_HEAD.sizeof()) + b"".join(heirs)
    ),
}


@pytest.mark.parametrize("kind", payload_like)
def test_what_is_nearly_right_is_the_same_to_both(kind: FrameType) -> None:
    @given(payload_like[kind], st.sampled_from((0, 0, 0, 1, 2)))
    def is_the_same(payload: bytes, cut: int) -> None:
        check(sealed_by_crc(kind, payload[: min(94, len(payload) - cut)]))

    run: Callable[[], None] = is_the_same
    run()


@given(st.binary(max_size=120))
def test_noise_is_refused_for_the_same_reason(data: bytes) -> None:
    check(data)
