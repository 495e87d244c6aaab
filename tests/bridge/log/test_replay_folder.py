"""`treering replay FOLDER`: as of one file, also when its beginning is gone, or it is being written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bridge.capture_file import CaptureFile
from bridge.keys_file import write_keys
from bridge.log.folder import LogFolder
from desktop.command import main
from tests.bridge.log.rig import FIELDS, access_to, field_records, open_log, opener_of, record_all

Capsys = pytest.CaptureFixture[str]


def keys_for(sealed: bool, folder: Path) -> list[str]:
    keys = access_to(sealed).keys
    if keys is None:
        return []
    write_keys(folder / "keys.toml", keys)
    return ["--keys", str(folder / "keys.toml")]


@pytest.mark.parametrize(("network", "sealed"), FIELDS)
def test_a_folder_gives_the_lines_of_the_file(
    network: str, sealed: bool, tmp_path: Path, capsys: Capsys
) -> None:
    records, keys = field_records(network, sealed), keys_for(sealed, tmp_path)
    file = CaptureFile(tmp_path / "field.pcapng")
    for record in records:
        file.write(record)
    file.close()
    record_all(tmp_path / "log", records, opener_of(access_to(sealed)))
    assert main(["replay", str(file.path), "--json", *keys]) == 0
    lines = capsys.readouterr().out
    assert main(["replay", str(tmp_path / "log"), "--json", *keys]) == 0
    assert capsys.readouterr().out == lines
    assert lines.count("\n") > 5
    folder = LogFolder(tmp_path / "log")
    for number in folder.numbers()[:5]:
        folder.segment(number).unlink()
        folder.state(number).unlink()
    assert main(["replay", str(tmp_path / "log"), "--json", *keys]) == 0
    rest = capsys.readouterr().out
    assert rest
    assert lines.endswith(rest)


def test_a_log_that_is_being_written_is_replayed_as_far_as_it_goes(tmp_path: Path, capsys: Capsys) -> None:
    fact_log = open_log(tmp_path / "log")
    fact_log.append(field_records("tree", False))
    assert main(["replay", str(tmp_path / "log"), "--json"]) == 0
    lines = capsys.readouterr().out
    fact_log.log.close()
    shutil.rmtree(tmp_path / "log")
    record_all(tmp_path / "log", field_records("tree", False), opener_of(access_to(False)))
    assert main(["replay", str(tmp_path / "log"), "--json"]) == 0
    assert capsys.readouterr().out == lines


def test_a_folder_without_a_log_is_bad_input(tmp_path: Path, capsys: Capsys) -> None:
    assert main(["replay", str(tmp_path)]) == 2
    assert f"treering: {tmp_path}: no segment of a log" in capsys.readouterr().err
