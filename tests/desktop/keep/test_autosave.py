"""Unsaved work: what a crash leaves, and what it does not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from desktop.keep.autosave import Autosave
from desktop.keep.late_file import LateFile

AT_MOST_S = 1.0
# A run that writes, tells that it is on disk, and waits for its end.
_RUN = """
import sys
from pathlib import Path
from desktop.keep.autosave import Autosave
autosave = Autosave("field", Path(sys.argv[1]))
autosave.write("nodes = 3")
autosave.flush()
print("written", flush=True)
sys.stdin.read()
"""


def wait_for(path: Path, text: str) -> float:
    """How long until the file holds that."""
    began_s = time.monotonic()
    while not path.exists() or path.read_text() != text:
        assert time.monotonic() - began_s < 20, f"{path} never held {text!r}"
        time.sleep(0.01)
    return time.monotonic() - began_s


def test_a_text_is_on_disk_within_a_second_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = LateFile(tmp_path / "new" / "notes.toml")
    for i in range(50):
        file.write(f"text {i}")
    assert wait_for(file.path, "text 49") < AT_MOST_S
    assert sys.platform == "win32" or file.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.path.parent.iterdir()] == ["notes.toml"]


def test_a_flush_writes_now_and_a_removal_leaves_nothing(tmp_path: Path) -> None:
    file = LateFile(tmp_path / "text")
    file.write("old")
    file.write("new")
    file.flush()
    assert file.path.read_text() == "new"
    file.write("never")
    file.remove()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_is_told_and_the_next_attempt_may_succeed(tmp_path: Path) -> None:
    obstacle = tmp_path / "folder"
    obstacle.write_text("a file in the way")
    file = LateFile(obstacle / "text")
    file.write("a")
    file.flush()
    assert str(obstacle) in (file.problem or "")
    obstacle.unlink()
    file.write("b")
    file.flush()
    assert not file.problem
    assert file.path.read_text() == "b"


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_only_what_a_crash_left_is_offered(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdin is not None
    assert run.stdout is not None
    with run.stdin, run.stdout:
        assert run.stdout.readline() == "written\n"
        here = Autosave("field", tmp_path)
        assert here.pending() == [], "another app works on it"
        assert here.others() == ["nodes = 3"]
        run.kill()
        run.wait(timeout=20)
    (leftover,) = here.pending()
    assert leftover.text == "nodes = 3"
    assert here.others() == []
    assert Autosave("session", tmp_path).pending() == [], "of another kind"
    leftover.discard()
    assert here.pending() == []
    assert not list(tmp_path.iterdir())


def test_the_work_of_this_run_is_not_offered_to_itself(tmp_path: Path) -> None:
    autosave = Autosave("field", tmp_path)
    autosave.write("nodes = 4")
    autosave.flush()
    assert Autosave("field", tmp_path).pending() == []
    autosave.discard()
    assert not list(tmp_path.iterdir())
    autosave.write("nodes = 5")
    autosave.flush()
    assert autosave.others() == ["nodes = 5"]
    autosave.discard()
