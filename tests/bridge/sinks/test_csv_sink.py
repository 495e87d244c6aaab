"""The CSV sink: what a spreadsheet finds, and every row once whatever happens between two saves."""

from __future__ import annotations

import csv
import errno
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import UsageError
from bridge.log.facts import RetryError
from bridge.sinks.csv_sink import CsvSettings, CsvSink
from bridge.sinks.settings import Delivery
from protocol.observations import ActuatorSeen, NodeLost, Observation
from protocol.simulator.toml_tables import DescriptionError
from tests.bridge.sinks.rig import NETWORK, START_US, batch, checkpoint, result, seen, table

DAY_US = 86_400_000_000


def sink_in(folder: Path, network: str = NETWORK) -> CsvSink:
    """That sends each batch at once, and saves when a test asks."""
    return CsvSink(CsvSettings(Delivery("csv", 100, 0, None, 60), folder / "csv"), network, folder / "state")


def rows_in(folder: Path, name: str) -> list[list[str]]:
    """The file as a spreadsheet reads it, with its header."""
    with open(folder / "csv" / name, encoding="utf-8", newline="") as file:
        return [*csv.reader(file)]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "csv").iterdir())


def test_a_spreadsheet_finds_units_in_the_header_and_a_row_for_each_node_and_round(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    facts: list[Observation] = [
        seen(1, pairs=((0, 123), (2, 80), (99, 5))),
        result(1),
        NodeLost(START_US, 9, 7),
    ]
    sink.take(batch(1, *facts))
    sink.close()
    header, reading = rows_in(tmp_path, "readings-2025-11-21.csv")
    assert dict(zip(header, reading, strict=True)) == {
        "time (UTC)": "2025-11-21T13:45:01.000000Z",
        "network": "garden",
        "node": "7",
        "version": "1",
        "temperature (degC)": "21.5",
        "humidity (%)": "",
        "soil_moisture (%)": "40.0",
        "soil_temperature (degC)": "",
        "wind_speed (m/s)": "",
        "other metrics (raw)": "metric_99=5",
    }
    header, row = rows_in(tmp_path, "rounds-2025-11-21.csv")
    found = dict(zip(header, row, strict=True))
    assert (found["average"], found["unit"], found["max_id"], found["exact"]) == ("20.0", "degC", "7", "true")
    header, row = rows_in(tmp_path, "events-2025-11-21.csv")
    found = dict(zip(header, row, strict=True))
    assert (found["kind"], found["node"], found["detail"]) == ("lost", "9", '{"parent":7}')


def test_what_an_actuator_does_is_an_event(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    sink.take(batch(1, ActuatorSeen(START_US, 7, 1, 255, 0)))
    sink.close()
    header, row = rows_in(tmp_path, "events-2025-11-21.csv")
    found = dict(zip(header, row, strict=True))
    assert (found["kind"], found["node"]) == ("actuator", "7")
    assert found["detail"] == '{"actuator":1,"value":255,"cause":"commanded"}'


def test_each_day_has_a_file(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    first = seen(1)
    sink.take(batch(1, first, type(first)(first.timestamp_us + DAY_US, 7, 2, first.pairs)))
    sink.close()
    assert names_in(tmp_path) == ["readings-2025-11-21.csv", "readings-2025-11-22.csv"]
    assert len(rows_in(tmp_path, "readings-2025-11-22.csv")) == 2


@pytest.mark.parametrize("rest", ["", "2025-11-21T13:4", "a,b\r\nc"])
def test_what_was_written_after_the_checkpoint_is_cut_off_and_comes_again(tmp_path: Path, rest: str) -> None:
    sink = sink_in(tmp_path)
    sink.take(batch(1, seen(1)))  # the first is saved at once
    sink.take(batch(2, seen(2)))  # and for a second no other
    with open(tmp_path / "csv/readings-2025-11-21.csv", "a") as file:
        file.write(rest)
    again = sink_in(tmp_path)  # as after a power cut
    assert again.checkpoint() == checkpoint(1)
    again.take(batch(2, seen(2)))
    again.close()
    sink._day_files.close()
    assert [row[3] for row in rows_in(tmp_path, "readings-2025-11-21.csv")[1:]] == ["1", "2"]


def test_a_day_that_began_after_the_checkpoint_begins_again(tmp_path: Path) -> None:
    first = seen(1)
    late = type(first)(first.timestamp_us + DAY_US, 7, 2, first.pairs)
    sink = sink_in(tmp_path)
    sink.take(batch(1, first))
    sink.take(batch(2, late))
    again = sink_in(tmp_path)
    assert names_in(tmp_path) == ["readings-2025-11-21.csv"]
    again.take(batch(2, late))
    again.close()
    sink._day_files.close()
    assert len(rows_in(tmp_path, "readings-2025-11-22.csv")) == 2


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["take", "save", "crash"]), max_size=25), st.integers(1, 4))
def test_any_order_of_rows_saves_and_crashes_leaves_each_row_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], rows_of_a_day: int
) -> None:
    folder = tmp_path_factory.mktemp("crashes")
    one = seen(1)
    sink = sink_in(folder)

    def take_next() -> None:
        at = sink._taken or sink.checkpoint()
        number = 1 if at is None else at.at.offset_bytes + 1
        day = number // rows_of_a_day
        sink.take(batch(number, type(one)(START_US + day * DAY_US + number, 7, number, one.pairs)))

    for step in steps:
        if step == "take":
            take_next()
        elif step == "save":
            sink._offsets.save(force=True)
        else:
            sink._day_files.close()  # nothing is saved
            sink = sink_in(folder)
    take_next()
    sink.close()
    written = [int(row[3]) for name in names_in(folder) for row in rows_in(folder, name)[1:]]
    assert written == [*range(1, len(written) + 1)]
    assert sink.checkpoint() == checkpoint(len(written))


