"""`treering simulate` as a script uses it: its JSON, its log, its exit codes and its messages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from desktop.command import main
from protocol.simulator.truth import Truth

KEYS = [
    *(
        "round",
        "version",
        "metric",
        "max",
        "max_id",
        "total",
        "count",
        "count_lo",
        "count_hi",
        "average",
        "unit",
    ),
    *("exact", "saturated", "duration_ms", "frames", "bytes", "repairs", "alive", "reachable"),
]
Capsys = pytest.CaptureFixture[str]


def rounds(capsys: Capsys, *options: str) -> list[dict[str, Any]]:
    assert main(["simulate", "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_grid_of_16_is_counted_whole_and_equals_the_truth(capsys: Capsys) -> None:
    found = rounds(
        capsys,
        *("--grid", "4x4", "--spacing", "10", "--range", "15", "--rounds", "20", "--seed", "1", "--truth"),
    )
    assert [row["round"] for row in found] == list(range(1, 21))
    for row in found:
        assert list(row) == [*KEYS, "readings", "contributors"]
        assert row["count"] == row["count_lo"] == row["count_hi"] == 16
        assert row["contributors"] == list(range(1, 17))
        assert row["total"] == sum(row["readings"].values())
        assert row["max"] == max(row["readings"].values()) == row["readings"][str(row["max_id"])]
        assert row["average"] == pytest.approx(-40 + 0.5 * row["total"] / 16, abs=1e-6)
        assert row["exact"] is True


def test_the_same_seed_gives_the_same_bytes(capsys: Capsys, tmp_path: Path) -> None:
    def run(name: str, seed: int) -> tuple[bytes, str]:
        log = tmp_path / name
        assert (
            main(["simulate", "--loss", "0.1", "--rounds", "5", "--seed", str(seed), "--capture", str(log)])
            == 0
        )
        return log.read_bytes(), capsys.readouterr().out

    assert run("a.pcapng", 1) == run("b.pcapng", 1)
    assert run("c.pcapng", 1) != run("d.pcapng", 2)


def test_a_captured_run_replays_to_the_same_lines(capsys: Capsys, tmp_path: Path) -> None:
    log = str(tmp_path / "field.pcapng")
    kill = ("--kill", "6@4", "--revive", "6@8", "--loss", "0.05")
    assert main(["simulate", "--json", "--rounds", "12", *kill, "--capture", log]) == 0
    live = capsys.readouterr().out
    assert main(["replay", log, "--json"]) == 0
    assert capsys.readouterr().out == live


def test_a_topology_file_and_faults(capsys: Capsys, tmp_path: Path) -> None:
    diamond = tmp_path / "topo.def"
    diamond.write_text("4\n1 0 0 12\n2 10 5 12\n3 10 -5 12\n4 20 0 12\n")
    found = rounds(capsys, "--topology", str(diamond), "--rounds", "6", "--kill", "2@3", "--join", "3@2")
    assert [row["alive"] for row in found] == [3, 4, 3, 3, 3, 3]
    assert found[-1]["count"] == 3


def test_a_topology_file_may_begin_with_a_byte_order_mark(capsys: Capsys, tmp_path: Path) -> None:
    """Editors on Windows write one."""
    pair = tmp_path / "topo.def"
    pair.write_text("2\n1 0 0 12\n2 10 5 12\n", encoding="utf-8-sig")
    assert rounds(capsys, "--topology", str(pair), "--rounds", "1")[0]["count"] == 2


def test_people_get_a_line_a_round(capsys: Capsys) -> None:
    assert main(["simulate", "--rounds", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("round 3  temperature: max ")
    assert "16 of 16 nodes" in lines[2]


def test_a_scenario_runs_by_name_and_options_change_it(capsys: Capsys) -> None:
    assert [row["alive"] for row in rounds(capsys, "diamond", "--rounds", "8")] == [4, 4, 3, 3, 4, 4, 3, 3]
    faults = rounds(capsys, "diamond", "--rounds", "3", "--kill", "4@2", "--first-version", "65535")
    assert [row["alive"] for row in faults] == [4, 3, 2], "the scenario's faults and those of the options"
    assert [row["version"] for row in faults] == [65535, 0, 1]
    room = rounds(capsys, "diamond", "--medium", "ideal", "--rounds", "2", "--metrics", "humidity")
    assert {row["metric"] for row in room} == {"humidity"}
    assert room[1]["count"] == 4


def test_options_that_take_away_what_a_scenario_names_are_told(capsys: Capsys, tmp_path: Path) -> None:
    scenario = tmp_path / "my.toml"
    scenario.write_text('[field]\ngrid = "3x3"\nroot = 9\n[[fault]]\nround = 2\nkill = 8\n')
    assert main(["simulate", str(scenario), "--grid", "2x2"]) == 2
    assert capsys.readouterr().err == "treering: the root 9 is none of the nodes; name one of their ids\n"
    assert main(["simulate", str(scenario), "--random", "5"]) == 2
    assert capsys.readouterr().err == "treering: kill 8@2: no node 8 in the field\n"


def test_a_scenario_may_be_a_file_and_name_another(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "pair.def").write_text("2\n1 0 0 12\n2 10 5 12\n")
    scenario = tmp_path / "pair.toml"
    scenario.write_text('[field]\ntopology = "pair.def"\n[run]\nrounds = 3\n')
    assert [row["count"] for row in rounds(capsys, str(scenario))] == [2, 2, 2]


@pytest.mark.parametrize(
    "options",
    [
        ("--radio", "hc12-58k", "--collisions"),
        ("--medium", "free-space", "--spacing", "12"),
        ("--duplication", "0.2", "--delay", "30", "--bit-flips", "0.02", "--clock-drift", "100"),
        ("--profile", "classic"),
        ("--max-children", "3"),
        ("--random", "12", "--area", "40x30", "--range", "20", "--connected"),
        ("--freeze", "7@4", "--thaw", "7@6", "--reboot", "3@5", "--cut", "1-2@4", "--heal", "1-2@7"),
    ],
)
def test_every_kind_of_field_and_fault_counts_its_nodes(capsys: Capsys, options: tuple[str, ...]) -> None:
    found = rounds(capsys, *options, "--rounds", "12")
    assert found[-1]["count_lo"] >= found[-1]["reachable"] - 1
    assert found[-1]["reachable"] >= 12


ROOM = ("--random", "8", "--radio", "lan", "--rounds", "14")


@pytest.mark.parametrize("network", ["ring", "polling"])
def test_a_ring_and_a_polled_network_give_the_same_objects_as_a_tree(capsys: Capsys, network: str) -> None:
    death = ("--kill", "3@5", "--revive", "3@9")
    found = rounds(capsys, "--network", network, *ROOM, *death, "--truth")
    for row in found:
        assert list(row) == [*KEYS, "readings", "contributors"]
        counted = {
            int(node): raw for node, raw in row["readings"].items() if int(node) in row["contributors"]
        }
        assert (row["count"], row["total"]) == (len(counted), sum(counted.values()))
        assert row["max"] == max(counted.values()) == counted[row["max_id"]]
        assert row["exact"] is True
    assert {row["alive"] for row in found} == {7, 8}
    assert [row["count"] for row in found[-3:]] == [row["reachable"] for row in found[-3:]] == [8] * 3


@pytest.mark.parametrize("network", ["ring", "polling"])
def test_a_captured_run_of_any_network_replays_to_the_same_lines(
    capsys: Capsys, tmp_path: Path, network: str
) -> None:
    log = str(tmp_path / "room.pcapng")
    assert main(["simulate", "--json", "--network", network, *ROOM, "--capture", log]) == 0
    live = capsys.readouterr().out
    assert main(["replay", log, "--json"]) == 0
    assert capsys.readouterr().out == live


@pytest.mark.parametrize("network", ["ring", "polling"])
def test_readings_of_every_node_are_printed_beside_the_rounds(
    capsys: Capsys, tmp_path: Path, network: str
) -> None:
    log = str(tmp_path / "room.pcapng")
    options = ("--network", network, *ROOM, "--metrics", "temperature,humidity")
    found = rounds(capsys, *options, "--readings", "--capture", log)
    rows = [row for row in found if row.get("metric") == "humidity"]
    seen = [row for row in found if "node" in row]
    assert len(rows) + len(seen) < len(found), "the other metric's rows"
    for row in rows[2:-1]:
        readings = {
            each["node"]: each["readings"]["humidity"] for each in seen if each["round"] == row["round"]
        }
        assert len(readings) == row["count"] == 8
        assert (sum(readings.values()), max(readings.values())) == (row["total"], row["max"])
    assert main(["replay", log, "--json", "--readings"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == found
    assert all("node" not in row for row in rounds(capsys, *options))


def test_people_get_a_line_a_round_of_any_network(capsys: Capsys) -> None:
    assert main(["simulate", "--network", "ring", *ROOM]) == 0
    assert "8 of 8 nodes" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--network", "ring", "--grid", "5x1", "--range", "10"],
            "5 of 5 nodes do not hear every other, and no order was found in which each hears the next;"
            " move nodes closer or raise --range, or give --order\n",
        ),
        (
            ["--network", "ring", "--grid", "2x2", "--range", "10", "--order", "1,4,2,3"],
            "2 of 4 neighbours in the ring do not hear each other, nodes 1 and 4 among them;"
            " move nodes closer or raise --range, or change the order\n",
        ),
        (
            ["--network", "ring", "--random", "50", "--period", "2"],
            "a period of 2 s is short for a ring of 50 nodes, whose two turns take",
        ),
        (
            ["--network", "polling", "--grid", "3x1", "--range", "10"],
            "nodes 1, 3 do not hear every other, and will be missing where one of those is the primary;"
            " move nodes closer or raise --range\n",
        ),
    ],
)
def test_who_cannot_take_part_is_told(capsys: Capsys, options: list[str], message: str) -> None:
    assert main(["simulate", "--rounds", "1", *options]) in (0, 1)
    assert message in capsys.readouterr().err


def test_a_ring_that_each_hears_the_next_of_is_no_cause_for_warning(capsys: Capsys) -> None:
    assert main(["simulate", "--json", "--network", "ring", "--grid", "2x2", "--range", "10"]) == 0
    assert capsys.readouterr().err == ""


def test_a_run_is_summed_up_in_a_line_beside_the_output(capsys: Capsys) -> None:
    assert main(["simulate", "--rounds", "3"]) == 0
    error = capsys.readouterr().err
    assert re.fullmatch(
        r"treering: coverage 100\.00 % of reachable nodes, 3 of 3 rounds whole; latency median \d+ ms,"
        r" p99 \d+ ms; a node and round: \d\.\d\d frames, \d+\.\d bytes, \d\.\d\d mJ on the air\n",
        error,
    )
    assert main(["simulate", "--rounds", "3", "--json"]) == 0
    assert capsys.readouterr().err == "", "a script reads what it needs"


def test_a_period_too_short_is_advised_against(capsys: Capsys) -> None:
    crowded = ["simulate", "--collisions", "--rounds", "2"]
    assert main([*crowded, "--period", "1"]) in (0, 1)
    error = capsys.readouterr().err
    match = re.search(
        r"a period of 1 s is short for this field \(3 hops deep, up to 16 nodes within two hops\);"
        r" give --period ([\d.]+) or more\n",
        error,
    )
    assert match
    assert main([*crowded, "--period", match[1]]) == 0
    assert "short" not in capsys.readouterr().err


def test_a_broken_promise_ends_the_run_with_the_line_that_replays_it(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promise is broken on purpose: the books know of one reading less than the result counts."""

    def miscounted(self: Truth, root: int, version: int) -> list[int]:
        return contributors(self, root, version)[1:]

    contributors = Truth.contributors
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Truth, "contributors", miscounted)
    assert main(["simulate", "--grid", "2x2", "--seed", "8", "--capture", "a b.pcapng"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("treering: seed 8, round 1: the result of version 1 is wrong without saying so")
    assert error.endswith("; treering simulate --grid 2x2 --seed 8 --capture 'a b.pcapng' replays it\n")
    assert error.count("\n") == 1


def test_rounds_that_do_not_finish_are_a_failed_run(capsys: Capsys) -> None:
    assert main(["simulate", "--rounds", "5", "--kill", "1@3"]) == 1
    assert "3 of 5 rounds did not finish" in capsys.readouterr().err


def test_unreachable_nodes_are_named(capsys: Capsys) -> None:
    assert main(["simulate", "--grid", "3x1", "--spacing", "10", "--range", "5", "--rounds", "1"]) == 0
    assert (
        "nodes 2, 3 have no way to the root 1; move nodes closer or raise --range" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--topology", "missing.def"], "missing.def: No such file or directory; name a topology file"),
        (["--topology", ""], ": Is a directory; name a topology file"),
        (["nothing"], "nothing: No such file or directory; name a file, or one of diamond, grid-16"),
        (["diamond", "--spacing", "3"], "--spacing is of a grid; give --grid as well"),
        (["--area", "9x9"], "--area is of a random field; give --random as well"),
        (["--connected"], "--connected is of a random field; give --random as well"),
        (["--cut", "1-99@2"], "cut 99@2: no node 99 in the field"),
        (["--random", "9", "--area", "999x999", "--range", "5", "--connected"], "is connected at a range"),
        (["--capture", ""], ".: is a directory; name a file in a folder you may write to"),
        (["--kill", "99@2"], "kill 99@2: no node 99 in the field"),
        (["--network", "ring", "--order", "1,99"], "the order names node 99: no node 99 in the field"),
        (["--order", "1,2"], "--order is not of a tree; give --network ring or polling"),
        (["--readings"], "--readings is not of a tree; give --network ring or polling"),
        (
            ["--network", "ring", "--max-children", "2"],
            "--max-children is of a tree, not of a ring; leave it",
        ),
        (["--network", "polling", "--profile", "classic"], "no profile classic for the network polling"),
        (["--truth"], "--truth adds to the JSON objects; give --json as well"),
        (["--capture", "no/such/folder/x.pcapng"], "no/such/folder/x.pcapng"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "--rounds", "2", *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--grid", "4"], "'4' is not like 4x4"),
        (["--grid", "0x4"], "holds no node"),
        (["--grid", "65533x2"], "holds more than the 65533 nodes that have an id"),
        (["--kill", "7"], "is not like 7@3"),
        (["--loss", "2"], "is no probability"),
        (["--bit-flips", "-1"], "is no probability"),
        (["--cut", "1-1@3"], "is not like 1-2@3"),
        (["--heal", "1@3"], "is not like 1-2@3"),
        (["--clock-drift", "20000"], "is beyond any clock"),
        (["--radio", "lora"], "invalid choice: 'lora'"),
        (["--profile", "fast"], "invalid choice: 'fast'"),
        (["--network", "star"], "invalid choice: 'star'"),
        (["--order", "1,2,1"], "'1,2,1' names a node twice"),
        (["--order", "1,x"], "'x' is not a whole number"),
        (["--metrics", "heat"], "'heat' is none of temperature"),
        (["--seed", "x"], "is no whole number of up to 63 bits"),
        (["--rounds", "0"], "is not a whole number from 1"),
        (["--spacing", "1e308"], "is not a number above 0"),
        (["--kill", "7@" + 5000 * "9"], "is not like 7@3"),
        (["--range", "-5"], "is not a number above 0"),
        (["--period", "0"], "is not a number above 0"),
    ],
)
def test_bad_usage_exits_with_2(capsys: Capsys, options: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["simulate", *options])
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err
