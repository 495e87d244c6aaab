"""The bridge as a service: records, statuses, and the command in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ports import free_port
from bridge.capture_file import read_records
from bridge.driver import sink_tree_driver
from bridge.errors import UsageError
from bridge.link import Link, LinkCounts, LinkState
from bridge.link_set import run_bridge
from bridge.options import neighbours_of
from bridge.sensors import ConstantSensor
from bridge.serial_link import SerialLink
from bridge.thread import BridgeThread, Ended, Status
from bridge.udp_link import GROUP, LOOPBACK, UdpLink
from desktop.command import main
from protocol.capture import Direction, Record
from protocol.packets import BROADCAST, DropReason, FrameType, decode
from tests.bridge.rig import (
    TIMEOUT_S,
    Line,
    MemoryLink,
    broadcast,
    run,
    until,
)
from tests.bridge.test_driver import QUICK
from tests.bridge.test_udp_link import Member

COMMAND = [sys.executable, "-m", "desktop.command"]


def root() -> Link:
    return sink_tree_driver("root", 1, ConstantSensor({0: 20.0}), root=True, timing=QUICK)


# --- run_bridge ---


def test_a_board_and_an_agent_reach_each_other_and_the_root_through_it(line: Line) -> None:
    """The board's end of the line and the agent are the test's: they see what real ones would."""

    async def main() -> None:
        port = free_port()
        agent = Member(port, 11)
        await agent.start()
        records: list[Record] = []
        statuses: list[LinkState | LinkCounts] = []
        stop = asyncio.Event()
        links: list[Link] = [SerialLink(str(line.link)), UdpLink(GROUP, port, LOOPBACK), root()]
        bridge = asyncio.create_task(run_bridge(links, records.extend, statuses.append, stop))
        assert decode(await line.next_frame()).type is FrameType.DISCOVERY
        assert decode(await agent.next_frame()).type is FrameType.DISCOVERY

        line.write_frame(broadcast(2))  # the board calls for help: the root offers, the agent hears
        while (heard := decode(await agent.next_frame())).source != 2:
            pass
        while (offer := decode(await line.next_frame())).type is not FrameType.HELP_ACK:
            pass
        assert (heard.destination, offer.source, offer.destination) == (BROADCAST, 1, 2)

        frame = agent.unicast(2)
        while await line.next_frame() != frame:
            pass
        stop.set()
        await bridge
        while (last := decode(await line.next_frame())).type is not FrameType.GOODBYE:
            pass
        assert last.source == 1
        while decode(await agent.next_frame()).type is not FrameType.GOODBYE:
            pass
        await agent.link.close()
        assert {str(status) for status in statuses if isinstance(status, LinkState)} == {
            f"{link.name} is up" for link in links
        }
        ways = {(record.link, record.direction) for record in records if record.frame == frame}
        assert ways == {(links[1].name, Direction.INBOUND), (links[0].name, Direction.OUTBOUND)}

    run(main())


def test_what_a_link_does_not_carry_becomes_a_status(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.link_set.COUNTS_PERIOD_S", 0.02)

    async def main() -> None:
        statuses: list[LinkState | LinkCounts] = []
        stop = asyncio.Event()
        link = SerialLink(str(line.link))
        bridge = asyncio.create_task(run_bridge([link], lambda records: None, statuses.append, stop))
        await until(lambda: statuses)
        line.write(b"no frame\x00")
        counts = LinkCounts(link.name, {DropReason.FRAMING: 1}, 0)
        await until(lambda: counts in statuses)
        await asyncio.sleep(0.1)  # five periods in which nothing happens
        assert statuses.count(counts) == 1
        stop.set()
        await bridge

    run(main())


def test_if_one_link_does_not_open_the_others_are_closed_again(tmp_path: Path) -> None:
    async def main() -> None:
        memory = MemoryLink("memory")
        links: list[Link] = [memory, SerialLink(str(tmp_path / "none"))]
        with pytest.raises(UsageError):
            await run_bridge(links, lambda records: None, lambda status: None, asyncio.Event())
        assert not memory.is_open

    run(main())


def test_an_error_in_a_callback_ends_it_instead_of_leaving_it_half_dead() -> None:
    def fail(records: Sequence[Record]) -> None:
        raise OSError("no space left for the output")

    async def main() -> None:
        memory = MemoryLink("memory")
        with pytest.raises(OSError, match="no space left"):
            await run_bridge([memory, root()], fail, lambda status: None, asyncio.Event())
        assert not memory.is_open

    run(main())


# --- in a thread, for the app ---


class App:
    """What the app does with a bridge: it puts all that comes into one queue."""

    def __init__(self, links: list[Link]) -> None:
        self.inbox: queue.Queue[Record | Status] = queue.Queue()
        self.bridge = BridgeThread(links, self._put_all, self.inbox.put)

    def _put_all(self, records: Sequence[Record]) -> None:
        for record in records:
            self.inbox.put(record)

    def next(self, kind: type) -> Any:
        while not isinstance(item := self.inbox.get(timeout=TIMEOUT_S), kind):
            pass
        return item


def test_the_app_gets_records_and_statuses_from_a_thread() -> None:
    threads = threading.active_count()
    app = App([UdpLink(GROUP, free_port(), LOOPBACK), root()])
    app.bridge.start()
    assert app.next(LinkState).is_up
    while decode(app.next(Record).frame).type is not FrameType.RESULT:
        pass
    app.bridge.stop()
    assert app.next(Ended) == Ended(None)
    app.bridge.stop()
    assert threading.active_count() == threads


def test_the_app_is_told_why_a_port_does_not_open(tmp_path: Path) -> None:
    app = App([SerialLink(str(tmp_path / "none"))])
    app.bridge.start()
    ended = app.next(Ended)
    assert "no such serial port" in ended.error
    app.bridge.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_app_is_told_of_an_error_in_the_program() -> None:
    def fail(records: Sequence[Record]) -> None:
        raise ZeroDivisionError("a mistake")

    statuses: queue.Queue[Status] = queue.Queue()
    bridge = BridgeThread([root()], fail, statuses.put)
    bridge.start()
    while not isinstance(status := statuses.get(timeout=TIMEOUT_S), Ended):
        pass
    assert status.error == "ZeroDivisionError: a mistake"
    bridge.stop()


def test_stopping_what_never_started_is_harmless() -> None:
    App([]).bridge.stop()


def test_a_bridge_can_be_stopped_as_soon_as_it_was_started(line: Line) -> None:
    for _ in range(5):
        app = App([SerialLink(str(line.link)), root()])
        app.bridge.start()
        app.bridge.stop()
        assert app.next(Ended) == Ended(None)


# --- the command ---


def bridge_and_agents(directory: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Two agents and a bridge as processes; the bridge's end, and its log."""
    log = directory / "field.pcapng"
    udp = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    agents = [
        subprocess.Popen(
            [*COMMAND, "agent", "--open", "--id", str(node), "--constant", str(20 + node), *udp],
            stderr=subprocess.PIPE,
        )
        for node in (11, 12)
    ]
    try:
        command = [
            *COMMAND,
            "bridge",
            "--open",
            "--constant",
            "20",
            "--period",
            "0.5",
            "--log",
            str(log),
            *udp,
            *options,
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=40), log
    finally:
        for agent in agents:
            agent.send_signal(signal.SIGTERM)
        for agent in agents:
            agent.communicate(timeout=10)
            assert agent.returncode == 0


