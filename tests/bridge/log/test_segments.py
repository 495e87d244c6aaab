"""PROTOCOL.md 18.1: what is written can be read, by any tool, whatever happens to the writer."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.capture_file import read_records
from bridge.errors import UsageError
from bridge.log.cursor import read_log
from bridge.log.folder import LogFolder
from bridge.log.segments import SegmentedLog
from protocol.capture import Record
from tests.bridge.log.rig import START_US, as_after_a_kill, frames, settings


def no_notice(line: str) -> None:
    raise AssertionError(line)


def write(folder: Path, records: list[Record], each: int = 10) -> None:
    log = SegmentedLog(settings(folder))
    for at in range(0, len(records), each):
        log.append(records[at : at + each])
        log.sync()
    log.close()


def segment_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.pcapng"))


def test_what_is_written_is_read_over_all_segments(tmp_path: Path) -> None:
    records = frames(300)
    write(tmp_path, records)
    assert list(read_log(tmp_path, no_notice)) == records
    assert len(segment_names(tmp_path)) > 3


def test_every_segment_is_a_packet_log_of_its_own(tmp_path: Path) -> None:
    records = frames(200) + frames(100, 200, "serial:/dev/ttyACM0")
    write(tmp_path, records)
    found = [
        record for name in segment_names(tmp_path) for record in read_records(tmp_path / name, no_notice)
    ]
    assert found == records


def test_records_are_there_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    log = SegmentedLog(settings(tmp_path))
    for count in range(1, 40):
        log.append(frames(1, count - 1))
        assert len(list(read_log(tmp_path, no_notice))) == count
    log.close()


def test_a_segment_ends_when_it_is_old(tmp_path: Path) -> None:
    log = SegmentedLog(settings(tmp_path, segment_age_s=0.0))
    for at in range(5):
        log.append(frames(1, at))
        log.sync()
    log.close()
    assert len(segment_names(tmp_path)) == 5


def test_never_are_two_names_in_the_cache_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may lose names that are not synced; a start reckons with one of them."""
    monkeypatch.setattr(SegmentedLog, "_keep_house", lambda self: None)
    log = SegmentedLog(settings(tmp_path))
    for at in range(0, 1_000, 10):
        log.append(frames(10, at))
    assert len(segment_names(tmp_path)) == 1
    log.sync()
    log.append(frames(10, 1_000))
    assert len(segment_names(tmp_path)) == 2
    log.close()


@pytest.mark.skipif(sys.platform == "win32", reason="nobody removes there what is open")
def test_a_log_whose_folder_is_removed_goes_on_in_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = SegmentedLog(settings(tmp_path / "log"))
    log.append(frames(10))
    shutil.rmtree(tmp_path / "log")
    log.append(frames(10, 10))
    log.sync()
    assert "newest segment was removed by somebody" in caplog.text
    log.append(frames(10, 20))
    log.sync()
    assert list(read_log(tmp_path / "log", no_notice)) == frames(10, 20)
    assert segment_names(tmp_path / "log") == ["treering-00000002.pcapng"]
    log.close()
    assert not log.warnings


def test_a_start_begins_a_new_segment_and_none_without_a_record(tmp_path: Path) -> None:
    for start in range(3):
        write(tmp_path, frames(5, 5 * start))
        SegmentedLog(settings(tmp_path)).close()
    assert segment_names(tmp_path) == [f"treering-0000000{number}.pcapng" for number in (1, 2, 3)]
    assert list(read_log(tmp_path, no_notice)) == frames(15)


def test_a_place_means_one_record_for_ever(tmp_path: Path) -> None:
    """A power cut took the newest segment with its name: its number is not used again."""
    log = SegmentedLog(settings(tmp_path / "log"))
    log.append(frames(5))
    left = as_after_a_kill(tmp_path / "log", tmp_path / "left")
    log.close()
    LogFolder(left).segment(log.end.segment).unlink()
    again = SegmentedLog(settings(left))
    assert again.lost == 5
    again.append(frames(1))
    assert again.end.segment > log.end.segment
    again.close()


# --- times ---


def test_times_never_go_back_over_restarts_neither(tmp_path: Path) -> None:
    log = SegmentedLog(settings(tmp_path))
    log.append(frames(3))
    newest_us = log.newest_us
    log.close()
    log = SegmentedLog(settings(tmp_path))
    assert log.newest_us == newest_us
    late = [replace(record, timestamp_us=10) for record in frames(2, 3)] + frames(1, 5)
    log.append(late)
    log.append(frames(1, 6))
    log.close()
    times = [record.timestamp_us - START_US for record in read_log(tmp_path)]
    assert times == [0, 1_000, 2_000, 2_000, 2_000, 5_000, 6_000]


