"""Where secrets are, and what all sinks' tables share."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import keyring_store
from bridge.errors import MissingError, UsageError
from bridge.log.facts import RetryError
from bridge.sinks.settings import Delivery, Secret, secret_place
from tests.bridge.sinks.rig import secret_file, table


def delivery(lines: str) -> Delivery:
    found = table(f"[[mqtt]]\n{lines}", "mqtt")
    return Delivery.from_table(found, name="mqtt", batch_rows=500, batch_age="1 s")


def test_what_is_not_said_has_a_default() -> None:
    assert delivery("") == Delivery("mqtt", 500, 1, None, 60)
    said = 'name = "home"\nbatch = 10\nbatch_age = "2 min"\nrate = "90/min"\nbackoff = "10 s"'
    assert delivery(said) == Delivery("home", 10, 120, 1.5, 10)


def test_a_secret_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    secret_file(tmp_path / "token", "abc def\nand a remark")
    found = table('[[influx]]\ntoken_from = "token"', "influx")
    place = secret_place(found, "token", tmp_path)
    assert place == str(tmp_path / "token")
    secret = Secret(place)
    assert secret.text() == "abc def"
    (tmp_path / "token").write_text("mended")
    assert secret.text() == "mended"
    (tmp_path / "token").unlink()
    with pytest.raises(RetryError, match=r"token: No such file or directory; write"):
        secret.text()


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    secret_file(tmp_path / "empty", "")
    with pytest.raises(UsageError, match=r"empty: the first line is empty; write the password or token"):
        Secret(str(tmp_path / "empty"))
    with pytest.raises(MissingError, match=r"none: No such file or directory; write the password or token"):
        Secret(str(tmp_path / "none"))


def test_the_keyring_keeps_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keyring_store, "fetch", {"broker": "hidden"}.get)
    found = table('[[mqtt]]\npassword_from = "keyring:broker"', "mqtt")
    assert secret_place(found, "password", tmp_path) == "keyring:broker"
    assert Secret("keyring:broker").text() == "hidden"
    with pytest.raises(
        MissingError, match=r"keyring:other: no such secret; run `keyring set treering other`"
    ):
        Secret("keyring:other")
