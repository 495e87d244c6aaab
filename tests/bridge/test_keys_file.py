"""Keys in a file: only the owner may read it, and no message shows one (PROTOCOL.md 10.4)."""

from __future__ import annotations

import os
import stat
import sys
import types
from pathlib import Path

import pytest

from bridge.errors import UsageError
from bridge.keys_file import (
    NetworkKeys,
    keep_in_keyring,
    keys_text,
    load_keys,
    read_keys,
    write_keys,
)
from protocol.keys import Keys, network_key

MASTER = bytes(range(16))
CONTROLLERS = NetworkKeys("garden", 3, frozenset({0, 2}), 1, MASTER, lives={7: 0xDEADBEEF, 8: 1})
needs_modes = pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")


def test_a_controllers_keys_come_back(tmp_path: Path) -> None:
    path = tmp_path / "garden.keys"
    write_keys(path, CONTROLLERS)
    assert read_keys(path) == CONTROLLERS
    assert load_keys(str(path)) == CONTROLLERS


def test_a_members_keys_come_back_with_the_next_epochs(tmp_path: Path) -> None:
    keys = Keys.of_master(MASTER, 7, 3).of_member(7).with_next(4, network_key(MASTER, 4))
    member = NetworkKeys("garden", 3, frozenset({0}), 1, member_id=7, member=keys)
    write_keys(tmp_path / "keys", member)
    assert read_keys(tmp_path / "keys") == member
    assert member.membership_of(7).keys == keys


def test_a_member_gets_its_own_keys_only() -> None:
    member = CONTROLLERS.for_member(7)
    assert (member.master, member.lives) == (None, {})
    assert MASTER.hex() not in keys_text(member)
    assert member.membership_of(7) == CONTROLLERS.membership_of(7)
    with pytest.raises(UsageError, match="those of node 7, not of node 8"):
        member.membership_of(8)
    controller = CONTROLLERS.membership_of(1).keys
    assert controller is not None
    assert controller.master == MASTER


@needs_modes
def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    write_keys(path, CONTROLLERS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(UsageError, match=f"chmod 600 {path}"):
        read_keys(path)


@needs_modes
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="keys: Permission denied; name a file"):
        write_keys(tmp_path / "keys", CONTROLLERS)


def test_a_failure_leaves_the_file_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    write_keys(path, CONTROLLERS)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UsageError, match="No space left"):
        write_keys(path, CONTROLLERS.for_member(7))
    assert read_keys(path) == CONTROLLERS
    assert [file.name for file in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file has no name"),
        ('name = "g"\nepoch = 0\nmaster_key = "5a5a"', ":3: master_key is no key; write 32 hex digits"),
        ('name = "g"\nepoch = 0\nmaster_key = 5', "master_key is no key"),
        ('name = "g"\nepoch = 0', "no id"),
        ('name = "g"\nepoch = 70000\nmaster_key = "5a"', "epoch is 70000"),
        ('name = "g"\nepoch = 0\nkey = 1', "unknown key 'key'"),
        ('name = "g"\nepoch = 0\ngateways = [1, 1]', "node 1 twice"),
        (f'name = "g"\nepoch = 0\nmaster_key = "{"5a" * 16}"\nid = 7', "id is a member's"),
        (f'name = "g"\nepoch = 0\nmaster_key = "{"5a" * 16}"\nlives = {{ x = 1 }}', "x is no node id"),
        ("name =", "Invalid value"),
    ],
)
def test_what_is_no_key_file_is_told_by_its_line_and_shows_no_key(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UsageError) as raised:
        read_keys(path)
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"{path}:")
    assert "5a5a" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; name a file that `treering provision`"):
        read_keys(tmp_path / "keys")


class LockedError(Exception):
    """What a keyring raises."""


def test_the_keyring_keeps_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], str] = {}
    keyring = types.ModuleType("keyring")
    errors = types.ModuleType("keyring.errors")
    monkeypatch.setattr(errors, "KeyringError", LockedError, raising=False)
    fakes = {
        "get_password": lambda service, name: kept.get((service, name)),
        "set_password": lambda service, name, text: kept.__setitem__((service, name), text),
        "errors": errors,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(keyring, name, fake, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert load_keys(keep_in_keyring(CONTROLLERS)) == CONTROLLERS
    with pytest.raises(UsageError, match="keyring:field: no such keys"):
        load_keys("keyring:field")

    def locked(*_: object) -> None:
        raise LockedError("the collection is locked")

    monkeypatch.setattr(keyring, "get_password", locked)
    with pytest.raises(UsageError, match="locked; unlock it"):
        load_keys("keyring:garden")


def test_without_the_keyring_package_a_file_is_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match="pip install keyring"):
        load_keys("keyring:garden")
