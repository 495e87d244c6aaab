"""Recordings, bookmarks and what a crash leaves, in the real window."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.capture_file import read_records
from desktop import places
from desktop.editor.feature import EditorFeature
from desktop.editor.files import FieldFiles
from desktop.keep import recordings as room
from desktop.keep.feature import KeepFeature
from desktop.keep.files import FilesFeature
from desktop.keep.notes import read_notes
from desktop.sources.demo import DemoSource
from desktop.sources.log import LogSource
from tests.desktop.keep.crashing_app import FIELD, NOTE
from tests.desktop.rig import dialogs, invoke, press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window

LOST_AT_MOST_S = 1.0


def start_demo(window: Window) -> Path:
    window.start(DemoSource(speed=6))
    session = window.session
    assert session is not None
    wait(window, lambda: session.model.observer.good > 50, "frames")
    return session.log


def test_every_session_is_recorded_and_a_bookmark_keeps_it(window: Window) -> None:
    log = start_demo(window)
    assert log.parent == places.recordings()
    keep = window.feature(KeepFeature)
    press(window.root, "<Control-Shift-B>")
    assert window.session is not None
    shown_us = window.session.viewed.now_us
    assert keep.view.winfo_ismapped()
    keep.view.entry.focus_force()
    for letter in "a note":
        press(keep.view.entry, "<space>" if letter == " " else letter)
    (bookmark,) = keep.bookmarks.items
    assert bookmark.text == "a note"
    assert 0 <= shown_us - bookmark.time_us < 5_000_000
    copy = log.with_name("mine.pcapng")
    window.feature(FilesFeature).save_log(copy)
    assert read_notes(copy).bookmarks == (bookmark,)
    assert read_notes(copy).source is None, "no ring removes what a person has saved"
    window.close_session()
    notes = read_notes(log)
    assert notes.source == "Demo network"
    assert notes.bookmarks == (bookmark,)

    window.start(LogSource(log))
    wait(window, lambda: list(keep.bookmarks.items) == [bookmark], "the bookmark of the log")
    keep.view.lines.table.focus_force()
    press(keep.view.lines.table, "<Delete>")
    assert list(keep.bookmarks.items) == []
    keep.view.undo()
    assert list(keep.bookmarks.items) == [bookmark]


def test_a_session_of_nothing_leaves_nothing(window: Window) -> None:
    window.start(DemoSource(speed=0.0))
    assert window.session is not None
    log = window.session.log
    assert log.exists()
    window.close_session()
    assert not list(log.parent.iterdir())


def test_the_page_of_recordings_opens_keeps_deletes_and_brings_back(window: Window) -> None:
    log = start_demo(window)
    keep = window.feature(KeepFeature)
    press(window.root, "<Control-Shift-O>")
    page = keep.page
    assert page.winfo_ismapped()
    assert page.chosen is not None
    assert page.chosen.path == log
    assert str(page.buttons["Delete"].cget("state")) == "disabled", "it is written now"
    window.close_session()
    window.show_page(page)
    wait(window, lambda: str(page.buttons["Delete"].cget("state")) == "normal", "the log to be free")
    invoke(page, "Keep")
    assert read_notes(log).kept
    invoke(page, "Delete")
    assert not log.exists()
    assert "deleted" in texts(page)
    invoke(page, "Undo delete")
    assert log.exists()
    invoke(page, "Open")
    assert window.session is not None
    assert window.session.source.log == log


def test_who_wants_no_recording_has_none(window: Window) -> None:
    window.change_settings(recording=False)
    window.start(DemoSource(speed=6))
    assert window.session is not None
    assert not window.session.kept
    assert not places.recordings().exists()


def test_the_ring_gives_way_to_new_recordings(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    first = start_demo(window)
    monkeypatch.setattr(room, "LEAST_FREE_BYTES", 1 << 62)
    window.start(DemoSource(speed=6))
    wait(window, lambda: not first.exists(), "the oldest to go")
    assert window.session is not None
    assert window.session.log.exists(), "never the one that is written"
    wait(window, lambda: f"{first.name} is removed" in event_texts(window), "the notice")


def event_texts(window: Window) -> str:
    assert window.session is not None
    return "\n".join(event.text for event in window.session.model.events)


def test_a_full_disk_is_told_and_when_there_is_room_recording_goes_on(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bridge import capture_file

    monkeypatch.setattr(capture_file, "RETRY_S", 0.0)
    log = start_demo(window)
    is_full = True
    append = capture_file.CaptureFile._append

    def fail(self: capture_file.CaptureFile, blocks: bytes) -> None:
        if is_full:
            self._file.close()
            raise OSError(28, "No space left on device")
        append(self, blocks)

    monkeypatch.setattr(capture_file.CaptureFile, "_append", fail)
    wait(window, lambda: dialogs(window), "the dialog")
    told = texts(dialogs(window)[0])
    assert "Recording has stopped" in told
    assert str(log) in told
    assert "recording goes on by itself" in told
    is_full = False
    wait(window, lambda: "there is room again: recording goes on" in event_texts(window), "the end of that")
    frames = log.stat().st_size
    wait(window, lambda: log.stat().st_size > frames, "more of the log")
    assert list(read_records(log))


@pytest.mark.skipif(sys.platform == "win32", reason="there a file that is open cannot be removed")
def test_a_recording_that_is_removed_is_told_and_not_said_to_be_kept(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bridge import capture_file

    monkeypatch.setattr(capture_file, "LOOK_S", 0.0)
    monkeypatch.setattr(capture_file, "RETRY_S", 1.0)
    log = start_demo(window)
    shutil.rmtree(log.parent)
    wait(window, lambda: dialogs(window), "the dialog")
    assert "the file was removed" in texts(dialogs(window)[0])
    dialogs(window)[0].destroy()
    window.perform_named("Keep this recording")
    wait(window, lambda: dialogs(window), "the dialog")
    assert "There is nothing to keep" in texts(dialogs(window)[0])
    assert "kept for good" not in event_texts(window)
    log.parent.mkdir(exist_ok=True)  # whoever keeps recordings may have made it anew
    wait(window, lambda: "recording goes on" in event_texts(window), "the end of that")
    assert list(read_records(log))


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_after_kill_9_the_next_start_offers_all_but_the_last_second(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    app = subprocess.Popen(
        [sys.executable, "-m", "tests.desktop.keep.crashing_app", "6"], stdout=subprocess.PIPE, text=True
    )
    assert app.stdout is not None
    with app.stdout:
        said = app.stdout.readline()
        time.sleep(LOST_AT_MOST_S)  # what is older than that must be there
        app.kill()
        app.wait(timeout=20)
    assert said.startswith("recording ")
    log = Path(said.removeprefix("recording ").strip())
    records = len(list(read_records(log)))
    assert records >= 50

    from desktop.window import Window, open_root

    window = Window(open_root("light"))
    try:
        keep = window.feature(KeepFeature)
        wait(window, lambda: "unsaved field" in texts(window.root), "the offer of the field")
        assert "“Demo network”" in texts(window.root)
        assert "did not end" in texts(window.root)
        bar = keep.recovery.bar
        assert bar is not None
        invoke(bar.winfo_children()[-1], "Open")  # unsaved work stands before recordings
        session = window.session
        assert session is not None
        assert session.source.log == log
        wait(window, lambda: session.status.text == "log read to its end", "the log")
        assert session.model.observer.good == records
        (bookmark,) = keep.bookmarks.items
        assert bookmark.text == NOTE
        invoke(bar.winfo_children()[-1], "Open")  # unsaved work stands before recordings
        editor = window.feature(EditorFeature).editor
        assert editor.document.name == FIELD
        assert editor.is_dirty
        assert not bar.winfo_exists(), "all is answered"
    finally:
        monkeypatch.setattr(FieldFiles, "may_leave", lambda self: True)
        window.close()
    assert not list(places.unsaved().iterdir())
