"""The keys question of the connect dialog: a file, the system's keyring, or an open network said to be so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bridge import keyring_store
from bridge.keys_file import NetworkKeys, write_keys
from desktop.connect import panes
from desktop.connect.dialog import ConnectDialog
from desktop.connect.nearby import Nearby
from desktop.sources.bridge import BridgeSource
from tests.desktop.rig import dialogs, live, texts

if TYPE_CHECKING:
    from desktop.window import Window

KEYS = NetworkKeys("garden", 0, frozenset({1}), 1, bytes(range(16)))
BRIDGE = Nearby("Bridge garden", "sealed network", bridge="127.0.0.1:9")


class NoFinder:
    """Finds no bridge, and leaves the network alone."""

    found: tuple[()] = ()
    problem = ""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def started(window: Window, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The sources that the window was given, which do not begin."""
    sources: list[Any] = []
    monkeypatch.setattr(panes, "BridgeFinder", NoFinder)
    monkeypatch.setattr(window, "start", sources.append)
    yield sources
    for dialog in dialogs(window):
        dialog.destroy()


def connect(
    dialog: ConnectDialog, keys: str = "", *, keep: bool = False, is_open: bool | None = None
) -> None:
    dialog._keys.set(keys)
    dialog._is_in_keyring.set(keep)
    if is_open is not None:
        dialog._open_network.set(is_open)
    dialog._connect()
    if dialog.winfo_exists():
        live(dialog)


def test_without_keys_a_network_must_be_said_to_be_open(window: Window, started: list[Any]) -> None:
    dialog = ConnectDialog(window, BRIDGE)
    connect(dialog)
    assert "choose the network's keys, or say that it has none" in texts(dialog)
    connect(dialog, str(Path("nothing.toml")))
    assert "nothing.toml" in texts(dialog)
    assert started == []
    connect(dialog, is_open=True)
    [source] = started
    assert isinstance(source, BridgeSource)
    assert source.opener.access.keys is None


def test_a_bridge_that_says_it_is_open_is_taken_at_its_word(window: Window, started: list[Any]) -> None:
    connect(
        ConnectDialog(window, Nearby("Bridge yard", "open network", bridge="127.0.0.1:9", is_sealed=False))
    )
    assert len(started) == 1


def test_keys_go_into_the_keyring_and_are_offered_from_there(
    window: Window, started: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, str] = {}
    monkeypatch.setattr(keyring_store, "keep", kept.__setitem__)
    monkeypatch.setattr(keyring_store, "fetch", kept.get)
    write_keys(tmp_path / "keys.toml", KEYS)
    connect(ConnectDialog(window, BRIDGE), str(tmp_path / "keys.toml"), keep=True)
    assert list(kept) == ["garden"]
    assert window.memory.texts("keys") == ["keyring:garden"]
    (tmp_path / "keys.toml").unlink()
    connect(ConnectDialog(window, BRIDGE), window.memory.texts("keys")[0])
    assert [source.opener.access.keys for source in started] == [KEYS, KEYS]


def test_the_time_between_rounds_is_the_settled_one(window: Window, started: list[Any]) -> None:
    window.change_settings(period_s=30.0)
    connect(ConnectDialog(window, Nearby("Arduino Uno", "/dev/none", port="/dev/none")), is_open=True)
    assert started[0].title.startswith("/dev/none")
