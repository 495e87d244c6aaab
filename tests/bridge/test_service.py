"""A bridge as a service: a process with a configuration, asked for its status, reloaded, restarted."""

from __future__ import annotations

import csv
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.addresses import Address
from bridge.status import BridgeStatus
from bridge.udp_link import LOOPBACK
from desktop.command import main
from protocol.packets import FrameType, decode
from tests.bridge.bridge_process import COMMAND, TIMEOUT_S, Bridge
from tests.bridge.rig import Line, broadcast

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of Unix")


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    made = Bridge(tmp_path)
    yield made
    made.kill_all()


def rounds_of(status: BridgeStatus) -> int:
    return next(consumer["taken"] for consumer in status["consumers"] if consumer["name"] == "store")


def heard(node: int) -> Callable[[BridgeStatus], bool]:
    """Whether the status knows that node as alive, and some frames of it."""
    return lambda status: any(
        (peer["node"], peer["state"]) == (node, "alive") and peer["frames"] > 4 for peer in status["peers"]
    )


def reads(names: list[str]) -> Callable[[BridgeStatus], bool]:
    """Whether these are the consumers."""
    return lambda status: [consumer["name"] for consumer in status["consumers"]] == names


def more_records(bridge: Bridge, count: int) -> Callable[[BridgeStatus], bool]:
    """Whether there are so many more than now."""
    records = bridge.until(lambda status: True)["log"]["records"]
    return lambda status: status["log"]["records"] >= records + count


def test_the_status_shows_segments_peers_log_and_consumers(bridge: Bridge) -> None:
    process = bridge.start()
    agent = bridge.start_agent(7)
    status = bridge.until(heard(7))
    assert (status["name"], status["network"], status["is_sealed"], status["node"]) == (
        ("garden", "tree", False, 1)
    )
    assert {segment["link"]: segment["is_up"] for segment in status["segments"]} == {
        f"udp:239.84.82.71:{bridge.port}": True,
        "root": True,
    }
    peer = next(peer for peer in status["peers"] if peer["node"] == 7)
    assert peer["address"].startswith(f"{LOOPBACK}:")
    assert [consumer["name"] for consumer in status["consumers"]] == ["store"]
    assert status["log"]["records"] > 10
    assert status["warnings"] == []
    bridge.stop(agent)
    bridge.until(lambda status: any((peer["node"], peer["state"]) == (7, "left") for peer in status["peers"]))
    said = bridge.stop(process)
    assert "node 7: left" in said
    assert decode(bridge.records()[-1].frame).type is FrameType.GOODBYE


def test_a_second_bridge_in_the_same_folder_is_told_who_is_there(bridge: Bridge) -> None:
    process = bridge.start()
    command = [*COMMAND, "bridge", "--config", str(bridge.folder / "bridge.toml")]
    second = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert second.returncode == 2
    assert str(bridge.log) in second.stderr
    assert str(process.pid) in second.stderr


def test_a_reload_changes_what_has_changed_and_loses_no_frame(bridge: Bridge) -> None:
    process = bridge.start()
    bridge.start_agent(7)
    bridge.until(heard(7))
    first, second = '[[csv]]\nfolder = "csv"\n', '[[csv]]\nname = "b"\nfolder = "b"\n'
    for tables, wanted in (
        (first, ["store", "csv"]),
        ('[log]\nsegment_size = "64 kB"\n' + first + second, ["store", "csv", "csv b"]),
        ("", ["store"]),
    ):
        bridge.configure(tables)
        process.send_signal(signal.SIGHUP)
        bridge.until(reads(wanted))
        bridge.until(more_records(bridge, 6))
    said = bridge.stop(process)
    assert said.count("the configuration was read again") == 3
    frames = [decode(record.frame) for record in bridge.records()]
    counters = sorted({frame.counter for frame in frames if frame.source == 7})
    assert counters == list(range(counters[0], counters[-1] + 1))
    (rounds,) = (bridge.folder / "csv").glob("rounds-*.csv")
    with rounds.open(encoding="utf-8", newline="") as file:
        versions = [int(row["version"]) for row in csv.DictReader(file)]
    assert versions == sorted(set(versions))
    assert versions[0] == 1  # a new consumer begins with the oldest record


def test_a_reload_may_bring_the_first_actuator(bridge: Bridge) -> None:
    bridge.configure("")
    process = bridge.start()
    bridge.configure(
        '[[actuator]]\nname = "fan"\nnode = 7\n[[rule]]\nname = "r"\ntext = "fan on when node 7 is stale"'
    )
    process.send_signal(signal.SIGHUP)
    bridge.until(lambda status: status["actuators"])
    bridge.until(more_records(bridge, 4))
    bridge.stop(process)
    assert FrameType.LETTER in {decode(record.frame).type for record in bridge.records()}


def test_what_needs_a_restart_is_told_and_the_status_says_what_runs(bridge: Bridge) -> None:
    process = bridge.start()
    text = (bridge.folder / "bridge.toml").read_text(encoding="utf-8").replace("garden", "orchard", 1)
    (bridge.folder / "bridge.toml").write_text(
        f'{text}[log]\nfolder = "other"\n[[csv]]\nfolder = "csv"\n', encoding="utf-8"
    )
    process.send_signal(signal.SIGHUP)
    status = bridge.until(reads(["store", "csv"]))
    assert status["name"] == "garden"
    said = bridge.stop(process)
    assert said.count("needs a restart") == said.count("was read again") == 1


