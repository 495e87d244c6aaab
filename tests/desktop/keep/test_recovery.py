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


def leave(name: str, text: str) -> Path:
    """As a run that was killed: a text, and a lock that nobody holds."""
    places.unsaved().mkdir(parents=True, exist_ok=True)
    path = places.unsaved() / f"{name}-0123.txt"
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".lock").touch()
    return path


@pytest.fixture
def crashed_log(demo_log: Path) -> Path:
    places.recordings().mkdir(parents=True)
    log = Path(shutil.copy(demo_log, places.recordings() / "treering-x.pcapng"))
    write_notes(log, Notes(source="Demo network"), None)
    leave("session", json.dumps({"log": str(log), "title": "Demo network", "recorded": True}))
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
    keep = offered(open_window(), "“Demo network”")
    assert keep.recovery.bar is not None
    invoke(keep.recovery.bar, "Keep")
    assert read_notes(crashed_log) == Notes(kept=True, source="Demo network")
    assert not list(places.unsaved().iterdir())


def test_a_recording_that_is_discarded_can_be_brought_back(
    crashed_log: Path, open_window: Callable[[], Window]
) -> None:
    keep = offered(open_window(), "“Demo network”")
    assert keep.recovery.bar is not None
    invoke(keep.recovery.bar, "Discard")
    assert not crashed_log.exists()
    keep.page.undo()
    assert crashed_log.exists()
    assert not list(places.unsaved().iterdir())


def test_the_ring_spares_what_nobody_has_chosen_about(
    crashed_log: Path, open_window: Callable[[], Window]
) -> None:
    keep = offered(open_window(), "“Demo network”")
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
