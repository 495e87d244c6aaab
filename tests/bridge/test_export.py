"""`treering export`: what a store and the log that it was made of hold, as files that others read."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge import export
from bridge.access import OPEN, RecordOpener
from bridge.capture_file import CaptureFile, read_records
from bridge.errors import UsageError
from bridge.log.decoder import Decoder
from bridge.store.rows import EventRow
from bridge.store.settings import StoreSettings
from bridge.store.store import Store
from desktop.command import main
from protocol.capture import Direction, Record
from protocol.observations import ReadingsSeen, RoundRow
from protocol.packets import FrameType, peek_header
from tests.bridge.store.feed import batch, lost, reading, result, time_us


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    export.add_arguments(parser)
    return export.run(parser.parse_args([str(argument) for argument in arguments]))


def cells(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "garden.sqlite"
    opened = Store(path, "garden")
    readings = [
        reading(s, node, 100 + s + node, metric) for s in range(4) for node in (7, 8) for metric in (0, 1)
    ]
    opened.take(batch(*readings, result(4, 1), result(5, 2, count=0, total=0), lost(6)))
    opened.write_events([EventRow(time_us(7), "alarm", -1, "too hot", '{"limit":25}')])
    opened.close()
    return path


def test_readings_with_units_and_raw(store: Path, tmp_path: Path) -> None:
    assert run("--store", store, "-o", tmp_path / "r.csv") == 0
    found = cells(tmp_path / "r.csv")
    assert len(found) == 16
    assert found[0] == {
        "time": "2026-09-21T14:13:20.000000Z",
        "network": "garden",
        "node": "7",
        "metric": "temperature",
        "version": "1",
        "value": "13.5",
        "unit": "degC",
        "raw": "107",
    }
    assert [row["time"] for row in found] == sorted(row["time"] for row in found)


def test_a_span_of_nodes_and_metrics(store: Path, tmp_path: Path) -> None:
    span = ("--from", "2026-09-21T14:13:21", "--to", "2026-09-21T16:13:23+02:00")
    run("--store", store, "-o", tmp_path / "r.csv", *span, "--node", "8", "--metric", "humidity")
    assert [
        (row["time"][17:19], row["node"], row["metric"], row["raw"]) for row in cells(tmp_path / "r.csv")
    ] == [
        ("21", "8", "humidity", "109"),
        ("22", "8", "humidity", "110"),
    ]


def test_results_and_events(store: Path, tmp_path: Path) -> None:
    run("--store", store, "--what", "rounds", "-o", tmp_path / "rounds.csv")
    first, without = cells(tmp_path / "rounds.csv")
    assert (first["maximum"], first["average"], first["max"], first["total"]) == (
        "30.0",
        "10.0",
        "140",
        "300",
    )
    assert (first["exact"], first["saturated"], first["alive"], first["reachable"]) == ("1", "0", "", "4")
    assert (without["maximum"], without["average"], without["count_hi"]) == ("", "", "0")
    run("--store", store, "--what", "events", "-o", tmp_path / "events.csv")
    found = [(row["kind"], row["node"], row["name"], row["detail"]) for row in cells(tmp_path / "events.csv")]
    assert found == [("lost", "7", "", '{"parent":1}'), ("alarm", "", "too hot", '{"limit":25}')]


def test_sums_are_kept_when_readings_are_gone(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden", StoreSettings(keep_readings_s=3_600))
    store.take(batch(*(reading(s, raw=100 + s % 3) for s in range(0, 14_400, 2))))
    store.settle()
    store.close()
    run("--store", tmp_path / "s", "--what", "hours", "-o", tmp_path / "h.csv")
    found = cells(tmp_path / "h.csv")
    assert (found[1]["count"], found[1]["minimum"], found[1]["maximum"]) == ("1800", "10.0", "11.0")
    assert float(found[1]["average"]) == pytest.approx(10.5)
    assert float(found[1]["deviation"]) == pytest.approx((2 / 3) ** 0.5 / 2)


@pytest.mark.parametrize("kind", ["readings", "rounds", "events"])
def test_parquet_holds_what_csv_holds(store: Path, tmp_path: Path, kind: str) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    run("--store", store, "--what", kind, "-o", tmp_path / "x.csv")
    run("--store", store, "--what", kind, "-o", tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert len(table) == len(cells(tmp_path / "x.csv"))
    for row, line in zip(table, cells(tmp_path / "x.csv"), strict=True):
        assert row.pop("time").strftime("%Y-%m-%dT%H:%M:%S.%fZ") == line.pop("time")
        shown = {key: int(value) if isinstance(value, bool) else value for key, value in row.items()}
        assert {key: "" if value is None else str(value) for key, value in shown.items()} == line


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A polled network that was simulated."""
    path = tmp_path / "run.pcapng"
    options = ["--network", "polling", "--grid", "3x2", "--rounds", "12", "--seed", "3", "--medium", "ideal"]
    assert main(["simulate", *options, "--capture", str(path), "--json"]) == 0
    return path


