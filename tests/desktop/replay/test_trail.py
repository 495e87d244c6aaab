"""The trail of an analysis: at any record the model is what it was there, whatever was there before."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bridge.access import OPEN, Access, RecordOpener
from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys
from bridge.log.decoder import StateError, packed
from desktop import places
from desktop.model.model import Model
from desktop.packets.folder import folder_of
from desktop.replay import analysis
from desktop.replay.entries import CHECKPOINT, ROW
from desktop.replay.trail import FOLDER, HEAD, Trail, private_folder
from desktop.sources.demo import demo_simulation
from protocol.capture import Direction, Record
from protocol.packets import Network
from tests.desktop.replay.logs import analysed, assert_same, fed, logged, trail_of
from tests.protocol.members import CONTROLLER, MASTER, ROOT, Party, tree_member

KEYS = NetworkKeys("garden", 0, frozenset({ROOT}), CONTROLLER, MASTER)
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


def model_at(trail: Trail, records: Sequence[Record], count: int) -> Model:
    moment = trail.moment_before(count)
    assert moment is not None
    moment.feed(records[moment.records : count])
    assert moment.records == count
    return moment.model


def test_at_any_record_the_model_is_that_of_the_records_before(records: list[Record], tmp_path: Path) -> None:
    trail = analysed(logged(records, tmp_path / "log.pcapng"))
    assert trail.records == len(records)
    seed = random.randrange(1 << 32)
    places = random.Random(seed).sample(range(SPACING, len(records) + 1), 25)
    print("seed", seed)
    for count in [*places, len(records)]:
        assert_same(model_at(trail, records, count), fed(records[:count]))


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
        assert_same(model_at(trail, records, len(records)), fed(records))
    assert_same(model_at(whole, records, half + 5), fed(records[: half + 5]))


def test_a_sealed_log_is_read_as_by_who_has_heard_all_of_it(tmp_path: Path) -> None:
    party = Party(tree_member(ROOT), tree_member(5), tree_member(6))
    party.run(60_000)
    sealed = [Record(at * 1_000, "udp", Direction.INBOUND, frame) for at, (_, frame) in enumerate(party.log)]
    log, access = logged(sealed, tmp_path / "sealed.pcapng"), Access(KEYS)
    opener = RecordOpener(access)
    opener.learn(sealed)
    opened = [found for record in sealed if (found := opener.open(record)) is not None]
    assert_same(model_at(analysed(log, access), sealed, len(sealed)), fed(opened))
    assert trail_of(log, OPEN).records == 0, "without the keys, or with others, it is another log"
    assert trail_of(log, Access(KEYS.for_member(5))).records == 0
    assert trail_of(log, access).records == len(sealed)
    for file in filter(Path.is_file, folder_of(log).rglob("*")):
        assert MASTER.hex().encode() not in file.read_bytes(), "no key is left"
        assert MASTER not in file.read_bytes()
    assert stat.S_IMODE(folder_of(log).stat().st_mode) == 0o700


# --- stale, damaged, foreign -----------------------------------------------------------------------------


def test_a_trail_of_what_was_there_before_is_made_anew(records: list[Record], tmp_path: Path) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    assert analysed(log).records == len(records)
    log.unlink()
    others = records[100:]
    logged(others, log)
    assert trail_of(log).records == 0
    again = analysed(log)
    assert again.records == len(others)
    assert_same(model_at(again, others, 200), fed(others[:200]))


def test_a_log_that_was_changed_in_its_place_is_read_anew(records: list[Record], tmp_path: Path) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    analysed(log)
    data = bytearray(log.read_bytes())
    data[-20] ^= 1
    log.write_bytes(data)
    os.utime(log, ns=(1, 1))
    assert trail_of(log).records == 0


@pytest.mark.parametrize(
    "table", ["checkpoints", "states", "rows", "events", "texts", "readings", "series-0"]
)
def test_a_damaged_trail_is_made_anew(records: list[Record], table: str, tmp_path: Path) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    trail = analysed(log)
    path = trail.folder / f"{table}.table"
    data = path.read_bytes()
    path.write_bytes(bytes(len(data)) if table in ("checkpoints", "states") else data[: len(data) // 2])
    again = analysed(log)
    assert again.records == len(records)
    assert_same(model_at(again, records, len(records)), fed(records))


def test_a_trail_of_another_hand_runs_no_code(records: list[Record], tmp_path: Path) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    trail = analysed(log)
    call = ["o", "subprocess:Popen", "args", "true"]
    states: list[object] = [{"moment": call, "series": {}, "nodes": []}, [], "text", {"series": 3}]
    for state in states:
        foreign = packed(json.dumps(state).encode())
        entry = np.zeros(1, CHECKPOINT)
        entry["records"], entry["state"] = 300, len(foreign)
        (trail.folder / "checkpoints.table").write_bytes(entry.tobytes())
        (trail.folder / "states.table").write_bytes(foreign)
        read = trail_of(log)
        if read.records:
            with pytest.raises(StateError):
                read.moment_before(300)
    assert analysed(log).records == len(records), "it is made anew"


def test_a_trail_that_came_along_with_the_log_is_made_anew(
    records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is whole, and tells of rounds that never were."""
    log = logged(records, tmp_path / "log.pcapng")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(places, "index_secret", lambda: tmp_path / "their.key")
        trail = analysed(log)
        rows = np.fromfile(trail.folder / "rows.table", ROW)
        rows["max"] = 255
        (trail.folder / "rows.table").write_bytes(rows.tobytes())
        assert trail_of(log).records == len(records)
    assert trail_of(log).records == 0
    for head in ("[" * 100_000, "{}", "[]", '{"id": 7}'):
        (trail.folder / HEAD).write_text(head)
        assert trail_of(log).records == 0
    again = analysed(log)
    assert_same(model_at(again, records, len(records)), fed(records))


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_links_that_came_along_with_the_log_lead_nowhere(records: list[Record], tmp_path: Path) -> None:
    log, precious = logged(records, tmp_path / "log.pcapng"), tmp_path / "precious"
    precious.write_text("all of it")
    tables = [path.name for path in analysed(log).folder.glob("*.table")]
    folder = folder_of(log) / FOLDER
    (folder / HEAD).write_text("{}")
    for name in tables:
        (folder / name).unlink()
        (folder / name).symlink_to(precious)
    assert analysed(log).records == len(records)
    assert precious.read_text() == "all of it"
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    with pytest.raises(UsageError, match="a link"):
        private_folder(folder_of(log))


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_a_folder_that_others_may_enter_is_made_private(records: list[Record], tmp_path: Path) -> None:
    log = logged(records[:10], tmp_path / "log.pcapng")
    folder = folder_of(log) / FOLDER
    folder.mkdir()
    folder.chmod(0o755)
    assert private_folder(folder_of(log)) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_checkpoints_take_no_more_room_than_the_log(records: list[Record], tmp_path: Path) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    states = analysed(log).folder / "states.table"
    assert states.stat().st_size <= log.stat().st_size + 20_000
