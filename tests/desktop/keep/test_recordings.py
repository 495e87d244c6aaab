"""The ring of recordings: what goes when there is too much, and what never does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge.capture_file import CaptureFile, read_records
from bridge.errors import UsageError
from desktop.keep import recordings as room
from desktop.keep.notes import Bookmark, Notes, beside, read_notes, write_notes
from desktop.keep.recordings import Recordings, span_us
from protocol.capture import Record

RECORDED = Notes(source="Demo network")


def record(folder: Path, name: str, records: list[Record], notes: Notes, age_s: int) -> Path:
    log = CaptureFile(folder / name)
    for each in records:
        log.write(each)
    log.close()
    if notes != Notes():
        write_notes(log.path, notes, records[0].timestamp_us)
    os.utime(log.path, (1_700_000_000 - age_s,) * 2)
    return log.path


@pytest.fixture
def folder(tmp_path: Path, demo_records: list[Record], monkeypatch: pytest.MonkeyPatch) -> Recordings:
    """Seven logs, the oldest first; what the disk has free does not matter."""
    monkeypatch.setattr(room, "LEAST_FREE_BYTES", 0)
    for age_s, (name, notes) in enumerate(
        (
            ("newest", RECORDED),
            ("open", RECORDED),
            ("older", RECORDED),
            ("noted", Notes(source="Demo network", note="rain")),
            ("marked", Notes(source="Demo network", bookmarks=(Bookmark(5, "x"),))),
            ("kept", Notes(source="Demo network", kept=True)),
            ("of a person", Notes()),
        )
    ):
        record(tmp_path, f"{name}.pcapng", demo_records[:100], notes, age_s)
    return Recordings(tmp_path)


def names(recordings: Recordings) -> list[str]:
    return [found.path.stem for found in recordings.found()]


def test_only_what_nobody_wants_goes_and_the_oldest_first(folder: Recordings) -> None:
    size_bytes = folder.found()[0].size_bytes
    open_logs = {folder.folder / "open.pcapng"}
    index = folder.folder / "older.pcapng.index"
    index.mkdir()
    (index / "offsets").write_bytes(bytes(8))
    assert folder.make_room(3 * size_bytes + 8, open_logs) == []
    assert folder.make_room(3 * size_bytes, open_logs) == ["older.pcapng"]
    assert not index.exists()
    assert not beside(folder.folder / "older.pcapng").exists()
    assert folder.make_room(0, open_logs) == ["newest.pcapng"]
    assert folder.make_room(0, open_logs) == []
    assert names(folder) == ["open", "noted", "marked", "kept", "of a person"]


def test_a_disk_that_is_nearly_full_takes_from_the_ring_as_well(
    folder: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LEAST_FREE_BYTES", folder.free_bytes() + 1_000_000_000)
    assert folder.make_room(1_000_000_000, ()) == ["older.pcapng", "open.pcapng", "newest.pcapng"]


def test_notes_that_cannot_be_read_keep_the_log(folder: Recordings) -> None:
    beside(folder.folder / "older.pcapng").write_text("kept = maybe")
    assert "older.pcapng" not in folder.make_room(0, ())
    with pytest.raises(UsageError, match=r"older\.pcapng\.notes\.toml: .*mend it, or move it away"):
        read_notes(folder.folder / "older.pcapng")


def test_what_is_deleted_comes_back_with_all_that_goes_with_it(folder: Recordings) -> None:
    log = folder.folder / "marked.pcapng"
    content, notes = log.read_bytes(), read_notes(log)
    trashed = folder.trash(log)
    assert "marked" not in names(folder)
    assert not beside(log).exists()
    assert folder.deleted() == [trashed]
    assert folder.restore(trashed) == log
    assert log.read_bytes() == content
    assert read_notes(log) == notes
    assert folder.deleted() == []
    folder.trash(log)
    assert folder.make_room(0, ())[0] == "marked.pcapng, deleted before"
    assert folder.deleted() == []


def test_a_log_comes_back_only_where_no_other_is(folder: Recordings, demo_records: list[Record]) -> None:
    trashed = folder.trash(folder.folder / "kept.pcapng")
    record(folder.folder, "kept.pcapng", demo_records[:1], Notes(), 0)
    with pytest.raises(UsageError, match="another log has this name now; rename that one first"):
        folder.restore(trashed)
    assert folder.deleted() == [trashed]


def test_who_names_a_recording_keeps_it(folder: Recordings) -> None:
    new = folder.rename(folder.folder / "newest.pcapng", " my first ")
    assert new == folder.folder / "my first.pcapng"
    assert read_notes(new) == Notes(kept=True, source="Demo network")
    for bad in ("", "a/b", "..", "what?"):
        with pytest.raises(UsageError, match="no name of a file"):
            folder.rename(new, bad)
    with pytest.raises(UsageError, match="exists; choose another name"):
        folder.rename(new, "kept")


def test_times_are_found_without_reading_the_log_through(tmp_path: Path, demo_records: list[Record]) -> None:
    log = record(tmp_path, "whole.pcapng", demo_records, Notes(), 0)
    assert span_us(log) == (demo_records[0].timestamp_us, demo_records[-1].timestamp_us)
    log.write_bytes(log.read_bytes()[:-5])
    assert span_us(log) is None, "cut short: it is not known what the last block was"
    empty = tmp_path / "empty.pcapng"
    empty.touch()
    assert span_us(empty) is None
    (found,) = (found for found in Recordings(tmp_path).found() if found.path == log)
    assert found.length_s() is None


def test_a_recording_gets_a_name_of_the_time_in_a_folder_that_is_made(tmp_path: Path) -> None:
    path = Recordings(tmp_path / "new" / "one").new_path()
    assert path.parent.is_dir()
    assert path.name.startswith("treering-20")
    obstacle = tmp_path / "file"
    obstacle.touch()
    with pytest.raises(UsageError, match="choose another folder in the settings"):
        Recordings(obstacle).new_path()


def test_a_log_that_was_cut_lists_and_reads_as_far_as_it_goes(
    tmp_path: Path, demo_records: list[Record]
) -> None:
    log = record(tmp_path, "cut.pcapng", demo_records, RECORDED, 0)
    log.write_bytes(log.read_bytes()[:-5])
    assert [found.path for found in Recordings(tmp_path).found()] == [log]
    assert list(read_records(log, lambda line: None)) == demo_records[:-1]
