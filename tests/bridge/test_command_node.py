"""`treering command` over real UDP: done, refused, not answered."""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from bridge import command_node
from bridge.access import Access
from bridge.driver import sink_tree_driver
from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys, write_keys
from bridge.sensors import NoSensor
from bridge.udp_link import GROUP, LOOPBACK, UdpLink
from firmware.pi.agent import run_agent
from protocol.actuator import Actuators
from protocol.letters import Cause
from protocol.node import ActuatorSet, Event
from tests.bridge.rig import TIMEOUT_S
from tests.protocol.members import MASTER

KEYS = NetworkKeys("garden", 0, frozenset({1}), 3, MASTER)


@contextmanager
def agent(port: int, access: Access, on_event: Callable[[Event], None]) -> Iterator[None]:
    """Node 7 with one actuator, in a thread."""
    running, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        node = sink_tree_driver(
            "node 7", 7, NoSensor(), access=access, actuators=Actuators([0]), on_event=on_event
        )
        link = UdpLink(GROUP, port, LOOPBACK, access.reader())
        await run_agent(node, link, lambda state: running.set() if state.link == "node 7" else None, stop)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        thread = threading.Thread(target=runner.run, args=(main(),))
        loop = runner.get_loop()
        thread.start()
        try:
            assert running.wait(TIMEOUT_S)
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(TIMEOUT_S)


def command(port: int, *given: str) -> int:
    parser = argparse.ArgumentParser()
    command_node.add_arguments(parser)
    place = ["--interface", LOOPBACK, "--udp-port", str(port)]
    return command_node.run(parser.parse_args([*given, *place]))


@pytest.mark.parametrize("is_open", [False, True])
def test_a_node_does_what_it_is_told_for_as_long_as_it_is_told(
    is_open: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    write_keys(tmp_path / "keys", KEYS)
    theirs = Access(controller=3) if is_open else Access(KEYS.for_member(7))
    who = ["--open", "--id", "3"] if is_open else ["--keys", str(tmp_path / "keys")]
    port = free_port()
    events: list[ActuatorSet] = []
    is_over = threading.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, ActuatorSet):
            events.append(event)
            if event.cause is Cause.SILENCE:
                is_over.set()

    with agent(port, theirs, on_event):
        assert command(port, "7", "0", "200", "--hold", "1", *who) == 0
        assert capsys.readouterr().out == "actuator 0 of node 7 is 200\n"
        assert is_over.wait(TIMEOUT_S)
        assert [(event.value, event.cause) for event in events if event.cause is not Cause.START] == [
            (200, Cause.COMMANDED),
            (0, Cause.SILENCE),
        ]
        assert command(port, "7", "1", "9", "--json", *who) == 1
        told = json.loads(capsys.readouterr().out)
        assert told == {"node": 7, "actuator": 1, "value": 9, "status": "not this role"}


def test_a_node_that_is_not_there_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("protocol.controller.ANSWER_WAIT_MS", 50)
    assert command(free_port(), "7", "0", "1", "--open") == 1
    assert capsys.readouterr().out.startswith("node 7 does not answer; is it running, and does it know")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (KEYS.for_member(7), "node 3 may not command 'garden': these keys are without the master key; give"),
        (NetworkKeys("garden", 0, master=MASTER), "the keys of 'garden' name no controller; provision"),
    ],
)
def test_only_the_controller_commands(keys: NetworkKeys, told: str, tmp_path: Path) -> None:
    write_keys(tmp_path / "keys", keys)
    with pytest.raises(UsageError, match=told):
        command(free_port(), "7", "0", "1", "--keys", str(tmp_path / "keys"))