def test_a_bad_configuration_leaves_all_as_it_is(bridge: Bridge) -> None:
    process = bridge.start()
    bridge.configure('[log]\nsegment_size = "1 parsec"')
    process.send_signal(signal.SIGHUP)
    bridge.until(more_records(bridge, 4))
    said = bridge.stop(process)
    assert "log.segment_size: segment_size: unknown unit 'parsec'" in said
    assert "going on as before" in said


def test_a_board_that_is_not_there_yet_is_waited_for(bridge: Bridge) -> None:
    board = bridge.folder / "uno"
    bridge.configure(f'[[serial]]\nport = "{board}"')
    process = bridge.start()
    status = bridge.until(lambda status: True)
    (warning,) = status["warnings"]
    assert "serial[0].port" in warning
    assert "no such serial port" in warning
    line = Line(board)
    bridge.until(lambda status: status["segments"][0]["is_up"])
    line.write_frame(broadcast(2))
    bridge.until(lambda status: any(peer["node"] == 2 for peer in status["peers"]))
    bridge.stop(process)
    line.unplug()


def test_a_sink_that_cannot_start_keeps_no_frame_from_the_log(bridge: Bridge) -> None:
    (bridge.folder / "sheets").write_text("a file where a folder should be")
    bridge.configure('[[csv]]\nfolder = "sheets"')
    process = bridge.start()
    status = bridge.until(lambda status: status["log"]["records"] > 2)
    assert [consumer["name"] for consumer in status["consumers"]] == ["store"]
    assert "sheets: File exists; name a folder" in status["warnings"][0]
    (bridge.folder / "sheets").unlink()
    process.send_signal(signal.SIGHUP)
    status = bridge.until(lambda status: len(status["consumers"]) == 2)
    assert not status["warnings"]
    bridge.stop(process)


def test_an_address_that_is_not_there_yet_is_waited_for(bridge: Bridge) -> None:
    bridge.stream = Address("192.0.2.1", 28540)
    bridge.configure("")
    process = bridge.start()
    status = bridge.until(lambda status: status["log"]["records"] > 2)
    assert "tcp.listen 192.0.2.1:28540: " in status["warnings"][0]
    bridge.stop(process)


def test_a_check_names_what_is_wrong_before_anything_runs(bridge: Bridge) -> None:
    command = [*COMMAND, "bridge", "check", "--config", str(bridge.folder / "bridge.toml")]
    well = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert (well.returncode, well.stdout.endswith("well; OPEN network garden, 1 links, 0 sinks\n")) == (
        0,
        True,
    )
    bridge.configure('[[serial]]\nport = "/dev/none"')
    missing = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert missing.returncode == 2
    assert "serial[0].port: there is no /dev/none; plug it in, or name one of" in missing.stderr


def test_after_a_restart_rounds_go_on_where_they_were(bridge: Bridge) -> None:
    first = bridge.start()
    taken = rounds_of(bridge.until(lambda status: rounds_of(status) >= 3))
    bridge.stop(first, signal.SIGKILL)
    second = bridge.start()
    again = bridge.until(lambda status: status["log"]["segments"] == 2 and rounds_of(status) > 0)
    assert again["log"]["records"] >= taken
    bridge.stop(second)


def test_a_node_that_dies_while_the_bridge_is_down_is_told_as_lost(bridge: Bridge) -> None:
    first = bridge.start()
    agent = bridge.start_agent(7)
    known = next(peer for peer in bridge.until(heard(7))["peers"] if peer["node"] == 7)
    bridge.stop(first)
    bridge.stop(agent, signal.SIGKILL)
    second = bridge.start()
    status = bridge.until(lambda status: any((p["node"], p["state"]) == (7, "lost") for p in status["peers"]))
    peer = next(peer for peer in status["peers"] if peer["node"] == 7)
    assert peer["first_seen_us"] == known["first_seen_us"]
    assert peer["frames"] >= known["frames"]
    assert "node 7: lost" in bridge.stop(second)


def test_systemd_is_told(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bridge.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(TIMEOUT_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        process = bridge.start()
        told: list[str] = []

        def hear(state: str) -> None:
            while not told or not told[-1].startswith(state):
                told.append(listener.recv(1000).decode())

        for state in ("READY=1", "STATUS=2 of 2 segments up", "WATCHDOG=1"):
            hear(state)
        process.send_signal(signal.SIGHUP)
        for state in ("RELOADING=1", "READY=1"):
            hear(state)
        process.send_signal(signal.SIGTERM)
        hear("STOPPING=1")
        process.communicate(timeout=TIMEOUT_S)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["status", "--at", "127.0.0.1:1"], "no bridge answers at 127.0.0.1:1"),
        (["check"], "name the configuration"),
        (["--config", "x.toml", "--port", "COM3"], "leave --port out, or write it into x.toml"),
        (["--open", "--quiet", "--rounds", "2"], "leave --quiet out"),
    ],
)
def test_what_is_wrong_with_the_command_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bridge", *arguments]) in (1, 2)
    assert told in capsys.readouterr().err


def test_an_address_is_checked_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bridge", "--open", "--connect", "pi:x"])
    assert "names no port" in capsys.readouterr().err


def test_the_unit_is_printed(tmp_path: Path) -> None:
    command = [*COMMAND, "bridge", "unit", "--config", str(tmp_path / "bridge.toml")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert f"bridge --config {tmp_path}/bridge.toml --quiet\n" in ended.stdout
