"""`treering compare` as a teacher uses it: its table, JSON, CSV and plot, and what it says of bad input."""

from __future__ import annotations

import csv
import json
import re
import shlex
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from bridge.compare import Row, Trial, rows_of, trials_of
from bridge.compare_rows import table
from desktop.command import main
from protocol.simulator.networks import NETWORKS
from protocol.simulator.scenario import Scenario

Capsys = pytest.CaptureFixture[str]
QUICK = ("--rounds", "3", "--warm-up", "8", "--seeds", "2", "--jobs", "1")
BENCH = ("--grid", "4x1", "--medium", "ideal", "--radio", "lan", *QUICK)
CHAIN = """range_m = 12
node = [{id = 1, x_m = 0, y_m = 0}, {id = 2, x_m = 10, y_m = 0}, {id = 3, x_m = 20, y_m = 0}]
"""


def compared(capsys: Capsys, *options: str) -> list[dict[str, Any]]:
    assert main(["compare", "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_a_network_and_one_for_the_root_of_the_tree(capsys: Capsys) -> None:
    rows = compared(capsys, *BENCH)
    assert [(row["network"], row["who"]) for row in rows] == [
        ("tree", "child"),
        ("tree", "root"),
        ("ring", "holder"),
        ("polling", "primary"),
    ]
    assert all(list(row) == [field.name for field in fields(Row)] for row in rows)
    tree, root, ring, polling = rows
    assert [row["frames"] for row in (tree, ring, polling)] == [2 * 3, 4 * 4 + 1, 2 * 3 + 18]
    assert [row["rounds"] for row in (tree, ring, polling)] == [6, 6, 6]
    assert [row["coverage"] for row in (tree, ring, polling)] == [1, 1, 1]
    assert root["died"] == [[1], [1]]
    assert root["result_ms"] > 15_000
    assert root["frames"] is None
    assert all(row["recovered"] == 2 for row in rows)
    assert ring["result_ms"] < polling["result_ms"] < tree["result_ms"]


def test_the_networks_can_be_chosen(capsys: Capsys) -> None:
    rows = compared(capsys, *BENCH, "--networks", "polling,ring")
    assert [row["network"] for row in rows] == ["polling", "ring"]


def test_the_number_of_processes_changes_nothing(capsys: Capsys) -> None:
    options = ("--grid", "3x1", "--loss", "0.1", *QUICK)
    assert compared(capsys, *options) == compared(capsys, *options, "--jobs", "3")


def test_seeds_begin_where_they_are_told() -> None:
    trials = trials_of(Scenario(seed=7), ["ring"], 3, 5.0, "treering compare grid-16")
    assert [trial.scenario.seed for trial in trials] == [7, 8, 9]
    assert trials[1].command_line == "treering compare grid-16 --networks ring --seed 8 --seeds 1"


def test_figures_are_medians_over_the_seeds() -> None:
    """Of three fields with one lossy air, compared alone and together."""
    scenario = replace(Scenario(), rounds=3, seed=1)
    trials = trials_of(scenario, ["polling"], 3, 8.0, "")

    def rows(of: list[Trial]) -> list[Row]:
        return rows_of(of, 1, lambda trial: None)

    alone = [rows([trial])[0] for trial in trials]
    (together,) = rows(trials)
    assert together.skew_ms == sorted(row.skew_ms or 0.0 for row in alone)[1]
    assert together.frames == sorted(row.frames or 0.0 for row in alone)[1]
    assert together.lost == sum(row.lost or 0 for row in alone)
    assert together.died == tuple(row.died[0] for row in alone)


def test_a_field_is_a_scenario_or_a_topology_file(capsys: Capsys, tmp_path: Path) -> None:
    toml = tmp_path / "chain.toml"
    toml.write_text(CHAIN, encoding="utf-8")
    sos = tmp_path / "topo.def"
    sos.write_text("3\n1 0 0 12\n2 10 0 12\n3 20 0 12\n", encoding="utf-8")
    options = (*QUICK, "--networks", "tree")
    found = compared(capsys, str(toml), *options)
    assert found == compared(capsys, str(sos), *options) == compared(capsys, "--topology", str(sos), *options)
    assert found[0]["nodes"] == 3
    (ring,) = compared(capsys, "ring-8", "--networks", "ring", "--seeds", "1", "--warm-up", "5")
    assert (ring["who"], ring["died"], ring["recovered"]) == ("given", [[3]], 1)


ROW = Row(
    network="tree", nodes=50, seeds=5, rounds=100, lost=1, coverage=0.99999, frames=106.95, bytes=2252.85,
    busiest=34.3, latency_p50_ms=1399.9, latency_p99_ms=1850.0, oldest_ms=1399.4, skew_ms=34.0, who="child",
    died=((7,),) * 5, result_ms=8006.0, whole_ms=None, recovered=2,
)  # fmt: skip


def test_the_table() -> None:
    costs = ("rounds", "lost", "coverage", "frames", "bytes", "busiest")
    times = ("latency_p50_ms", "latency_p99_ms", "oldest_ms", "skew_ms")
    nothing: dict[str, Any] = dict.fromkeys(times)
    ring = replace(ROW, network="ring", died=((7,), (3,)), **nothing)
    nothing |= dict.fromkeys(costs)
    root = replace(ROW, who="root", died=((1,),) * 5, **nothing)
    assert table([ROW, root, ring]).splitlines() == [
        "        cover                             delay   ms  age skew          result   all",
        "network     % lost  frames bytes busiest   50 % 99 %   ms   ms  died         s     s",
        "tree     99.9    1     107  2253    34.3   1400 1850 1399 34.0  child 7   8.01 never",
        "tree                                                            root 1    8.01 never",
        "ring     99.9    1     107  2253    34.3      -    -    -    -  child     8.01 never",
    ]


def test_people_get_the_table_with_what_it_holds_for(capsys: Capsys) -> None:
    assert main(["compare", "--grid", "3x1", *QUICK]) == 0
    out, error = capsys.readouterr()
    assert out.startswith(
        "3 nodes, disk, cc1000, no collisions, range 15 m, loss 0, T = 5 s; 2 seeds, 3 rounds after 8 s.\n\n"
    )
    assert "The tree's root was dead for 3 rounds" in out
    assert "the ring found no order in which each hears the next" in out
    assert "treering: polling: nodes 1, 3 do not hear every other" in error
    assert "treering: ring: " in error
    assert main(["compare", *BENCH]) == 0
    assert "hear" not in "".join(capsys.readouterr())


def test_csv_has_what_json_has(capsys: Capsys, tmp_path: Path) -> None:
    path = tmp_path / "compare.csv"
    rows = compared(capsys, *BENCH, "--csv", str(path))
    assert b"\r" not in path.read_bytes()
    with path.open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == list(rows[0])
    assert [row["frames"] for row in found] == ["6.0", "", "17.0", "24.0"]
    assert found[1]["died"] == "1 1"


@pytest.mark.parametrize(("name", "magic"), [("plot.png", b"\x89PNG"), ("PLOT.PDF", b"%PDF")])
def test_a_plot_is_in_the_format_of_its_name(capsys: Capsys, tmp_path: Path, name: str, magic: bytes) -> None:
    path = tmp_path / name
    compared(capsys, *BENCH, "--plot", str(path))
    assert path.read_bytes().startswith(magic)


def test_a_plot_says_what_it_shows(capsys: Capsys, tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    compared(capsys, *BENCH, "--plot", str(path))
    texts = re.findall(r"<!-- (.*) -->", path.read_text(encoding="utf-8"))
    assert {"Frames a period, all nodes", "6.00", "17.0", "24.0", "100.0", *NETWORKS} <= set(texts)
    caption = "4 nodes, ideal, lan, no collisions, loss 0, T = 5 s; 2 seeds, 3 rounds after 8 s"
    assert f"{caption}. The tree's root is dead for 3 T, then back" in texts


def test_a_file_that_exists_is_kept(capsys: Capsys, tmp_path: Path) -> None:
    path = tmp_path / "compare.csv"
    path.write_text("mine", encoding="utf-8")
    assert main(["compare", *BENCH, "--networks", "tree", "--csv", str(path)]) == 0
    new_path = tmp_path / "compare-1.csv"
    assert capsys.readouterr().err == f"treering: {path} exists and is kept; the new file is {new_path}\n"
    assert path.read_text(encoding="utf-8") == "mine"
    assert new_path.read_text(encoding="utf-8").startswith("network,nodes,")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "x.gif"], "x.gif: no picture format; end the name in .png, .svg, .pdf"),
        (["--csv", "no/folder/x.csv"], "no/folder/x.csv: No such file or directory; name a file"),
        (["nothing"], "nothing: No such file or directory; name a file, or one of diamond"),
        (["--kill", "9@2"], "kill 9@2: no node 9 in the field"),
        (["--kill", "2@99"], "node 2 dies before round 99, after the last that counts; let it die earlier"),
        (["--grid", "1x1"], "a field of one node is no network; give it more nodes"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *BENCH, "--networks", "tree", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_network_that_is_none_is_told(capsys: Capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(["compare", "--networks", "star"])
    assert end.value.code == 2
    assert "'star' is no network; there are tree, ring, polling" in capsys.readouterr().err


def test_a_plot_without_matplotlib_names_the_remedy_before_the_work(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "desktop.experiments.compare_plot", None)
    assert main(["compare", "--random", "9999", "--plot", "x.png"]) == 2
    assert capsys.readouterr().err.endswith("; install it with `pip install treering[desktop]`\n")


def test_a_broken_promise_ends_it_with_the_line_that_replays_it(
    capsys: Capsys, miscounted_truth: None
) -> None:
    assert main(["compare", *BENCH]) == 1
    error = capsys.readouterr().err
    command = re.search(
        r"; (treering compare .* --networks (\w+) --seed (\d) --seeds 1) replays it\n$", error
    )
    assert command
    assert main(shlex.split(command[1])[1:]) == 1
    again = f"{command[1]} --networks {command[2]} --seed {command[3]} --seeds 1"
    assert capsys.readouterr().err == error.replace(command[1], again)
