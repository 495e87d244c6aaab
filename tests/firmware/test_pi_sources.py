"""The synthetic source and data sets: what they give at which time, and what is wrong with a file."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev

import pytest

from bridge.errors import UsageError
from firmware.pi.sensors.dataset import AtEnd, DataSet, Row, read_rows
from firmware.pi.sensors.synthetic import DAY_S, SHAPES, Shape, Synthetic
from protocol.aggregate import HUMIDITY, MAX_RAW, METRICS, TEMPERATURE, metric_of
from tests.firmware.i2c_bus import VirtualClock

T, H = TEMPERATURE.id, HUMIDITY.id
FLAT = Shape(baseline=20.0, amplitude=0.0, noise=0.0)


def series(shape: Shape, count: int, step_s: float, seed: int = 1, metric: int = T) -> list[float | None]:
    """Values at equal steps; None where the source failed."""
    clock = VirtualClock()
    source = Synthetic(metric, shape, seed, clock)
    found: list[float | None] = []
    for _ in range(count):
        try:
            found.append(source.measure()[metric])
        except OSError:
            found.append(None)
        clock.sleep(step_s)
    return found


def values(shape: Shape, count: int, step_s: float, seed: int = 1) -> list[float]:
    return [value for value in series(shape, count, step_s, seed) if value is not None]


# --- the synthetic source --------------------------------------------------------------------------------


def test_a_seed_is_a_series() -> None:
    shape = replace(SHAPES[T], spike=5.0, spike_share=0.1, stuck_s=60.0, stuck_share=0.1, failing_share=0.1)
    assert series(shape, 200, 10.0) == series(shape, 200, 10.0)
    assert series(shape, 200, 10.0, seed=1) != series(shape, 200, 10.0, seed=2)


def test_the_wave_has_its_period_phase_and_amplitude() -> None:
    shape = replace(FLAT, amplitude=3.0, period_s=400.0, phase_rad=math.pi / 2)
    assert values(shape, 5, 100.0) == pytest.approx([23.0, 20.0, 17.0, 20.0, 23.0])


def test_noise_has_its_deviation() -> None:
    found = values(replace(FLAT, noise=0.5), 4_000, 1.0)
    assert fmean(found) == pytest.approx(20.0, abs=0.05)
    assert pstdev(found) == pytest.approx(0.5, rel=0.05)


def test_drift_grows_with_the_days() -> None:
    assert values(replace(FLAT, drift_per_day=-1.5), 3, DAY_S) == pytest.approx([20.0, 18.5, 17.0])


def test_spikes_are_single_readings_up_and_down_at_their_share() -> None:
    found = values(replace(FLAT, spike=8.0, spike_share=0.1), 2_000, 1.0)
    assert set(found) == {12.0, 20.0, 28.0}
    assert sum(value != 20.0 for value in found) == pytest.approx(200, abs=50)


def test_a_stuck_phase_repeats_its_first_reading_for_its_time() -> None:
    found = values(replace(FLAT, noise=1.0, stuck_s=50.0, stuck_share=0.02), 2_000, 10.0)
    runs = [1]
    for before, after in pairwise(found):
        if before == after:
            runs[-1] += 1
        else:
            runs.append(1)
    assert set(runs) == {1, 5}


def test_failures_give_no_value_at_their_share() -> None:
    found = series(replace(FLAT, failing_share=0.25), 2_000, 1.0)
    assert found.count(None) == pytest.approx(500, abs=80)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_shape_that_it_can_tell(metric: int) -> None:
    least, most = metric_of(metric).scaled(0), metric_of(metric).scaled(MAX_RAW)
    found = [value for value in series(SHAPES[metric], 500, 600.0, metric=metric) if value is not None]
    assert len(set(found)) > 100
    assert all(least <= value <= most for value in found)


# --- data sets: playing ----------------------------------------------------------------------------------

ROWS = [Row(0.0, {T: 1.0}), Row(10.0, {T: 2.0, H: 50.0}), Row(40.0, {T: 3.0})]
UNTIMED = [replace(row, time_s=None) for row in ROWS]


def play(data: Callable[[VirtualClock], DataSet], *steps_s: float) -> list[dict[int, float] | str]:
    """What it gives at first, and after each step; the reason where it gives nothing."""
    clock = VirtualClock()
    source, found = data(clock), list[dict[int, float] | str]()
    for step_s in (0.0, *steps_s):
        clock.sleep(step_s)
        try:
            found.append(dict(source.measure()))
        except OSError as error:
            found.append(str(error))
    return found


END = "the data set is at its end"


def test_rows_come_at_their_own_times_and_the_last_stands_as_long_as_the_one_before() -> None:
    found = play(lambda clock: DataSet("x", ROWS, clock=clock), 9.9, 0.2, 29.0, 1.0, 28.0, 3.0)
    assert found == [{T: 1.0}, {T: 1.0}, {T: 2.0, H: 50.0}, {T: 2.0, H: 50.0}, {T: 3.0}, {T: 3.0}, END]


def test_time_may_pass_faster() -> None:
    assert play(lambda clock: DataSet("x", ROWS, speed=10.0, clock=clock), 1.0, 3.0, 3.0) == [
        {T: 1.0},
        {T: 2.0, H: 50.0},
        {T: 3.0},
        END,
    ]


def test_rows_come_at_a_rate_whatever_their_times() -> None:
    for rows in (ROWS, UNTIMED):
        found = play(lambda clock, rows=rows: DataSet("x", rows, row_s=2.0, clock=clock), 2, 2, 1, 1)  # type: ignore[misc]
        assert found == [{T: 1.0}, {T: 2.0, H: 50.0}, {T: 3.0}, {T: 3.0}, END]


def test_a_loop_begins_again() -> None:
    found = play(lambda clock: DataSet("x", ROWS, row_s=2.0, at_end=AtEnd.LOOP, clock=clock), 4, 2, 2, 600)
    assert found == [{T: 1.0}, {T: 3.0}, {T: 1.0}, {T: 2.0, H: 50.0}, {T: 2.0, H: 50.0}]


def test_only_wanted_metrics_and_no_value_where_the_file_has_none() -> None:
    found = play(lambda clock: DataSet("x", ROWS, row_s=1.0, metrics=(H,), clock=clock), 1)
    assert found == ["the data set has no reading here", {H: 50.0}]
    with pytest.raises(UsageError, match="x: it has no wind_speed"):
        DataSet("x", ROWS, metrics=(4,))


def test_rows_without_times_need_a_rate() -> None:
    with pytest.raises(UsageError, match="give row_s, the seconds between rows"):
        DataSet("x", UNTIMED)


# --- data sets: files ------------------------------------------------------------------------------------


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_json_and_json_lines_give_the_same_rows(tmp_path: Path) -> None:
    files = (
        ("a.csv", "time,temperature,humidity\n2026-05-01T12:00:00Z,1,\n2026-05-01T12:00:10,2,50\n"),
        (
            "a.json",
            '[{"time": 5, "temperature": 1, "humidity": null},\n'
            ' {"time": 15.0, "temperature": 2, "humidity": 50}]',
        ),
        ("a.jsonl", '{"time": "5", "temperature": 1}\n\n{"time": 15, "temperature": 2, "humidity": 50}\n'),
    )
    for name, text in files:
        assert read_rows(written(tmp_path, name, text)) == ROWS[:2], name


def test_bad_rows_are_named_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(
        tmp_path,
        "field.csv",
        "time,temperature\n0,1\nsoon,1\n10,warm\n10,2\n5,3\n,4\n20,nan\n30,5,6\n40,3\n",
    )
    assert [row.time_s for row in read_rows(path)] == [0.0, 10.0, 40.0]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}:3: time is 'soon', which is neither seconds nor ISO 8601; this row is left out",
        f"{path}:4: temperature is 'warm', which is no number; this row is left out",
        f"{path}:6: its time is not after that of the row before; this row is left out",
        f"{path}:7: it has no time; this row is left out",
        f"{path}:8: temperature is 'nan', which is no number; this row is left out",
        f"{path}: 1 more bad rows are left out",
    ]


def test_bad_json_rows_are_named_by_the_line_they_begin_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    array = written(
        tmp_path, "a.json", '[\n  {"temperature": 1},\n  7,\n\n  {"heat": 1},\n  {"temperature": 2}\n]\n'
    )
    lines = written(tmp_path, "a.jsonl", '{"temperature": 1}\n{"temperature": tru\n{"temperature": true}\n')
    assert len(read_rows(array)) == 2
    assert len(read_rows(lines)) == 1
    names = ", ".join(metric.name for metric in METRICS.values())
    starts = [record.getMessage().split("; ")[0] for record in caplog.records]
    assert starts == [
        f"{array}:3: it is no object",
        f"{array}:5: unknown key 'heat', known are time, {names}",
        f"{lines}:2: it is no object",
        f"{lines}:3: temperature is True, which is no number",
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "time,heat\n1,2\n", "a.csv:1: unknown column 'heat'; known are time, temperature,"),
        ("a.csv", "", "a.csv: no row with a reading"),
        ("a.csv", "temperature\n\n", "a.csv: no row with a reading"),
        ("a.json", '[{"temperature": 1},\n {"temperature": }]', "a.json:2: Expecting value"),
        ("a.json", '{"temperature": 1}', "a.json:1: no array"),
        ("a.txt", "1", "a.txt: a data set is a file that ends in .csv, .json, .jsonl"),
    ],
)
def test_a_file_of_no_use_is_told_in_a_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        read_rows(written(tmp_path, name, text))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_rows(tmp_path / "none.csv")
