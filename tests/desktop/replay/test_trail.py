"""The trail of an analysis: at any record the model is what it was there, whatever was there before."""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.access import OPEN, Access
from bridge.capture_file import CaptureFile
from desktop.model.model import Model
from desktop.packets.folder import folder_of
from desktop.replay import analysis
from desktop.replay.analysis import Task, analyse
from desktop.replay.trail import Trail, private_folder
from desktop.sources.demo import demo_simulation
from protocol.capture import Record
from protocol.packets import Network

ROUNDS = {Network.TREE: 20, Network.RING: 12, Network.POLLING: 12}
SPACING = 97


@pytest.fixture(scope="module", params=list(Network), ids=lambda network: network.name.lower())
def records(request: pytest.FixtureRequest) -> list[Record]:
    found: list[Record] = []
    demo_simulation(found.append, request.param).run(ROUNDS[request.param])
    return found


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "SPACING", SPACING)
    monkeypatch.setattr(analysis, "_CHUNK_BYTES", 2_000)
    monkeypatch.setattr(analysis, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(analysis, "_LOOK_S", 0.0)


def logged(records: Sequence[Record], path: Path) -> Path:
    log = CaptureFile(path)
    for record in records:
        log.write(record)
    log.close()
    return log.path


def analysed(log: Path, access: Access = OPEN, *, learns: bool = True) -> Trail:
    """The trail after a pass, done in this process."""
    own, _other = multiprocessing.Pipe()
    analyse(Task(log, access, learns), own)
    return trail_of(log, access, learns=learns)


def trail_of(log: Path, access: Access = OPEN, *, learns: bool = True) -> Trail:
    trail = Trail(private_folder(folder_of(log)), log, access, learns=learns)
    trail.refresh()
    return trail


def model_at(trail: Trail, records: Sequence[Record], count: int) -> Model:
    moment = trail.moment_before(count)
    assert moment is not None
    moment.feed(records[moment.records : count])
    assert moment.records == count
    return moment.model


def assert_same(found: Model, expected: Model) -> None:
    assert list(found.rows) == list(expected.rows)
    assert list(found.events) == list(expected.events)
    assert found.rows.total == expected.rows.total
    assert found.series == expected.series
    assert dict(found.node_series) == dict(expected.node_series)
    assert found.tree() == expected.tree()
    assert found.settled == expected.settled
    assert (found.start_us, found.now_us) == (expected.start_us, expected.now_us)
    assert json.dumps(found.state()) == json.dumps(expected.state())


def test_at_any_record_the_model_is_that_of_the_records_before(records: list[Record], tmp_path: Path) -> None:
    trail = analysed(logged(records, tmp_path / "log.pcapng"))
    assert trail.records == len(records)
    seed = random.randrange(1 << 32)
    places = random.Random(seed).sample(range(SPACING, len(records) + 1), 25)
    print("seed", seed)
    for count in [*places, len(records)]:
        fed = Model()
        fed.feed(records[:count])
        assert_same(model_at(trail, records, count), fed)


def test_a_trail_that_grows_becomes_that_of_the_whole_log(records: list[Record], tmp_path: Path) -> None:
    half = len(records) // 2
    log = logged(records[:half], tmp_path / "log.pcapng")
    growing = analysed(log)
    assert growing.records == half
    shutil.copy(logged(records, tmp_path / "whole.pcapng"), log)
    whole = analysed(log)
    assert growing.refresh()
    assert not growing.refresh(), "there is nothing new"
    for trail in (growing, whole):
        assert trail.records == len(records)
        fed = Model()
        fed.feed(records)
        assert_same(model_at(trail, records, len(records)), fed)
    fed = Model()
    fed.feed(records[: half + 5])
    assert_same(model_at(whole, records, half + 5), fed)
