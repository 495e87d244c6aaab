"""`--core`: one scenario language for Python nodes, C nodes and emulated boards."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.cores import core_of
from bridge.errors import UsageError
from bridge.scenarios import names, read_scenario
from bridge.simulate import simulation_of
from desktop.command import main
from firmware.native import library
from protocol.simulator.scenario import AVR, CORES, C, Scenario, load_scenario

MOST_ROUNDS = 12


def captured(path: Path, *arguments: str) -> bytes:
    assert main(["simulate", *arguments, "--capture", str(path)]) == 0
    return path.read_bytes()


@pytest.mark.usefixtures("built_core")
@pytest.mark.parametrize("name", names())
def test_a_scenario_leaves_the_same_capture_in_c_as_in_python(name: str, tmp_path: Path) -> None:
    rounds = min(read_scenario(name).rounds, MOST_ROUNDS)
    arguments = (name, "--rounds", str(rounds))
    in_python = captured(tmp_path / "python.pcapng", *arguments)
    assert len(in_python) > 1_000
    assert captured(tmp_path / "c.pcapng", *arguments, "--core", "c") == in_python


@pytest.mark.usefixtures("built_core")
@pytest.mark.parametrize(
    "name", ["diamond", "grid-16-links-80", "random-8-collisions", "ring-8", "polling-8"]
)
def test_a_sealed_scenario_leaves_the_same_capture_in_c_as_in_python(name: str, tmp_path: Path) -> None:
    arguments = (name, "--sealed", "--rounds", "6", "--reboot", "2@3")
    in_python = captured(tmp_path / "python.pcapng", *arguments)
    assert len(in_python) > 1_000
    assert captured(tmp_path / "c.pcapng", *arguments, "--core", "c") == in_python


def test_a_scenario_names_its_core() -> None:
    text = '[field]\ngrid = "2x1"\n[run]\ncore = "{}"\n'
    for core in CORES:
        assert load_scenario(text.format(core), "my.toml").core == core
    with pytest.raises(ValueError, match=r"my\.toml:4: .*python, c, avr"):
        load_scenario(text.format("rust"), "my.toml")


@pytest.mark.usefixtures("built_core")
def test_a_scenario_in_c_runs_without_the_option() -> None:
    scenario = replace(read_scenario("diamond"), core=C)
    simulation = simulation_of(scenario)
    simulation.advance_to(1)
    assert type(simulation.node_at(1)).__module__.startswith("firmware.native")


def test_a_core_that_is_not_built_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(library.LIBRARY_VARIABLE, str(tmp_path / "none.so"))
    library.library.cache_clear()
    try:
        assert main(["simulate", "diamond", "--core", "c"]) == 2
    finally:
        library.library.cache_clear()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{tmp_path / 'none.so'}: no such file; build it" in error
    assert "`make firmware" in error


def test_without_cffi_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cffi", "firmware.native.library", "firmware.native.networks"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=r"install it: pip install 'treering\[cores\]'"):
        core_of(Scenario(core=C))


@pytest.mark.usefixtures("built_board")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--network", "ring", "--readings"], "no board asks a ring"),
        (["--network", "ring", "--random", "17"], "a board in a ring knows 16 nodes at most"),
        (["--profile", "classic"], "leave --profile out"),
        (
            ["--metrics", "soil_temperature"],
            "temperature, humidity, soil_moisture, wind_speed and nothing else",
        ),
        (["--freeze", "2@2"], "no board can do freeze"),
    ],
)
def test_what_no_board_can_do_is_refused(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "diamond", "--core", AVR, *options]) == 2
    assert words in capsys.readouterr().err


def test_only_a_tree_of_boards_has_a_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "diamond", "--gateway", "mega"]) == 2
    assert "give --core avr" in capsys.readouterr().err
    assert main(["simulate", "diamond", "--core", "avr", "--pty", "line"]) == 2
    assert "give --gateway mega as well" in capsys.readouterr().err


def test_only_boards_have_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "diamond", "--boards"]) == 2
    assert "give --core avr as well" in capsys.readouterr().err


def test_networks_are_compared_in_python(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "in-c.toml"
    path.write_text('[field]\ngrid = "2x2"\n[run]\ncore = "c"\n')
    assert main(["compare", str(path)]) == 2
    assert "compare runs Python nodes, not --core c" in capsys.readouterr().err
