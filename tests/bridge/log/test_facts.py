"""PROTOCOL.md 18.3: facts are a function of the log, whoever reads it, and from wherever."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.access import OPEN
from bridge.log import fact_log as fact_log_module
from bridge.log import segment_reader
from bridge.log.fact_reader import read_facts
from bridge.log.facts import FactBatch
from bridge.log.folder import LogFolder
from protocol.observer import Observation, Observer, RoundRow
from protocol.packets import DropReason
from tests.bridge.log.rig import (
    FIELDS,
    access_to,
    all_facts,
    field_records,
    frames,
    next_batch,
    open_log,
    open_opener,
    opener_of,
    record_all,
)

any_field = pytest.mark.parametrize(("network", "sealed"), FIELDS)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read few records at a time, so that there are many checkpoints."""
    monkeypatch.setattr(segment_reader, "READ_BYTES", 900)


def told_by_one_observer(network: str, sealed: bool) -> list[Observation]:
    """The facts without any log."""
    opener, observer = opener_of(access_to(sealed))(), Observer(tells_heard=True)
    opened = [opener.open(record) for record in field_records(network, sealed)]
    return [fact for record in opened if record is not None for fact in observer.observe(record)]


def facts_of(batches: Sequence[FactBatch]) -> list[Observation]:
    return [fact for batch in batches for fact in batch.facts]


@any_field
def test_the_log_tells_what_its_records_tell(network: str, sealed: bool, tmp_path: Path) -> None:
    opener = opener_of(access_to(sealed))
    record_all(tmp_path, field_records(network, sealed), opener)
    facts = all_facts(tmp_path, opener)
    assert facts == told_by_one_observer(network, sealed)
    assert sum(isinstance(fact, RoundRow) for fact in facts) > 5


@any_field
def test_from_any_checkpoint_the_rest_is_as_from_the_beginning(
    network: str, sealed: bool, tmp_path: Path
) -> None:
    opener = opener_of(access_to(sealed))
    record_all(tmp_path, field_records(network, sealed), opener)
    batches = list(read_facts(tmp_path, opener))
    assert len({batch.checkpoint.at.segment for batch in batches}) > 5
    for taken in range(1, len(batches) + 1, 7):
        assert all_facts(tmp_path, opener, batches[taken - 1].checkpoint) == facts_of(batches[taken:])


