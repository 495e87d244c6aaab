"""When nothing can be written the store says why, keeps what it took, and goes on once there is room."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.log.facts import FactBatch, RetryError
from bridge.store.schema import StoreError
from bridge.store.store import Store
from protocol.observations import ReadingsSeen
from tests.bridge.store.feed import batch, content, reading

BATCHES = 20


def batches() -> list[FactBatch]:
    """30,000 readings: some 700 kB, and as much again on the way."""
    return [batch(*_readings(number), place=number + 1) for number in range(BATCHES)]


def _readings(number: int) -> Iterator[ReadingsSeen]:
    for k in range(1_500):
        yield reading(60 * number + k * 0.04, node=k % 50, raw=k % 256)


def take_all(store: Store, log: list[FactBatch]) -> None:
    """As a consumer is run: what it does not take comes again, here once there is room."""
    for part in log:
        store.take(part)
        store.idle(0)
    store.settle()


def whole(path: Path) -> dict[str, list[tuple[object, ...]]]:
    store = Store(path, "garden")
    take_all(store, batches())
    store.close()
    return content(path)


def fill(store: Store, log: list[FactBatch]) -> tuple[int, str]:
    """How many batches it took until it did not, and what it said."""
    for number, part in enumerate(log):
        try:
            store.take(part)
        except RetryError as error:
            return number, str(error)
        store.idle(0)
    raise AssertionError("there was room for all")


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    path, log = tmp_path / "s", batches()
    store = Store(path, "garden")
    store._db.execute("PRAGMA max_page_count = 100")
    taken, said = fill(store, log)
    assert said.startswith(f"store: {path}: the disk is full; make room")
    with pytest.raises(RetryError):  # and again, without taking more
        store.take(log[taken])
    place = store.checkpoint()
    assert place is not None
    assert place.at.offset_bytes <= taken
    store._db.execute("PRAGMA max_page_count = 1000000")
    take_all(store, log[taken:])
    assert store.trouble is None
    store.close()
    assert content(path) == whole(tmp_path / "whole")


def test_ended_while_the_disk_is_full_the_log_gives_it_again(tmp_path: Path) -> None:
    path, log = tmp_path / "s", batches()
    store = Store(path, "garden")
    store._db.execute("PRAGMA max_page_count = 100")
    fill(store, log)
    store.close()
    store = Store(path, "garden")
    place = store.checkpoint()
    assert place is not None
    take_all(store, log[place.at.offset_bytes :])
    store.close()
    assert content(path) == whole(tmp_path / "whole")


def test_what_is_damaged_inside_names_the_remedy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, log = tmp_path / "s", batches()
    store = Store(path, "garden")
    take_all(store, log[:10])
    store.close()
    with open(path, "r+b") as file:  # all but the schema
        file.seek(16 * 4_096)
        file.write(bytes(path.stat().st_size - 16 * 4_096))
    store = Store(path, "garden")
    _, said = fill(store, log)
    assert "damaged" in said
    assert f"`treering rebuild LOG --store {path}` makes it anew from the log" in said
    store.idle(0)
    store.idle(0)
    assert caplog.text.count("malformed") == 1
    store.close()


def test_a_store_that_another_program_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.store.schema.BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "s"
    store = Store(path, "garden")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.take(batch(reading(0)))
    store.idle(0)
    with pytest.raises(RetryError, match="another program keeps it locked; end that program"):
        store.take(batch(reading(1), place=2))
    other.execute("ROLLBACK")
    other.close()
    store.take(batch(reading(1), place=2))
    store.close()
    assert len(content(path)["readings"]) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root mounts a small disk, on Linux")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this container may not mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full(small_disk: Path, tmp_path: Path) -> None:
    path, log = small_disk / "s", batches()
    store = Store(path, "garden")
    taken, said = fill(store, log)
    assert "the disk is full; make room" in said
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    take_all(store, log[taken:])
    store.close()
    assert content(path) == whole(tmp_path / "whole")


def test_a_disk_that_is_full_before_there_is_a_store(small_disk: Path) -> None:
    (small_disk / "other").write_bytes(bytes(1 << 20))
    with pytest.raises(StoreError, match="the disk is full; make room"):
        Store(small_disk / "s", "garden")
