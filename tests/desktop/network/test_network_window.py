"""What a person does with the network's view, in a real window."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from desktop.model.model import Model
from desktop.network.feature import NetworkFeature
from desktop.network.plan import Picture
from desktop.network.view import NO_PLAN, NetworkView
from desktop.simulate.source import SimulationSource
from desktop.sources.demo import DemoSource
from desktop.sources.log import LogSource
from protocol.capture import Record
from protocol.packets import Network
from protocol.simulator.scenario import Grid, Scenario
from protocol.simulator.scenario_run import simulation_of
from tests.desktop.rig import dialogs, live, press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window

SPEED = 10.0
# A person who seeks through a log waits for it.
ATTACH_S = 0.015
NODES_TO_ATTACH = 100


@pytest.fixture
def demo(window: Window) -> NetworkView:
    window.start(DemoSource(speed=SPEED))
    view = window.workspace.network
    wait(window, lambda: view.node_count == 16, "16 nodes")
    return view


def stand_still(window: Window) -> None:
    """Pause the simulation, and let the nodes come to their places."""
    assert window.session is not None
    assert isinstance(window.session.source, DemoSource)
    window.session.source.pause()
    session, canvas = window.session, window.workspace.network.canvas
    wait(window, lambda: "paused" in session.status.text and not canvas.packets, "the last frame")
    wait(window, lambda: not canvas._motion.moving and not session.drain(0.01), "the nodes in their places")


def test_frames_fly_as_dots_and_the_canvas_rests_when_none_does(window: Window, demo: NetworkView) -> None:
    canvas = demo.canvas
    wait(window, lambda: len(canvas.packets) >= 3, "dots")
    shown = [item for item in canvas.find_withtag("packet") if canvas.coords(item)[0] > 0]
    wait(
        window,
        lambda: shown or [i for i in canvas.find_withtag("packet") if canvas.coords(i)[0] > 0],
        "a dot",
    )
    window.close_session()
    wait(window, lambda: len(canvas.packets) == 0, "the last dot to arrive")
    live(window.root)
    drawn = canvas.frames_drawn
    for _ in range(20):
        live(window.root)
        time.sleep(0.01)
    assert canvas.frames_drawn - drawn <= 12, "no more frames than it takes for who sent to be forgotten"


def test_a_click_or_return_tells_all_about_a_node_and_escape_closes_it(
    window: Window, demo: NetworkView
) -> None:
    wait(window, lambda: len(demo.model.rows) >= 4, "rounds")
    canvas = demo.canvas
    place = canvas.place_of(6)
    assert place is not None
    x, y = map(round, place)
    canvas.event_generate("<ButtonPress-1>", x=x, y=y)
    canvas.event_generate("<ButtonRelease-1>", x=x, y=y)
    wait(window, lambda: "Node 6" in texts(demo), "the panel")
    assert canvas.chosen == 6
    assert "frames heard" in texts(demo)
    press(canvas, "<Up>")
    above = canvas.chosen
    assert above == canvas.scene.ties[6]
    wait(window, lambda: f"Node {above}" in texts(demo), "its parent in the panel")
    press(canvas, "<Escape>")
    wait(window, lambda: canvas.chosen is None and not canvas.is_open, "nothing chosen")
    press(canvas, "<Right>")
    press(canvas, "<Return>")
    assert canvas.is_open
    assert "Node 1" in texts(demo)


def test_wheel_keys_and_dragging_move_and_zoom(window: Window, demo: NetworkView) -> None:
    canvas = demo.canvas
    stand_still(window)
    about = canvas.place_of(6)
    assert about is not None
    canvas.zoom(2, about)
    wait(window, lambda: canvas.camera.zoom > 1.5 and not canvas._camera_is_due, "the zoom")
    assert canvas.place_of(6) == pytest.approx(about, abs=0.5)
    press(canvas, "<minus>")
    press(canvas, "<Shift-Right>")
    wait(window, lambda: canvas.camera.zoom < 1.5, "one step back")
    before = canvas.camera
    canvas.event_generate("<ButtonPress-1>", x=5, y=5)
    canvas.event_generate("<B1-Motion>", x=45, y=25)
    canvas.event_generate("<ButtonRelease-1>", x=45, y=25)
    assert canvas.camera == before.panned(40, 20)
    assert canvas.chosen is None, "who drags chooses nothing"
    press(canvas, "<Key-0>")
    wait(window, lambda: canvas.camera.zoom == 1.0, "all of it")


def test_the_plan_is_that_of_the_simulation_and_back(window: Window, demo: NetworkView) -> None:
    press(window.root, "<Control-u>")
    assert demo.canvas.plan is not None
    wait(window, lambda: not demo.canvas._motion.moving, "the nodes in their places")
    one, five = demo.canvas.place_of(1), demo.canvas.place_of(5)
    assert one is not None
    assert five is not None
    assert five[0] == pytest.approx(one[0]), "a grid of four columns: 5 stands below 1"
    press(window.root, "<Control-u>")
    assert demo.canvas.plan is None


def test_without_places_it_is_said_how_to_get_them(
    window: Window, demo_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.start(LogSource(demo_log))
    view, feature = window.workspace.network, window.feature(NetworkFeature)
    wait(window, lambda: view.node_count == 16, "16 nodes")
    monkeypatch.setattr(window, "ask_open", lambda *_: None)
    feature.toggle_plan()
    assert view.canvas.scene.captions == [NO_PLAN]
    (tmp_path / "odd.toml").write_text("[field]\n")
    feature.open_plan(tmp_path / "odd.toml")
    [dialog] = dialogs(window)
    assert "odd.toml" in texts(dialog)
    dialog.destroy()
    (tmp_path / "field.toml").write_text('[field]\ngrid = "4x4"\n')
    feature.open_plan(tmp_path / "field.toml")
    assert view.canvas.plan is not None
    assert view.node_count == 16


def test_a_field_with_a_picture_is_seen_on_it_and_a_log_by_itself(
    window: Window, demo_log: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (200, 100), "#ff0000").save(tmp_path / "hall.png")
    picture = Picture(tmp_path / "hall.png", 0.2)
    window.start(SimulationSource(Scenario(field=Grid(3, 2)), speed=SPEED, picture=picture))
    canvas = window.workspace.network.canvas
    wait(window, lambda: window.workspace.network.node_count == 6, "six nodes")
    assert canvas.plan is not None
    assert canvas.plan.picture is not None
    assert canvas.plan.picture.size_px == (200, 100)
    window.start(LogSource(demo_log))
    wait(window, lambda: window.workspace.network.node_count == 16, "16 nodes")
    assert canvas.plan is None


@pytest.mark.parametrize("network", [Network.RING, Network.POLLING])
def test_rings_and_stars_stand_on_plans_too(window: Window, network: Network) -> None:
    window.start(DemoSource(network, speed=SPEED))
    view = window.workspace.network
    view.show_plan(True)
    wait(window, lambda: view.node_count >= 10, "all nodes")
    canvas = view.canvas
    wait(window, lambda: any(tied is not None for tied in canvas.scene.ties.values()), "links")
    assert canvas.plan is not None
    canvas.hover(None, next(node for node, tied in canvas.scene.ties.items() if tied is not None))
    assert "node" in str(canvas.itemcget("details", "text"))  # type: ignore[no-untyped-call]


def test_another_model_of_a_hundred_nodes_is_shown_at_once(window: Window) -> None:
    """The median of some: other programs run meanwhile."""
    records: list[Record] = []
    simulation = simulation_of(Scenario(field=Grid(10, 10), period_ms=20_000), on_record=records.append)
    simulation.advance_to(90_000_000)
    window.furnish()
    view = window.workspace.network
    window.show_page(window.workspace)
    taken_s = []
    for i in range(9):
        model = Model()
        model.feed(records[: len(records) * (i + 9) // 18])
        live(window.root)
        began_s = time.process_time()
        view.attach(model)
        taken_s.append(time.process_time() - began_s)
    assert view.node_count == NODES_TO_ATTACH
    assert sorted(taken_s)[len(taken_s) // 2] < ATTACH_S, taken_s