@any_field
def test_what_was_known_of_segments_that_are_gone_is_not_lost(
    network: str, sealed: bool, tmp_path: Path
) -> None:
    """Also how to open frames: nobody proves a life twice."""
    opener = opener_of(access_to(sealed))
    record_all(tmp_path, field_records(network, sealed), opener)
    whole = list(read_facts(tmp_path, opener))
    folder = LogFolder(tmp_path)
    half = folder.numbers()[len(folder.numbers()) // 2]
    for number in range(1, half):
        folder.segment(number).unlink()
        folder.state(number).unlink()
    kept = [batch for batch in whole if batch.checkpoint.at.segment >= half]
    assert all_facts(tmp_path, opener) == facts_of(kept)


@any_field
def test_restarts_change_nothing(network: str, sealed: bool, tmp_path: Path) -> None:
    opener, records = opener_of(access_to(sealed)), field_records(network, sealed)
    told: list[Observation] = []
    for at in range(0, len(records), 150):
        fact_log = open_log(tmp_path, opener)
        told += fact_log.append(records[at : at + 150])
        fact_log.log.close()
    assert told == all_facts(tmp_path, opener) == told_by_one_observer(network, sealed)


@any_field
def test_states_may_be_missing(network: str, sealed: bool, tmp_path: Path) -> None:
    """Of a few segments: a reader begins further before."""
    opener = opener_of(access_to(sealed))
    record_all(tmp_path, field_records(network, sealed), opener)
    batches = list(read_facts(tmp_path, opener))
    folder = LogFolder(tmp_path)
    for number in folder.numbers()[2:5]:
        folder.state(number).unlink()
    folder.state(folder.numbers()[6]).write_bytes(b"not a state")
    for taken in range(1, len(batches), 11):
        assert all_facts(tmp_path, opener, batches[taken - 1].checkpoint) == facts_of(batches[taken:])


def test_a_start_after_a_clean_end_reads_no_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_all(tmp_path, frames(100), open_opener)
    told = frames(10, 100)
    with monkeypatch.context() as patched:
        patched.setattr(segment_reader.SegmentReader, "read", None)
        fact_log = open_log(tmp_path)
    assert fact_log.records == 100
    facts = list(fact_log.append(told))
    fact_log.log.close()
    assert all_facts(tmp_path, open_opener)[-len(facts) :] == facts


def test_other_keys_read_other_facts(tmp_path: Path) -> None:
    """The states of a bridge without keys say nothing to who has them."""
    record_all(tmp_path, field_records("tree", True), open_opener)
    assert all_facts(tmp_path, opener_of(access_to(True))) == told_by_one_observer("tree", True)


def test_no_state_holds_a_key_and_none_is_for_others_to_read(tmp_path: Path) -> None:
    access = access_to(True)
    assert access.keys is not None
    assert access.keys.master is not None
    fact_log = record_all(tmp_path, field_records("ring", True), opener_of(access))
    state = fact_log._decoder.state()
    assert access.keys.master.hex().encode() not in state
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.state"))
    assert (
        len(list(tmp_path.glob("*.state"))) == len(list(tmp_path.glob("*.pcapng"))) + 1
    )  # for the next start


def test_what_cannot_be_opened_is_recorded_all_the_same(tmp_path: Path) -> None:
    records = field_records("tree", True)
    fact_log = record_all(tmp_path, records, open_opener)
    assert fact_log.records == len(records)
    assert fact_log.observer.dropped[DropReason.SEALED] == len(records)


# --- from memory, or from the disk ---


def test_who_follows_gets_the_same_from_memory_and_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fact_log_module, "TAIL_FACTS", 60)
    monkeypatch.setattr(fact_log_module, "QUIET_S", 0.0)
    fact_log = open_log(tmp_path)
    early = fact_log.follow(None)
    slow = fact_log.follow(None)
    got_early: list[Observation] = []
    got_slow: list[Observation] = []
    records = field_records("ring", False)
    for number, at in enumerate(range(0, len(records), 10)):
        fact_log.append(records[at : at + 10])
        while (batch := next_batch(early)) is not None:
            got_early += batch.facts
        if number % 40 == 39:  # far behind what is in memory
            batch = next_batch(slow)
            got_slow += batch.facts if batch else ()
    while (batch := next_batch(slow)) is not None:
        got_slow += batch.facts
    assert got_slow == got_early == all_facts(tmp_path, open_opener)
    early.close()
    slow.close()
    assert fact_log.tail_facts <= 60
    assert slow.records == early.records == len(records)
    fact_log.log.close()


def test_memory_is_bounded_without_a_single_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_log_module, "TAIL_BATCHES", 10)
    fact_log = open_log(tmp_path)
    copies = [replace(frames(1)[0], link=f"link {i % 3}") for i in range(100)]
    for copy in copies:
        fact_log.append([copy])
    assert len(fact_log._tail) == 10
    fact_log.log.close()


def test_records_without_a_fact_are_handed_on_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a checkpoint does not stay behind for ever; but not each for itself."""
    fact_log = open_log(tmp_path)
    follower = fact_log.follow(None)
    fact_log.append(frames(1))
    copies = [replace(frames(1)[0], link=f"link {i}") for i in range(3)]
    first = next_batch(follower)
    assert first is not None
    assert first.facts
    for copy in copies:
        fact_log.append([copy])
        assert follower.next(0.0) is None
    monkeypatch.setattr(fact_log_module, "QUIET_S", 0.0)
    batch = follower.next(0.0)
    assert batch is not None
    assert (batch.records, list(batch.facts)) == (3, [])
    assert batch.checkpoint.at == fact_log.log.end
    fact_log.log.close()


def test_a_log_that_is_being_written_can_be_read_by_others(tmp_path: Path) -> None:
    fact_log = open_log(tmp_path / "log")
    for count in (100, 200):
        fact_log.append(frames(100, count - 100))
        assert len(all_facts(tmp_path / "log", open_opener)) == count * 2  # who calls, and that it was heard
    fact_log.log.close()


def test_reading_leaves_a_folder_as_it_is(tmp_path: Path) -> None:
    record_all(tmp_path / "log", frames(100), open_opener)
    shutil.copytree(tmp_path / "log", tmp_path / "copy")
    all_facts(tmp_path / "log", opener_of(OPEN))
    before, after = (
        sorted((p.name, p.read_bytes()) for p in (tmp_path / name).iterdir()) for name in ("copy", "log")
    )
    assert before == after
