"""`treering rebuild`: the log is the truth, so a store that is lost is made anew from it."""

from __future__ import annotations

import argparse
import logging
import sqlite3
from pathlib import Path

import pytest

from bridge import rebuild
from bridge.access import OPEN, RecordOpener
from bridge.capture_file import CaptureFile, read_records
from bridge.errors import UsageError
from bridge.log.fact_reader import read_facts
from bridge.log.folder import FolderLock
from bridge.store.rows import EventRow, PeerRow
from bridge.store.schema import StoreError
from bridge.store.store import Store
from desktop.command import main
from tests.bridge.store.feed import content


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    rebuild.add_arguments(parser)
    return rebuild.run(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The folder of a log of two segments, of a polled network that was simulated."""
    whole, folder = tmp_path / "run.pcapng", tmp_path / "log"
    options = ["--network", "polling", "--grid", "3x2", "--rounds", "12", "--seed", "3", "--medium", "ideal"]
    assert main(["simulate", *options, "--capture", str(whole), "--json"]) == 0
    folder.mkdir()
    records = list(read_records(whole))
    for number, part in enumerate((records[:200], records[200:]), 1):
        segment = CaptureFile(folder / f"treering-{number:08}.pcapng")
        for record in part:
            segment.write(record)
        segment.close()
    return folder


@pytest.fixture
def store(tmp_path: Path, log: Path) -> Path:
    """What a bridge made of that log."""
    path = tmp_path / "garden.sqlite"
    opened = Store(path, "garden")
    for batch in read_facts(log, lambda: RecordOpener(OPEN)):
        opened.take(batch)
    opened.settle()
    opened.close()
    return path


def test_a_damaged_store_is_made_anew_and_kept(log: Path, store: Path, tmp_path: Path) -> None:
    before = content(store)
    assert before["readings"]
    damaged = b"not what SQLite wrote" + store.read_bytes()[21:]
    store.write_bytes(damaged)
    with pytest.raises(StoreError, match="treering rebuild LOG --store"):
        Store(store, "garden")
    assert run(log, "--store", store, "--name", "garden") == 0
    assert content(store) == before
    assert (tmp_path / "garden.sqlite.old-1").read_bytes() == damaged


def test_a_bridge_goes_on_with_it(log: Path, store: Path) -> None:
    one = Store(store, "garden")
    place = one.checkpoint()
    one.close()
    for number in (1, 2):
        run(log, "--store", store, "--name", "garden")
        assert store.with_name(f"{store.name}.old-{number}").exists()
    again = Store(store, "garden")
    assert again.checkpoint() == place
    assert list(read_facts(log, lambda: RecordOpener(OPEN), again.checkpoint())) == []
    again.close()


def test_the_bridges_configuration_says_name_and_ages(log: Path, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text('name = "roof"\nopen = true\n[store]\nkeep_readings = "1 h"\n')
    run(log, "--store", tmp_path / "s", "--config", config)
    Store(tmp_path / "s", "roof").close()


def test_nothing_is_touched_where_there_is_no_log(store: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    before = store.read_bytes()
    with pytest.raises(UsageError, match="no segment of a log"):
        run(tmp_path / "empty", "--store", store)
    assert store.read_bytes() == before


def test_not_while_the_bridge_runs(log: Path, store: Path) -> None:
    before = store.read_bytes()
    lock = FolderLock(log)
    try:
        with pytest.raises(UsageError, match="end it"):
            run(log, "--store", store)
    finally:
        lock.release()
    assert store.read_bytes() == before


def test_it_says_what_it_did(log: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run(log, "--store", tmp_path / "new.sqlite")
    assert "72 readings, 12 results" in caplog.text


def test_what_no_log_holds_is_taken_over(log: Path, store: Path) -> None:
    whole = content(store)
    opened = Store(store, "garden")
    opened.write_events([EventRow(5, "alarm", -1, "too hot")])
    opened.write_peers([PeerRow(7, "udp", "", "alive", 1, 2, 3, 0, None, 0)])
    opened.close()
    before = content(store)
    (log / "treering-00000001.pcapng").unlink()
    run(log, "--store", store, "--name", "garden")
    after = content(store)
    assert len(whole["readings"]) == 72
    # This log, of a simulation, has no state beside its segments: its second half begins with a new primary.
    assert {*after.pop("events")} > {*before.pop("events")}
    assert after == before


def test_what_is_damaged_of_it_is_left_out(log: Path, store: Path, caplog: pytest.LogCaptureFixture) -> None:
    db = sqlite3.connect(store)
    (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'readings'").fetchone()
    db.close()
    with open(store, "r+b") as file:
        file.seek((page - 1) * 4_096)
        file.write(bytes(4_096))
    (log / "treering-00000001.pcapng").unlink()
    run(log, "--store", store, "--name", "garden")
    assert (
        "the old readings cannot be read (database disk image is malformed), and are left out" in caplog.text
    )
    assert len(content(store)["rounds"]) == 12
    assert 0 < len(content(store)["readings"]) < 72
