"""`treering provision`: keys once, and for each node what it needs, readable by its owner alone."""

import json
import stat
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from intelhex import IntelHex

from bridge import keyring_store
from bridge.keys_file import KEYRING, keep_in_keyring, load_keys, read_keys, write_keys
from desktop.command import main
from firmware.field.description import read_field
from firmware.field.provision import board_settings, network_keys
from protocol import keys
from protocol.settings import eeprom_settings
from tests.firmware.field.test_description import GARDEN

PI_NODE = '\n[[node]]\nid = 11\nboard = "pi"\nsensors = ["sht31"]\n'


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    path = tmp_path / "garden.toml"
    path.write_text(GARDEN + PI_NODE)
    return path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_makes_keys_and_everybodys_configuration(garden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", str(garden)]) == 0
    printed = capsys.readouterr().out
    folder = garden.parent / "garden"
    master = read_keys(folder / "keys.toml").master
    assert master is not None
    for path in folder.rglob("*.*"):
        if path.suffix != ".service":
            assert mode_of(path) == 0o600, path
    assert "sealed, epoch 0" in printed
    assert f"treering flash --field {garden} --port PORT --node 7" in printed
    assert master.hex() not in printed

    member = read_keys(folder / "node-11" / "keys.toml")
    assert (member.master, member.member_id) == (None, 11)
    assert member.member is not None
    assert member.member.network == keys.network_key(master, 0)
    assert member.member.node == keys.node_key(master, 11)
    assert 'kind = "sht31d"' in (folder / "node-11" / "agent.toml").read_text()


def test_a_boards_eeprom_bears_its_settings_and_keys(garden: Path) -> None:
    assert main(["provision", str(garden)]) == 0
    folder = garden.parent / "garden"
    known = read_keys(folder / "keys.toml")
    assert known.master is not None
    image = IntelHex(StringIO((folder / "node-7" / "eeprom.hex").read_text()))
    settings = eeprom_settings(image.tobinstr())
    field = read_field(garden)
    assert settings == board_settings(field, field.node(7), known)
    assert settings is not None
    assert settings.network_key == keys.network_key(known.master, 0)
    assert settings.node_key == keys.node_key(known.master, 7)
    assert settings.first_life == known.lives[7]


def test_a_second_time_changes_nothing_but_what_the_description_changed(garden: Path) -> None:
    assert main(["provision", str(garden)]) == 0
    folder = garden.parent / "garden"
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    master, lives = read_keys(folder / "keys.toml").master, read_keys(folder / "keys.toml").lives
    assert main(["provision", str(garden)]) == 0
    changed = {path for path in folder.rglob("*.*") if path.read_bytes() != before[path]}
    assert {path.name for path in changed} == {"keys.toml", "eeprom.hex"}
    again = read_keys(folder / "keys.toml").lives
    assert lives.keys() == again.keys()  # what a board began with, no board begins with again
    assert not set(lives.values()) & set(again.values())
    garden.write_text(garden.read_text() + '\n[[node]]\nid = 12\nboard = "nano"\n')
    assert main(["provision", str(garden)]) == 0
    assert read_keys(folder / "keys.toml").master == master
    assert (folder / "node-12" / "eeprom.hex").exists()


def test_an_epoch_that_was_offered_is_not_forgotten(garden: Path) -> None:
    """Who was left out since may have its key."""
    assert main(["provision", str(garden)]) == 0
    path = garden.parent / "garden" / "keys.toml"
    write_keys(path, replace(read_keys(path), offered_epoch=3))
    assert main(["provision", str(garden)]) == 0
    assert read_keys(path).offered_epoch == 3


def test_an_open_field_has_no_keys(garden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    garden.write_text("open = true\n" + garden.read_text())
    assert main(["provision", str(garden), "--json"]) == 0
    made = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["node"] for one in made] == [1, 7, 8, 11]
    assert made[0]["next_step"] == "on the Pi: treering bridge --id 1 --network tree --period 10 --open"
    folder = garden.parent / "garden"
    assert not list(folder.rglob("keys.toml"))
    assert "open = true" in (folder / "node-11" / "agent.toml").read_text()


def test_a_members_keys_are_not_taken_for_the_networks(
    garden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["provision", str(garden)]) == 0
    member_folder = garden.parent / "garden" / "node-11"
    assert main(["provision", str(garden), "--out", str(member_folder)]) == 2
    assert "a member's keys, without the master key; choose another --out" in capsys.readouterr().err


class Keyring(dict[tuple[str, str], str]):
    """The system's, as its package shows it."""

    KeyringError = OSError

    def get_password(self, service: str, name: str) -> str | None:
        return self.get((service, name))

    def set_password(self, service: str, name: str, text: str) -> None:
        self[service, name] = text


def test_the_keyring_keeps_the_master_key_as_a_file_does(
    garden: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keyring = Keyring()
    monkeypatch.setattr(keyring_store, "_keyring", lambda: (keyring, Keyring))
    where = f"{KEYRING}garden"
    assert main(["provision", str(garden), "--keyring"]) == 0
    assert f"the master key is in {where}" in capsys.readouterr().out
    first = load_keys(where)
    assert first.master is not None
    assert not (garden.parent / "garden" / "keys.toml").exists()
    assert main(["provision", str(garden), "--keyring"]) == 0
    assert load_keys(where).master == first.master
    keep_in_keyring(first.for_member(11))
    capsys.readouterr()
    assert main(["provision", str(garden), "--keyring"]) == 2
    assert f"{where}: these are a member's keys" in capsys.readouterr().err
    assert load_keys(where) == first.for_member(11)


def test_two_fields_have_different_keys(garden: Path, tmp_path: Path) -> None:
    field = read_field(garden)
    folders = [tmp_path / "a", tmp_path / "b"]
    made = []
    for folder in folders:
        folder.mkdir()
        made.append(network_keys(field, str(folder / "keys.toml")).master)
    assert made[0] != made[1]
