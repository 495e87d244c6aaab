"""The window itself, on a display of its own: from the demo to a log, with the app's own actions."""

from __future__ import annotations

import time
import tkinter as tk
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import ttkbootstrap

from bridge.capture_file import read_records
from desktop.actions import conflicts
from desktop.keep.files import FilesFeature
from desktop.model.model import Standing
from desktop.network.scenes import scene_of
from desktop.network.view import TITLES
from desktop.replay.feature import ReplayFeature
from desktop.sources.demo import DEMOS, VICTIMS, DemoSource
from desktop.sources.source import State
from desktop.workspace import Workspace
from protocol.capture import Record
from protocol.observer import Observer, RoundRow
from protocol.packets import Network
from tests.desktop.rig import PATIENCE_S, dialogs, press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window

SPEED = 6.0  # of the demo: its first node dies after 13 s of its own


def event_texts(window: Window) -> list[str]:
    table = window.workspace.events.list.table
    return [table.set(item, "event") for item in table.get_children()]


def test_from_the_demo_to_a_log(
    window: Window, demo_records: list[Record], demo_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, plot, rounds = window.workspace.network, window.workspace.plot, window.workspace.rounds
    window.start(DemoSource(speed=SPEED))
    wait(window, lambda: tree.node_count == 16, "16 nodes in the tree")
    wait(window, lambda: len(rounds.list) >= 4, "two rounds of two metrics in the table")
    wait(window, lambda: plot.point_count >= 2, "points in the plot")
    wait(window, lambda: any(f"{VICTIMS[0]} is lost" in text for text in event_texts(window)), "the death")
    assert window.session is not None
    standings = {node.id: node.standing for node in window.session.model.tree()}
    assert standings[VICTIMS[0]] is Standing.LOST

    asked: list[dict[str, Any]] = []

    def choose(parent: tk.Misc, **options: Any) -> str:
        asked.append(options)
        return str(demo_log)

    monkeypatch.setattr(ttkbootstrap.Querybox, "get_open_filename", choose)
    press(window.root, "<Control-o>")
    assert asked, "Ctrl+O asks for a file"
    session = window.session
    assert session.log == demo_log
    wait(window, lambda: session.status.state is State.ENDED, "the end of the log")
    wait(window, lambda: plot.point_count == session.model.rows[-1].round, "all rounds in the plot")

    observer = Observer()
    rows = [seen for r in demo_records for seen in observer.observe(r) if isinstance(seen, RoundRow)]
    assert len(rounds.list) == len(rows)
    assert tree.node_count == len(observer.nodes)
    wait(
        window,
        lambda: f"{observer.good:,} frames good, 0 bad" in texts(window.root),
        "the frames in the status bar",
    )


@pytest.mark.parametrize(
    ("key", "network", "lost"),
    [("<F3>", Network.RING, Standing.ABSENT), ("<F4>", Network.POLLING, Standing.MISSING)],
)
def test_a_ring_and_a_star_are_drawn_where_the_tree_was(
    window: Window,
    key: str,
    network: Network,
    lost: Standing,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    demo, workspace = DEMOS[network], window.workspace
    press(window.root, key)
    assert isinstance(window.session.source if window.session else None, DemoSource)
    window.start(DemoSource(network, speed=SPEED / 2))  # a busy machine must see the dead before they return
    session = window.session
    assert session is not None
    canvas = workspace.network.canvas
    wait(window, lambda: workspace.network.node_count == demo.nodes, "all nodes")
    assert TITLES[network] in texts(workspace.network)
    wait(window, lambda: item(canvas, "token", "state") == token_state(network), "the token")

    def is_lost() -> bool:
        looks = scene_of(session.model, 0).looks
        return demo.victims[0] in looks and looks[demo.victims[0]].standing is lost

    wait(window, is_lost, "the death")
    press(window.root, "<Control-p>")
    assert workspace.panels.winfo_ismapped()
    window.feature(FilesFeature).toggle_round_pictures(tmp_path)
    without_it = f"{demo.nodes - 1} nodes, 1 missing"
    wait(window, lambda: without_it in texts(workspace.panels), "a round without it")
    wait(window, lambda: len(list(tmp_path.iterdir())) >= 3, "rounds on file")
    chosen = tmp_path / "chosen.png"
    monkeypatch.setattr(ttkbootstrap.Querybox, "get_save_filename", lambda *_, **__: str(chosen))
    press(window.root, "<Control-g>")
    assert chosen.stat().st_size > 10_000
    press(canvas, "<Right>")
    assert item(canvas, "details", "text").startswith("node ")
    press(window.root, "<Control-t>")
    press(window.root, "<Control-d>")
    wait(window, lambda: workspace.network.node_count == 16, "the tree in its place")
    assert TITLES[Network.TREE] in texts(workspace.network)


def item(canvas: tk.Canvas, tag: str, option: str) -> str:
    return str(canvas.itemcget(tag, option))  # type: ignore[no-untyped-call]


def token_state(network: Network) -> str:
    return "normal" if network is Network.RING else "hidden"


def test_a_file_that_is_no_log_leaves_all_as_it_was(window: Window, tmp_path: Path) -> None:
    window.start(DemoSource(speed=SPEED))
    session = window.session
    (tmp_path / "notes.txt").write_text("no packets here\n")
    window.feature(FilesFeature).open_log(tmp_path / "notes.txt")
    [dialog] = dialogs(window)
    assert "notes.txt" in texts(dialog)
    assert "not a packet log" in texts(dialog)
    window.feature(FilesFeature).open_log(tmp_path / "missing.pcapng")
    assert dialogs(window) == [dialog], "one complaint at a time"
    dialog.focus_force()
    dialog.update()
    dialog.event_generate("<Escape>")
    window.root.update()
    assert dialogs(window) == []
    assert window.session is session
    wait(window, lambda: window.workspace.network.node_count == 16, "the demo, which goes on")


def test_what_is_shown_is_saved_and_exported_by_key(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.start(DemoSource(speed=SPEED))
    wait(window, lambda: len(window.workspace.rounds.list) >= 2, "a round")
    for key, name in (("<Control-s>", "saved.pcapng"), ("<Control-e>", "rounds.csv")):
        chosen = str(tmp_path / name)
        monkeypatch.setattr(
            ttkbootstrap.Querybox, "get_save_filename", lambda *_, chosen=chosen, **__: chosen
        )
        press(window.root, key)
    saved = list(read_records(tmp_path / "saved.pcapng", on_notice=pytest.fail))
    assert len(saved) > 50
    assert len((tmp_path / "rounds.csv").read_text().splitlines()) >= 3
    assert f"saved as {tmp_path / 'saved.pcapng'}" in event_texts(window)


def test_a_session_that_begins_before_all_is_made_is_shown_by_all(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    window = Window(open_root("light"))
    window.start(DemoSource(speed=SPEED))
    session = window.session
    assert session is not None
    workspace = window.shown_page
    assert isinstance(workspace, Workspace)
    assert not hasattr(workspace, "plot"), "the network does not wait for it"
    deadline_s = time.monotonic() + PATIENCE_S
    while not session.model.events:  # with no life in the window, which would make the rest
        assert time.monotonic() < deadline_s
        session.drain(0.01)
    wait(window, lambda: workspace.network.node_count == 16, "16 nodes in the tree")
    wait(window, lambda: len(window.workspace.rounds.list) >= 2, "rounds")
    wait(window, lambda: workspace.plot.point_count >= 2, "points of the plot")
    assert window.feature(ReplayFeature)._told.lines == list(session.model.events), "none came too early"
    window.close()


def test_a_window_that_is_closed_before_all_is_made_keeps_what_it_knew(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    from desktop.window import Window, open_root

    first = Window(open_root("light"))
    first.furnish()
    first.workspace.select(first.workspace.panels)
    first.close()
    second = Window(open_root("light"))
    second.start(DemoSource(speed=SPEED))
    second.close()
    third = Window(open_root("light"))
    third.furnish()
    book = third.workspace.stage
    assert book.tab("current", "text") == "Each node"  # type: ignore[no-untyped-call]
    third.close()


def test_no_key_means_two_things(window: Window) -> None:
    assert conflicts(window.actions) == []


def test_both_themes_and_the_way_back_to_the_start_page(window: Window) -> None:
    window.start(DemoSource(speed=SPEED))
    wait(window, lambda: window.workspace.network.node_count == 16, "16 nodes in the tree")
    canvas = window.workspace.network.canvas
    light = canvas.cget("background")
    press(window.root, "<Control-t>")
    assert canvas.cget("background") != light
    press(window.root, "<Control-w>")
    assert window.session is None
    assert window.workspace.winfo_manager() == ""
    press(window.root, "<Control-s>")
    assert dialogs(window) == []
    assert "Save log as: start the demo" in texts(window.root)


def test_an_error_in_a_callback_is_told_and_the_app_goes_on(window: Window) -> None:
    error = ZeroDivisionError("deliberate")
    window.on_exception(ZeroDivisionError, error, None)
    [dialog] = dialogs(window)
    assert "deliberate" in texts(dialog)
    dialog.destroy()
    window.start(DemoSource(speed=SPEED))
    wait(window, lambda: window.workspace.network.node_count == 16, "16 nodes in the tree")


def test_the_arrow_keys_bring_the_details_of_a_node(window: Window) -> None:
    window.start(DemoSource(speed=SPEED))
    wait(window, lambda: len(window.workspace.rounds.list) >= 2, "a round")
    canvas = window.workspace.network.canvas
    press(canvas, "<Right>")
    press(canvas, "<Right>")
    text = str(canvas.itemcget("details", "text"))  # type: ignore[no-untyped-call]
    assert text.startswith("node 2: joined")
    assert "humidity" in text
    press(canvas, "<Escape>")
    assert canvas.itemcget("details", "state") == "hidden"  # type: ignore[no-untyped-call]
