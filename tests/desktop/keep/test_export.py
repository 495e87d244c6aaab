"""Exports: what is read back is what the log tells, and a work that is cancelled leaves nothing."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.access import OPEN, RecordOpener
from bridge.entries import utc_text
from bridge.log.decoder import Decoder
from desktop.keep.export import TableRequest, What, export_table, write_columns
from desktop.keep.job import CancelledError, Job, Tell
from protocol.capture import Record
from protocol.observations import RoundRow
from protocol.packets import peek_header

EVER_US = (1 << 63) - 1
PATIENCE_S = 60.0


def silent(share: float, text: str) -> None:
    """Nobody waits."""


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of(records: list[Record]) -> list[RoundRow]:
    facts = Decoder(RecordOpener(OPEN)).facts(records)
    return [fact for fact in facts if isinstance(fact, RoundRow)]


def request(log: Path, what: What, name: str, from_us: int = 0, to_us: int = EVER_US) -> TableRequest:
    return TableRequest(log, OPEN, what, from_us, to_us, log.parent / name)


def test_rounds_read_back_equal(demo_log: Path, demo_records: list[Record]) -> None:
    made = request(demo_log, What.ROUNDS, "r.csv")
    rows = rows_of(demo_records)
    assert export_table(made, silent) == f"{len(rows):,} rows"
    assert [
        (
            row["time"],
            row["metric"],
            row["round"],
            row["average"],
            row["max_id"],
            row["count_lo"],
            row["exact"],
        )
        for row in cells(made.path)
    ] == [
        (
            utc_text(row.timestamp_us),
            row.metric.name,
            str(row.round),
            "" if row.average is None else str(row.average),
            "" if row.max_id is None else str(row.max_id),
            str(row.count_lo),
            str(int(row.exact)),
        )
        for row in rows
    ]


def test_a_span_holds_what_is_in_it_as_parquet_and_as_csv(demo_log: Path, demo_records: list[Record]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from_us, to_us = demo_records[100].timestamp_us, demo_records[-100].timestamp_us
    wanted = [record for record in demo_records if from_us <= record.timestamp_us < to_us]
    for name in ("p.csv", "p.parquet"):
        export_table(request(demo_log, What.PACKETS, name, from_us, to_us), silent)
    found = cells(demo_log.with_name("p.csv"))
    table = parquet.read_table(demo_log.with_name("p.parquet")).to_pylist()
    for row, line, record in zip(table, found, wanted, strict=True):
        _, source, destination, counter = peek_header(record.frame)
        assert (row["source"], row["destination"], row["counter"]) == (source, destination, counter)
        assert (line["source"], line["counter"]) == (str(source), str(counter))
        assert row["time"].timestamp() == pytest.approx(record.timestamp_us / 1e6)


def test_columns_of_plots_read_back_equal(tmp_path: Path) -> None:
    columns: dict[str, np.ndarray[Any, Any]] = {
        "time_us": np.array([1, 2, 3], np.int64),
        "temperature maximum": np.array([20.1, np.nan, 22.5], np.float32),
    }
    write_columns(columns, tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text() == "time_us,temperature maximum\n1,20.1\n2,\n3,22.5\n"
    parquet = pytest.importorskip("pyarrow.parquet")
    write_columns(columns, tmp_path / "c.parquet")
    table = parquet.read_table(tmp_path / "c.parquet").to_pydict()
    assert table["time_us"] == [1, 2, 3]
    assert [value and np.float32(value) for value in table["temperature maximum"]] == [
        np.float32(20.1), None, np.float32(22.5),
    ]  # fmt: skip


def test_an_export_that_is_cancelled_or_fails_leaves_nothing(demo_log: Path, tmp_path: Path) -> None:
    def cancel(share: float, text: str) -> None:
        raise CancelledError

    before = sorted(tmp_path.iterdir())
    with pytest.raises(CancelledError):
        export_table(request(demo_log, What.PACKETS, "p.csv"), cancel)
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(FileNotFoundError):
        export_table(request(demo_log, What.PACKETS, "none/p.csv"), silent)


# --- jobs ---


def count_on(request: int, tell: Tell) -> str:
    """So many steps, or without end."""
    step = 0
    while not request or step < request:
        step += 1
        tell(step / request if request else 0.5, f"step {step}")
        time.sleep(0.001)  # as work does
    return f"{step} steps"


def fail(request: Any, tell: Tell) -> str:
    raise request


def wait_for(job: Job) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while job.poll() is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_job_tells_how_far_it_is_and_what_it_has_made() -> None:
    job = Job(count_on, 20)
    wait_for(job)
    assert job.outcome is not None
    assert (job.outcome.is_well, job.outcome.text) == (True, "20 steps")
    assert (job.share, job.text) == (1.0, "step 20")


def test_a_job_is_cancelled_when_nobody_waits() -> None:
    job = Job(count_on, 0)
    deadline_s = time.monotonic() + PATIENCE_S
    while not job.text:
        assert time.monotonic() < deadline_s
        job.poll()
        time.sleep(0.01)
    job.cancel()
    wait_for(job)
    assert job.outcome is not None
    assert (job.outcome.is_well, job.outcome.text) == (False, "cancelled")
    left = Job(count_on, 0)
    left.close()
    assert not left._process.is_alive()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(28, "No space left on device", "/x/r.csv"), "/x/r.csv: No space left on device; make room,"),
        (KeyError("a mistake of ours"), "KeyError: 'a mistake of ours'"),
    ],
)
def test_what_stops_a_job_is_told(error: Exception, text: str) -> None:
    job = Job(fail, error)
    wait_for(job)
    assert job.outcome is not None
    assert not job.outcome.is_well
    assert job.outcome.text.startswith(text)
    assert ("Traceback" in job.outcome.details) == isinstance(error, KeyError)
