"""PROTOCOL.md section 9: the packet log comes back as it was written, up to the byte where it ends."""

import struct
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.capture import (
    CRC_ERROR_FLAG,
    MAX_BLOCK_BYTES,
    CaptureError,
    CaptureReader,
    CaptureWriter,
    CutShortError,
    Direction,
    Record,
)
from protocol.packets import DropReason
from tests.protocol import vectors

FRAME = vectors.frames()["data_one_metric"][0]
UDP = Record(1_700_000_000_123_456, "udp:239.84.82.71:28539", Direction.INBOUND, FRAME)
SERIAL = Record(1_700_000_000_123_999, "serial:/dev/ttyACM0", Direction.OUTBOUND, FRAME[:11])
RESULT = Record(0, "host", Direction.INBOUND, FRAME, '{"alive":16,"reachable":16}')
RECORDS = [UDP, SERIAL, UDP, RESULT, SERIAL]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
records = st.builds(
    Record,
    st.integers(0, 2**64 - 1),
    texts,
    st.sampled_from(Direction),
    st.binary(max_size=300),
    st.none() | texts,
)


def log_of(*written: Record) -> bytes:
    writer = CaptureWriter("treering test")
    return writer.header() + b"".join(map(writer.encode, written))


def read(log: bytes) -> list[Record]:
    """Every record of a log that is whole."""
    reader = CaptureReader()
    found = reader.feed(log)
    reader.finish()
    return found


def read_damaged(log: bytes) -> tuple[list[Record], CaptureError]:
    """The records of a log that is not whole, and what is said of it."""
    reader = CaptureReader()
    found = reader.feed(log)
    with pytest.raises(CaptureError) as caught:
        reader.finish()
    return found, caught.value


# Blocks by hand, in either byte order, as another program may write them.


def block(order: str, block_type: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", block_type) + size + body + size


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", major: int = 1) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1))


def interface(order: str = "<", options: bytes = b"", link_type: int = 147) -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, 262144) + options)


def packet(
    order: str = "<", ticks: int = 0, frame: bytes = FRAME, options: bytes = b"", interface_id: int = 0
) -> bytes:
    head = struct.pack(order + "IIIII", interface_id, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(order, 6, head + frame + bytes(-len(frame) % 4) + options)


# --- what is written -------------------------------------------------------------------------------------


def test_the_first_blocks_of_a_log_byte_for_byte() -> None:
    frame = vectors.frames()["depth_leaf"][0]
    record = Record(0x0001_0002_0003_0004, "s", Direction.OUTBOUND, frame, "{}")
    writer = CaptureWriter("treering")
    assert writer.header().hex(" ", 4) == (
        "0a0d0d0a 2c000000 4d3c2b1a 01000000 ffffffff ffffffff 04000800 74726565 72696e67 00000000 2c000000"
    )
    assert writer.encode(record).hex(" ", 4) == (
        "01000000 28000000 93000000 00000000 02000100 73000000 09000100 06000000 00000000 28000000"  # link
        " 06000000 40000000 00000000 02000100 04000300 0b000000 0b000000"
        " 04000700 03010204 00a71b00 02000400 02000000 01000200 7b7d0000 00000000 40000000"
    )


def test_a_link_is_described_once() -> None:
    writer = CaptureWriter()
    writer.header()
    first, second = writer.encode(UDP), writer.encode(UDP)
    assert UDP.link.encode() in first
    assert UDP.link.encode() not in second
    assert first.endswith(second)


@given(st.lists(records, max_size=6))
def test_the_hot_path_writes_what_the_definition_does(written: list[Record]) -> None:
    hot, definition = CaptureWriter(), CaptureWriter()
    blocks = b"".join(map(definition._encode_any, [*written, *written]))
    assert hot.encode_all(written) + hot.encode_all(written) == blocks  # again, with links that are known


def test_a_new_section_describes_its_links_anew() -> None:
    writer = CaptureWriter()
    first = writer.header() + writer.encode(UDP) + writer.encode(SERIAL)
    second = writer.header() + writer.encode(SERIAL)
    assert read(first + second) == [UDP, SERIAL, SERIAL]


@pytest.mark.parametrize("name", vectors.malformed())
def test_a_wrong_crc_is_flagged_and_nothing_else_is(name: str) -> None:
    frame, reason = vectors.malformed()[name]
    record = replace(UDP, frame=frame)
    flags = option("<", 2, struct.pack("<I", Direction.INBOUND | CRC_ERROR_FLAG))
    assert read(log_of(record)) == [record]
    assert (flags in log_of(record)) == (reason == DropReason.CHECKSUM)


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        (replace(UDP, timestamp_us=-1), "a time of -1 us"),
        (replace(UDP, timestamp_us=1 << 64), "a time of"),
        (replace(UDP, frame=bytes(65536)), "65535 bytes, not 65536"),
        (replace(UDP, comment="x" * 65536), "65535 bytes, not 65536"),
        (replace(UDP, link="x" * 65536), "65535 bytes, not 65536"),
    ],
    ids=["early", "late", "long frame", "long comment", "long link"],
)
def test_what_has_no_place_is_refused_and_leaves_the_log_whole(record: Record, cause: str) -> None:
    writer = CaptureWriter()
    log = writer.header()
    with pytest.raises(ValueError, match=cause):
        writer.encode(record)
    assert read(log + writer.encode(UDP)) == [UDP]


