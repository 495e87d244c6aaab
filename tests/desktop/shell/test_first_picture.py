"""The first picture comes before what is costly, and what is costly does not hold the window up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from desktop.palette import LIGHT
from tests.desktop.rig import live, press, texts, wait

COSTLY = ("matplotlib", "numpy", "zeroconf", "cryptography", "asyncio", "construct", "tksheet", "serial")


def test_nothing_costly_is_imported_before_there_is_a_window() -> None:
    code = (
        "import sys, desktop.command, desktop.app, desktop.shell.appearance, desktop.window\n"
        f"print([name for name in {COSTLY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"


def test_the_start_page_is_seen_first_and_the_rest_comes_by_itself_in_pieces(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    window = Window(open_root(LIGHT))
    try:
        live(window.root)
        assert window.start_page.winfo_ismapped()
        assert "Demo network" in texts(window.start_page)
        wait(window, lambda: "Ctrl+D" in texts(window.start_page) or "Command+D" in texts(window.root), "all")
        assert window.shown_page is window.start_page
    finally:
        window.close()


def test_a_key_that_is_pressed_early_does_what_it_is_for(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    window = Window(open_root(LIGHT))
    try:
        press(window.root, "<Control-comma>")
        wait(window, lambda: window.shown_page is not window.start_page, "the settings")
        assert "Settings" in texts(window.root)
    finally:
        window.close()


def test_who_is_faster_than_the_rest_does_not_wait_for_its_pieces(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    window = Window(open_root(LIGHT))
    try:
        window.perform_named("Demo: tree")
        wait(window, lambda: window.workspace.network.node_count == 16, "16 nodes in the tree")
        assert len(window.actions) > 50
    finally:
        window.close()
