"""The app where there is no display: it says so, runs the demo as text and leaves the evidence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.capture_file import read_records
from desktop.headless import LOG_NAME, run_headless
from desktop.model.model import Model
from protocol.packets import Network

ROUNDS = 8


def run_desktop(
    *arguments: str, display: str | None, program: str = "pass"
) -> subprocess.CompletedProcess[str]:
    """`treering desktop` as a process, on that display or without one; `program` runs before it."""
    environment = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    if display is not None:
        environment["DISPLAY"] = display
    code = f"import sys; {program}; from desktop.command import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, "desktop", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
    )


def test_the_demo_leaves_a_log_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_headless(ROUNDS, tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[0] for line in lines[:-1]] == [f"round {i + 1}" for i in range(ROUNDS)]
    assert str(tmp_path / LOG_NAME) in lines[-1]
    assert (tmp_path / "treering-demo.png").stat().st_size > 10_000
    model = Model()
    model.feed(read_records(tmp_path / LOG_NAME, on_notice=pytest.fail))
    assert model.rows[-1].round == ROUNDS
    assert str(model.rows[-1].aggregate.count) in lines[ROUNDS - 1]


@pytest.mark.parametrize("network", [Network.RING, Network.POLLING])
def test_the_other_networks_have_demos_too(network: Network, tmp_path: Path) -> None:
    assert run_headless(ROUNDS, tmp_path, network) == 0
    model = Model()
    model.feed(read_records(tmp_path / LOG_NAME, on_notice=pytest.fail))
    assert (model.network, model.rows[-1].round) == (network, ROUNDS)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a display")
def test_without_a_display_tk_is_not_even_imported(tmp_path: Path) -> None:
    no_tk = "sys.modules['tkinter'] = sys.modules['ttkbootstrap'] = None"
    done = run_desktop("--demo", "--rounds", "2", "--out", str(tmp_path), display=None, program=no_tk)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "No display: DISPLAY is not set; the demo runs as text."
    assert (tmp_path / "treering-demo.png").exists()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a display")
def test_a_display_that_does_not_answer_is_none(tmp_path: Path) -> None:
    done = run_desktop("--demo", "--rounds", "2", "--out", str(tmp_path), display="localhost:4001")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("No display: ")
    assert (tmp_path / LOG_NAME).exists()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a display")
def test_what_needs_a_window_names_the_command_to_use_instead(tmp_path: Path) -> None:
    done = run_desktop("--open", str(tmp_path / "field.pcapng"), display=None)
    assert (done.returncode, done.stdout) == (2, "")
    assert "treering replay FILE" in done.stderr


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_desktop("--demo", "--rounds", "2", "--out", str(tmp_path / "file"), display=None)
    assert done.returncode == 2
    assert str(tmp_path / "file") in done.stderr
