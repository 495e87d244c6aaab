"""Must show: the app is killed while it records, with a note and an unsaved field; all is back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import ImageGrab

from benchmarks.displays import xvfb
from bridge.capture_file import read_records
from desktop import places
from tests.desktop.journeys.person import Person

if TYPE_CHECKING:
    from desktop.window import Window

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")

NOTE = "gateway moved"
PATIENCE_S = 30.0
LOOK_S = 0.05
KEY_DELAY_MS = 20
TOP_LINE = (700, 40, 1200, 65)  # of the screen
LEAST_RECORDS = 50
PLAN = (300, 400)  # a place of the screen with the plan


class OtherApp:
    """The app in a process of its own, with real keys and a real mouse: nothing of it is reached into."""

    def __init__(self, display: str) -> None:
        self._env = {**os.environ, "DISPLAY": display}
        command = [sys.executable, "-m", "desktop.command", "desktop", "--demo", "--theme", "light"]
        self.process = subprocess.Popen(command, env=self._env)
        self._id = self.once(
            lambda: self._tool("search", "--onlyvisible", "--name", "Demo network"), "its window"
        )

    def buttons(self) -> str:
        """What is seen where the top line has its buttons, once it has: until then keys do nothing."""
        shades = ImageGrab.grab(TOP_LINE, xdisplay=self._env["DISPLAY"]).convert("L").getcolors() or []
        return "buttons" if len(shades) > 1 else ""

    def once(self, look: Callable[[], str], what: str) -> str:
        """What `look` finds, as soon as it finds something."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not (found := look()):
            assert self.process.poll() is None, "it has ended by itself"
            assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s for {what}"
            time.sleep(LOOK_S)
        return found

    def press(self, keys: str) -> None:
        """A key, to its window: no window manager gives it the focus."""
        self._tool("windowfocus", "--sync", self._id, "key", keys)

    def types(self, text: str) -> None:
        self._tool("type", "--delay", str(KEY_DELAY_MS), text)

    def double_click(self, x: int, y: int) -> None:
        self._tool("mousemove", str(x), str(y), "click", "--repeat", "2", "--delay", "20", "1")

    def _tool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout.partition("\n")[0]


@pytest.fixture
def other(display: str) -> Iterator[OtherApp]:
    """On a display of its own: windows of this process would take part in who has the focus."""
    with xvfb() as own_display:
        app = OtherApp(own_display)
        yield app
        app.process.kill()
        app.process.wait(PATIENCE_S)


@pytest.fixture
def next_start(display: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Window]]:
    """Starts the app again."""
    monkeypatch.setenv("DISPLAY", display)
    from desktop.editor.files import FieldFiles
    from desktop.window import Window, open_root

    opened: list[Window] = []

    def start() -> Window:
        opened.append(Window(open_root("light")))
        return opened[-1]

    yield start
    monkeypatch.setattr(FieldFiles, "may_leave", lambda self: True)
    for window in opened:
        window.close()


def on_file(folder: Path, pattern: str, words: str) -> Callable[[], str]:
    """Looks for a file of that folder that says so; its path."""

    def look() -> str:
        return next((str(path) for path in folder.glob(pattern) if words in path.read_text("utf-8")), "")

    return look


def test_a_killed_app_offers_its_recording_and_its_field_again(
    other: OtherApp, next_start: Callable[[], Window], display: str
) -> None:
    log = Path(other.once(recording, "a recording"))
    other.once(other.buttons, "the buttons")
    other.press("ctrl+shift+b")
    other.once(on_file(log.parent, "*.notes.toml", "bookmark"), "the bookmark")
    other.types(NOTE)
    other.once(on_file(log.parent, "*.notes.toml", NOTE), "the note")
    other.press("ctrl+n")
    is_kept = on_file(places.unsaved(), "field-*.txt", "[[node]]")

    def draw() -> str:
        other.double_click(*PLAN)
        return is_kept()

    other.once(draw, "a node of the field")
    other.process.kill()
    other.process.wait(PATIENCE_S)
    records = len(list(read_records(log)))

    person = Person(next_start(), display)
    person.until("“Demo network”")
    person.until("did not end")
    person.until("An unsaved field")
    person.picture("crash")
    person.click_on("Open")  # the one below: the recording
    person.until(f"{records:,} frames good")
    person.click_tab("Bookmarks")
    person.until(NOTE)
    person.click_on("Open")  # the one that is left: the field
    person.until("● field")
    person.until("1 node")
    assert "was left by a crash" not in person.reads(), "all is answered"


def recording() -> str:
    """The log that is written, when something is in it."""
    found = (path for path in places.recordings().glob("*.pcapng"))
    return next((str(path) for path in found if len(list(read_records(path))) >= LEAST_RECORDS), "")
