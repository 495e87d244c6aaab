"""Sources and sessions: records reach the model in order, what was seen is on file, and trouble is told."""

from __future__ import annotations

import csv
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.access import OPEN, Access
from bridge.capture_file import CaptureFile, read_records
from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys
from desktop.model.model import Model, Standing
from desktop.model.words import EventKind
from desktop.network.scenes import scene_of
from desktop.replay.session import ReplaySession
from desktop.sources import session as session_module
from desktop.sources.demo import DemoSource
from desktop.sources.live import LiveSource, own_id
from desktop.sources.log import LogSource
from desktop.sources.session import LiveSession, Security, Session
from desktop.sources.source import Put, Report, State, Status, Worker
from protocol.capture import Direction, Record
from protocol.observer import json_line
from protocol.packets import DropReason, Network
from tests.protocol.members import CONTROLLER, MASTER, ROOT, Party, tree_member

PATIENCE_S = 10.0


def drain_until(session: Session, done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s; status {session.status}"
        if not session.drain(0.05):
            threading.Event().wait(0.005)


def replayed(path: Path) -> Session:
    """The session of a log, read to its end."""
    session = ReplaySession(LogSource(path))
    session.start()
    drain_until(session, lambda: session.status.state in (State.ENDED, State.FAILED))
    session.stop()
    return session


class Given(Worker):
    """Hands over the records it was given, then waits to be stopped."""

    title = "given"
    log = None

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self._records = records

    def work(self, put: Put, report: Report) -> None:
        for record in self._records:
            put([record])
        report(Status(State.RUNNING, "all given", drops={"framing": 2}))
        self.stopping.wait()


def given_session(records: list[Record], recording: Path | None = None) -> Session:
    session = LiveSession(Given(records), recording)
    session.start()
    drain_until(session, lambda: session.status.text == "all given")
    return session


# --- replay ----------------------------------------------------------------------------------------------


def test_a_replayed_log_gives_the_model_of_the_live_run(demo_records: list[Record], demo_log: Path) -> None:
    live = Model()
    live.feed(demo_records)
    replay = replayed(demo_log).model
    assert [json_line(row) for row in replay.rows] == [json_line(row) for row in live.rows]
    assert replay.tree() == live.tree()
    assert replay.events == live.events
    assert replay.series == live.series


def test_a_log_that_is_cut_is_shown_up_to_there_with_a_notice(
    demo_records: list[Record], demo_log: Path
) -> None:
    demo_log.write_bytes(demo_log.read_bytes()[:-5])
    session = replayed(demo_log)
    assert session.model.observer.good == len(demo_records) - 1
    assert session.model.events[-1].kind is EventKind.NOTICE
    assert "ends early, at byte" in session.model.events[-1].text


def test_a_log_that_is_damaged_is_shown_up_to_there_with_a_notice(demo_log: Path) -> None:
    damaged = bytearray(demo_log.read_bytes())
    damaged[5000:5100] = b"\xff" * 100
    demo_log.write_bytes(damaged)
    session = replayed(demo_log)
    assert 0 < session.model.observer.good < 100
    assert "ends early, at byte" in session.model.events[-1].text


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "No such file"), (b"", "empty"), (b"temperature,21.5\n" * 9, "not a packet log")],
)
def test_a_file_that_is_no_log_is_refused_in_one_line(
    content: bytes | None, cause: str, tmp_path: Path
) -> None:
    path = tmp_path / "no.pcapng"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=cause) as refused:
        LogSource(path)
    assert str(path) in str(refused.value)
    assert "; " in str(refused.value), "the remedy follows the cause"
    assert "\n" not in str(refused.value)


# --- what was seen is on file ----------------------------------------------------------------------------


def test_what_is_shown_can_be_saved(demo_records: list[Record], tmp_path: Path) -> None:
    session = given_session(demo_records)
    assert not session.kept
    session.save_log(tmp_path / "saved.pcapng")
    session.stop()
    assert list(read_records(tmp_path / "saved.pcapng", on_notice=pytest.fail)) == demo_records
    assert not session.log.exists(), "a recording that nobody wanted is gone"


def test_a_recording_stays(demo_records: list[Record], tmp_path: Path) -> None:
    session = given_session(demo_records[:50], tmp_path / "new folder" / "field.pcapng")
    assert session.kept
    assert session.is_recording
    session.stop()
    assert list(read_records(session.log, on_notice=pytest.fail)) == demo_records[:50]


def test_a_recording_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="folder you may write to"):
        LiveSession(Given([]), tmp_path / "file" / "log.pcapng")


def test_records_that_come_too_fast_for_the_window_are_on_file(
    demo_records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "MAX_WAITING", 10)
    session = LiveSession(Given(demo_records[:50]), tmp_path / "field.pcapng")
    session.start()
    deadline_s = time.monotonic() + PATIENCE_S
    while session.not_shown < 40 and time.monotonic() < deadline_s:
        threading.Event().wait(0.005)
    session.stop()
    assert session.not_shown == 40
    assert len(list(read_records(session.log, on_notice=pytest.fail))) == 50