@pytest.mark.parametrize("kind", ["readings", "rounds", "events"])
def test_a_log_and_the_store_made_of_it_say_the_same(tmp_path: Path, capture: Path, kind: str) -> None:
    facts = Decoder(RecordOpener(OPEN)).facts(list(read_records(capture)))
    assert any(isinstance(fact, ReadingsSeen) for fact in facts)
    assert any(isinstance(fact, RoundRow) for fact in facts)
    store = Store(tmp_path / "s", "run")
    store.take(batch(*facts))
    store.close()
    run(capture, "--what", kind, "-o", tmp_path / "log.csv")
    run("--store", tmp_path / "s", "--what", kind, "-o", tmp_path / "store.csv")
    assert sorted((tmp_path / "log.csv").read_text().splitlines()) == sorted(
        (tmp_path / "store.csv").read_text().splitlines()
    )


def test_results_are_those_that_replay_prints(
    tmp_path: Path, capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capture, "--what", "rounds", "-o", tmp_path / "log.csv")
    main(["replay", str(capture), "--json"])
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = cells(tmp_path / "log.csv")
    assert len(found) == 12
    for key in (
        "round",
        "metric",
        "max",
        "max_id",
        "total",
        "average",
        "unit",
        "duration_ms",
        "frames",
        "alive",
    ):
        assert [row[key] for row in found] == [str(row[key]) for row in printed]


def test_a_folder_is_read_as_consumers_read_it(tmp_path: Path, capture: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    records = list(read_records(capture))
    half = len(records) // 2
    for number, part in enumerate((records[:half], records[half:]), 1):
        segment = CaptureFile(folder / f"treering-{number:08}.pcapng")
        for record in part:
            segment.write(record)
        segment.close()
    run(capture, "-o", tmp_path / "file.csv")
    run(folder, "-o", tmp_path / "folder.csv")
    one, other = cells(tmp_path / "file.csv"), cells(tmp_path / "folder.csv")
    assert [row | {"network": ""} for row in one] == [row | {"network": ""} for row in other]


def test_packets_are_told_by_their_headers(tmp_path: Path, capture: Path) -> None:
    records = [*read_records(capture), Record(10**9, "serial", Direction.INBOUND, b"?", None)]
    log = CaptureFile(tmp_path / "noisy.pcapng")
    for record in records:
        log.write(record)
    log.close()
    run(log.path, "--what", "packets", "-o", tmp_path / "all.csv")
    found = cells(tmp_path / "all.csv")
    assert len(found) == len(records)
    for row, record in zip(found[:-1], records, strict=False):
        first, source, destination, counter = peek_header(record.frame)
        assert row["type"] == FrameType(first & 0x1F).name.lower()
        assert [row[key] for key in ("source", "destination", "counter", "link", "direction", "bytes")] == [
            *map(str, (source, destination, counter, record.link, record.direction.name.lower())),
            str(len(record.frame)),
        ]
        assert (row["sealed"], row["damaged"]) == ("0", "0")
    assert [found[-1][key] for key in ("type", "source", "damaged", "bytes")] == ["", "", "1", "1"]
    run(log.path, "--what", "packets", "--node", "2", "-o", tmp_path / "2.csv")
    assert cells(tmp_path / "2.csv") == [row for row in found if row["source"] in ("2", "")]
    parquet = pytest.importorskip("pyarrow.parquet")
    run(log.path, "--what", "packets", "-o", tmp_path / "all.parquet")
    table = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert [str(row["counter"] or "") for row in table] == [row["counter"].lstrip("0") for row in found]


def refused(*arguments: str | Path) -> str:
    with pytest.raises(UsageError) as error:
        run(*arguments)
    return str(error.value)


def test_what_cannot_be(store: Path, tmp_path: Path, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "x.csv"
    assert "there is one source" in refused("-o", out)
    assert "there is one source" in refused(capture, "--store", store, "-o", out)
    assert "end it in .csv or .parquet" in refused(capture, "-o", tmp_path / "x.txt")
    assert "a store has no packets" in refused("--store", store, "--what", "packets", "-o", out)
    assert "a log has no hours" in refused(capture, "--what", "hours", "-o", out)
    assert "there is no such file" in refused("--store", tmp_path / "none", "-o", out)
    assert "No such file" in refused("--store", store, "-o", tmp_path / "none" / "x.csv")
    assert "no segment of a log" in refused(tmp_path, "-o", out)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install treering[parquet]" in refused("--store", store, "-o", tmp_path / "x.parquet")
    assert left_over(tmp_path) == []


def left_over(folder: Path) -> Sequence[Path]:
    return [*folder.glob("x.*")]


def test_a_file_that_is_there_stays_unless_it_shall_not(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    out.write_text("mine")
    assert "exists; name another file, or give --overwrite" in refused("--store", store, "-o", out)
    assert out.read_text() == "mine"
    assert run("--store", store, "-o", out, "--overwrite") == 0
    assert len(cells(out)) == 16


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_a_disk_that_is_full_leaves_nothing(store: Path, tmp_path: Path, name: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    out = tmp_path / name
    (tmp_path / f"{name}.part").symlink_to("/dev/full")
    said = refused("--store", store, "-o", out)
    assert said.startswith(f"{out}: ")
    assert "No space left on device" in said
    assert said.endswith("; make room, or name another file")
    assert left_over(tmp_path) == []


def test_times_are_utc_unless_they_say_otherwise() -> None:
    assert export.instant("1970-01-01T00:00:01") == 1_000_000
    assert export.instant("1970-01-01T01:00:00.000001+01:00") == 1
    with pytest.raises(argparse.ArgumentTypeError, match="is no time"):
        export.instant("yesterday")
