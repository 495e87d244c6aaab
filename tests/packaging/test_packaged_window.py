"""The packaged app in a window, driven by keys alone: the demo runs, a log is opened, it quits."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from PIL import Image, ImageChops

from benchmarks import displays
from desktop.palette import LIGHT, PALETTES

PATIENCE_S = 30.0
LOOK_S = 0.1
REST_S = 0.25
KEY_DELAY_MS = 20
LEAST_NODE_PIXELS = 5_000  # of the demo's sixteen nodes; they have some 30,000

_Seen = TypeVar("_Seen")


class PackagedApp:
    """The program's process, what is seen of it, and a person's keys."""

    def __init__(self, program: Path, display: str, env: Mapping[str, str]) -> None:
        self.home = Path(env["HOME"])
        self._display = display
        self._env = {**env, "DISPLAY": display}
        command = [str(program), "desktop", "--theme", "light", "--demo"]
        self._stderr = self.home / "stderr"
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(command, env=self._env, stderr=stderr)

    @property
    def errors(self) -> str:
        """What it has complained of on its way: in a terminal, and in its log."""
        logs = [self._stderr, *self.home.rglob("desktop.log")]
        return "".join(log.read_text(encoding="utf-8") for log in logs)

    def window(self, title: str) -> str:
        """The id of the window with that in its title, once it is there."""
        search = ("search", "--onlyvisible", "--name", title)
        return self.once(lambda: self._xdotool(*search).split("\n")[0], f"a window {title!r}")

    def press(self, window: str, *keys: str) -> None:
        """Keys as of a keyboard; there is no window manager that would give the window the focus."""
        self._xdotool("windowfocus", "--sync", window, "key", *keys)

    def write(self, window: str, text: str) -> None:
        """Into a dialog, once it is at rest: it gives its entry the focus some time after it is seen."""
        self._xdotool("windowfocus", "--sync", window)
        self.once(lambda: self._is_at_rest(window), "a dialog at rest")
        self._xdotool("type", "--delay", str(KEY_DELAY_MS), text)

    def _is_at_rest(self, window: str) -> bool:
        lines = self._xdotool("getwindowgeometry", "--shell", window).splitlines()
        place = {name: int(value) for name, _, value in (line.partition("=") for line in lines)}
        left, top = place["X"], place["Y"]
        area = left, top, left + place["WIDTH"], top + place["HEIGHT"]
        before = self.picture().crop(area)
        time.sleep(REST_S)
        return ImageChops.difference(before, self.picture().crop(area)).getbbox() is None

    def once(self, look: Callable[[], _Seen], what: str) -> _Seen:
        """What `look` sees as soon as it sees something."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not (seen := look()):
            assert self.process.poll() is None, f"it ended: {self.errors}"
            if time.monotonic() > deadline_s:
                self.picture().save(self.home / "seen.png")
                pytest.fail(f"waited {PATIENCE_S} s for {what}: see {self.home}/seen.png; {self.errors}")
            time.sleep(LOOK_S)
        return seen

    def picture(self) -> Image.Image:
        return displays.picture(self._display)

    def _xdotool(self, *arguments: str) -> str:
        """What it prints; nothing where it finds nothing."""
        done = subprocess.run(
            ["xdotool", *arguments],
            env=self._env,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout.strip()


@pytest.fixture
def packaged(app: Path, display: str, stranger: Mapping[str, str]) -> Iterator[PackagedApp]:
    packaged = PackagedApp(app, display, stranger)
    yield packaged
    packaged.process.kill()
    packaged.process.wait()


def test_the_demo_runs_a_log_is_opened_and_it_quits(packaged: PackagedApp, app: Path) -> None:
    main = packaged.window("Demo network")
    nodes = PALETTES[LIGHT].joined
    packaged.once(lambda: displays.pixels(packaged.picture(), nodes) > LEAST_NODE_PIXELS, "the tree")
    before = packaged.picture()
    packaged.once(lambda: ImageChops.difference(before, packaged.picture()).getbbox(), "something that moves")

    packaged.press(main, "ctrl+o")
    dialog = packaged.window("Open")
    packaged.write(dialog, str(app.parent / "_internal" / "demo" / "demo-ring.pcapng"))
    packaged.press(dialog, "Return")
    main = packaged.window("demo-ring.pcapng")

    packaged.press(main, "ctrl+q")
    assert packaged.process.wait(PATIENCE_S) == 0
    assert packaged.errors == ""
