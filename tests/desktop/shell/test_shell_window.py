"""The real window: the palette, the pages of the shell, and the layout that comes back."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING

import pytest

from desktop import places, theme
from desktop.actions import Action
from desktop.palette import DARK, LIGHT
from desktop.shell.drop import DropFeature
from desktop.shell.find import FindFeature
from desktop.shell.help_page import HelpPage
from desktop.shell.log_page import LogPage
from desktop.shell.settings_page import SettingsPage
from desktop.sources.demo import DemoSource
from tests.desktop.rig import descendants, dialogs, live, press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window


Opened = Callable[[], AbstractContextManager["Window"]]


@pytest.fixture
def opened(display: str, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens a window, as each start of the app does, and closes it."""
    monkeypatch.setenv("DISPLAY", display)

    @contextmanager
    def open_window() -> Iterator[Window]:
        from desktop.window import Window, open_root

        window = Window(open_root(LIGHT))
        window.furnish()
        try:
            yield window
        finally:
            window.close()

    return open_window


def type_into(entry: tk.Misc, text: str) -> None:
    entry.focus_force()
    for letter in text:
        entry.event_generate("<KeyPress>", keysym="space" if letter == " " else letter)
        entry.event_generate("<KeyRelease>", keysym="space" if letter == " " else letter)
    live(entry)


def of_class(widget: tk.Misc, kind: str) -> list[tk.Misc]:
    return [part for part in descendants(widget) if part.winfo_class() == kind]


# --- the command palette ---------------------------------------------------------------------------------


def test_ctrl_k_finds_a_command_by_some_letters_and_return_does_it(window: Window) -> None:
    press(window.root, "<Control-k>")
    palette = window.feature(FindFeature).palette
    assert palette.winfo_ismapped()
    type_into(palette.entry, "demo ring")
    press(palette.entry, "<Return>")
    assert not palette.winfo_ismapped()
    assert window.session is not None
    assert window.session.source.title == "Demo ring"
    press(window.root, "<Control-k>")
    first = palette.table.item(palette.table.get_children()[0], "values")[0]
    assert first == "Demo: ring", "what was done last comes first"


def test_arrows_choose_in_the_palette_and_escape_leaves_all_as_it_was(window: Window) -> None:
    palette = window.feature(FindFeature).palette
    press(window.root, "<Control-k>")
    rows = palette.table.get_children()
    for key, row in (("<Down>", rows[1]), ("<Up>", rows[0]), ("<Up>", rows[-1]), ("<Down>", rows[0])):
        press(palette.entry, key)
        assert palette.table.selection() == (row,), key
    type_into(palette.entry, "zzzz")
    assert "Nothing fits" in texts(palette)
    press(palette.entry, "<Escape>")
    assert not palette.is_open
    assert window.session is None


def test_what_cannot_be_done_says_why(window: Window) -> None:
    action = next(action for action in window.actions if action.label == "One view alone, or all")
    assert window.obstacle(action) is not None
    press(window.root, "<F12>")
    assert f"{action.name}: start the demo" in texts(window.root)


def test_a_key_of_a_page_counts_there_and_not_where_text_is_written(window: Window) -> None:
    press(window.root, "<F9>")
    page = window.shown_page
    done: list[str] = []
    window._keys.bind([Action("Tools", "Here", "s", lambda: done.append("s"), page=page)])
    window._keys.bind([Action("Tools", "Out", "Delete", lambda: done.append("Delete"), page=page)])
    press(window.root, "<Control-s>")
    press(window.root, "<Delete>")
    assert page is not None
    press(of_class(page, "TEntry")[0], "<Delete>")
    assert done == ["s", "Delete"]


def test_keys_are_not_left_to_a_field_that_is_not_seen_any_more(window: Window) -> None:
    done: list[str] = []
    window._keys.bind([Action("Tools", "Out", "Delete", lambda: done.append("Delete"))])
    press(window.root, "<F9>")
    page = window.shown_page
    assert page is not None
    press(of_class(page, "TEntry")[0], "<Escape>")
    focus = window.root.focus_get()
    assert focus is window.root
    focus.event_generate("<Delete>")
    live(window.root)
    assert done == ["Delete"]


# --- settings --------------------------------------------------------------------------------------------


def test_a_setting_holds_at_once_and_escape_goes_back(window: Window) -> None:
    press(window.root, "<Control-comma>")
    page = window.shown_page
    assert isinstance(page, SettingsPage)
    dark = next(part for part in of_class(page, "TRadiobutton") if part.cget("text") == "Dark")
    press(dark, "<space>")
    assert window.settings.theme == "dark"
    assert theme.mode() == DARK
    limit = of_class(page, "TEntry")[0]
    press(limit, "<Control-a>")
    type_into(limit, "5")
    assert "must be a number from 10" in texts(page)
    assert window.settings.recording_limit_mb == 2_000
    type_into(limit, "00")
    assert "must be a number" not in texts(page) or not _is_seen(page, "must be a number")
    assert window.settings.recording_limit_mb == 500
    press(limit, "<Escape>")
    assert window.shown_page is window.start_page
    press(window.root, "<Control-t>")
    assert (window.settings.theme, theme.mode()) == ("light", LIGHT)


def _is_seen(widget: tk.Misc, text: str) -> bool:
    return any(text in str(part.cget("text")) and part.winfo_manager() for part in of_class(widget, "TLabel"))


