"""The scenarios that come along: all run, and those of the report do what they promise."""

from __future__ import annotations

import importlib.resources
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import UsageError
from bridge.scenarios import names, read_scenario, read_topology
from bridge.simulate import simulation_of
from protocol.simulator.scenario import Given, Scenario
from protocol.simulator.summary import RoundSummary
from protocol.simulator.survey import Survey
from protocol.simulator.tally import Tally

WARM_UP_ROUNDS = 4


def tally_of(scenario: Scenario) -> Tally:
    rounds: list[RoundSummary] = []
    simulation_of(scenario, on_round=rounds.append).run(scenario.rounds)
    return Tally([row for row in rounds if row.round > WARM_UP_ROUNDS], scenario.rounds - WARM_UP_ROUNDS)


# Where a network comes from, as its scenarios tell.
ORIGINS = {"tree": "the report", "ring": "the lab scripts", "polling": "the lab scripts"}


def test_the_experiments_of_the_report_are_there() -> None:
    assert names() == [
        "diamond",
        "grid-16",
        "grid-16-48m-collisions",
        "grid-16-76m-collisions",
        "grid-16-links-80",
        "polling-8",
        "random-10",
        "random-50",
        "random-8-collisions",
        "ring-8",
        "series",
    ]


@pytest.mark.parametrize("name", names())
def test_every_one_opens_with_what_its_origin_found_and_covers_its_field(name: str) -> None:
    text = importlib.resources.files("scenarios").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    comment = text.partition("\n\n")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    scenario = replace(read_scenario(name), rounds=20, changes=())
    assert ORIGINS[scenario.network] in comment.lower().replace("\n# ", " ")
    assert tally_of(scenario).coverage > 0.97, f"treering simulate {name} --rounds 20"


def test_the_diamond_loses_and_regains_its_nodes() -> None:
    rounds: list[RoundSummary] = []
    scenario = read_scenario("diamond")
    simulation_of(scenario, on_round=rounds.append).run(scenario.rounds)
    assert [row.alive for row in rounds] == [4, 4, 3, 3, 4, 4, 3, 3, 4, 4]


@pytest.mark.parametrize("name", ["ring-8", "polling-8"])
def test_a_room_loses_and_regains_a_node(name: str) -> None:
    rounds: list[RoundSummary] = []
    scenario = read_scenario(name)
    simulation = simulation_of(scenario, on_round=rounds.append)
    simulation.run(scenario.rounds)
    assert simulation.rounds_finished == scenario.rounds
    whole = {(row.round, row.alive) for row in rounds if row.counted == row.alive}
    assert {(n, 8) for n in (1, 2, 3, 4, 10, 11, 12, 13)} | {(n, 7) for n in (6, 7, 8)} <= whole


def test_the_ten_random_nodes_stand_two_hops_deep_as_in_the_report() -> None:
    simulation = simulation_of(read_scenario("random-10"))
    assert Survey(simulation.topology.root, simulation.listeners).depth == 2


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_fifty_nodes_stand_three_hops_deep_or_more(seed: int) -> None:
    simulation = simulation_of(replace(read_scenario("random-50"), seed=seed))
    survey = Survey(simulation.topology.root, simulation.listeners)
    assert survey.depth >= 3
    assert len(survey.hops) == 50


def test_a_file_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diamond").write_text('[field]\ngrid = "2x3"\n')
    assert read_scenario("diamond").field.size == 6


def test_a_topology_lies_beside_the_scenario_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "pair.def").write_text("2\n1 0 0 12\n2 10 5 12\n")
    scenario = tmp_path / "pair.toml"
    scenario.write_text('[field]\ntopology = "pair.def"\n')
    field = read_scenario(str(scenario)).field
    assert isinstance(field, Given)
    assert field.places.places == read_topology(str(tmp_path / "pair.def")).places


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'[field]\ntopology = "no.def"\n', "my.toml:2: "),
        (b'[field]\ntopology = "no.def"\n', "no.def: No such file or directory; name a topology file"),
        (b"[field]\n", "my.toml:1: no field; give one of"),
        (b"\xff\xfe", "my.toml: not a text file; name a file, or one of diamond, grid-16"),
    ],
)
def test_a_scenario_that_cannot_be_read_is_one_line(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(text)
    with pytest.raises(UsageError) as error:
        read_scenario(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