def test_rounds_are_exported_with_the_keys_of_the_protocol(
    demo_records: list[Record], tmp_path: Path
) -> None:
    session = given_session(demo_records)
    count = session.export_rounds(tmp_path / "rounds.csv")
    session.stop()
    with (tmp_path / "rounds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count == len(session.model.rows)
    assert list(rows[0]) == ["time_s", *session.model.rows[0].as_json()]
    assert [row["average"] for row in rows] == [str(row.average) for row in session.model.rows]


# --- live ------------------------------------------------------------------------------------------------


def test_the_demo_runs_in_real_time_until_it_is_stopped() -> None:
    others = {*threading.enumerate()}
    session = LiveSession(DemoSource(speed=20))
    began_s = time.monotonic()
    session.start()
    drain_until(session, lambda: len(session.model.rows) >= 4)
    passed_s = time.monotonic() - began_s
    assert session.status.state is State.RUNNING
    assert session.model.now_us / 1e6 <= 20 * passed_s, "faster than the clock allows"
    session.stop()
    shown = session.model.observer.good
    session.drain(0.05)
    threads = [thread.name for thread in {*threading.enumerate()} - others]
    assert threads == []
    assert session.model.observer.good >= shown


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_live_field_begins_with_its_root(tmp_path: Path) -> None:
    board, port = os.openpty()
    session = LiveSession(
        LiveSource([os.ttyname(port)], access=OPEN, udp=False, period_s=0.2), tmp_path / "field.pcapng"
    )
    session.start()
    drain_until(session, lambda: len(session.model.rows) >= 2)
    assert session.status.state is State.RUNNING
    session.stop()
    os.close(board)
    os.close(port)
    assert {node.id: node.standing for node in session.model.tree()} == {1: Standing.ROOT}
    assert session.model.rows[0].aggregate.count == 0, "the root has no sensor"
    recorded = Model()
    recorded.feed(read_records(session.log, on_notice=pytest.fail))
    assert list(recorded.rows)[:2] == list(session.model.rows)[:2]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("network", [Network.RING, Network.POLLING])
def test_in_a_live_ring_or_polled_network_the_app_is_a_member(network: Network, tmp_path: Path) -> None:
    board, port = os.openpty()
    live = LiveSource([os.ttyname(port)], access=OPEN, udp=False, period_s=0.3, network=network)
    session = LiveSession(live, tmp_path / "field.pcapng")
    session.start()
    drain_until(session, lambda: len(session.model.rows) >= 2)
    session.stop()
    os.close(board)
    os.close(port)
    assert session.model.network is network
    standing = {Network.RING: Standing.HOME, Network.POLLING: Standing.PRIMARY}[network]
    assert {node: look.standing for node, look in scene_of(session.model, 0).looks.items()} == {1: standing}
    assert session.model.rows[0].aggregate.count == 0, "the app has no sensor"


def test_a_port_that_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    session = LiveSession(
        LiveSource(["/dev/no-such-port"], access=OPEN, udp=False), tmp_path / "field.pcapng"
    )
    session.start()
    drain_until(session, lambda: session.status.state is State.FAILED)
    session.stop()
    assert "/dev/no-such-port" in session.status.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_source_that_breaks_says_so() -> None:
    class Broken(Worker):
        title = "broken"
        log = None

        def work(self, put: Put, report: Report) -> None:
            raise RuntimeError("no more")

    session = LiveSession(Broken())
    session.start()
    drain_until(session, lambda: session.status.state is State.FAILED)
    session.stop()
    assert session.status.text == "no more"


# --- sealed networks -------------------------------------------------------------------------------------

KEYS = NetworkKeys("garden", 0, frozenset({ROOT}), CONTROLLER, MASTER)


def sealed_log(tmp_path: Path) -> Path:
    """Half a minute of a small sealed network, on file."""
    party = Party(tree_member(ROOT), tree_member(5))
    party.run(30_000)
    log = CaptureFile(tmp_path / "sealed.pcapng")
    for at, (_, frame) in enumerate(party.log):
        log.write(Record(at * 1_000, "udp", Direction.INBOUND, frame))
    log.close()
    return log.path


def shown(session: Session) -> Session:
    """The session once its log is read."""
    session.start()
    drain_until(session, lambda: session.status.state is State.ENDED)
    session.stop()
    return session


def test_a_sealed_log_is_read_with_its_keys(tmp_path: Path) -> None:
    source = LogSource(sealed_log(tmp_path), Access(KEYS))
    assert source.is_sealed
    session = shown(ReplaySession(source))
    assert session.security is Security.SEALED
    assert session.model.rows
    assert not session.opener.unread


def test_without_keys_a_sealed_log_says_so(tmp_path: Path) -> None:
    session = shown(ReplaySession(LogSource(sealed_log(tmp_path))))
    assert session.security is Security.LOCKED
    assert session.model.observer.dropped[DropReason.SEALED] > 10


def test_keys_of_another_network_open_nothing_and_the_app_says_so(tmp_path: Path) -> None:
    others = NetworkKeys("orchard", 0, frozenset({ROOT}), CONTROLLER, bytes(16))
    session = shown(ReplaySession(LogSource(sealed_log(tmp_path), Access(others))))
    assert session.security is Security.UNREAD
    assert session.opener.unread.total() > 10


def test_the_app_is_a_member_whose_keys_it_has() -> None:
    assert own_id(OPEN) == 1
    assert own_id(Access(KEYS)) == ROOT
    assert own_id(Access(KEYS.for_member(5))) == 5
    assert LiveSource([], access=Access(KEYS)).opener.access.keys == KEYS