def test_a_bad_settings_file_is_told_at_the_start(opened: Opened) -> None:
    places.settings().parent.mkdir(parents=True)
    places.settings().write_text("theme = \n")
    with opened() as window:
        [dialog] = dialogs(window)
        assert "line 1" in texts(dialog)


# --- help and log ----------------------------------------------------------------------------------------


def test_f1_brings_the_help_whose_search_finds_words_and_keys(window: Window) -> None:
    press(window.root, "<F1>")
    page = window.shown_page
    assert isinstance(page, HelpPage)
    [entry] = of_class(page, "TEntry")
    [text] = [part for part in of_class(page, "Text") if isinstance(part, tk.Text)]
    assert text.get("1.0", "1.end") == "Start here"
    type_into(entry, "cable")
    assert text.get("1.0", "1.end") == "Connecting"
    press(window.root, "<F1>")
    assert window.shown_page is window.start_page
    press(window.root, "<Shift-F1>")
    read = text.get("1.0", "end")
    for action in window.actions:
        assert action.shown_key in read
        assert action.name in read


def test_f9_shows_what_was_logged(window: Window, tmp_path: Path) -> None:
    places.error_log().parent.mkdir(parents=True, exist_ok=True)
    places.error_log().write_text("2026-01-01 00:00:00,000 ERROR desktop: a deliberate one\n")
    press(window.root, "<F9>")
    page = window.shown_page
    assert isinstance(page, LogPage)
    wait(window, lambda: "1 of 1" in texts(page), "the entry")
    press(window.root, "<Escape>")
    assert window.shown_page is window.start_page


# --- the layout ------------------------------------------------------------------------------------------


def test_a_view_takes_all_the_room_and_gives_it_back(window: Window) -> None:
    window.start(DemoSource(speed=6))
    workspace = window.workspace
    wait(window, workspace.plot.winfo_ismapped, "the plot")
    live(window.root)
    wide_px = workspace.network.winfo_width()
    press(workspace.network.canvas, "<F12>")
    wait(window, lambda: workspace.network.winfo_width() > 1.5 * wide_px, "the network alone")
    assert not workspace.plot.winfo_ismapped()
    assert not workspace.tabs.winfo_ismapped()
    press(workspace.network.canvas, "<F12>")
    wait(window, lambda: abs(workspace.network.winfo_width() - wide_px) < 5, "as it was")
    assert workspace.tabs.winfo_ismapped()
    workspace.toggle_alone(workspace.events)
    wait(window, lambda: not workspace.network.winfo_ismapped(), "the events alone")
    assert not workspace.rounds.winfo_ismapped()
    workspace.select(workspace.panels)
    wait(window, workspace.panels.winfo_ismapped, "all, with another view in front")


def test_size_sashes_and_tabs_come_back(opened: Opened) -> None:
    with opened() as first:
        first.root.geometry("900x700+40+30")
        first.start(DemoSource(speed=6))
        wait(first, first.workspace.plot.winfo_ismapped, "the plot")
        wait(first, lambda: first.root.winfo_width() == 900, "the width")
        live(first.root)
        first.workspace.select(first.workspace.panels)
        above = first.workspace.network.master
        assert isinstance(above, ttk.Panedwindow)
        width_px = above.winfo_width()
        above.sashpos(0, round(0.3 * width_px))  # type: ignore[no-untyped-call]
        above.event_generate("<ButtonRelease-1>")
        live(first.root)
    with opened() as second:
        second.start(DemoSource(speed=6))
        network = second.workspace.network
        wait(second, second.workspace.panels.winfo_ismapped, "the tab chosen last")
        wait(second, lambda: second.root.winfo_width() == 900, "the width")
        assert second.root.winfo_height() == 700
        wait(second, lambda: abs(network.winfo_width() / width_px - 0.3) < 0.02, "the sash")


def test_in_a_narrow_window_the_top_line_folds_and_nothing_is_cut(window: Window) -> None:
    for width in (window.root.minsize()[0], 1280):
        window.root.geometry(f"{width}x600")
        wait(window, lambda width=width: window.root.winfo_width() == width, "the width")  # type: ignore[misc]
        live(window.root)
        right = window.header.winfo_rootx() + window.header.winfo_width()
        buttons = [part for part in of_class(window.header, "TButton") if part.winfo_ismapped()]
        assert len(buttons) >= 6
        assert all(button.winfo_rootx() + button.winfo_width() <= right for button in buttons)


# --- files dropped on the window -------------------------------------------------------------------------


def test_a_log_dropped_on_the_window_is_opened(window: Window, demo_log: Path, tmp_path: Path) -> None:
    feature = window.feature(DropFeature)
    feature.accept()
    assert feature.is_accepting
    path = demo_log.rename(tmp_path / "a demo {1}.pcapng")
    script = str(window.root.tk.call("bind", ".", "<<Drop:DND_Files>>"))
    dropped = window.root.tk.eval(f"list [list {{{path}}}]")  # as tkdnd puts it for %D
    assert window.root.tk.eval(script.replace("%D", dropped)) == "copy"
    wait(window, lambda: window.session is not None, "the log")
    assert window.session is not None
    assert window.session.log == path
    assert window.recent_logs == [str(path)]


def test_where_tkdnd_cannot_be_loaded_the_window_is_as_good(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(root: tk.Tk) -> None:
        raise RuntimeError("Unable to load tkdnd library.")

    monkeypatch.setattr("tkinterdnd2.TkinterDnD.require", missing)
    window.feature(DropFeature).accept()
    assert not window.feature(DropFeature).is_accepting
    press(window.root, "<Control-d>")
    assert window.session is not None
