"""The main job, end to end, with nothing simulated but the board: real processes, a serial line, UDP sockets.

An emulated Uno runs the firmware image. The bridge is the root and relays between its serial line and UDP,
where three agents are. Neighbour filters force two hops: agent 13 hears agents 11 and 12 only. Whichever of
them is its parent is killed.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ports import free_port
from bridge.capture_file import read_records
from protocol.aggregate import HUMIDITY, TEMPERATURE
from protocol.capture import Record
from protocol.observer import Observer
from protocol.packets import FrameType, decode
from tests.firmware.board import EmulatedBoard

TREERING = [sys.executable, "-m", "desktop.command"]
ROOT, UNO, LEAF = 1, 2, 13
RELAYS = (11, 12)
AGENT_C = {11: 18.0, 12: 19.5, 13: 31.0}
PERIOD_S = 1
# From the start of the last process; the figure.
ALL_COUNTED_WITHIN_S = 10.0
RECOVERY_ROUNDS = 3
ROUNDS_AFTERWARDS = 10


def records_of(log: Path) -> list[Record]:
    """The whole records of a log that may still be written."""
    return list(read_records(log))


class Process:
    """A running `treering` command; its lines can be waited for."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*TREERING, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._said: list[str] = []
        self._threads = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._said += self.process.stderr

    @property
    def said(self) -> str:
        """What it wrote to stderr so far."""
        return "".join(self._said)

    def next_line(self, timeout_s: float) -> str:
        """The next line of its output."""
        try:
            line = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"no line within {timeout_s} s; it said: {self.said}") from None
        assert line is not None, f"it has ended: {self.said}"
        self.lines.append(line)
        return line

    def rest(self) -> list[str]:
        """Every line until its end."""
        while (line := self._queue.get(timeout=10)) is not None:
            self.lines.append(line)
        return self.lines

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            for thread in self._threads:
                thread.join(5)
            for stream in (self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()


class Network:
    """Board, bridge and agents, and what the bridge reports."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self.log = directory / "field.pcapng"
        self.board = stack.enter_context(
            EmulatedBoard(directory, "--temperature-c", "24.5", "--humidity-percent", "45", node_id=UNO)
        )
        self._udp = ["--interface", "127.0.0.1", "--udp-port", str(free_port())]
        self.bridge = self._start(
            stack,
            *(
                "bridge",
                "--open",
                "--port",
                self.board.port,
                "--id",
                str(ROOT),
                "--constant",
                "20",
                "--period",
                str(PERIOD_S),
            ),
            *("--log", str(self.log), "--json", *self._udp),
        )
        self.agents = {node: self._agent(stack, node) for node in AGENT_C}
        self.started_s = time.monotonic()

    def _agent(self, stack: ExitStack, node: int) -> Process:
        filter_ = ["--neighbours", ",".join(map(str, RELAYS))] if node == LEAF else []
        return self._start(
            stack,
            "agent",
            "--open",
            "--id",
            str(node),
            "--constant",
            str(AGENT_C[node]),
            *filter_,
            *self._udp,
        )

    @staticmethod
    def _start(stack: ExitStack, *arguments: str) -> Process:
        process = Process(*arguments)
        stack.callback(process.end, signal.SIGKILL)
        return process

    def next_round(self, timeout_s: float = 8 * PERIOD_S) -> dict[str, Any]:
        """The next temperature result."""
        while True:
            found: dict[str, Any] = json.loads(self.bridge.next_line(timeout_s))
            if found["metric"] == TEMPERATURE.name:
                return found

    def rounds_until(self, count: int, within_s: float) -> dict[str, Any]:
        """The first result that counts so many."""
        deadline_s = time.monotonic() + within_s
        seen = []
        while time.monotonic() < deadline_s:
            seen.append(self.next_round(within_s))
            if seen[-1]["count"] == count:
                return seen[-1]
        raise AssertionError(f"never {count} within {within_s} s: {seen}\n{self.bridge.said}")

    def parent_of(self, node: int) -> int | None:
        """By the log, as it is being written."""
        observer = Observer()
        for record in records_of(self.log):
            observer.observe(record)
        return observer.parents.get(node)


@pytest.fixture
def network(tmp_path: Path, built_board: None) -> Iterator[Network]:
    with ExitStack() as stack:
        yield Network(stack, tmp_path)


@pytest.mark.timeout(120)
def test_a_tree_across_serial_and_udp_heals_and_its_log_replays(network: Network) -> None:
    full = network.rounds_until(5, ALL_COUNTED_WITHIN_S)
    took_s = time.monotonic() - network.started_s
    assert took_s < ALL_COUNTED_WITHIN_S
    expected = [20.0, 24.5, *AGENT_C.values()]
    assert full["total"] == sum(map(TEMPERATURE.raw, expected))
    assert (full["max"], full["max_id"]) == (TEMPERATURE.raw(31.0), LEAF)
    assert full["average"] == pytest.approx(sum(expected) / 5, abs=1e-6)
    assert full["exact"]

    parent = network.parent_of(LEAF)
    assert parent in RELAYS
    network.agents[parent].end(signal.SIGKILL)
    after = [network.next_round() for _ in range(RECOVERY_ROUNDS + 1)]
    assert after[-1]["count"] == 4, after
    recovered = next(round_ for round_, found in enumerate(after) if found["count"] == 4)
    print(f"5 of 5 counted after {took_s:.1f} s; every survivor {recovered} rounds after the death")
    assert network.parent_of(LEAF) == next(node for node in RELAYS if node != parent)

    settled = [network.next_round() for _ in range(ROUNDS_AFTERWARDS)]
    assert [found["count"] for found in settled] == [4] * ROUNDS_AFTERWARDS
    assert network.bridge.end() == 0
    live = network.bridge.rest()
    for agent in network.agents.values():
        agent.end()

    replayed = subprocess.run(
        [*TREERING, "replay", str(network.log), "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert replayed.stdout.splitlines() == live
    assert any(json.loads(line)["metric"] == HUMIDITY.name for line in live)
    seen = {(record.link.split(":")[0], decode(record.frame).type) for record in records_of(network.log)}
    assert seen >= {
        ("serial", FrameType.DATA),
        ("serial", FrameType.DATA_ACK),
        ("udp", FrameType.DATA),
        ("udp", FrameType.HELP),
        ("root", FrameType.RESULT),
    }
