"""`treering` itself: its subcommands, and what they leave to it."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from desktop.command import COMMANDS, main

Capsys = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: Capsys) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([name, "--help"])
    assert exit_.value.code == 0
    assert importlib.import_module(COMMANDS[name]).HELP in capsys.readouterr().out


def test_the_overview_names_every_command(capsys: Capsys) -> None:
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    assert all(f"\n  {name} " in overview for name in COMMANDS)


def test_an_unknown_command_lists_the_known(capsys: Capsys) -> None:
    assert main(["simulat"]) == 2
    assert "no command 'simulat'; there are desktop, simulate" in capsys.readouterr().err


def test_the_version(capsys: Capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("treering 0.")


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    """As `treering simulate ... | head -1` does: rounds enough to fill any pipe."""
    with subprocess.Popen(
        [sys.executable, "-m", "desktop.command", "simulate", "--grid", "2x1", "--rounds", "3000", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0
