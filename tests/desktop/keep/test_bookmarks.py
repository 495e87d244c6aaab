"""Bookmarks and notes: what people read in the file, and what the app makes of what people wrote."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.keep.bookmarks import Bookmarks
from desktop.keep.notes import Bookmark, Notes, beside, dumped, parsed, read_notes, write_notes
from desktop.keep.recordings import Recordings

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NOTES = st.builds(
    Notes,
    st.booleans(),
    TEXTS,
    st.none() | TEXTS,
    st.lists(st.builds(Bookmark, st.integers(0, 1 << 62), TEXTS)).map(sorted).map(tuple),
)


@given(NOTES, st.none() | st.integers(0, 1 << 62))
def test_notes_are_read_as_they_were_written(notes: Notes, start_us: int | None) -> None:
    assert parsed(dumped(notes, start_us)) == notes


def test_the_file_is_for_people_too() -> None:
    notes = Notes(True, 'a "quoted" note', "Demo", (Bookmark(3_500_000, "moved <b>"),))
    assert dumped(notes, 1_000_000) == (
        'kept = true\nnote = "a \\"quoted\\" note"\n\n[recording]\nsource = "Demo"\n\n'
        '[[bookmark]]\nafter_s = 2.5\ntime_us = 3500000\ntext = "moved <b>"\n'
    )


@pytest.mark.parametrize(
    "text", ["[[bookmark]]\ntext = 'x'", "bookmark = 3", "recording = 3", "x", "a = " + "[" * 50_000]
)
def test_what_is_no_notes_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        parsed(text)


def test_changes_are_told_and_on_disk(tmp_path: Path) -> None:
    log = tmp_path / "a.pcapng"
    log.touch()
    bookmarks, told = Bookmarks(), []
    bookmarks.subscribe(lambda: told.append([*bookmarks.items]))
    bookmarks.open(log)
    later = bookmarks.add(2_000_000, "later")
    sooner = bookmarks.add(1_000_000)
    sooner = bookmarks.edit(sooner, "sooner")
    assert told[-1] == [sooner, later]
    bookmarks.remove(later)
    bookmarks.set_note("a note")
    bookmarks.keep()
    bookmarks.close()
    assert told[-1] == []
    assert read_notes(log) == Notes(True, "a note", None, (sooner,))
    bookmarks.open(log)
    assert list(bookmarks.items) == [sooner]


def test_a_recording_without_a_record_leaves_no_notes(tmp_path: Path) -> None:
    bookmarks, log = Bookmarks(), tmp_path / "a.pcapng"
    log.touch()
    bookmarks.open(log, source="Demo")
    bookmarks.flush()
    assert beside(log).exists()
    log.unlink()
    bookmarks.close()
    assert not list(tmp_path.iterdir())


def test_notes_on_what_was_never_kept_go_with_it(tmp_path: Path) -> None:
    log = tmp_path / "temporary" / "a.pcapng"
    log.parent.mkdir()
    log.touch()
    bookmarks = Bookmarks()
    bookmarks.open(log)
    bookmarks.add(1, "x")
    shutil.rmtree(log.parent)
    bookmarks.close()
    assert not list(tmp_path.iterdir())


def test_notes_that_cannot_be_read_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "a.pcapng"
    beside(log).write_text("kept = maybe")
    bookmarks = Bookmarks()
    bookmarks.open(log)
    bookmarks.add(1, "x")
    bookmarks.close()
    assert beside(log).read_text() == "kept = maybe"
    bookmarks.open(log)
    assert "mend it, or move it away" in (bookmarks.problem or "")


def test_notes_on_what_can_only_be_read_are_among_the_app_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "a.pcapng"
    log.touch()
    write_notes(log, Notes(note="from the field"), None)
    os.utime(beside(log), (1_000_000_000,) * 2)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    bookmarks = Bookmarks()
    bookmarks.open(log)
    assert bookmarks.notes.note == "from the field"
    mark = bookmarks.add(7, "seen")
    bookmarks.close()
    assert "bookmark" not in beside(log).read_text()
    assert read_notes(log) == Notes(note="from the field", bookmarks=(mark,))


def test_a_log_with_a_name_as_long_as_can_be_has_notes_too(tmp_path: Path) -> None:
    log = tmp_path / ("ä" * 123 + ".pcapng")
    log.touch()
    assert read_notes(log) == Notes()
    write_notes(log, Notes(note="long"), None)
    assert read_notes(log) == Notes(note="long")
    assert [recording.path for recording in Recordings(tmp_path).found()] == [log]
