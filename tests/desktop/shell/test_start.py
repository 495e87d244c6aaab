"""The start page: what is nearby comes and goes while one looks, and what was opened last is told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import ttkbootstrap

from bridge.ports import PortInfo
from desktop.connect.port_watch import PortWatch
from desktop.shell.recent_logs import RecentLogs, described
from desktop.shell.start import StartFeature
from tests.desktop.rig import descendants, dialogs, live, press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window

UNO = PortInfo("/dev/ttyACM0", "Arduino Uno", 0x2341, 0x0043)
PLAIN = PortInfo("/dev/ttyS0", "unknown")
EVENT_S = 10.0


class Ports:
    """The ports there are; `looked` is set each time somebody has looked."""

    def __init__(self) -> None:
        self.there: list[PortInfo] = [PLAIN]
        self.looked = threading.Event()

    def look(self) -> Sequence[PortInfo]:
        self.looked.set()
        return list(self.there)


def buttons(widget: Any) -> list[ttkbootstrap.Button]:
    return [part for part in descendants(widget) if isinstance(part, ttkbootstrap.Button)]


def test_boards_come_and_go_while_one_looks() -> None:
    ports = Ports()
    watch = PortWatch(ports.look, period_s=0.001)
    watch.start()

    def seen() -> Sequence[PortInfo]:
        for _ in range(2):  # the first look may have begun before
            ports.looked.clear()
            assert ports.looked.wait(EVENT_S)
        ports.looked.clear()
        assert ports.looked.wait(EVENT_S)
        return watch.boards

    assert seen() == []
    ports.there.append(UNO)
    assert seen() == [UNO]
    ports.there.remove(UNO)
    assert seen() == []
    watch.stop()


def test_a_recent_log_is_told_with_its_time_size_and_network(demo_log: Path, tmp_path: Path) -> None:
    told = described(demo_log)
    assert told is not None
    assert told.startswith("tree, ")
    assert described(tmp_path / "missing.pcapng") is None
    (tmp_path / "notes.txt").write_text("no packets here")
    assert (described(tmp_path / "notes.txt") or "").count(",") == 1, "time and size alone"


def test_of_the_recent_logs_those_that_are_there_are_found(demo_log: Path, tmp_path: Path) -> None:
    logs = RecentLogs([tmp_path / "gone.pcapng", demo_log, demo_log], 1)
    logs._look()
    assert logs.found is not None
    assert [log.path for log in logs.found] == [demo_log]


def test_a_board_that_is_plugged_in_is_there_and_a_press_asks_for_its_keys(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.connect.panes.list_ports", lambda: [UNO])

    def row() -> list[ttkbootstrap.Button]:
        return [button for button in buttons(window.start_page) if "Arduino Uno" in str(button.cget("text"))]

    monkeypatch.setattr("desktop.connect.nearby.PortWatch", lambda: FixedPorts([UNO]))
    window.feature(StartFeature).close()  # it looks again, now with these eyes
    wait(window, row, "the board")
    row()[0].invoke()
    live(window.root)
    [dialog] = dialogs(window)
    entries = [part for part in descendants(dialog) if part.winfo_class() == "TEntry"]
    assert UNO.device in [entry.get() for entry in entries]  # type: ignore[attr-defined]
    connect = next(button for button in buttons(dialog) if button.cget("text") == "Connect")
    connect.invoke()
    live(window.root)
    assert "choose the network's keys, or say that it has none" in texts(dialog)
    assert window.session is None
    dialog.destroy()


class FixedPorts:
    """A port watch that always sees these."""

    def __init__(self, boards: Sequence[PortInfo]) -> None:
        self.boards = boards

    def start(self) -> None: ...

    def stop(self) -> None: ...


def test_a_session_is_among_the_recent_logs_once_it_is_over(window: Window) -> None:
    press(window.root, "<Control-d>")
    assert window.session is not None
    log = window.session.log
    wait(window, lambda: window.session is not None and window.session.model.rows, "a round")
    press(window.root, "<Control-w>")
    assert window.shown_page is window.start_page

    def row() -> list[ttkbootstrap.Button]:
        return [button for button in buttons(window.start_page) if log.stem in str(button.cget("text"))]

    wait(window, row, "the log on the start page")
    assert "tree" in str(row()[0].cget("text"))
    row()[0].invoke()
    wait(window, lambda: window.session is not None, "the log")
    assert window.session is not None
    assert window.session.source.log == log


def test_every_button_of_the_start_page_does_an_action_that_there_is(window: Window) -> None:
    labels = {action.label for action in window.actions}
    from desktop import start_page

    for way in (start_page.DEMO, start_page.FIELD, start_page.LOG, start_page.PLAN):
        assert {label for _, label in way.buttons} <= labels, way.title
