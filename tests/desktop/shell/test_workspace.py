"""How the views share the room: where a person is, there is enough of it, however small the window."""

from __future__ import annotations

from tkinter.font import nametofont
from typing import TYPE_CHECKING

from desktop.packets.feature import PacketsFeature
from desktop.sources.demo import DemoSource
from tests.desktop.rig import live, wait

if TYPE_CHECKING:
    from desktop.window import Window

ROWS = 13  # of text: the heads of a tab, and some of its lines


def shown_in(window: Window, size: str) -> None:
    window.root.geometry(size)
    window.start(DemoSource(speed=5))
    workspace = window.workspace
    wait(window, lambda: workspace.winfo_ismapped() and workspace.network.node_count, "the tree")
    live(window.root)


def test_in_a_small_window_a_tab_that_is_chosen_has_room_and_gives_it_back(window: Window) -> None:
    shown_in(window, "800x530")
    workspace, line_px = window.workspace, nametofont("TkDefaultFont").metrics("linespace")
    before = workspace.tabs.winfo_height()
    assert before < ROWS * line_px

    workspace.select(window.feature(PacketsFeature).view)
    wait(window, lambda: workspace.tabs.winfo_height() >= ROWS * line_px, "room for the packets")
    workspace.network.canvas.focus_force()
    wait(window, lambda: workspace.tabs.winfo_height() == before, "room for the network")


def test_in_a_large_window_nothing_moves(window: Window) -> None:
    shown_in(window, "1280x860")
    workspace = window.workspace
    before = workspace.tabs.winfo_height()
    workspace.select(window.feature(PacketsFeature).view)
    live(window.root)
    assert workspace.tabs.winfo_height() == before


def test_the_list_of_packets_shows_that_the_keys_are_its_own(window: Window) -> None:
    shown_in(window, "1280x860")
    packets = window.feature(PacketsFeature).view
    window.workspace.select(packets)
    live(window.root)
    packets.table.sheet.MT.focus_force()
    wait(window, lambda: packets.table.instate(["focus"]), "its ring")
    packets.filter.entry.focus_force()
    wait(window, lambda: packets.table.instate(["!focus"]), "no ring")
