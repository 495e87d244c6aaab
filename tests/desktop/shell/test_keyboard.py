"""All that can be done can be done without a mouse.

Every button of every page is an action's, which menus, keys and the palette have, or is reached by the Tab
key and pressed by space. Menus come from the actions alone.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from tkinter import ttk
from typing import TYPE_CHECKING

import pytest

from desktop.actions import conflicts
from desktop.page import Page
from desktop.shell.focus import focused
from desktop.sources.demo import DemoSource
from tests.desktop.rig import descendants, dialogs, live, wait

if TYPE_CHECKING:
    from desktop.window import Window

PRESSED = frozenset(
    [
        *("TButton", "TCheckbutton", "TRadiobutton", "TMenubutton", "Button", "Checkbutton"),
        *("TEntry", "TCombobox", "TSpinbox", "TScale", "TNotebook"),
        *("Treeview", "Text", "Canvas", "Listbox"),
    ]
)
# Pictures that answer to a mouse, and the actions that do the same.
BY_ACTIONS = {
    "Strip": ("Step back", "Step forward", "Go to a time or a packet …", "Loop from here", "Loop to here")
}
SHOWN = (
    "",
    "Settings",
    "Help",
    "Keys",
    "Log of the app",
    "Recordings",
    "Bridge, or network",
    "Show the field",
)


def seen(part: tk.Misc) -> Iterator[tk.Misc]:
    """What is on the screen of what can be pressed or written in."""
    for widget in descendants(part):
        if widget.winfo_class() in PRESSED and widget.winfo_viewable():
            yield widget


def reached_by_tab(root: tk.Misc) -> set[str]:
    """All that Tab goes to, round once."""
    first = str(root.tk.call("tk_focusNext", "."))
    reached: set[str] = set()
    name = first
    while name not in reached:
        reached.add(name)
        name = str(root.tk.call("tk_focusNext", name))
    return reached


def is_decoration(widget: tk.Misc) -> bool:
    """What is looked at or scrolled alone: texts that are read, and pictures that do nothing."""
    return (
        str(widget.cget("takefocus")) != "1"
        and widget.winfo_class() in ("Text", "Canvas")
        and not (widget.bind("<Button-1>") or widget.bind("<1>"))
    )


def test_no_key_means_two_things_and_every_action_is_in_the_menus(window: Window) -> None:
    assert [(one.label, other.label) for one, other in conflicts(window.actions)] == []
    labels = [action.label for action in window.actions]
    assert len(set(labels)) == len(labels), "the palette tells them apart by their names"
    bar = window.root.nametowidget(str(window.root.cget("menu")))
    listed: set[str] = set()
    letters: list[str] = []
    for i in range((bar.index("end") or 0) + 1):
        letters.append(bar.entrycget(i, "label")[int(bar.entrycget(i, "underline"))].lower())
        menu = bar.nametowidget(bar.entrycget(i, "menu"))
        listed |= {
            str(menu.entrycget(j, "label"))
            for j in range((menu.index("end") or 0) + 1)
            if menu.type(j) == "command"
        }
    assert listed >= set(labels)
    assert len(set(letters)) == len(letters), "Alt with its letter opens each menu"


@pytest.mark.parametrize("label", SHOWN, ids=lambda label: label or "session")
def test_all_that_is_pressed_on_a_page_is_reached_by_tab(window: Window, label: str) -> None:
    window.start(DemoSource(speed=6))
    wait(window, window.workspace.plot.winfo_ismapped, "the session")
    if label:
        window.perform_named(label)
    live(window.root)
    for dialog in dialogs(window):
        dialog.destroy()
    page = window.shown_page
    assert isinstance(page, Page)
    tabs, labels = reached_by_tab(window.root), {action.label for action in window.actions}
    missed = [
        f"{widget} {widget.cget('text') if 'text' in (widget.keys() or ()) else ''}"
        for widget in seen(page)
        if str(widget) not in tabs
        and not is_decoration(widget)
        and not is_disabled(widget)
        and not set(BY_ACTIONS.get(type(widget).__name__, ["none"])) <= labels
    ]
    assert missed == []


def is_disabled(widget: tk.Misc) -> bool:
    try:
        return bool(widget.instate(["disabled"]))  # type: ignore[attr-defined]
    except AttributeError:
        return str(widget.cget("state")) == "disabled"


def test_the_start_page_is_worked_by_tab_and_return(window: Window) -> None:
    live(window.root)
    tabs = reached_by_tab(window.root)
    buttons = [part for part in seen(window.start_page) if part.winfo_class() == "TButton"]
    assert len(buttons) >= 6
    assert all(str(button) in tabs for button in buttons)
    demo = next(button for button in buttons if button.cget("text") == "Ring")
    demo.focus_force()
    demo.event_generate("<Return>")
    live(window.root)
    assert window.session is not None
    assert window.session.source.title == "Demo ring"


def choosers(window: Window) -> list[ttk.Combobox]:
    found = [part for part in seen(window.root) if isinstance(part, ttk.Combobox)]
    return [chooser for chooser in found if chooser.cget("values")]


def test_an_open_list_of_choices_disturbs_nobody_who_asks_for_the_focus(window: Window) -> None:
    window.start(DemoSource())
    wait(window, lambda: choosers(window), "something to choose")
    chooser = choosers(window)[0]
    window.perform_named("Find a command …")
    live(window.root)
    chooser.focus_force()
    window.root.tk.call("ttk::combobox::Post", chooser)
    wait(window, lambda: "popdown" in str(window.root.tk.call("focus")), "its list")
    assert focused(window.root) is chooser
    window.perform_named("Find a command …")  # it remembers who had the focus
    window.workspace.toggle_alone()  # as the view with the focus has
    window.root.tk.call("ttk::combobox::Unpost", chooser)
    live(window.root)
