"""A bridge in the app: its page from its status, its silence told with a remedy, and a window beside it."""

from __future__ import annotations

import errno
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.ports import LOOPBACK
from bridge.access import OPEN
from bridge.addresses import Address
from bridge.discovery import Announcer, BridgeInfo, Browser, FoundBridge
from bridge.status_server import StatusServer, StatusSettings
from desktop import places
from desktop.bridge_page.feature import BridgeFeature
from desktop.bridge_page.watch import BridgeWatch, Report, remedy
from desktop.command import main
from desktop.connect import bridge_finder
from desktop.connect import panes as connect_panes
from desktop.connect.bridge_finder import BridgeFinder
from desktop.connect.feature import SourcesFeature
from desktop.lists.table import Column
from desktop.model.bridge import (
    CONSUMER_COLUMNS,
    PEER_COLUMNS,
    RULE_COLUMNS,
    SEGMENT_COLUMNS,
    Mark,
    Sheet,
    page_of,
)
from desktop.sources.bridge import BridgeSource
from desktop.sources.source import State
from tests.bridge.bridge_process import Bridge
from tests.bridge.rig import run, until
from tests.bridge.test_status import STATUS
from tests.desktop.rig import descendants, dialogs, press, texts, wait

if TYPE_CHECKING:
    from desktop.window import Window

COMMAND = [sys.executable, "-m", "desktop.command"]
PATIENCE_S = 20.0


# --- the page --------------------------------------------------------------------------------------------


def marks(sheet: Sheet) -> list[Mark]:
    return [Mark[line.tag] for line in sheet.lines]


def cells(sheet: Sheet, columns: Sequence[Column], title: str) -> list[str]:
    """A column of a table."""
    at = [column.title for column in columns].index(title)
    return [line.values[at] for line in sheet.lines]


def test_a_page_says_who_the_bridge_is_and_what_it_warns_of() -> None:
    page = page_of(STATUS)
    assert (page.title, page.summary) == ("garden", "sealed tree, node 1, up 99.0 s, treering 0.1.0")
    assert page.facts == (
        "log: 180 records in 2 files, 17.3 MB; 2.0 GB free in /var/lib/treering/log",
        "latency, 99 of 100: stored 8.0 ms",
    )
    assert list(page.warnings) == STATUS["warnings"]
    lossy: Any = {**STATUS["log"], "lost_records": 1200}
    opened = page_of({**STATUS, "is_sealed": False, "node": None, "log": lossy})
    assert opened.summary.startswith("OPEN tree, no node of its own")
    assert opened.facts[0].endswith("; 1,200 not kept")


def test_every_table_tells_state_by_a_word_and_by_a_mark() -> None:
    page = page_of(STATUS)
    assert page.segments.summary == "1 of 2 up, 1.2 frames/s in"
    assert cells(page.segments, SEGMENT_COLUMNS, "state") == ["up", "down"]
    assert cells(page.segments, SEGMENT_COLUMNS, "dropped") == ["3", "0"]
    assert marks(page.segments) == [Mark.WELL, Mark.BAD]
    assert page.peers.summary == "1 late"
    assert cells(page.peers, PEER_COLUMNS, "heard") == ["12.0 s ago"]
    assert marks(page.peers) == [Mark.DOUBT]
    assert page.rules.summary == "1 of 1 rule active"
    assert cells(page.rules, RULE_COLUMNS, "is a") == ["rule", "actuator", "stream"]
    assert cells(page.rules, RULE_COLUMNS, "now") == ["active 100.0 s", "active 255", "23.5 °C"]
    assert marks(page.rules) == [Mark.ACTIVE, Mark.ACTIVE, Mark.IDLE]


