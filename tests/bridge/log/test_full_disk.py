"""PROTOCOL.md 18.2: a disk fills, and is given room again: what is recorded is whole, the rest counted."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest

from bridge.log import segments
from bridge.log.cursor import read_log
from protocol.observer import Observation
from tests.bridge.log.rig import all_facts, frames, open_log, open_opener


@pytest.fixture(autouse=True)
def tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "RETRY_S", 0.0)


def no_notice(line: str) -> None:
    raise AssertionError(line)


class Disk:
    """Takes so many bytes more; then a write is a part, and the next one fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
        self.free_bytes = free_bytes
        monkeypatch.setattr(segments, "_write_all", self.write_all)

    def write_all(self, file: FileIO, data: bytes) -> None:
        written = file.write(data[: self.free_bytes]) or 0
        self.free_bytes -= written
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("free_bytes", [0, 1, 60, 100, 150, 500, 1_234, 3_000, 6_001])
def test_what_does_not_fit_is_counted_and_nothing_else_is_lost(
    free_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, free_bytes)
    fact_log = open_log(tmp_path)
    told: list[Observation] = []
    for at in range(0, 200, 10):
        told += fact_log.append(frames(10, at))
        fact_log.log.sync()
    log = fact_log.log
    assert log.unrecorded > 0
    assert log.written + log.unrecorded == 200
    assert "No space left on device; frames are not recorded" in log.warnings[0]
    if log.written:
        assert len(list(read_log(tmp_path, no_notice))) == log.written
    disk.free_bytes = 1 << 30
    for at in range(200, 300, 10):
        told += fact_log.append(frames(10, at))
    assert log.warnings == []
    assert log.written + log.unrecorded == 300
    log.close()
    assert told == all_facts(tmp_path, open_opener)
    assert [record.timestamp_us for record in read_log(tmp_path, no_notice)][-100:] == [
        record.timestamp_us for record in frames(100, 200)
    ]


def test_a_full_disk_is_not_asked_again_at_every_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(segments, "RETRY_S", 1_000.0)
    disk = Disk(monkeypatch, 0)
    fact_log = open_log(tmp_path)
    for at in range(100):
        fact_log.append(frames(1, at))
        disk.free_bytes = 1 << 30
    assert (fact_log.log.written, fact_log.log.unrecorded) == (0, 100)
    assert len(caplog.records) == 1
    fact_log.log.close()


def test_a_disk_that_does_not_sync_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fact_log = open_log(tmp_path)
    fact_log.append(frames(1))

    def fail(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        for _ in range(3):
            fact_log.append(frames(1))
            fact_log.log.sync()
        assert "Input/output error; the newest frames may not outlive a power cut" in caplog.text
        assert any("power cut" in warning for warning in fact_log.log.warnings)
    fact_log.log.sync()
    assert fact_log.log.warnings == []
    fact_log.log.close()


# --- a real one ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small filesystem needs root on Linux")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no filesystem can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_real_disk_fills_and_is_given_room_again(small_disk: Path) -> None:
    ballast = small_disk / "other"
    ballast.write_bytes(bytes(600_000))
    fact_log = open_log(small_disk / "log", segment_bytes=64_000)
    told: list[Observation] = []
    numbers = itertools.count(0, 50)
    while not fact_log.log.unrecorded:
        told += fact_log.append(frames(50, next(numbers)))
        fact_log.log.sync()
    for _ in range(20):
        fact_log.append(frames(50, next(numbers)))
        fact_log.log.sync()
    assert fact_log.log.unrecorded > 500
    assert any("No space left on device" in warning for warning in fact_log.log.warnings)
    recorded = fact_log.log.written
    ballast.unlink()
    for _ in range(20):
        told += fact_log.append(frames(50, next(numbers)))
        fact_log.log.sync()
    assert fact_log.log.written == recorded + 1_000
    assert fact_log.log.warnings == []
    fact_log.log.close()
    assert told == all_facts(small_disk / "log", open_opener)


def test_a_disk_that_is_nearly_full_keeps_what_is_newest(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fact_log = open_log(small_disk / "log", segment_bytes=64_000, least_free_bytes=300_000)
    for at in range(0, 30_000, 50):
        assert fact_log.append(frames(50, at))
        fact_log.log.sync()
    assert fact_log.log.unrecorded == 0
    assert fact_log.log.removed > 5
    what = f"{small_disk / 'log'}: the disk has less than 0.3 MB free, so old segments go; make room"
    assert caplog.text.count(what) == 1
    ballast = small_disk / "other"
    ballast.write_bytes(bytes(fact_log.log.free_bytes - 100_000))
    fact_log.log.sync()
    assert len(list((small_disk / "log").glob("*.pcapng"))) < 7
    ballast.unlink()
    fact_log.log.sync()
    assert fact_log.log.warnings == []
    assert [record.timestamp_us for record in read_log(small_disk / "log")][-1] == frames(1, 29_999)[
        0
    ].timestamp_us
    fact_log.log.close()


def test_a_start_on_a_full_disk_is_no_crash(small_disk: Path) -> None:
    folder = small_disk / "log"
    folder.mkdir()
    ballast = small_disk / "other"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4_096))
    fact_log = open_log(folder)
    assert not fact_log.append(frames(10))
    assert fact_log.log.unrecorded == 10
    ballast.unlink()
    assert fact_log.append(frames(10, 10))
    fact_log.log.close()
    assert len(list(read_log(folder, no_notice))) == 10
