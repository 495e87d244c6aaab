"""What goes wrong is told with what, why and what to do, and can be copied; what would be lost is asked."""

from __future__ import annotations

import tkinter as tk
from typing import TYPE_CHECKING

import ttkbootstrap

from desktop import places
from desktop.dialogs import show_about
from desktop.shell.log_page import LogPage
from desktop.shell.particulars import app_version, particulars
from desktop.sources.demo import DemoSource
from tests.desktop.rig import descendants, dialogs, live, texts

if TYPE_CHECKING:
    from desktop.window import Window


def button(widget: tk.Misc, text: str) -> ttkbootstrap.Button:
    found = [part for part in descendants(widget) if isinstance(part, ttkbootstrap.Button)]
    return next(part for part in found if part.cget("text") == text)


def fail(window: Window) -> tk.Toplevel:
    """Something nobody expected happens in a callback."""
    try:
        raise ZeroDivisionError("deliberate")
    except ZeroDivisionError as error:
        window.on_exception(type(error), error, error.__traceback__)
    [dialog] = dialogs(window)
    return dialog


def test_what_nobody_expected_is_told_and_its_details_are_copied(window: Window) -> None:
    dialog = fail(window)
    assert "Treering did not expect this: deliberate (ZeroDivisionError)" in texts(dialog)
    assert "The app goes on" in texts(dialog)
    button(dialog, "Copy details").invoke()
    copied = window.root.clipboard_get()
    assert "Traceback (most recent call last)" in copied
    assert "deliberate" in copied
    assert f"Treering {app_version()}" in copied
    assert "Python" in copied
    dialog.destroy()


def test_from_the_dialog_one_comes_to_the_log(window: Window) -> None:
    button(fail(window), "Show log").invoke()
    live(window.root)
    assert dialogs(window) == []
    assert isinstance(window.shown_page, LogPage)


def test_trouble_that_repeats_is_one_dialog(window: Window) -> None:
    first = fail(window)
    assert fail(window) is first
    first.destroy()
    live(window.root)
    fail(window).destroy()


def test_versions_are_copied_from_about(window: Window) -> None:
    dialog = show_about(window.root)
    assert f"Treering {app_version()}" in texts(dialog)
    button(dialog, "Copy versions").invoke()
    assert window.root.clipboard_get() == particulars(str(window.root.tk.call("info", "patchlevel")))
    dialog.destroy()


def test_closing_asks_only_if_one_wants_that_and_something_runs(window: Window) -> None:
    window.change_settings(confirm_close=True)
    window.start(DemoSource(speed=6))
    asked: list[str] = []

    def answer(text: str) -> None:
        there = [dialog for dialog in dialogs(window) if dialog.grab_status()]
        if not there:  # it is not open yet
            window.root.after(20, answer, text)
            return
        asked.append(texts(there[0]))
        button(there[0], text).invoke()

    window.root.after(20, answer, "Cancel")
    window.close()
    assert "Demo network" in asked[0]
    assert window.root.winfo_exists()
    window.root.after(20, answer, "Close")
    window.close()
    assert len(asked) == 2
    assert window.root.children == {}
    assert "confirm_close = true" in places.settings().read_text()
