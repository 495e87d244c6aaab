"""The theme is the one that is settled, or the system's, also when that changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from desktop import places, theme
from desktop.palette import DARK, LIGHT
from desktop.shell import appearance
from desktop.shell.appearance import first_mode
from desktop.shell.memory import Memory
from desktop.shell.settings import SettingsFile
from tests.desktop.rig import live, wait

if TYPE_CHECKING:
    from desktop.window import Window


class System:
    """What the system prefers."""

    mode = DARK


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = System()
    monkeypatch.setattr(theme, "system_mode", lambda: system.mode)
    monkeypatch.setattr(appearance, "_ASK_EVERY_S", 0.05)
    return system


@pytest.fixture
def following(display: str, system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    window = Window(open_root(first_mode()), follows_settings=True)
    window.furnish()
    yield window
    window.close()


def test_a_window_follows_the_system_and_then_what_is_settled(following: Window, system: System) -> None:
    assert following.settings.theme == "system"
    wait(following, lambda: theme.mode() == DARK, "the system's theme")
    system.mode = LIGHT
    wait(following, lambda: theme.mode() == LIGHT, "that it has changed")
    following.perform_named("Light or dark")
    assert (following.settings.theme, theme.mode()) == ("dark", DARK)
    for _ in range(3):
        following._refresh()
        live(following.root)
    assert theme.mode() == DARK, "the system does not count any more"
    following.change_settings(theme="system")
    wait(following, lambda: theme.mode() == LIGHT, "the system's again")


def test_a_window_whose_theme_was_given_keeps_it(window: Window, system: System) -> None:
    for _ in range(3):
        window._refresh()
        live(window.root)
    assert theme.mode() == LIGHT


def test_the_first_theme_is_the_settled_one_or_the_systems_last() -> None:
    assert first_mode() == LIGHT
    memory = Memory(places.memory())
    memory.put("theme of the system", [DARK])
    memory.save()
    assert first_mode() == DARK
    SettingsFile(places.settings()).change(theme="light")
    assert first_mode() == LIGHT
