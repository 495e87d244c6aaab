"""The index says of every log what CaptureReader says of it, now and when it is opened again."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import UsageError
from desktop import places
from desktop.packets import index as index_module
from desktop.packets.folder import folder_of
from desktop.packets.index import PacketIndex
from desktop.packets.scan import COLUMNS, UNREADABLE, Scanner
from desktop.packets.seal import sealed, unsealed
from protocol.capture import CaptureError, CaptureReader, CaptureWriter, Direction, Record
from protocol.packets import MAX_FRAME_BYTES, DropReason, FrameError, decode, peek_header
from tests.protocol import vectors
from tests.protocol.test_capture import block, interface, option, packet, section


def read(log: bytes) -> tuple[list[Record], str | None, int]:
    """The records, the problem and how many were skipped, as the definition says."""
    reader = CaptureReader()
    records = reader.feed(log)
    try:
        reader.finish()
    except CaptureError as error:
        return records, str(error), reader.skipped
    return records, None, reader.skipped


def written(path: Path, log: bytes) -> Path:
    path.write_bytes(log)
    return path


def log_of(records: Iterable[Record]) -> bytes:
    writer = CaptureWriter()
    return writer.header() + writer.encode_all(records)


def columns_of(index: PacketIndex) -> dict[str, list[int]]:
    return {name: getattr(index, name).tolist() for name in COLUMNS}


def check(index: PacketIndex, log: bytes) -> None:
    """All that the index tells is what the log holds."""
    records, problem, skipped = read(log)
    assert (len(index), index.problem, index.skipped) == (len(records), problem, skipped)
    assert index.records(0, len(index)) == records
    assert index.frames_at(range(len(index))) == [r.frame for r in records]
    assert [index.record(i) for i in range(len(index))] == records
    assert index.time_us.tolist() == [min(r.timestamp_us, 2**63 - 1) for r in records]
    assert [index.links[number] for number in index.link] == [r.link for r in records]
    assert index.is_inbound.tolist() == [r.direction is Direction.INBOUND for r in records]
    assert index.size.tolist() == [len(r.frame) for r in records]
    assert index.has_comment.tolist() == [r.comment is not None for r in records]
    for i, record in enumerate(records):
        if len(record.frame) < 8:
            assert index.kind[i] == UNREADABLE
            assert index.is_bad[i]
        else:
            first, *header = peek_header(record.frame)
            assert index.kind[i] == first & 0x1F
            assert [index.source[i], index.destination[i], index.counter[i]] == header
            assert index.is_sealed[i] == (first >= 0x80)
            if first & 0x60 or not 10 <= len(record.frame) <= MAX_FRAME_BYTES:
                assert index.is_bad[i]


# What the header and the log's own flag tell; a sealed frame or one of an unknown type may be sound.
BAD = {DropReason.OVERSIZED, DropReason.TRUNCATED, DropReason.WIRE_VERSION, DropReason.CHECKSUM}


def reason_to_drop(frame: bytes) -> DropReason | None:
    try:
        decode(frame)
    except FrameError as error:
        return error.reason
    return None


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
frames = st.binary(max_size=120) | st.binary(min_size=10, max_size=60)
records = st.builds(
    Record,
    st.integers(0, 2**53) | st.integers(0, 2**64 - 1),
    st.sampled_from(["serial:/dev/ttyACM0", "udp", ""]) | texts,
    st.sampled_from(Direction),
    frames,
    st.none() | st.none() | texts,
)


@st.composite
def foreign_sections(draw: st.DrawFn) -> bytes:
    """A section as another program may write it."""
    order = draw(st.sampled_from("<>"))
    parts = [section(order)]
    described = 0
    for _ in range(draw(st.integers(0, 12))):
        match draw(st.integers(0, 4)):
            case 0:
                resolution = draw(st.sampled_from([b"\x06", b"\x09", b"\x00", b"\x8a"]))
                options = option(order, 9, resolution) + option(order, 2, draw(texts).encode())
                parts.append(interface(order, options, draw(st.sampled_from([147, 147, 1]))))
                described += 1
            case 1:
                parts.append(block(order, draw(st.sampled_from([3, 5, 0xBAD])), draw(st.binary(max_size=9))))
            case _ if described:
                flags = option(order, 2, struct.pack(order + "I", draw(st.integers(0, 2**32 - 1))))
                options = draw(st.sampled_from([b"", flags, flags + bytes(4), flags * 2, bytes(8)]))
                number = draw(st.integers(0, described - 1))
                ticks = draw(st.integers(0, 2**64 - 1))
                parts.append(packet(order, ticks, draw(frames), options, number))
    return b"".join(parts)


logs = st.lists(st.lists(records, max_size=20).map(log_of) | foreign_sections(), min_size=1, max_size=4).map(
    b"".join
)


@given(logs)
def test_every_log_is_told_as_its_reader_tells_it(log: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "x.pcapng", log)
        with closing(PacketIndex(path)) as index:
            assert index.extend() == len(index)
            check(index, log)
            found = columns_of(index)
        with closing(PacketIndex(path)) as again:
            again.extend()
            assert columns_of(again) == found
            check(again, log)


@given(st.lists(records, max_size=20))
def test_a_frame_is_bad_if_its_header_or_its_crc_is(written_records: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = PacketIndex(written(Path(folder) / "x.pcapng", log_of(written_records)))
        index.extend()
        for record, is_bad in zip(written_records, index.is_bad, strict=True):
            assert is_bad == (reason_to_drop(record.frame) in BAD)
        index.close()


@given(logs, st.data())
def test_a_log_that_is_cut_or_changed_anywhere_is_told_as_its_reader_tells_it(
    log: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(log)))
    if data.draw(st.booleans()) and at < len(log):
        log = log[:at] + data.draw(st.binary(min_size=1, max_size=1)) + log[at + 1 :]
    else:
        log = log[:at]
    with tempfile.TemporaryDirectory() as folder:
        index = PacketIndex(written(Path(folder) / "x.pcapng", log))
        index.extend()
        check(index, log)
        index.close()


@given(logs, st.data())
def test_a_log_that_grows_ends_as_one_that_was_there_at_once(log: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=4)))
    closes = data.draw(st.lists(st.booleans(), min_size=len(cuts), max_size=len(cuts)))
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "x.pcapng", b"")
        with closing(PacketIndex(path)) as index:
            for cut, is_closed in zip(cuts, closes, strict=True):
                path.write_bytes(log[:cut])
                index.extend()
                check(index, log[:cut])
                if is_closed:  # the app is closed, and opened again
                    index.close()
            path.write_bytes(log)
            index.extend()
            check(index, log)


# --- what is kept beside the log -------------------------------------------------------------------------

FRAME = vectors.frames()["data_one_metric"][0]


def plain(count: int, link: str = "udp") -> list[Record]:
    return [Record(1_000_000 + i, link, Direction.INBOUND, FRAME) for i in range(count)]


def opened(path: Path) -> PacketIndex:
    index = PacketIndex(path)
    index.extend()
    return index


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A log with its index."""
    path = written(tmp_path / "x.pcapng", log_of(plain(50)))
    opened(path).close()
    return path


