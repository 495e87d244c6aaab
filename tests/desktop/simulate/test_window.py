"""A person simulates a field and hurts it, in a real window."""

from __future__ import annotations

import tkinter as tk
from typing import TYPE_CHECKING

import pytest

from desktop.model.model import Standing
from desktop.model.words import EventKind
from desktop.simulate.feature import SimulateFeature
from desktop.simulate.simulate_dialog import SimulateDialog
from desktop.simulate.source import SimulatedSource, SimulationSource
from desktop.simulate.view import NOT_SIMULATED
from protocol.simulator.scenario import Grid, Scenario
from tests.desktop.rig import descendants, dialogs, live, press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window

SPEED = 10.0
FIELD = Scenario(field=Grid(3, 3), period_ms=1_000, seed=2)


@pytest.fixture
def simulated(window: Window) -> Window:
    window.start(SimulationSource(FIELD, speed=SPEED))
    wait(window, lambda: shown(window, 9) is Standing.JOINED, "node 9 in the tree")
    return window


def shown(window: Window, node: int) -> Standing | None:
    """As the network's view draws it."""
    look = window.workspace.network.canvas.scene.looks.get(node)
    return look.standing if look else None


def source_of(window: Window) -> SimulatedSource:
    source = window.feature(SimulateFeature).source
    assert source is not None
    return source


def event_texts(window: Window) -> list[str]:
    assert window.session is not None
    return [line.text for line in window.session.model.events if line.kind is EventKind.NOTICE]


def fill(dialog: tk.Toplevel, *answers: str) -> None:
    """Type these into the fields, from the first on."""
    fields = [w for w in descendants(dialog) if w.winfo_class() in ("TEntry", "TCombobox", "TSpinbox")]
    for field, answer in zip(fields, answers, strict=False):
        field.delete(0, "end")  # type: ignore[attr-defined]
        field.insert(0, answer)  # type: ignore[attr-defined]
    press(dialog, "<Return>")


def test_f10_asks_for_a_field_and_runs_it(window: Window) -> None:
    press(window.root, "<F10>")
    [dialog] = dialogs(window)
    assert isinstance(dialog, SimulateDialog)
    fill(dialog, "nine")
    assert "Columns × rows: 'nine' is not like 4x4" in texts(dialog)
    fill(dialog, "3x2")
    assert dialogs(window) == []
    wait(window, lambda: window.workspace.network.node_count == 6, "six nodes")
    press(window.root, "<F10>")
    [dialog] = dialogs(window)
    values = [w.get() for w in descendants(dialog) if w.winfo_class() == "TCombobox"]  # type: ignore[attr-defined]
    assert "3x2" in values, "what was asked for last stands there"
    dialog.destroy()


def test_a_node_is_killed_by_key_and_is_seen_lost(simulated: Window) -> None:
    window, canvas = simulated, simulated.workspace.network.canvas
    canvas.choose(9)
    press(window.root, "<Control-Shift-K>")
    wait(window, lambda: "killed node 9" in event_texts(window), "the line of the deed")
    wait(window, lambda: shown(window, 9) is Standing.LOST, "node 9 drawn as lost")
    press(window.root, "<Control-Shift-Y>")
    wait(window, lambda: shown(window, 9) is Standing.JOINED, "node 9 back in the tree")
    feature = window.feature(SimulateFeature)
    feature.show_deeds()
    wait(window, lambda: len(feature.view.lines) == 2, "both deeds in the list")


def test_without_a_node_chosen_a_dialog_asks(simulated: Window) -> None:
    press(simulated.root, "<Control-Shift-K>")
    [dialog] = dialogs(simulated)
    fill(dialog, "77")
    assert "no node 77" in texts(dialog)
    fill(dialog, "8")
    assert dialogs(simulated) == []
    wait(simulated, lambda: 8 not in source_of(simulated).alive, "node 8 without power")


def test_the_menu_on_a_node_and_on_a_link(simulated: Window) -> None:
    feature, canvas = simulated.feature(SimulateFeature), simulated.workspace.network.canvas
    canvas.choose(9)
    menu = feature.menu()
    above = canvas.scene.ties[9]
    words = entries(menu)
    assert words[:3] == ["Node 9: all about it", "", "Kill node 9"]
    assert f"Cut the link 9 – {above}" in words
    assert "Revive node 9" not in words, "it lives"
    menu.invoke(words.index(f"Cut the link 9 – {above}"))
    wait(simulated, lambda: (9, above) in source_of(simulated).cut, "the cut")
    canvas.choose(None)
    canvas.link = 9
    assert f"Heal the link 9 – {above}" in entries(feature.menu())
    wait(simulated, lambda: canvas.scene.ties[9] not in (above, None), "another parent")


def entries(menu: tk.Menu) -> list[str]:
    return [
        str(menu.entrycget(i, "label")) if menu.type(i) == "command" else ""
        for i in range((menu.index("end") or 0) + 1)
    ]


def test_the_slider_sets_the_loss_of_all_links(simulated: Window) -> None:
    view = simulated.feature(SimulateFeature).view
    simulated.workspace.select(view)
    [slider] = [w for w in descendants(view) if w.winfo_class() == "TScale"]
    live(simulated.root)
    press(slider, "<Right>")
    slider.set(40)  # type: ignore[attr-defined]
    wait(simulated, lambda: source_of(simulated).quality.loss == 0.4, "the loss")
    wait(simulated, lambda: "every link loses 40%" in event_texts(simulated), "its line")


def test_nothing_can_be_done_to_a_field_that_is_not_simulated(window: Window) -> None:
    feature = window.feature(SimulateFeature)
    kill = next(action for action in feature.actions if action.label == "Kill node …")
    assert window.obstacle(kill) == NOT_SIMULATED
    press(window.root, "<Control-Shift-K>")
    assert dialogs(window) == []
    assert entries(feature.menu()) == [NOT_SIMULATED]


def test_paused_by_key_its_time_stands(simulated: Window) -> None:
    assert simulated.session is not None
    press(simulated.root, "<Shift-F6>")
    wait(simulated, lambda: "paused" in texts(simulated.feature(SimulateFeature).view), "the word")
    assert source_of(simulated).is_paused
    press(simulated.root, "<Shift-F6>")
    assert not source_of(simulated).is_paused