# --- what is read ----------------------------------------------------------------------------------------


@given(st.lists(records, max_size=6))
def test_a_log_comes_back_as_it_was_written(written: list[Record]) -> None:
    assert read(log_of(*written)) == written


@given(st.lists(st.integers(0, len(log_of(*RECORDS))), max_size=10).map(sorted))
def test_a_log_may_come_in_any_pieces(cuts: list[int]) -> None:
    log, reader = log_of(*RECORDS), CaptureReader()
    pieces = [log[a:b] for a, b in zip([0, *cuts], [*cuts, len(log)], strict=True)]
    assert [record for piece in pieces for record in reader.feed(piece)] == RECORDS
    reader.finish()


def test_a_log_may_come_byte_by_byte() -> None:
    reader = CaptureReader()
    assert [record for byte in log_of(*RECORDS) for record in reader.feed(bytes([byte]))] == RECORDS
    reader.finish()


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_log_may_be_of_either_byte_order(order: str) -> None:
    log = section(order) + interface(order, option(order, 2, b"air")) + packet(order, 5_000_007)
    assert read(log) == [Record(5_000_007, "air", Direction.INBOUND, FRAME)]


def test_sections_of_both_byte_orders_may_follow_each_other() -> None:
    log = b"".join(section(o) + interface(o) + packet(o, 7) for o in "<><")
    assert [record.timestamp_us for record in read(log)] == [7, 7, 7]


@pytest.mark.parametrize(
    ("resolution", "ticks", "timestamp_us"),
    [
        (0, 3, 3_000_000),
        (3, 1_500, 1_500_000),
        (6, 1_500, 1_500),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456),
        (0x80 | 10, 1536, 1_500_000),
        (0x80 | 32, 3 << 31, 1_500_000),
        (0x7F, 2**64 - 1, 0),
    ],
)
def test_a_log_may_have_any_time_resolution(resolution: int, ticks: int, timestamp_us: int) -> None:
    log = section() + interface(options=option("<", 9, bytes([resolution]))) + packet(ticks=ticks)
    assert read(log)[0].timestamp_us == timestamp_us


def test_a_time_offset_in_seconds_is_added() -> None:
    log = section() + interface(options=option("<", 14, struct.pack("<q", -2))) + packet(ticks=5_000_000)
    assert read(log)[0].timestamp_us == 3_000_000


def test_without_options_a_link_has_its_number_and_a_frame_is_inbound() -> None:
    log = section() + interface() + interface() + packet(interface_id=1)
    assert read(log) == [Record(0, "interface 1", Direction.INBOUND, FRAME)]


@pytest.mark.parametrize(
    ("flags", "direction"),
    [(0, 1), (1, 1), (2, 2), (3, 1), (0x0100_0002, 2), (0xFFFF_FFFD, 1)],
)
def test_the_direction_is_the_two_lowest_flags(flags: int, direction: int) -> None:
    log = section() + interface() + packet(options=option("<", 2, struct.pack("<I", flags)))
    assert read(log)[0].direction == direction


def test_a_remark_added_in_wireshark_does_not_hide_our_comment() -> None:
    comments = option("<", 1, b'{"alive":3}') + option("<", 1, b"look at this")
    assert read(section() + interface() + packet(options=comments))[0].comment == '{"alive":3}'


def test_text_that_is_not_utf_8_is_read_all_the_same() -> None:
    log = section() + interface(options=option("<", 2, b"caf\xe9")) + packet(options=option("<", 1, b"\xff"))
    assert [(record.link, record.comment) for record in read(log)] == [("caf�", "�")]


def test_other_blocks_options_and_link_types_are_skipped() -> None:
    reader = CaptureReader()
    log = (
        section()
        + interface(options=option("<", 12, b"Linux"))
        + interface(link_type=1)
        + block("<", 4, bytes(8))  # names
        + block("<", 5, bytes(12))  # statistics
        + block("<", 0x0BAD, b"custom")
        + block("<", 3, struct.pack("<I", 4) + b"abcd")  # a simple packet
        + packet(interface_id=1)  # an Ethernet packet
        + packet(options=option("<", 0x0BAD, b"?"))
    )
    assert reader.feed(log) == [Record(0, "interface 0", Direction.INBOUND, FRAME)]
    reader.finish()
    assert reader.skipped == 2


# --- a log that ends, or is damaged ----------------------------------------------------------------------


def blocks_of(log: bytes) -> list[tuple[int, int]]:
    """(end, block type) of each block of a little-endian log."""
    found, at = [], 0
    while at < len(log):
        block_type, size_bytes = struct.unpack_from("<II", log, at)
        at += size_bytes
        found.append((at, block_type))
    return found


