"""The window with a log at any time of it, and with a live session that is held; by the app's own actions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop.lists.lines import MAX_LINES
from desktop.model.model import Model
from desktop.network.scenes import scene_of
from desktop.replay.feature import ReplayFeature
from desktop.replay.replay import Replay
from desktop.sources.demo import DemoSource
from desktop.sources.log import LogSource
from desktop.sources.session import LiveSession
from desktop.sources.source import State
from protocol.capture import Record
from tests.desktop.replay.logs import assert_same, fed
from tests.desktop.rig import press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window


def event_texts(window: Window) -> list[str]:
    table = window.workspace.events.list.table
    return [table.set(item, "event") for item in table.get_children()]


def opened(window: Window, log: Path) -> Replay:
    window.start(LogSource(log))
    session = window.session
    assert session is not None
    replay = session.replay
    assert replay is not None
    wait(window, lambda: session.status.state is State.ENDED, "the end of the log")
    return replay


def is_shown(window: Window, model: Model) -> bool:
    """Whether all views show that."""
    workspace = window.workspace
    return (
        event_texts(window) == [event.text for event in model.events]
        and len(workspace.rounds.list) == len(model.rows)
        and workspace.network.node_count == len(scene_of(model, 0).looks)
    )


def test_a_log_is_sought_stepped_played_and_looped(
    window: Window, demo_records: list[Record], demo_log: Path
) -> None:
    replay = opened(window, demo_log)
    wait(window, lambda: is_shown(window, fed(demo_records)), "the end in all views")
    feature = window.feature(ReplayFeature)

    press(window.root, "<Home>")
    wait(window, lambda: replay.position == 0 and is_shown(window, Model()), "the beginning")
    feature.seek_time(replay.times.at(400))
    place = replay.position
    assert place == replay.times.records_until(replay.times.at(400))
    wait(window, lambda: is_shown(window, fed(demo_records[:place])), "that place in all views")
    assert_same(replay.model, fed(demo_records[:place]))

    press(window.root, "<F8>")
    assert replay.position == place + 1
    press(window.root, "<F6>")
    press(window.root, "<F6>")
    assert replay.position == place - 1
    press(window.root, "<Alt-Left>")
    last_round = replay.position
    assert fed(demo_records[:last_round]).rows.total > fed(demo_records[: last_round - 1]).rows.total
    press(window.root, "<Alt-Right>")
    assert replay.position > last_round
    press(window.root, "<Shift-F8>")
    press(window.root, "<F6>")
    assert replay.position == last_round, "a step is a round now"

    press(window.root, "<Alt-Right>")
    press(window.root, "<Shift-F7>")
    loop = replay.playback.loop
    assert loop is not None
    for _ in range(6):
        press(window.root, "<Alt-Up>")
    press(window.root, "<F7>")
    seen: list[int] = []

    def has_come_round() -> bool:
        seen.append(replay.position)
        return loop[1] in seen and seen[-1] < loop[1] and loop[1] in seen[: -len(seen) // 2 or None]

    wait(window, has_come_round, "the loop to begin again")
    press(window.root, "<F7>")
    assert not replay.playback.is_playing
    assert loop[0] <= replay.position <= loop[1]
    press(window.root, "<End>")
    wait(window, lambda: is_shown(window, fed(demo_records)), "the end again")


def test_the_strip_is_clicked_and_dragged(window: Window, demo_records: list[Record], demo_log: Path) -> None:
    replay = opened(window, demo_log)
    strip = window.feature(ReplayFeature).transport.strip
    wait(window, lambda: strip.winfo_width() > 100 and strip.find_withtag("head"), "the strip")
    wait(window, lambda: len(strip.find_all()) > 20, "marks and counts on it")
    width = strip.winfo_width()
    strip.event_generate("<Button-1>", x=width // 4, y=10)
    window.root.update()
    share = (replay.times.at(replay.position) - replay.times.start_us) / (
        replay.times.end_us - replay.times.start_us
    )
    assert share == pytest.approx(0.25, abs=0.03)
    strip.event_generate("<B1-Motion>", x=width // 2, y=10)
    strip.event_generate("<ButtonRelease-1>", x=width // 2, y=10)
    window.root.update()
    assert replay.times.at(replay.position) > replay.times.start_us + 0.45 * (
        replay.times.end_us - replay.times.start_us
    )
    assert_same(replay.model, fed(demo_records[: replay.position]))
    strip.event_generate("<Shift-Button-1>", x=width // 4, y=10)
    strip.event_generate("<Shift-B1-Motion>", x=width // 2, y=10)
    strip.event_generate("<ButtonRelease-1>", x=width // 2, y=10)
    window.root.update()
    loop = replay.playback.loop
    assert loop is not None
    window.feature(ReplayFeature).refresh()
    strip.event_generate("<Button-1>", x=width // 2, y=10)
    strip.event_generate("<B1-Motion>", x=3 * width // 4, y=10)
    strip.event_generate("<ButtonRelease-1>", x=3 * width // 4, y=10)
    window.root.update()
    assert replay.playback.loop is not None
    assert replay.playback.loop[0] == loop[0]
    assert replay.playback.loop[1] > loop[1]
    strip.event_generate("<Motion>", x=width // 3, y=10)
    window.root.update()
    assert strip.find_withtag("hint")


def test_a_live_session_is_held_while_all_goes_on_and_comes_back(window: Window) -> None:
    window.start(DemoSource(speed=6.0))
    session = window.session
    assert isinstance(session, LiveSession)
    wait(window, lambda: len(session.model.rows) >= 6, "three rounds")
    press(window.root, "<F7>")
    held = session.viewed
    assert held is not session.model
    shown = event_texts(window)
    rows = session.model.rows.total
    wait(window, lambda: session.model.rows.total > rows + 2, "rounds that come meanwhile")
    assert session.viewed is held
    assert event_texts(window) == shown, "the views hold"
    assert session.is_recording
    press(window.root, "<F6>")
    replay = session.replay
    assert replay is not None
    wait(window, lambda: session.viewed is not held, "the packet before")
    press(window.root, "<Home>")
    wait(window, lambda: replay.position == 0 and event_texts(window) == [], "the beginning")
    press(window.root, "<End>")
    assert session.replay is None
    wait(window, lambda: is_shown(window, session.model), "what comes now")
    rows = session.model.rows.total
    wait(window, lambda: session.model.rows.total > rows, "another round")
    wait(window, lambda: is_shown(window, session.model), "it in the views, once")


def test_without_a_packet_the_strip_says_so(window: Window) -> None:
    window.start(DemoSource(speed=1e-9))
    session = window.session
    assert session is not None
    feature = window.feature(ReplayFeature)
    feature.refresh()
    wait(window, lambda: feature.transport.winfo_ismapped(), "the transport")
    assert "Time appears here" in texts(feature.transport)


def test_of_many_events_the_last_are_there_and_earlier_ones_when_scrolled_to(window: Window) -> None:
    events = window.workspace.events
    model = Model()
    for number in range(3 * MAX_LINES):
        model.notice(f"event {number}")
    model.publish()
    window.show_page(window.workspace)
    events.attach(model)
    window.root.update()
    shown = event_texts(window)
    assert shown == [f"event {number}" for number in range(3 * MAX_LINES - len(shown), 3 * MAX_LINES)]
    assert len(shown) < 200
    table = events.list.table
    while len(event_texts(window)) < 3 * MAX_LINES:
        before = len(event_texts(window))
        table.yview_moveto(0.0)
        table.event_generate("<Button-4>")
        window.root.update()
        assert len(event_texts(window)) > before
    assert event_texts(window) == [f"event {number}" for number in range(3 * MAX_LINES)]
    model.notice("one more")
    model.publish()
    window.root.update()
    assert event_texts(window)[-1] == "one more"