def test_the_log_replays_to_the_very_lines_of_the_live_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, log = bridge_and_agents(tmp_path, "--json", "--rounds", "8", "--duration", "30")
    assert ended.returncode == 0, ended.stderr
    rounds = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(rounds) == 8
    assert (rounds[-1]["count"], rounds[-1]["max_id"], rounds[-1]["exact"]) == (3, 12, True)
    assert rounds[-1]["average"] == pytest.approx((20 + 31 + 32) / 3, abs=1e-6)

    assert main(["replay", str(log), "--json"]) == 0
    assert capsys.readouterr().out == ended.stdout
    assert main(["replay", str(log)]) == 0
    text = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("round ") for line in text) == 8
    assert {line.rpartition(" under ")[0] for line in text} >= {"node 11 joined", "node 12 joined"}
    times = [record.timestamp_us for record in read_records(log)]
    assert times == sorted(times)


def test_as_text_it_prints_what_happens() -> None:
    command = [
        *COMMAND,
        "bridge",
        "--open",
        "--no-sensor",
        "--period",
        "0.3",
        "--rounds",
        "2",
        "--duration",
        "20",
    ]
    udp = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    ended = subprocess.run([*command, *udp], capture_output=True, text=True, timeout=40)
    assert ended.returncode == 0, ended.stderr
    said = [line.split("  ")[0] for line in ended.stdout.splitlines()]
    assert said == ["round 1", "round 2", "node 1 has left"]
    assert "no reading, 0 nodes" in ended.stdout
    assert "treering: 2 rounds, " in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "field.pcapng"
    command = [*COMMAND, "bridge", "--open", "--json", "--period", "0.3", "--log", str(log)]
    udp = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    process = subprocess.Popen([*command, *udp], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(number)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    replayed = subprocess.run(
        [*COMMAND, "replay", "--json", str(log)], capture_output=True, text=True, timeout=20
    )
    assert replayed.stdout == first + output


def test_when_the_reader_of_its_lines_has_gone_it_ends() -> None:
    command = [*COMMAND, "bridge", "--open", "--json", "--period", "0.3", "--duration", "20"]
    udp = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    process = subprocess.Popen([*command, *udp], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(10) == 0
    errors = process.stderr.read()
    process.stderr.close()
    assert "Traceback" not in errors
    assert "Exception" not in errors


def test_fewer_rounds_than_asked_for_in_the_time_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    udp = ["--interface", LOOPBACK, "--udp-port", str(free_port())]
    assert main(["bridge", "--open", "--no-root", "--rounds", "1", "--duration", "0.2", *udp]) == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--no-udp"], "there is nothing to bridge; give --port, or leave out --no-udp"),
        (["--no-udp", "--port", "/dev/none"], "/dev/none: no such serial port"),
        (["--group", "10.0.0.1"], "10.0.0.1:28539 is no multicast group"),
        (["--interface", "lo"], "interface 'lo': give its IPv4 address"),
        (["--constant", "1,2"], "--constant gives 2 values and --metrics 1 metrics"),
        (["--topology", "/none.toml"], "/none.toml: No such file or directory; name a topology file"),
        (["--log", "/none/field.pcapng"], "/none/field.pcapng: No such file or directory; name a file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bridge", "--open", *options]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--id", "65534"], "'65534' is not a whole number from 0 to 65533"),
        (["--metrics", "pressure"], "'pressure' is none of temperature, humidity"),
        (["--metrics", "humidity,humidity"], "names a metric twice"),
        (["--constant", "warm"], "'warm' is no number"),
        (["--constant", "nan"], "'nan' is no number"),
        (["--neighbours", "1,x"], "'x' is not a whole number"),
        (["--period", "0"], "'0' is not a number above 0"),
        (["--period", "0.0001"], "the period is 1 to"),
        (["--rounds", "0"], "'0' is not a whole number from 1"),
        (["--duration", "soon"], "'soon' is not a number above 0"),
        (["--constant", "1", "--no-sensor"], "not allowed with argument"),
        (["--udp-port", "65536"], "from 1 to 65535"),
    ],
)
def test_a_bad_option_is_named(options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bridge", "--open", *options])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_a_busy_port_fails_and_the_log_of_nothing_is_removed(line: Line, tmp_path: Path) -> None:
    log = tmp_path / "field.pcapng"

    async def hold() -> None:
        link = SerialLink(str(line.link))
        await link.start(lambda frames: None, lambda state: None)
        command = [*COMMAND, "bridge", "--open", "--no-udp", "--port", str(line.link), "--log", str(log)]
        ended = await asyncio.to_thread(
            lambda: subprocess.run(command, capture_output=True, text=True, timeout=20)
        )
        assert ended.returncode == 1
        assert f"treering: {line.link}: another program uses this port" in ended.stderr
        await link.close()

    run(hold())
    assert not log.exists()


def test_a_topology_names_whom_the_root_hears(tmp_path: Path) -> None:
    field = tmp_path / "topo.def"
    field.write_text("3\n1 0 0 15\n2 10 0 15\n3 20 0 15\n")
    args = argparse.Namespace(topology=str(field), neighbours=None)
    assert neighbours_of(args, 1) == frozenset({2})
    assert neighbours_of(args, 2) == frozenset({1, 3})
    with pytest.raises(UsageError, match="there is no node 4"):
        neighbours_of(args, 4)


@pytest.mark.parametrize("network", ["ring", "polling"])
def test_as_a_member_it_prints_readings_and_its_log_gives_the_same_lines(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One agent besides, as a process."""
    log = tmp_path / "room.pcapng"
    place = ["--interface", LOOPBACK, "--udp-port", str(free_port()), "--network", network]
    place += ["--period", "0.3"]
    agent = [*COMMAND, "agent", "--open", "--id", "7", "--constant", "25", "--duration", "30", *place]
    bridge = ["bridge", "--open", "--constant", "21", "--readings", "--json", "--log", str(log), *place]
    with subprocess.Popen(agent, stderr=subprocess.DEVNULL) as process:
        try:
            assert main([*bridge, "--rounds", "8", "--duration", "20"]) == 0
        finally:
            process.kill()
    printed = capsys.readouterr().out
    objects = [json.loads(line) for line in printed.splitlines()]
    readings = {found["node"]: found["readings"] for found in objects if "readings" in found}
    assert readings == {1: {"temperature": 122}, 7: {"temperature": 130}}
    assert any(found.get("count") == 2 for found in objects)
    assert main(["replay", str(log), "--readings", "--json"]) == 0
    assert capsys.readouterr().out == printed
