"""PROTOCOL.md section 3: frames survive any splitting, and noise costs no more than the run it is in."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.framing import DELIMITER, MAX_ENCODED_BYTES, Deframer, encode_stream
from protocol.packets import MAX_FRAME_BYTES, DropReason
from tests.protocol import vectors

FRAMES = [data for data, _ in vectors.frames().values()]
STREAM = DELIMITER + b"".join(map(encode_stream, FRAMES))

frames = st.binary(min_size=1, max_size=MAX_FRAME_BYTES)
STREAM_VECTORS = vectors.rows("framing", "stream")


def words(word: str) -> list[str]:
    return [] if word == "-" else word.split(",")


@pytest.mark.parametrize(("name", "frame", "stream"), vectors.rows("framing", "encode"))
def test_a_frame_is_written_as_its_vector(name: str, frame: str, stream: str) -> None:
    assert encode_stream(vectors.unhex(frame)).hex() == stream
    assert Deframer().feed(vectors.unhex(stream)) == [vectors.unhex(frame)]


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("row", STREAM_VECTORS, ids=lambda row: row[0])
def test_a_stream_is_read_as_its_vector(row: list[str], piece_bytes: int) -> None:
    _, word, found, drops = row
    stream, deframer = vectors.unhex(word), Deframer()
    pieces = [stream[at : at + piece_bytes] for at in range(0, len(stream), piece_bytes)]
    assert [frame for piece in pieces for frame in deframer.feed(piece)] == list(
        map(vectors.unhex, words(found))
    )
    assert deframer.drops == Counter(DropReason(int(number)) for number in words(drops))


def test_a_whole_stream_at_once_and_byte_by_byte_give_the_same_frames() -> None:
    assert Deframer().feed(STREAM) == FRAMES
    deframer = Deframer()
    assert [frame for byte in STREAM for frame in deframer.feed(bytes([byte]))] == FRAMES
    assert not deframer.drops


@given(st.lists(frames, max_size=8), st.data())
def test_any_splitting_gives_the_same_frames(sent: list[bytes], data: st.DataObject) -> None:
    stream = DELIMITER + b"".join(map(encode_stream, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    deframer = Deframer()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [frame for piece in pieces for frame in deframer.feed(piece)] == sent
    assert not deframer.drops


@given(frames)
def test_an_encoded_frame_holds_no_delimiter_but_its_own(frame: bytes) -> None:
    stream = encode_stream(frame)
    assert stream.index(DELIMITER) == len(stream) - 1 <= MAX_ENCODED_BYTES


@given(st.binary(max_size=600), frames, st.binary(max_size=600))
def test_noise_before_and_after_costs_no_frame(before: bytes, frame: bytes, after: bytes) -> None:
    deframer = Deframer()
    deframer.feed(before)
    assert deframer.feed(DELIMITER + encode_stream(frame))[-1] == frame
    deframer.feed(after)
    assert deframer.feed(DELIMITER + encode_stream(frame))[-1] == frame


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_every_run_of_noise_is_a_frame_or_one_drop(pieces: list[bytes]) -> None:
    deframer, stream = Deframer(), b"".join(pieces)
    found = [frame for piece in pieces for frame in deframer.feed(piece)]
    *ended, rest = stream.split(DELIMITER)
    runs = [run for run in ended if run] + ([rest] if len(rest) > MAX_ENCODED_BYTES else [])
    assert len(found) + deframer.drops.total() == len(runs)
    assert deframer.drops[DropReason.OVERSIZED] == sum(len(run) > MAX_ENCODED_BYTES for run in runs)
    assert all(len(frame) <= MAX_FRAME_BYTES for frame in found)


def test_endless_noise_is_one_oversized_drop_and_is_not_kept() -> None:
    deframer = Deframer()
    for _ in range(1000):
        assert deframer.feed(b"\xaa" * 1000) == []
    assert deframer.drops == {DropReason.OVERSIZED: 1}
    assert sum(len(value) for value in vars(deframer).values() if isinstance(value, bytearray)) == 0
    assert deframer.feed(DELIMITER + encode_stream(b"frame")) == [b"frame"]