@pytest.mark.parametrize(
    ("state", "lag_s", "mark", "summary"),
    [
        ("running", 0.2, Mark.WELL, "up to date"),
        ("running", 90.0, Mark.DOUBT, "up to 90.0 s behind the log"),
        ("retrying", 0.0, Mark.DOUBT, "up to date"),
        ("failed", 7_200.0, Mark.BAD, "up to 2.0 h behind the log"),
    ],
)
def test_a_consumer_that_falls_behind_is_marked(state: str, lag_s: float, mark: Mark, summary: str) -> None:
    consumer: Any = {**STATUS["consumers"][0], "state": state, "lag_s": lag_s}
    sheet = page_of({**STATUS, "consumers": [consumer]}).consumers
    assert marks(sheet) == [mark]
    assert sheet.summary == summary
    waits = [cells(sheet, CONSUMER_COLUMNS, title) for title in ("waiting", "by Little", "by M/M/1")]
    assert waits == [["1.20"], ["1.00"], ["–"]]


def test_peers_stand_in_the_order_of_their_numbers_whatever_their_state() -> None:
    peers: list[Any] = [
        {**STATUS["peers"][0], "node": node, "state": state}
        for node, state in ((9, "lost"), (2, "alive"), (4, "left"), (3, "alive"))
    ]
    sheet = page_of({**STATUS, "peers": peers}).peers
    assert cells(sheet, PEER_COLUMNS, "node") == ["2", "3", "4", "9"]
    assert sheet.summary == "2 alive, 1 lost, 1 left"


def test_every_line_has_a_value_for_each_column() -> None:
    page = page_of(STATUS)
    for sheet, columns in (
        (page.segments, SEGMENT_COLUMNS),
        (page.peers, PEER_COLUMNS),
        (page.consumers, CONSUMER_COLUMNS),
        (page.rules, RULE_COLUMNS),
    ):
        assert {len(line.values) for line in sheet.lines} == {len(columns)}


# --- asking for it ---------------------------------------------------------------------------------------


