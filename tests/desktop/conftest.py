"""What the tests of the app share: a run of the demo network, and an X server of their own."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.displays import xvfb
from bridge.capture_file import CaptureFile
from desktop.sources.demo import FIRST_KILL_ROUND, ROUNDS_DOWN, demo_simulation
from protocol.capture import Record
from protocol.simulator.truth import Truth

if TYPE_CHECKING:
    from desktop.window import Window

THREAD_END_S = 5.0
SCREEN = "1280x900"
# An inner node dies and has come back by then.
DEMO_ROUNDS = FIRST_KILL_ROUND + ROUNDS_DOWN + 4


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and recordings of a test are nobody else's; the folders are made by who needs them."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(home / "documents"))


@pytest.fixture(scope="session")
def demo_records() -> list[Record]:
    records: list[Record] = []
    demo_simulation(records.append).run(DEMO_ROUNDS)
    return records


@pytest.fixture
def demo_log(demo_records: list[Record], tmp_path: Path) -> Path:
    log = CaptureFile(tmp_path / "demo.pcapng")
    for record in demo_records:
        log.write(record)
    log.close()
    return log.path


@pytest.fixture
def miscounted_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise that is broken on purpose: the books know of one reading less than the result counts."""

    def miscounted(self: Truth, root: int, version: int) -> list[int]:
        return contributors(self, root, version)[1:]

    contributors = Truth.contributors
    monkeypatch.setattr(Truth, "contributors", miscounted)


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A display of an Xvfb that runs for the tests alone."""
    if shutil.which("Xvfb") is None:
        if os.environ.get("CI"):
            pytest.fail("Xvfb is missing; scripts/setup.sh test installs it")
        pytest.skip("Xvfb is not installed")
    with xvfb(SCREEN) as name:
        yield name


@pytest.fixture
def window(display: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """The app, with no error in a callback and no thread left in the end."""
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    others = {*threading.enumerate()}
    root = open_root("light")
    window = Window(root)
    window.furnish()
    errors: list[BaseException] = []
    monkeypatch.setattr(root, "report_callback_exception", lambda kind, error, trace: errors.append(error))
    yield window
    with_window = window.session is not None
    if root.children:
        # Tk remembers for the display who has the focus, and may look at a window that is gone by then.
        root.focus_force()
        root.update()
        window.close()
    assert errors == [], [repr(e)[:300] for e in errors[:5]]
    left = {*threading.enumerate()} - others
    for thread in left:
        thread.join(THREAD_END_S)  # to leave a network politely takes a moment
    assert not with_window or [thread.name for thread in left if thread.is_alive()] == []
