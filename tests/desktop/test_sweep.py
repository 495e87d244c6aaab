"""`treering sweep` as a researcher uses it: its table, JSON, CSV and plot, and that it ends when told to."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge import sweep
from bridge.errors import TreeringError
from bridge.simulate import simulation_of
from bridge.sweep import Case, Row, outcomes_of, row_of, smallest
from bridge.sweep_options import add_case_arguments, add_trial_arguments, cases_of
from bridge.sweep_rows import table
from desktop.command import main

Capsys = pytest.CaptureFixture[str]
QUICK = ("--rounds", "4", "--warm-up", "5", "--jobs", "1")
# Seven nodes in a room of 19.2 kbit/s: a tenth of a second is too short, and ten are plenty.
CROWD = ("--nodes", "7", "--area", "20x20", "--range", "30", "--collisions", "--seeds", "2", *QUICK)
PNG, SVG = b"\x89PNG", b"<?xml"


def swept(capsys: Capsys, *options: str) -> list[dict[str, Any]]:
    assert main(["sweep", "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_smallest_period_that_is_enough_is_found(capsys: Capsys) -> None:
    found = swept(capsys, *CROWD, "--period", "0.1,2,10")
    assert [row["period_s"] for row in found] == [0.1, 2.0, 10.0]
    assert found[0]["coverage"] < 0.99 <= found[2]["coverage"]
    assert sum(row["smallest"] for row in found) == 1
    first = next(row for row in found if row["coverage"] >= 0.99)
    assert first["smallest"]
    assert first["seeds"] == 2
    assert first["rounds"] == 8
    assert first["nodes"] == 7
    assert first["neighbours"] == 6.0
    assert first["latency_median_ms"] <= first["latency_p95_ms"] <= 1000 * first["period_s"]
    assert 6 / 7 <= first["data_frames"] < 3
    assert first["energy_mj"] > 0


def test_the_number_of_processes_changes_nothing(capsys: Capsys) -> None:
    options = ("--grid", "2x2,3x1", "--seeds", "2", "--rounds", "3", "--warm-up", "0", "--period", "2,4")
    assert swept(capsys, *options, "--jobs", "1") == swept(capsys, *options, "--jobs", "3")


def test_every_run_is_one_that_simulate_does(capsys: Capsys) -> None:
    """The same options give the same rounds, so a run of a sweep replays."""
    case = Case(("random-8-collisions", "--loss", "0.1"), 2.0)
    (run,) = case.runs(seeds=1, rounds=5, warm_up_s=10)
    outcome = sweep.simulated(run)
    assert isinstance(outcome, sweep.Outcome)
    assert main([*shlex.split(run.command_line)[1:], "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    shown = [(row["version"], row["count"], row["duration_ms"]) for row in lines]
    assert shown[run.warm_up_rounds :] == [
        (row.version, row.count, row.duration_ms) for row in outcome.rounds
    ]
    assert len(outcome.rounds) == outcome.due == 5


def test_the_warm_up_is_a_time_whatever_the_period() -> None:
    for period_s in (1.0, 5.0, 20.0, 60.0):
        (run,) = Case((), period_s).runs(seeds=1, rounds=1, warm_up_s=21.0)
        simulation = simulation_of(run.scenario)
        assert simulation.round_start_ms(run.warm_up_rounds) < 21_000
        assert simulation.round_start_ms(run.warm_up_rounds + 1) >= 21_000


def cases(*options: str) -> list[list[str]]:
    import argparse

    parser = argparse.ArgumentParser()
    add_case_arguments(parser)
    add_trial_arguments(parser)
    found = cases_of(parser.parse_args([*options, "--period", "3"]))
    return [list(case.options) for case in found]


def test_lists_are_tried_in_all_combinations() -> None:
    assert cases("--grid", "2x2,3x3", "--spacing", "8,16", "--loss", "0,0.1", "--collisions") == [
        ["--collisions", "--grid", size, "--spacing", spacing, "--loss", loss]
        for size in ("2x2", "3x3")
        for spacing in ("8", "16")
        for loss in ("0", "0.1")
    ]


def test_random_fields_grow_with_their_nodes() -> None:
    assert cases("--nodes", "4,9", "--spacing", "10") == [
        ["--random", "4", "--area", "20x20", "--connected", "--range", "20"],
        ["--random", "9", "--area", "30x30", "--connected", "--range", "20"],
    ]
    assert cases("--nodes", "4", "--area", "40x10", "--range", "15") == [
        ["--random", "4", "--area", "40x10", "--connected", "--range", "15"]
    ]
    assert cases("series", "--nodes", "40") == [
        ["series", "--random", "40", "--area", "80x80", "--connected"]
    ], "as dense as the scenario, with its range"


def test_a_scenario_alone_is_one_field(capsys: Capsys) -> None:
    assert cases("diamond") == [["diamond"]]
    assert cases("diamond", "--profile", "classic", "--metrics", "humidity,temperature") == [
        ["diamond", "--profile", "classic", "--metrics", "humidity,temperature"]
    ]
    (row,) = swept(capsys, "grid-16", "--period", "3", "--seeds", "1", *QUICK)
    assert (row["nodes"], row["field"], row["range_m"]) == (16, "30x30 m", 15.0)


ROW = Row(
    nodes=50, field="85x85 m", range_m=25.0, loss=0.0, period_s=5.0, seeds=5, rounds=100, connected=50.0,
    depth=5.3, neighbours=10.04, coverage=0.9899999, latency_median_ms=1850, latency_p95_ms=3440,
    data_frames=1.43, ack_frames=1.11, control_frames=0.06, bytes=56.4, energy_mj=2.73,
)  # fmt: skip


def test_the_table() -> None:
    rows = [ROW, replace(ROW, nodes=100, field="120x120 m", coverage=0.99, latency_median_ms=None)]
    assert table(rows, 0.99).splitlines() == [
        "       field       hear   T  cover  delay    s       frames",
        "  N        m  hops each   s      %   50 % 95 %  data    ack other  bytes   mJ",
        " 50    85x85   5.3   10  >5   98.9   1.85 3.44  1.43   1.11  0.06     56 2.73",
        "100  120x120   5.3   10   5   99.0      - 3.44  1.43   1.11  0.06     56 2.73",
    ]


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    wide = replace(
        ROW, nodes=1000, field="999x999 m", depth=30.0, neighbours=100.0, period_s=60.0,
        latency_median_ms=48_000, latency_p95_ms=48_000, bytes=500.0, energy_mj=20.0,
    )  # fmt: skip
    assert max(map(len, table([wide, ROW], 0.99).splitlines())) <= 80


def test_only_what_differs_has_a_column() -> None:
    assert "loss" not in table([ROW], 0.99)
    assert "loss" in table([ROW, replace(ROW, loss=0.1)], 0.99)


def test_of_each_field_the_smallest_period_that_is_enough_else_the_longest() -> None:
    rows = [
        replace(ROW, nodes=nodes, period_s=period_s, coverage=coverage)
        for nodes, period_s, coverage in (
            *((10, 5.0, 1.0), (10, 2.0, 0.995), (10, 1.0, 0.9)),
            *((20, 1.0, 0.3), (20, 5.0, 0.8)),
        )
    ]
    assert [(row.nodes, row.period_s) for row in smallest(rows, 0.99)] == [(10, 2.0), (20, 5.0)]


def test_a_field_that_never_answers_is_a_row_too() -> None:
    """Its root is dead from the start."""
    case = Case(("--grid", "2x1", "--kill", "1@1"), 2.0)
    row = row_of(case, outcomes_of(case.runs(1, 3, 0), 1, lambda run: None))
    assert (row.coverage, row.latency_median_ms, row.data_frames) == (0.0, None, 0.0)


def test_people_get_a_table_with_what_it_holds_for(capsys: Capsys) -> None:
    assert main(["sweep", *CROWD, "--period", "5"]) == 0
    out, error = capsys.readouterr()
    assert out.startswith("The smallest T that covers 99 % of the reachable nodes:\n\n")
    assert (
        "\ndisk, cc1000, collisions, range 30 m, loss 0, profile default; 2 seeds, 4 rounds after 5 s.\n"
        in out
    )
    assert error == "", "no bar where there is no terminal"


def test_a_field_that_is_not_connected_is_told(capsys: Capsys) -> None:
    assert main(["sweep", "--grid", "3x1", "--range", "5", "--seeds", "1", "--period", "2", *QUICK]) == 0
    error = capsys.readouterr().err
    assert error == (
        "treering: of 3 nodes on 20x0 m only 1 have a way to the root; raise --range, or move nodes closer\n"
    )


def test_csv_has_every_period(capsys: Capsys, tmp_path: Path) -> None:
    path = tmp_path / "sweep.csv"
    rows = swept(capsys, *CROWD, "--period", "0.1,10", "--csv", str(path))
    assert b"\r" not in path.read_bytes()
    with path.open(encoding="utf-8") as file:
        table_rows = list(csv.DictReader(file))
    assert [row["period_s"] for row in table_rows] == ["0.1", "10.0"]
    assert list(table_rows[0]) == list(rows[0])
    assert table_rows[1]["smallest"] == "True"


@pytest.mark.parametrize(("name", "magic"), [("plot.png", PNG), ("plot.svg", SVG), ("PLOT.PDF", b"%PDF")])
def test_a_plot_is_in_the_format_of_its_name(capsys: Capsys, tmp_path: Path, name: str, magic: bytes) -> None:
    path = tmp_path / name
    assert main(["sweep", *CROWD, "--period", "0.1,10", "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(magic)


def test_a_plot_says_what_it_shows(capsys: Capsys, tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    assert main(["sweep", *CROWD, "--period", "0.1,10", "--loss", "0,0.5", "--plot", str(path)]) == 0
    texts = re.findall(r"<!-- (.*) -->", path.read_text(encoding="utf-8"))
    assert "7 on 20x20 m, loss 0.5" in texts
    assert "disk, cc1000, collisions, range 30 m, profile default; 2 seeds, 4 rounds after 5 s" in texts
    assert {"0.1", "10", "99.9", "100"} <= set(texts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "x.gif"], "x.gif: no picture format; end the name in .png, .svg, .pdf"),
        (["--plot", "no/folder/x.png"], "no/folder/x.png: No such file or directory; name a file"),
        (["--csv", "no/folder/x.csv"], "no/folder/x.csv: No such file or directory; name a file"),
        (["--grid", "2x2", "--area", "9x9"], "--area is of random fields; give --nodes instead of --grid"),
        (["diamond", "--spacing", "9"], "--spacing and --area need a list of fields; give --nodes or --grid"),
        (["nothing"], "nothing: No such file or directory; name a file, or one of diamond"),
        (["--nodes", "9", "--area", "999x999", "--range", "5"], "is connected at a range of 5 m; raise the"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    field = [] if {"--grid", "--nodes", "diamond", "nothing"} & set(options) else ["--nodes", "3"]
    assert main(["sweep", *field, *options, "--period", "2", "--seeds", "1", *QUICK]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_plot_without_matplotlib_names_the_remedy_before_the_work(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "desktop.experiments.sweep_plot", None)
    assert main(["sweep", "--nodes", "9999", "--plot", "x.png"]) == 2
    error = capsys.readouterr().err
    assert error.endswith("; install it with `pip install treering[desktop]`\n")
    assert error.count("\n") == 1


def test_a_broken_promise_ends_the_sweep_with_the_line_that_replays_it(
    capsys: Capsys, miscounted_truth: None
) -> None:
    assert main(["sweep", "--grid", "2x2", "--seeds", "1", "--period", "2", *QUICK]) == 1
    error = capsys.readouterr().err
    command = re.search(r"; (treering simulate .*) replays it\n$", error)
    assert command
    assert error.startswith("treering: seed 1, round 1: the result of version 1 is wrong")
    assert main(shlex.split(command[1])[1:]) == 1
    assert capsys.readouterr().err.startswith("treering: seed 1, round 1: the result of version 1 is wrong")


def test_a_process_that_is_ended_from_outside_ends_the_sweep_in_one_line() -> None:
    def end_one(run: sweep.Run) -> None:
        for process in multiprocessing.active_children()[:1]:
            process.kill()

    runs = Case(("--grid", "2x1"), 2.0).runs(seeds=20, rounds=1, warm_up_s=0)
    with pytest.raises(TreeringError, match="a process was ended from outside; try again"):
        outcomes_of(runs, 2, end_one)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal's interrupt cannot be sent there")
def test_an_interrupt_ends_it_and_its_processes_at_once() -> None:
    command = [sys.executable, "-m", "desktop.command", "sweep", "--nodes", "3,300", "--rounds", "100000"]
    options = ["--seeds", "2", "--jobs", "2", "--period", "5", "--warm-up", "0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while not children_of(process.pid):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (1, b"", b"")
    deadline_s = time.monotonic() + 10
    while processes_in(process.pid):
        assert time.monotonic() < deadline_s


def processes_in(group: int) -> str:
    return subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True).stdout


def children_of(pid: int) -> str:
    return subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