def test_a_clock_that_is_set_back_is_told_once_until_it_has_come_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now_s = START_US / 1e6
    log = SegmentedLog(settings(tmp_path), lambda: now_s)
    log.append(frames(3))
    log.sync()
    assert not log.warnings
    now_s -= 86_400
    for at in range(3, 6):
        log.append(frames(1, at))
        log.sync()
        assert "the clock is 86400 s behind the log" in log.warnings[0]
    now_s += 86_400
    log.sync()
    assert not log.warnings
    log.close()
    assert sum("set the clock" in record.message for record in caplog.records) == 1


def test_times_do_not_go_back_within_a_batch_either(tmp_path: Path) -> None:
    log = SegmentedLog(settings(tmp_path))
    log.append([*reversed(frames(3)), *frames(1, 9)])
    log.close()
    assert [record.timestamp_us - START_US for record in read_log(tmp_path)] == [2_000, 2_000, 2_000, 9_000]


# --- one writer ---


def test_one_process_writes_a_folder_and_another_is_told_which(tmp_path: Path) -> None:
    log = SegmentedLog(settings(tmp_path))
    program = (
        "import sys; from pathlib import Path; from bridge.log.segments import SegmentedLog;"
        "from bridge.log.settings import LogSettings; from bridge.errors import UsageError\n"
        "try: SegmentedLog(LogSettings(Path(sys.argv[1])))\n"
        "except UsageError as error: print(error)"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=30
    )
    assert f"{tmp_path}: process " in other.stdout, other.stderr
    assert "writes this log; end it, or name another folder" in other.stdout
    log.close()
    SegmentedLog(settings(tmp_path)).close()


def test_a_folder_that_cannot_be_made_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="name a folder that you may write to"):
        SegmentedLog(settings(tmp_path / "file" / "log"))


def test_a_folder_without_a_log_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no segment of a log \(treering-\*\.pcapng\)"):
        list(read_log(tmp_path))


# --- cut and damaged segments ---


def test_a_segment_cut_anywhere_gives_its_whole_records_and_the_next_go_on(tmp_path: Path) -> None:
    records = frames(24)
    for at in (0, 8, 16):
        write(tmp_path, records[at : at + 8])
    middle = tmp_path / "treering-00000002.pcapng"
    whole = middle.read_bytes()
    last = 0
    for size in range(len(whole)):
        middle.write_bytes(whole[:size])
        notices: list[str] = []
        found = list(read_log(tmp_path, notices.append))
        count = len(found) - 16
        assert found == records[: 8 + count] + records[16:]
        assert last <= count
        last = count
        assert all(str(tmp_path) in notice for notice in notices)
    assert last == 7


@pytest.mark.parametrize("damage", [bytes(64), b"\xff" * 64, b"\x06\0\0\0\x40\0\0\0" + bytes(56)])
def test_damage_ends_its_segment_and_is_told(tmp_path: Path, damage: bytes) -> None:
    """A power cut may leave zeros, or anything, where records were not synced."""
    records = frames(16)
    write(tmp_path, records[:8])
    with (tmp_path / "treering-00000001.pcapng").open("ab") as file:
        file.write(damage)
    write(tmp_path, records[8:])
    notices: list[str] = []
    assert list(read_log(tmp_path, notices.append)) == records
    assert len(notices) == 1
    assert "passed over" in notices[0]


# --- what a kill loses ---


def test_a_start_after_a_kill_tells_what_was_taken_and_not_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = SegmentedLog(settings(tmp_path / "log"))
    log.append(frames(10))
    left = as_after_a_kill(tmp_path / "log", tmp_path / "left")
    log.close()
    segment = LogFolder(left).segment(log.end.segment)
    segment.write_bytes(segment.read_bytes()[:-1])  # killed within the last write
    again = SegmentedLog(settings(left))
    assert again.lost == 1
    assert "1 frames that were taken when the last run was killed are not in the log" in caplog.text
    again.close()


@pytest.mark.parametrize("journal", [b"", b"damaged", bytes(16), b"\xff" * 16, bytes(8) + b"\x05" + bytes(7)])
def test_a_journal_of_nothing_is_no_obstacle(tmp_path: Path, journal: bytes) -> None:
    (tmp_path / "log.taken").write_bytes(journal)
    log = SegmentedLog(settings(tmp_path))
    assert (log.lost, log.append(frames(3))) == (0, frames(3))
    log.close()


def test_a_clean_end_loses_nothing_and_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for start in range(2):
        write(tmp_path, frames(10, 10 * start))
    log = SegmentedLog(settings(tmp_path))
    assert log.lost == 0
    log.close()
    assert caplog.text == ""
    assert not log.folder.journal.exists()