def reported(watch: BridgeWatch, condition: Callable[[Report], object]) -> Report:
    """The first report that fulfils it."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition(watch.report):
        assert time.monotonic() < deadline_s, watch.report
        threading.Event().wait(0.01)
    return watch.report


def test_a_watch_keeps_what_was_said_last_when_the_bridge_falls_silent() -> None:
    server = StatusServer(StatusSettings(Address(LOOPBACK, 0)), lambda: dict(STATUS))
    server.start()
    watch = BridgeWatch(server.address)
    watch.start()
    assert reported(watch, lambda report: report.page).problem == ""
    server.stop()
    report = reported(watch, lambda report: report.problem)
    watch.stop()
    assert report.page == page_of(STATUS)
    assert f"no bridge answers at 127.0.0.1:{watch.address.port}" in report.problem


@pytest.mark.parametrize("answer", [{"segments": 3}, {"segments": [], "log": []}, {**STATUS, "up_s": "long"}])
def test_a_status_of_another_kind_is_a_problem_and_no_failure(answer: Any) -> None:
    watch = BridgeWatch(Address("pi", 28541), lambda address: answer)
    watch.start()
    report = reported(watch, lambda report: report.problem)
    watch.stop()
    assert report.page is None
    assert "the status at pi:28541 is of another kind" in report.problem


def test_the_remedy_for_silence_is_what_to_write_and_how_to_come_without() -> None:
    away, here = remedy(Address("192.168.1.20", 28541)), remedy(Address("localhost", 28541))
    assert '[status]\n    listen = "192.168.1.20:28541"' in away
    assert "ssh -L" in away
    assert "ssh" not in here


# --- finding one -----------------------------------------------------------------------------------------


def test_a_bridge_is_found_while_it_tells_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_finder, "Browser", partial(Browser, interfaces=[LOOPBACK]))
    info = BridgeInfo(f"garden {secrets.token_hex(4)}", "garden", True, 1)
    finder = BridgeFinder()

    def is_found() -> bool:
        return FoundBridge(info, Address(LOOPBACK, 28540)) in finder.found

    async def tell() -> None:
        announcer = Announcer(info, 28540, lambda: [LOOPBACK], [LOOPBACK])
        announcer.start()
        finder.start()
        await until(is_found)
        await announcer.close()
        await until(lambda: not is_found())

    run(tell())
    finder.stop()
    assert finder.problem == ""


def test_without_mdns_it_is_said_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(Browser):
        def start(self) -> None:
            raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(bridge_finder, "Browser", Deaf)
    finder = BridgeFinder()
    finder.start()

    async def look() -> None:
        await until(lambda: finder.problem == "No such device")

    run(look())


# --- the command -----------------------------------------------------------------------------------------


def test_a_bridge_is_joined_by_command_only_with_keys_or_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["desktop", "--connect", "pi"]) == 2
    assert "--open-network" in capsys.readouterr().err
    assert main(["desktop", "--status", "pi"]) == 2
    assert "of --connect HOST" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--connect", "pi:x", "--open-network"], "names no port"),
        (["--connect", "pi", "--demo"], "not allowed"),
    ],
)
def test_what_is_no_bridge_is_told_at_once(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["desktop", *arguments])
    assert told in capsys.readouterr().err


def test_a_bridge_is_named_by_its_host_if_its_port_is_the_usual_one() -> None:
    usual = BridgeSource(Address("pi", 28540), access=OPEN)
    assert (usual.title, usual.status_address) == ("Bridge at pi", Address("pi", 28541))
    assert BridgeSource(Address("pi", 9), access=OPEN).title == "Bridge at pi:9"


# --- the window ------------------------------------------------------------------------------------------


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    made = Bridge(tmp_path, f'[[serial]]\nport = "{tmp_path}/no-board"')
    yield made
    made.kill_all()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_bridge_is_joined_looked_at_lost_and_found_again(
    window: Window, bridge: Bridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "recordings", lambda: tmp_path / "recordings")
    press(window.root, "<Control-b>")
    page = window.feature(BridgeFeature).page
    assert "No bridge here" in texts(page)
    process = bridge.start()
    bridge.start_agent(7)
    window.start(BridgeSource(bridge.stream, access=OPEN, status_address=bridge.status))
    session, nodes = window.session, window.workspace.network
    assert session is not None
    wait(window, lambda: nodes.node_count == 2, "the root and node 7, heard by way of the bridge")
    press(window.root, "<Control-b>")
    assert not window.workspace.winfo_ismapped()
    wait(window, lambda: "OPEN tree, node 1" in texts(page), "the bridge's page")
    wait(window, lambda: "2 alive" in texts(page), "its peers")
    wait(
        window,
        lambda: "3 of 4 up" in texts(page),
        "UDP, its node, this app; but no board",
    )
    wait(window, lambda: "Bridge: 1 warning" in texts(window.root), "that it misses the board")
    bridge.stop(process)
    wait(window, lambda: session.status.state is State.STARTING, "that the connection is lost")
    wait(window, lambda: "no bridge at" in session.status.text, "why it is")
    shown = session.model.observer.good
    bridge.start()
    wait(window, lambda: session.model.observer.good > shown, "frames of the bridge that is back")
    assert session.status.state is State.RUNNING
    press(window.root, "<Control-w>")
    press(window.root, "<Control-b>")
    assert "No bridge here" in texts(page)


class Found:
    """A finder that has found them already."""

    found = (FoundBridge(BridgeInfo("garden on pi", "garden", False, 1), Address("192.0.2.7", 28540)),)
    problem = ""

    def start(self) -> None:
        """As BridgeFinder."""

    def stop(self) -> None:
        """As BridgeFinder."""


def test_a_bridge_that_was_found_is_chosen_in_the_dialog(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect_panes, "BridgeFinder", Found)
    begun: list[Any] = []
    monkeypatch.setattr(window, "start", begun.append)
    window.feature(SourcesFeature).ask_which()
    [dialog] = dialogs(window)
    wait(window, lambda: "proves nothing" in texts(dialog), "the bridge that was found")
    press(dialog, "<Return>")
    assert "choose the network's keys" in texts(dialog)
    [table] = [
        part for part in descendants(dialog) if isinstance(part, ttk.Treeview) and part.winfo_ismapped()
    ]
    table.selection_set(table.get_children()[0])
    dialog.update()
    press(dialog, "<Return>")
    [source] = begun
    assert source.title == "Bridge at 192.0.2.7"
    assert dialogs(window) == []
