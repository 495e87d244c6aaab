"""`treering` itself: its subcommands, and what they leave to it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.app import Options
from desktop.command import COMMANDS, main
from desktop.options import NETWORKS
from protocol.packets import Network

Capsys = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: Capsys) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([name, "--help"])
    assert exit_.value.code == 0
    said = " ".join(capsys.readouterr().out.split())  # a long line is folded
    assert importlib.import_module(COMMANDS[name]).HELP in said


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [["simulate", "--rounds", "3"], ["--help"], ["ports", "--help"]])
def test_output_that_cannot_be_written_is_one_line_and_exit_code_1(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "desktop.command", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=30,
        )
    assert run.returncode == 1
    assert run.stderr.decode().startswith("treering: cannot write the output: No space left on device")
    assert run.stderr.count(b"\n") == 1


def test_bad_usage_is_one_line_that_says_where_to_read_more(capsys: Capsys) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["simulate", "--grid", "4"])
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error == "treering: argument --grid: '4' is not like 4x4; see treering simulate --help\n"


def test_the_app_connects_to_an_open_network_only_if_told_so(capsys: Capsys) -> None:
    assert main(["desktop", "--port", "/dev/ttyACM0"]) == 2
    errors = capsys.readouterr().err
    assert "treering provision" in errors
    assert "--open-network" in errors
    assert errors.count("\n") == 1


def test_the_window_knows_the_kinds_of_network_before_the_protocol_is_imported() -> None:
    assert tuple(network.name.lower() for network in Network) == NETWORKS


def test_what_the_first_window_needs_is_imported_and_no_more() -> None:
    """Each of these takes longer than all that the start page needs."""
    late = ("matplotlib", "numpy", "construct", "cryptography", "asyncio", "serial", "zeroconf")
    code = (
        f"import sys, desktop.options, desktop.app, desktop.window; print(*sys.modules.keys() & {set(late)})"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []


def test_a_file_alone_is_opened_in_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path | None] = []

    def open_window(options: Options) -> int:
        opened.append(options.log)
        return 0

    monkeypatch.setattr("desktop.app.main", open_window)
    log = tmp_path / "simulate"
    log.touch()
    assert main([str(log)]) == 0
    assert opened == [log]
