"""What a crash has left, in the window: nothing of it is lost before a person has chosen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop import places
from desktop.keep.autosave import Autosave
from desktop.keep.feature import KeepFeature
from desktop.keep.notes import Notes, read_notes, write_notes
from tests.desktop.rig import invoke, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window


def leave(name: str, text: str, number: int = 0) -> Path:
    """As a run that was killed: a text, and a lock that nobody holds."""
    places.unsaved().mkdir(parents=True, exist_ok=True)
    path = places.unsaved() / f"{name}-{number}.txt"
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".lock").touch()
    return path


@pytest.fixture
def crashed_log(demo_log: Path) -> Path:
    return crash(demo_log, "Simulated yard")


def crash(demo_log: Path, title: str, *, note: str = "", number: int = 0) -> Path:
    """As a session of that title left its recording."""
    places.recordings().mkdir(parents=True, exist_ok=True)
    log = Path(shutil.copy(demo_log, places.recordings() / f"treering-{number}.pcapng"))
    write_notes(log, Notes(source=title, note=note), None)
    leave("session", json.dumps({"log": str(log), "title": title, "recorded": True}), number)
    return log


@pytest.fixture
def open_window(display: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Window]]:
    """Starts the app, when what is left is there."""
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    opened: list[Window] = []

    def start() -> Window:
        window = Window(open_root("light"))
        opened.append(window)
        return window

    yield start
    for window in opened:
        window.close()


def offered(window: Window, text: str) -> KeepFeature:
    wait(window, lambda: text in texts(window.root), "the offer")
    return window.feature(KeepFeature)


def test_a_recording_is_kept(crashed_log: Path, open_window: Callable[[], Window]) -> None:
    keep = offered(open_window(), "“Simulated yard”")
    assert keep.recovery.bar is not None
    invoke(keep.recovery.bar, "Keep")
    assert read_notes(crashed_log) == Notes(kept=True, source="Simulated yard")
    assert not list(places.unsaved().iterdir())


def test_a_recording_that_is_discarded_can_be_brought_back(
    crashed_log: Path, open_window: Callable[[], Window]
) -> None:
    keep = offered(open_window(), "“Simulated yard”")
    assert keep.recovery.bar is not None
    invoke(keep.recovery.bar, "Discard")
    assert not crashed_log.exists()
    keep.page.undo()
    assert crashed_log.exists()
    assert not list(places.unsaved().iterdir())


def test_the_ring_spares_what_nobody_has_chosen_about(
    crashed_log: Path, open_window: Callable[[], Window]
) -> None:
    keep = offered(open_window(), "“Simulated yard”")
    assert crashed_log in keep._running.spared_logs()
    assert keep.recordings.make_room(0, keep._running.spared_logs()) == []
    assert crashed_log.exists()


def test_a_mark_of_a_log_that_is_gone_is_no_offer(open_window: Callable[[], Window]) -> None:
    mark = leave("session", json.dumps({"log": "/none/x.pcapng", "title": "x", "recorded": True}))
    window = open_window()
    window.feature(KeepFeature)
    assert not mark.exists()
    leave("session", "not JSON")
    assert window.feature(KeepFeature)._running.crashed() == []


def test_of_several_recordings_the_newest_is_offered_and_the_others_are_on_their_page(
    demo_log: Path, open_window: Callable[[], Window]
) -> None:
    for number in range(3):
        crash(demo_log, f"Simulated yard {number}", number=number)
    window = open_window()
    keep = offered(window, "and 2 more …")
    bar = keep.recovery.bar
    assert bar is not None
    assert texts(bar).count("did not end") == 1
    invoke(bar, "and 2 more …")
    assert window.shown_page is keep.page
    for _ in range(3):
        assert "did not end" in texts(bar)
        invoke(bar, "Keep")
    assert not bar.winfo_exists()


def test_a_demo_is_offered_only_with_notes_on_it(demo_log: Path, open_window: Callable[[], Window]) -> None:
    crash(demo_log, "Demo network")
    crash(demo_log, "Demo ring", note="after the rain", number=1)
    keep = offered(open_window(), "“Demo ring”")
    assert keep.recovery.bar is not None
    assert "Demo network" not in texts(keep.recovery.bar)
    assert "more …" not in texts(keep.recovery.bar)
    assert len(list(places.unsaved().glob("session-*.txt"))) == 1


def test_unsaved_work_is_offered_until_it_is_shown(open_window: Callable[[], Window]) -> None:
    leave("letter", "dear field")
    window, shown = open_window(), iter((False, False, True))
    autosave = Autosave("letter")

    def open_text(text: str) -> bool:
        assert text == "dear field"
        is_shown = next(shown)
        if is_shown:
            autosave.write(text)
        return is_shown

    keep = window.feature(KeepFeature)
    keep.recovery.offer_unsaved("letter", autosave, open_text)
    offered(window, "An unsaved letter")
    bar = keep.recovery.bar
    assert bar is not None
    for _ in range(2):
        invoke(bar, "Open")
        assert "An unsaved letter" in texts(bar), "it is not shown, so it stays"
    invoke(bar, "Open")
    assert not bar.winfo_exists()
    assert autosave.others() == ["dear field"], "what was left is kept anew"
    assert autosave.pending() == []
    autosave.discard()