def test_files_of_somebody_else_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    theirs = tmp_path / "csv/readings-2025-11-21.csv"
    theirs.write_text("mine")
    sink = sink_in(tmp_path)
    sink.take(batch(1, seen(1)))
    sink.close()
    assert theirs.read_text() == "mine"
    assert len(rows_in(tmp_path, "readings-2025-11-21-1.csv")) == 2


def test_a_file_that_somebody_moved_or_cut_is_begun_anew(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    sink.take(batch(1, seen(1)))
    sink.close()
    ours = tmp_path / "csv/readings-2025-11-21.csv"
    ours.write_text("cut")
    sink = sink_in(tmp_path)
    sink.take(batch(2, seen(2)))
    (tmp_path / "csv/readings-2025-11-21-1.csv").unlink()
    sink.take(batch(3, seen(3)))
    sink.close()
    assert ours.read_text() == "cut"
    assert [row[3] for row in rows_in(tmp_path, "readings-2025-11-21-1.csv")] == ["version", "3"]


class Full:
    """A file with room for three bytes more."""

    def __init__(self, file: io.FileIO) -> None:
        self.room_bytes = 3
        self._file = file

    def write(self, data: memoryview) -> int:
        if not self.room_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self._file.write(data[: self.room_bytes])
        self.room_bytes -= taken
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_leaves_no_half_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = sink_in(tmp_path)
    sink.take(batch(1, seen(1)))
    file = sink._day_files._files["readings"]
    assert file.file is not None
    full = Full(file.file)
    monkeypatch.setattr(file, "file", full)
    # The result before it goes to another file, which had room.
    late = batch(2, result(2), seen(2))
    with pytest.raises(RetryError, match=r"No space left on device; make room"):
        sink.take(late)
    full.room_bytes = 1_000
    sink.take(late)
    sink.close()
    assert [row[3] for row in rows_in(tmp_path, "readings-2025-11-21.csv")[1:]] == ["1", "2"]
    assert len(rows_in(tmp_path, "rounds-2025-11-21.csv")) == 2


def test_no_name_becomes_a_formula(tmp_path: Path) -> None:
    sink = sink_in(tmp_path, '=HYPERLINK("http://x"),"y"')
    sink.take(batch(1, seen(1)))
    sink.close()
    assert rows_in(tmp_path, "readings-2025-11-21.csv")[1][1] == '\'=HYPERLINK("http://x"),"y"'


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text('{"checkpoint": 5')
    with pytest.raises(UsageError, match=r"state: damaged \(.*\); move it and the files away"):
        sink_in(tmp_path)


def test_the_folder_must_be_named() -> None:
    with pytest.raises(DescriptionError, match=r"bridge.toml:1: \[\[csv\]\] has no folder"):
        CsvSettings.from_table(table("[[csv]]\n", "csv"), Path("."))
    settings = CsvSettings.from_table(table('[[csv]]\nfolder = "sheets"\n', "csv"), Path("/data"))
    assert settings.folder == Path("/data/sheets")
