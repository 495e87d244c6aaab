"""The C codecs against the vectors, and against the Python codecs on whatever Hypothesis finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import framing, packets
from protocol.aggregate import Aggregate
from protocol.framing import DELIMITER
from protocol.packets import DropReason, Frame, FrameError
from tests.firmware import core
from tests.protocol import strategies, vectors

FRAME_VECTORS = {
    name: (data, frame) for name, (data, frame) in vectors.frames().items() if frame.type in core.FRAME_TYPES
}
MALFORMED_VECTORS = {
    name: (data, reason)
    for name, (data, reason) in vectors.malformed().items()
    if not core.is_of_another_network(data)
}

frames = strategies.frames_of(core.FRAME_TYPES)
u16 = st.integers(0, 0xFFFF)
saturated = st.integers(0xFF00, 0xFFFF)
aggregates = st.builds(
    Aggregate, st.just(7), st.integers(0, 255), u16, u16 | saturated, st.just(0) | u16 | saturated
)


def reason_of(data: bytes) -> DropReason:
    with pytest.raises(FrameError) as refused:
        core.decode(data)
    return refused.value.reason


def outcome(decode: object, data: bytes) -> Frame | DropReason:
    """What a decoder makes of bytes."""
    assert callable(decode)
    try:
        frame: Frame = decode(data)
    except FrameError as error:
        return error.reason
    return frame


def expected(data: bytes) -> Frame | DropReason:
    """What Python makes of bytes; the core knows no types of other networks."""
    found = outcome(packets.decode, data)
    if core.is_of_another_network(data) and (isinstance(found, Frame) or found is DropReason.MALFORMED):
        return DropReason.UNKNOWN_TYPE
    return found


# --- the vectors ---


@pytest.mark.parametrize("name", FRAME_VECTORS)
def test_a_frame_vector_is_decoded_and_encoded(name: str) -> None:
    data, frame = FRAME_VECTORS[name]
    assert core.decode(data) == frame
    assert core.encode(frame) == data


@pytest.mark.parametrize("name", FRAME_VECTORS)
def test_a_frame_cut_anywhere_is_refused_as_in_python(name: str) -> None:
    data, _ = FRAME_VECTORS[name]
    for length in range(len(data)):
        assert outcome(core.decode, data[:length]) == outcome(packets.decode, data[:length])


@pytest.mark.parametrize("name", MALFORMED_VECTORS)
def test_a_malformed_vector_is_refused_for_its_reason(name: str) -> None:
    data, reason = MALFORMED_VECTORS[name]
    assert reason_of(data) == reason


@pytest.mark.parametrize("row", vectors.rows("aggregates", "bytes"), ids=lambda row: row[0])
def test_nine_bytes_are_an_aggregate(row: list[str]) -> None:
    _, word, *fields = row
    aggregate = Aggregate(*map(int, fields))
    assert core.read_aggregate(vectors.unhex(word)) == aggregate
    assert core.write_aggregate(aggregate).hex() == word


@pytest.mark.parametrize(("name", "a", "b", "merged"), vectors.rows("aggregates", "merge"))
def test_a_merge_vector(name: str, a: str, b: str, merged: str) -> None:
    first, second = vectors.aggregate(a), vectors.aggregate(b)
    assert core.merge(first, second) == core.merge(second, first) == vectors.aggregate(merged)


@pytest.mark.parametrize(("name", "frame", "stream"), vectors.rows("framing", "encode"))
def test_a_frame_is_written_to_a_stream_as_its_vector(name: str, frame: str, stream: str) -> None:
    assert core.encode_stream(vectors.unhex(frame)).hex() == stream
    assert core.CoreDeframer().feed(vectors.unhex(stream)) == [vectors.unhex(frame)]


@pytest.mark.parametrize("row", vectors.rows("framing", "stream"), ids=lambda row: row[0])
def test_a_stream_is_read_as_its_vector(row: list[str]) -> None:
    _, stream, found, drops = row
    deframer = core.CoreDeframer()
    words = [] if found == "-" else found.split(",")
    assert deframer.feed(vectors.unhex(stream)) == [vectors.unhex(word) for word in words]
    numbers = [] if drops == "-" else [int(number) for number in drops.split(",")]
    assert sorted(deframer.drops.elements()) == sorted(numbers)


# --- against Python ---


def test_the_check_value_of_the_crc() -> None:
    assert core.crc16(b"123456789") == 0x29B1


@given(frames)
def test_any_frame_is_the_same_bytes(frame: Frame) -> None:
    data = packets.encode(frame)
    assert core.encode(frame) == data
    assert core.decode(data) == frame


@given(strategies.frames)
def test_a_frame_of_another_network_is_of_unknown_type(frame: Frame) -> None:
    data = packets.encode(frame)
    assert outcome(core.decode, data) == expected(data)


@given(frames, st.data())
def test_a_damaged_frame_is_the_same_to_both(frame: Frame, data: st.DataObject) -> None:
    whole = packets.encode(frame)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # or its bytes would mostly end at the checksum
        damaged[-2:] = packets.crc16(bytes(damaged[:-2])).to_bytes(2, "big")
    assert outcome(core.decode, bytes(damaged)) == expected(bytes(damaged))


# Close to a report: lengths, kinds and counts that are nearly right.
item_like = st.one_of(
    st.tuples(st.integers(0, 0x40), st.just(b"\0\7" + bytes(7))).map(lambda i: bytes([i[0]]) + i[1]),
    st.binary(min_size=5, max_size=5).map(lambda body: b"\xc0" + body),
    st.binary(min_size=2, max_size=2).map(lambda body: b"\xc1" + body),
    st.binary(max_size=12),
)


@given(
    st.sampled_from([5, 9, 11]), st.binary(max_size=3), st.lists(item_like, max_size=12), st.integers(0, 3)
)
def test_what_is_nearly_a_report_is_the_same_to_both(
    kind: int, head: bytes, items: list[bytes], cut: int
) -> None:
    payload = (head + b"".join(items))[:94]
    body = bytes([kind, 0, 9, 0, 3, 0, 0, 1]) + payload[: len(payload) - cut]
    data = body + packets.crc16(body).to_bytes(2, "big")
    assert outcome(core.decode, data) == outcome(packets.decode, data)


@given(st.binary(max_size=120))
def test_noise_is_refused_for_the_same_reason(data: bytes) -> None:
    assert outcome(core.decode, data) == expected(data)


@given(aggregates, aggregates)
def test_aggregates_merge_to_the_same(a: Aggregate, b: Aggregate) -> None:
    assert core.merge(a, b) == a.merge(b)


# --- byte streams ---

runs = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=packets.MAX_FRAME_BYTES).map(framing.encode_stream),
    st.lists(st.integers(0, 4), max_size=220).map(bytes),  # short groups and many delimiters
    st.integers(100, 110).map(lambda length: bytes([length]) + bytes([1]) * (length - 1) + DELIMITER),
    st.integers(100, 110).map(lambda length: bytes([1]) * length + DELIMITER),
)


@given(st.lists(runs, max_size=20).map(b"".join))
def test_a_stream_is_cut_into_the_same_frames_and_drops(stream: bytes) -> None:
    ours, theirs = core.CoreDeframer(), framing.Deframer()
    assert ours.feed(stream) == theirs.feed(stream)
    assert ours.drops == theirs.drops


@given(st.binary(max_size=packets.MAX_FRAME_BYTES))
def test_a_frame_is_written_to_a_stream_as_in_python(frame: bytes) -> None:
    assert core.encode_stream(frame) == framing.encode_stream(frame)
