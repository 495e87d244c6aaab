"""What the app remembers is there after a restart, and what it cannot read is no trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.shell.frame import clamped
from desktop.shell.memory import Memory

SCREEN = (1920, 1040, 0, 0)


def test_what_was_put_there_is_there_after_a_restart(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state" / "desktop.json")
    memory.put("window", [1, 2, 3, 4])
    memory.add_recent("logs", "a")
    memory.add_recent("logs", "b")
    memory.add_recent("logs", "a")
    memory.save()
    again = Memory(tmp_path / "state" / "desktop.json")
    assert again.numbers("window", 4) == [1, 2, 3, 4]
    assert again.texts("logs") == ["a", "b"]


def test_of_the_recent_ones_the_oldest_go(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "desktop.json")
    for i in range(50):
        memory.add_recent("logs", str(i))
    assert memory.texts("logs") == [str(i) for i in range(49, 29, -1)]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 100_000, '{"window": "x", "logs": 3}', '{"window": [1, true, 3, "4"]}']
)
def test_a_file_that_makes_no_sense_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "desktop.json").write_text(text)
    memory = Memory(tmp_path / "desktop.json")
    assert memory.numbers("window", 4) is None
    assert memory.texts("logs") == []
    memory.add_recent("logs", "a")
    memory.save()
    assert Memory(tmp_path / "desktop.json").texts("logs") == ["a"]


def test_where_nothing_can_be_written_it_is_remembered_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "desktop.json")
    memory.add_recent("logs", "a")
    memory.save()
    assert memory.texts("logs") == ["a"]


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((1280, 800, 100, 50), (1280, 800, 100, 50)),
        ((1280, 800, 3000, 50), (1280, 800, 640, 50)),  # the second screen is gone
        ((1280, 800, -900, -50), (1280, 800, 0, 0)),
        ((4000, 3000, 0, 0), (1920, 1040, 0, 0)),
        ((10, 10, 0, 0), (760, 520, 0, 0)),
    ],
)
def test_a_window_comes_back_on_the_screens_that_are_there(
    box: tuple[int, int, int, int], expected: tuple[int, int, int, int]
) -> None:
    assert clamped(box, (760, 520), SCREEN) == expected
    assert clamped(box, (760, 520), (640, 480, 0, 0))[:2] <= (640, 480), "no larger than the screen"
