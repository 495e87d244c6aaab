"""A counter on disk: never the same number twice, whatever is cut or damaged (PROTOCOL.md 10.2)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.counter_file import CounterFile, state_folder
from bridge.errors import UsageError
from protocol.long_counter import RESERVED_AHEAD


class PowerCutError(BaseException):
    """Nothing after this happens."""


def used(folder: Path, count: int) -> list[int]:
    """What a run of the node uses."""
    file = CounterFile("garden", 7, folder)
    counter = file.open()
    try:
        return [counter.next() for _ in range(count)]
    finally:
        file.close()


def test_runs_follow_each_other(tmp_path: Path) -> None:
    first = used(tmp_path, 3)
    again = used(tmp_path, 2)
    assert again == [first[0] + RESERVED_AHEAD, first[0] + RESERVED_AHEAD + 1]
    assert used(tmp_path, RESERVED_AHEAD + 1)[-1] == first[0] + 3 * RESERVED_AHEAD


def test_a_run_that_sent_nothing_reserves_nothing(tmp_path: Path) -> None:
    first = used(tmp_path, 1)
    used(tmp_path, 0)
    assert used(tmp_path, 1) == [first[0] + RESERVED_AHEAD]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    file = CounterFile("garden", 7, tmp_path)
    file.open()
    program = (
        "from pathlib import Path; from bridge.counter_file import CounterFile;"
        f" CounterFile('garden', 7, Path({str(tmp_path)!r})).open()"
    )
    root = Path(__file__).parent.parent.parent
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=30
    )
    assert "another process is this node; end it, or give another --id" in other.stderr
    for neighbour in (CounterFile("garden", 8, tmp_path), CounterFile("field", 7, tmp_path)):
        neighbour.open()
        neighbour.close()
    file.close()
    file.open()
    file.close()


@pytest.mark.parametrize("damaged", [0, 1])
def test_one_damaged_copy_does_no_harm(tmp_path: Path, damaged: int) -> None:
    before = used(tmp_path, 2_000)
    sorted(tmp_path.glob("*.counter*"))[damaged].write_bytes(b"\0" * 20)
    after = used(tmp_path, 10)
    assert not set(before) & set(after)
    assert after[0] >> 24 == before[0] >> 24


def test_two_damaged_copies_are_told_and_a_new_life_is_drawn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = used(tmp_path, 1)
    for copy in tmp_path.glob("*.counter*"):
        copy.write_bytes(b"")
    assert used(tmp_path, 1)[0] >> 24 != before[0] >> 24
    assert "damaged; the node draws a new life" in caplog.text


def test_power_cuts_never_repeat_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power goes at any step of any write; half a file that was not renamed is none."""
    rng = random.Random(5)
    steps = [0]
    replace, fsync = os.replace, os.fsync

    def cut() -> None:
        steps[0] -= 1
        if steps[0] == 0:
            raise PowerCutError

    def cut_replace(beside: str, path: Path) -> None:
        cut()
        replace(beside, path)

    def cut_fsync(handle: int) -> None:
        cut()
        fsync(handle)

    monkeypatch.setattr(os, "replace", cut_replace)
    monkeypatch.setattr(os, "fsync", cut_fsync)
    seen: set[int] = set()
    for _ in range(150):
        steps[0] = rng.randrange(1, 9)
        numbers: list[int] = []
        file = CounterFile("garden", 7, tmp_path)
        counter = file.open()
        try:
            for _ in range(rng.randrange(2_500)):
                numbers.append(counter.next())
        except PowerCutError:
            pass
        finally:
            file.close()
        assert not seen & set(numbers)
        seen |= set(numbers)


def test_counters_are_kept_where_the_system_keeps_such_things(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}{os.pathsep}/elsewhere")
    assert state_folder() == tmp_path
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    if sys.platform.startswith("linux"):
        assert state_folder() == tmp_path / "treering"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(UsageError, match="set STATE_DIRECTORY"):
        CounterFile("garden", 7, tmp_path / "state").open()
