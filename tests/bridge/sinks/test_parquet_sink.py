"""The Parquet sink: parts by day, each row in one of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import UsageError
from bridge.log.facts import RetryError
from bridge.sinks.parquet_sink import ParquetSettings, ParquetSink
from bridge.sinks.settings import Delivery
from protocol.observations import ActuatorSeen, NodeLost
from tests.bridge.sinks.rig import NETWORK, START_US, batch, checkpoint, numbered, result, seen, table

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not there on 32-bit Raspberry Pi OS")
DAY_US = 86_400_000_000


def sink_in(folder: Path, rows: int = 10) -> ParquetSink:
    settings = ParquetSettings(Delivery("parquet", rows, 3_600, None, 60), folder / "parts")
    return ParquetSink(settings, NETWORK, folder / "state")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "parts").iterdir())


def rows_in(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Of all parts of that kind, as a reader takes them together."""
    parts = sorted((folder / "parts").glob(f"{kind}-*.parquet"))
    return [row for part in parts for row in parquet.read_table(part).to_pylist()]


def test_a_reader_finds_types_and_units(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    facts = NodeLost(START_US, 9, 7), ActuatorSeen(START_US, 7, 1, 255, 0)
    sink.take(batch(1, seen(1, pairs=((0, 123), (2, 80))), result(1), *facts))
    assert names_in(tmp_path) == []  # a part is not full yet
    sink.close()
    assert sink.checkpoint() == checkpoint(1)
    first, second = rows_in(tmp_path, "readings")
    assert first == {
        "time": datetime(2025, 11, 21, 13, 45, 1, tzinfo=UTC),
        "network": "garden",
        "node": 7,
        "metric": "temperature",
        "version": 1,
        "value": 21.5,
        "unit": "degC",
        "raw": 123,
    }
    assert (second["metric"], second["value"]) == ("soil_moisture", 40.0)
    assert [(row["average"], row["exact"]) for row in rows_in(tmp_path, "rounds")] == [(20.0, True)]
    assert [(row["kind"], row["node"]) for row in rows_in(tmp_path, "events")] == [
        ("lost", 9),
        ("actuator", 7),
    ]


def test_parts_are_of_a_day_and_of_a_size(tmp_path: Path) -> None:
    sink = sink_in(tmp_path, rows=10)
    for part in numbered([seen(number) for number in range(25)], 5):
        sink.take(part)
    first = seen(1)
    sink.take(batch(6, type(first)(START_US + DAY_US, 7, 25, first.pairs)))
    sink.close()
    assert names_in(tmp_path) == [
        "readings-2025-11-21-000000.parquet",
        "readings-2025-11-21-000001.parquet",
        "readings-2025-11-21-000002.parquet",
        "readings-2025-11-22-000003.parquet",
    ]
    assert [row["version"] for row in rows_in(tmp_path, "readings")] == [*range(26)]


def test_after_a_crash_parts_that_do_not_count_are_written_anew(tmp_path: Path) -> None:
    parts = [*numbered([seen(number) for number in range(30)], 10)]
    sink = sink_in(tmp_path)
    sink.take(parts[0])
    saved = (tmp_path / "state").read_bytes()
    sink.take(parts[1])
    (tmp_path / "state").write_bytes(saved)  # the power failed before it was saved
    (tmp_path / "parts/readings-2025-11-21-000002.parquet.part").write_bytes(b"PAR1")
    again = sink_in(tmp_path)
    assert again.checkpoint() == checkpoint(1)
    assert names_in(tmp_path) == ["readings-2025-11-21-000000.parquet"]
    for part in parts[1:]:
        again.take(part)
    again.close()
    assert [row["version"] for row in rows_in(tmp_path, "readings")] == [*range(30)]


def test_a_failure_leaves_no_part_of_a_batch(tmp_path: Path) -> None:
    sink = sink_in(tmp_path, rows=2)
    # Events come first; where the readings should be there is a folder.
    hindrance = tmp_path / "parts/readings-2025-11-21-000001.parquet"
    hindrance.mkdir()
    late = batch(1, seen(1), NodeLost(START_US, 9, 7))
    with pytest.raises(RetryError, match=r"000001.parquet.*; make room"):
        sink.take(late)
    assert names_in(tmp_path) == [hindrance.name]
    hindrance.rmdir()
    sink.take(late)
    sink.close()
    assert len(rows_in(tmp_path, "events")) == len(rows_in(tmp_path, "readings")) == 1


def test_parts_of_an_earlier_life_stay(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    sink.take(batch(1, seen(1)))
    sink.close()
    (tmp_path / "state").unlink()
    sink = sink_in(tmp_path)
    sink.take(batch(1, seen(1)))
    sink.close()
    assert [name[-14:] for name in names_in(tmp_path)] == ["000000.parquet", "000001.parquet"]


def test_a_damaged_state_and_a_missing_library_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("[]")
    with pytest.raises(UsageError, match=r"state: damaged \(.*\); move it and the parts away"):
        sink_in(tmp_path)
    monkeypatch.setattr("bridge.sinks.parquet_sink.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs pyarrow; run `pip install treering\[parquet\]`"):
        sink_in(tmp_path)


def test_its_folder_and_sizes_are_settings() -> None:
    text = '[[parquet]]\nfolder = "parts"\nbatch = 200000\nbatch_age = "10 min"\n'
    settings = ParquetSettings.from_table(table(text, "parquet"), Path("/data"))
    assert settings.folder == Path("/data/parts")
    assert (settings.delivery.batch_rows, settings.delivery.batch_age_s) == (200_000, 600)