def test_the_index_is_its_owners_alone(kept: Path) -> None:
    assert folder_of(kept) == kept.parent / "x.pcapng.index"
    if os.name == "posix":
        assert folder_of(kept).stat().st_mode & 0o077 == 0


def test_a_log_is_scanned_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scanner, "_ordinary", lambda *_: pytest.fail("scanned again"))
    with closing(opened(kept)) as index:
        assert len(index) == 50


@pytest.mark.parametrize("name", [*(f"packets.{name}" for name in COLUMNS), "packets.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_an_index_that_is_not_as_it_was_saved_is_made_anew(kept: Path, name: str, damage: str) -> None:
    file = folder_of(kept) / name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        middle = len(content) // 2
        cut = content[:middle]
        changed = cut + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        file.write_bytes(cut if damage == "cut" else changed)
    with closing(opened(kept)) as index:
        check(index, kept.read_bytes())


def test_rows_behind_what_was_saved_are_left_out(kept: Path) -> None:
    """The app was killed between writing the columns and saying so."""
    with (folder_of(kept) / "packets.kind").open("ab") as file:
        file.write(b"half")
    kept.write_bytes(log_of(plain(60)))
    with closing(opened(kept)) as index:
        check(index, kept.read_bytes())


@pytest.mark.parametrize("count", [10, 50, 90])
def test_the_index_of_another_log_of_that_name_is_made_anew(kept: Path, count: int) -> None:
    other = log_of(plain(count, "serial:/dev/ttyACM0"))
    kept.write_bytes(other)
    with closing(opened(kept)) as index:
        check(index, other)


def test_a_log_that_is_replaced_while_it_is_shown_is_indexed_anew(kept: Path) -> None:
    with closing(opened(kept)) as index:
        seen = index.kind
        other = written(kept.with_name("other"), log_of(plain(7, "ttyACM0")))
        os.replace(other, kept)
        index.extend()
        check(index, kept.read_bytes())
        assert set(seen.tolist()) == {FRAME[0] & 0x1F}, "what somebody has stays good"


def test_two_windows_may_show_one_log(kept: Path) -> None:
    with closing(opened(kept)) as first, closing(opened(kept)) as second:
        kept.write_bytes(log_of(plain(80)))
        second.extend()
        first.extend()
        check(first, kept.read_bytes())
        check(second, kept.read_bytes())


def test_a_folder_that_cannot_be_written_leaves_the_index_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    path = written(tmp_path / "x.pcapng", log_of(plain(5)))
    path.with_name("x.pcapng.index").write_text("a file where the folder would be")
    opened(path).close()
    [folder] = (tmp_path / "cache" / "indexes").iterdir()
    assert (folder / "packets.json").is_file()


# --- what came along with a log --------------------------------------------------------------------------


def test_an_index_of_another_hand_is_made_anew(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its checksums are right, and it tells of packets that were never sent."""
    state = json.loads((folder_of(kept) / "packets.json").read_text())
    kinds = bytes([7] * 50)
    (folder_of(kept) / "packets.kind").write_bytes(kinds)
    state["crcs"]["kind"] = zlib.crc32(kinds)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(places, "index_secret", lambda: kept.with_name("their.key"))
        (folder_of(kept) / "packets.json").write_text(sealed({k: v for k, v in state.items() if k != "seal"}))
        assert unsealed((folder_of(kept) / "packets.json").read_text())["crcs"] == state["crcs"]
    with closing(opened(kept)) as index:
        check(index, kept.read_bytes())


@pytest.mark.skipif(os.name != "posix", reason="links and modes as POSIX has them")
def test_links_in_a_folder_of_another_hand_lead_nowhere(tmp_path: Path) -> None:
    log = written(tmp_path / "x.pcapng", log_of(plain(5)))
    precious = tmp_path / "precious"
    precious.write_text("all of it")
    folder = tmp_path / "x.pcapng.index"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    for name in (*(f"packets.{column}" for column in COLUMNS), "packets.json.new"):
        (folder / name).symlink_to(precious)
    (folder / "packets.lock").symlink_to(tmp_path / "made")
    state = {"format": 2, "rows": 0, "crcs": dict.fromkeys(COLUMNS, 0), "of_log": {}}
    (folder / "packets.json").write_text(json.dumps(state))
    with closing(opened(log)) as index:
        check(index, log.read_bytes())
    assert precious.read_text() == "all of it"
    assert not (tmp_path / "made").exists()
    assert folder.stat().st_mode & 0o077 == 0, "it is private from now on"
    assert (folder / "packets.json").is_file()


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_a_link_in_the_place_of_the_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    log = written(tmp_path / "x.pcapng", log_of(plain(5)))
    (tmp_path / "x.pcapng.index").symlink_to(elsewhere)
    opened(log).close()
    assert list(elsewhere.iterdir()) == []
    assert (tmp_path / "cache" / "indexes").is_dir()


def test_the_index_goes_with_the_log(kept: Path) -> None:
    index = opened(kept)
    kept.unlink()
    index.close()
    assert list(kept.parent.iterdir()) == []


def test_a_budget_is_kept_and_the_share_told(tmp_path: Path) -> None:
    path = written(tmp_path / "x.pcapng", log_of(plain(100_000)))
    with closing(PacketIndex(path)) as index:
        shares, added = [index.scanned_share], 0
        while index.scanned_share < 1:
            added += index.extend(0.0)
            shares.append(index.scanned_share)
        assert added == len(index) == 100_000
        assert shares == sorted(shares)
        assert len(shares) > 3


def test_a_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.pcapng: No such file"):
        PacketIndex(tmp_path / "none.pcapng").extend()


def test_a_packet_that_is_not_there_is_told(kept: Path) -> None:
    with closing(opened(kept)) as index, pytest.raises(IndexError):
        index.record(50)


def test_packets_that_are_far_apart_are_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_records = [replace(record, timestamp_us=i) for i, record in enumerate(plain(1000))]
    with closing(opened(written(tmp_path / "x.pcapng", log_of(written_records)))) as index:
        monkeypatch.setattr(index_module, "_PIECE_BYTES", 500)
        rows = [0, 1, 2, 500, 998, 999]
        assert index.records_at(rows) == [written_records[row] for row in rows]
        assert index.frames_at(rows) == [FRAME] * 6
        assert index.records_at([]) == []
        assert index.frames_at([]) == []
