"""A checkpoint in a file: whole, and saved often enough."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bridge.log.facts import Checkpoint, Position
from bridge.log.offsets import OffsetFile

PLACES = [Checkpoint(Position(segment, 100 * segment)) for segment in range(1, 5)]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = OffsetFile(tmp_path / "sinks" / "home.offset")
    assert file.load() is None
    file.save(PLACES[0])
    assert OffsetFile(file.path).load() == PLACES[0]


def test_it_is_saved_once_a_second_and_when_forced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    file = OffsetFile(tmp_path / "home.offset")
    file.save(PLACES[0])
    file.save(PLACES[1])
    assert file.load() == PLACES[0]
    now_s += 1.0
    file.save(PLACES[2])
    assert file.load() == PLACES[2]
    file.save(PLACES[3])
    file.save(force=True)
    assert file.load() == PLACES[3]


@pytest.mark.parametrize("content", ["", "{}", "[1]", "[1, 2.5]", "[true, 2]", "no"])
def test_a_damaged_one_is_told_and_all_is_taken_again(
    content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "home.offset"
    path.write_text(content)
    assert OffsetFile(path).load() is None
    assert f"{path}: " in caplog.text
    assert "going on with the oldest record" in caplog.text


def test_one_that_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "folder"
    blocked.write_text("a file")
    file = OffsetFile(blocked / "home.offset")
    for place in PLACES:
        file.save(place, force=True)
    assert len(caplog.records) == 1
    blocked.unlink()
    file.save(force=True)
    assert file.load() == PLACES[-1]