def test_a_log_cut_anywhere_gives_every_whole_record_and_says_where_it_ends() -> None:
    log = log_of(*RECORDS)
    blocks = blocks_of(log)
    for size_bytes in range(len(log)):
        reader = CaptureReader()
        whole = [(end, block_type) for end, block_type in blocks if end <= size_bytes]
        packets = sum(block_type == 6 for _, block_type in whole)
        last_end = whole[-1][0] if whole else 0
        assert reader.feed(log[:size_bytes]) == RECORDS[:packets]
        if size_bytes and size_bytes == last_end:
            reader.finish()
        else:
            with pytest.raises(CutShortError) as caught:
                reader.finish()
            assert caught.value.offset == last_end


def test_a_cut_is_told_in_one_line() -> None:
    log = log_of(UDP, SERIAL)
    *_, (start, _), (end, _) = blocks_of(log)
    found, error = read_damaged(log[:-5])
    assert found == [UDP]
    assert str(error) == (
        f"byte {start}: the log ends {end - start - 5} bytes into a block;"
        " every record before it is whole: go on with those"
    )


def test_an_empty_log_is_cut_short() -> None:
    found, error = read_damaged(b"")
    assert found == []
    assert isinstance(error, CutShortError)
    assert "empty" in str(error)


GOOD = log_of(UDP, SERIAL)
HEAD = section() + interface()


def sized(size_bytes: int) -> bytes:
    return struct.pack("<II", 6, size_bytes) + bytes(64)


@pytest.mark.parametrize(
    ("start", "rest", "cause"),
    [
        (b"", b"GIF89a", "not a packet log"),
        (b"", bytes(100), "not a packet log"),
        (b"", struct.pack("<IHH", 0xA1B2C3D4, 2, 4) + bytes(16), "editcap -F pcapng"),
        (b"", struct.pack("<III", 0x0A0D0D0A, 28, 0x12345678) + bytes(16), "no known byte order"),
        (b"", section(major=2), "pcapng of version 2, not 1"),
        (GOOD, bytes(64), "a block of 0 bytes"),
        (GOOD, sized(11), "a block of 11 bytes"),
        (GOOD, sized(34), "a block of 34 bytes"),
        (GOOD, sized(MAX_BLOCK_BYTES + 4), f"a block of {MAX_BLOCK_BYTES + 4} bytes"),
        (GOOD, b"\xff" * 64, "a block of 4294967295 bytes"),
        (GOOD, packet()[:-4] + bytes(4), "states two sizes"),
        (GOOD, block("<", 6, bytes(16)), "too short for its type"),
        (GOOD, block("<", 1, bytes(4)), "too short for its type"),
        (GOOD, block("<", 0x0A0D0D0A, struct.pack("<I", 0x1A2B3C4D)), "too short for its type"),
        (GOOD, packet(interface_id=2), "a packet of interface 2, which no block describes"),
        (section(), packet(), "a packet of interface 0, which no block describes"),
        (HEAD, block("<", 6, struct.pack("<IIIII", 0, 0, 0, 99, 99) + bytes(96)), "longer than its block"),
        (HEAD, packet(options=struct.pack("<HH", 1, 9) + b"short"), "an option longer than its block"),
        (HEAD, packet(options=option("<", 2, b"\x01")), "too short for its type"),
        (HEAD, interface(options=option("<", 9, b"")), "too short for its type"),
        (HEAD, interface(options=option("<", 14, b"1234")), "too short for its type"),
    ],
)
def test_damage_is_told_with_its_place_and_costs_nothing_before_it(
    start: bytes, rest: bytes, cause: str
) -> None:
    found, error = read_damaged(start + rest)
    assert found == ([UDP, SERIAL] if start == GOOD else [])
    assert not isinstance(error, CutShortError)
    assert cause in str(error)
    assert str(error).startswith(f"byte {len(start)}: ")
    assert "\n" not in str(error)


def test_after_damage_nothing_is_kept_or_read() -> None:
    reader = CaptureReader()
    assert reader.feed(GOOD + sized(0)) == [UDP, SERIAL]
    for _ in range(3):
        assert reader.feed(GOOD) == []
    with pytest.raises(CaptureError) as caught:
        reader.finish()
    assert caught.value.offset == len(GOOD)


def test_interfaces_without_end_are_damage() -> None:
    reader = CaptureReader()
    reader.feed(section())
    for _ in range(64):
        reader.feed(interface() * 1024)
    reader.finish()
    reader.feed(interface())
    with pytest.raises(CaptureError, match="more than 65536 interfaces"):
        reader.finish()


@given(st.binary(max_size=400))
def test_noise_raises_nothing_but_capture_error(noise: bytes) -> None:
    for start in (b"", HEAD, GOOD):
        reader = CaptureReader()
        reader.feed(start + noise)
        with suppress(CaptureError):
            reader.finish()


@given(st.integers(0, 8 * len(GOOD) - 1))
def test_a_flipped_bit_raises_nothing_but_capture_error(bit: int) -> None:
    flipped = bytearray(GOOD)
    flipped[bit // 8] ^= 1 << bit % 8
    reader = CaptureReader()
    assert len(reader.feed(bytes(flipped))) <= 2
    with suppress(CaptureError):
        reader.finish()
