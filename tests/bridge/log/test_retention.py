"""PROTOCOL.md 18.2: which segments go, and which stay."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.log import segments
from bridge.log.folder import SegmentFile
from bridge.log.retention import Room, superfluous
from bridge.log.settings import LogSettings
from tests.bridge.log.rig import frames, open_log, settings

NOW_S = 1_000_000.0
PLENTY = 1 << 40
KEEP = LogSettings(Path(), keep_bytes=1_000, keep_age_s=3_600, least_free_bytes=500)


def of(*sizes: int, age_s: float = 0.0) -> list[SegmentFile]:
    return [SegmentFile(number, size, NOW_S - age_s) for number, size in enumerate(sizes, 1)]


def room(free_bytes: int = PLENTY, needed: int | None = None) -> Room:
    return Room(free_bytes, needed, NOW_S)


def test_nothing_goes_that_is_new_and_has_room() -> None:
    assert superfluous(of(300, 300, 300), 100, KEEP, room()) == []


def test_the_oldest_go_when_there_is_too_much() -> None:
    assert superfluous(of(300, 300, 300), 101, KEEP, room()) == [1]
    assert superfluous(of(300, 300, 300), 900, KEEP, room()) == [1, 2, 3]


def test_the_oldest_go_when_the_disk_is_nearly_full() -> None:
    assert superfluous(of(100, 100, 100), 100, KEEP, room(free_bytes=350)) == [1, 2]


def test_what_is_too_old_goes_when_all_have_passed_it() -> None:
    old = of(100, 100, 100, age_s=3_601)
    assert superfluous(old, 0, KEEP, room()) == [1, 2, 3]
    assert superfluous(old, 0, KEEP, room(needed=2)) == [1]
    assert superfluous(of(100, age_s=3_599), 0, KEEP, room()) == []


def test_want_of_room_does_not_wait_for_consumers() -> None:
    assert superfluous(of(600, 600), 100, KEEP, room(needed=1)) == [1]
    assert superfluous(of(100, 100), 100, KEEP, room(free_bytes=400, needed=1)) == [1]


sizes = st.lists(st.integers(1, 500), max_size=12)


@given(sizes, st.integers(0, 600), st.integers(0, 3_000), st.none() | st.integers(1, 12), st.integers(0, 12))
def test_only_the_oldest_go_and_no_more_than_must(
    kept_bytes: list[int], open_bytes: int, free_bytes: int, needed: int | None, old: int
) -> None:
    segments = [
        SegmentFile(number, size, NOW_S - (4_000 if number <= old else 0))
        for number, size in enumerate(kept_bytes, 1)
    ]
    gone = superfluous(segments, open_bytes, KEEP, room(free_bytes, needed))
    assert gone == list(range(1, len(gone) + 1))
    if gone:
        rest_bytes = sum(kept_bytes[len(gone) - 1 :]) + open_bytes
        free_before = free_bytes + sum(kept_bytes[: len(gone) - 1])
        is_old = gone[-1] <= old and (needed is None or gone[-1] < needed)
        assert rest_bytes > KEEP.keep_bytes or free_before < KEEP.least_free_bytes or is_old
    if len(gone) < len(segments):
        assert sum(kept_bytes[len(gone) :]) + open_bytes <= KEEP.keep_bytes
        assert free_bytes + sum(kept_bytes[: len(gone)]) >= KEEP.least_free_bytes


# --- in a folder ---


def test_a_log_stays_within_its_size_for_ever(tmp_path: Path) -> None:
    fact_log = open_log(tmp_path, keep_bytes=10_000)
    for at in range(0, 2_000, 20):
        fact_log.append(frames(20, at))
        fact_log.log.sync()
        assert sum(path.stat().st_size for path in tmp_path.glob("*.pcapng")) < 10_000 + 4_000
    assert fact_log.log.removed > 10
    assert fact_log.log.size_bytes <= 10_000
    states = {path.stem for path in tmp_path.glob("*.state")}
    assert states >= {path.stem for path in tmp_path.glob("*.pcapng")}
    assert len(states) < 10
    fact_log.log.close()


def test_age_waits_for_who_has_not_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "GRACE_S", 0.0)
    fact_log = open_log(tmp_path, keep_age_s=3_600)
    follower = fact_log.follow(None)
    for at in range(0, 200, 20):
        fact_log.append(frames(20, at))
        fact_log.log.sync()
    for path in tmp_path.glob("*.pcapng"):
        os.utime(path, (1, 1))
    fact_log.log.sync()
    assert fact_log.log.removed == 0
    follower.close()
    fact_log.log.sync()
    assert fact_log.log.folder.numbers() == [fact_log.log.end.segment]
    fact_log.log.close()


def test_nothing_is_too_old_before_consumers_have_said_what_they_need(tmp_path: Path) -> None:
    """Nor when they are gone, as the log is closed."""
    fact_log = open_log(tmp_path, keep_age_s=3_600)
    for at in range(0, 200, 20):
        fact_log.append(frames(20, at))
        fact_log.log.sync()
    for path in tmp_path.glob("*.pcapng"):
        os.utime(path, (1, 1))
    fact_log.log.sync()
    fact_log.log.close()
    assert fact_log.log.removed == 0


def test_size_does_not_wait_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fact_log = open_log(tmp_path, keep_bytes=4_000)
    fact_log.follow(None)
    for at in range(0, 200, 20):
        fact_log.append(frames(20, at))
        fact_log.log.sync()
    first = tmp_path / "treering-00000001.pcapng"
    assert f"{first}: removed before all have read it, for want of room; raise keep_size" in caplog.text
    fact_log.log.close()


def test_states_of_segments_that_are_gone_go_too(tmp_path: Path) -> None:
    for name in ("treering-00000007.state", ".treering-00000007.state.x2k"):
        (tmp_path / name).write_bytes(b"left by a kill")
    open_log(tmp_path).log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.lock", "treering-00000001.state"]


def test_what_cannot_be_removed_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another program may hold a segment open, on Windows."""
    caplog.set_level(logging.INFO)
    fact_log = open_log(tmp_path, keep_bytes=4_000)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        for at in range(0, 200, 20):
            fact_log.append(frames(20, at))
            fact_log.log.sync()
        assert any("old segments stay" in warning for warning in fact_log.log.warnings)
    fact_log.log.sync()
    assert fact_log.log.warnings == []
    assert fact_log.log.size_bytes <= settings(tmp_path, keep_bytes=4_000).keep_bytes
    fact_log.log.close()
