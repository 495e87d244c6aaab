"""`treering replay`: a log of a simulated field gives the very lines of the run, also when it was cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.command import main

Capsys = pytest.CaptureFixture[str]
SIMULATE = ["simulate", "--grid", "3x3", "--rounds", "8", "--seed", "3", "--loss", "0.1", "--kill", "5@4"]


@pytest.fixture
def log(tmp_path: Path, capsys: Capsys) -> tuple[Path, str]:
    """A packet log, and what the simulation printed."""
    path = tmp_path / "field.pcapng"
    assert main([*SIMULATE, "--capture", str(path), "--json"]) == 0
    return path, capsys.readouterr().out


def test_json_is_byte_for_byte_that_of_the_run(log: tuple[Path, str], capsys: Capsys) -> None:
    path, printed = log
    assert main(["replay", str(path), "--json"]) == 0
    assert capsys.readouterr().out == printed
    assert printed.count("\n") == 8


def test_text_tells_of_rounds_and_of_the_tree(log: tuple[Path, str], capsys: Capsys) -> None:
    assert main(["replay", str(log[0])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("round ") for line in lines) == 8
    assert any(line.startswith("node 9 joined under ") for line in lines)
    assert any(" has lost its place under " in line or ", which was under " in line for line in lines)


def test_a_log_that_was_cut_gives_its_whole_rounds_and_a_warning(
    log: tuple[Path, str], capsys: Capsys, caplog: pytest.LogCaptureFixture
) -> None:
    path, printed = log
    path.write_bytes(path.read_bytes()[:-10])
    assert main(["replay", str(path), "--json"]) == 0
    assert printed.startswith(capsys.readouterr().out)
    warning = next(record.message for record in caplog.records if record.levelname == "WARNING")
    assert warning.startswith(f"{path}: byte ")
    assert "the log ends" in warning


@pytest.mark.parametrize("content", [b"", b"no log", b"\x0a\x0d\x0d\x0a" + bytes(40)])
def test_what_is_no_log_is_bad_input(tmp_path: Path, content: bytes, capsys: Capsys) -> None:
    path = tmp_path / "other.pcapng"
    path.write_bytes(content)
    assert main(["replay", str(path)]) == (2 if content else 0)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert not content or printed.err.startswith(f"treering: {path}: byte 0: ")


def test_a_missing_file_is_bad_input(tmp_path: Path, capsys: Capsys) -> None:
    assert main(["replay", str(tmp_path / "none.pcapng")]) == 2
    assert "none.pcapng: No such file or directory; name a packet log" in capsys.readouterr().err
