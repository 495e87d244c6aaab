"""The desk between rules and actuators: commands in order, their answers, wishes from another thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from bridge.rules.desk import Desk
from bridge.rules.settings import ActuatorSettings
from protocol.letters import Cause, Kind, Status
from protocol.node import LetterAnswered, LetterUnanswered, StateTold
from protocol.observer import ActuatorSeen
from tests.bridge.rig import run, until

FAN = ActuatorSettings("fan", 7, 0)
LAMP = ActuatorSettings("lamp", 7, 1, on=100)
PUMP = ActuatorSettings("pump", 8)


class Commander:
    """Keeps what is commanded."""

    def __init__(self) -> None:
        self.commands: list[tuple[int, int, int, int]] = []
        self.is_running = True

    def command(self, addressee: int, actuator: int, value: int, hold_s: int) -> bool:
        self.commands.append((addressee, actuator, value, hold_s))
        return self.is_running


def done(node: int, actuator: int, value: int) -> LetterAnswered:
    return LetterAnswered(node, Kind.COMMAND, Status.DONE, (actuator, value))


def states(desk: Desk) -> dict[str, tuple[str, int | None]]:
    return {status["name"]: (status["state"], status["value"]) for status in desk.statuses()}


def at_desk(test: Callable[[Desk, Commander], None]) -> None:
    """With wishes for all three, which are commanded."""

    async def main() -> None:
        commander = Commander()
        desk = Desk([FAN, LAMP, PUMP], commander)
        desk.start()
        wishes = {"fan": True, "lamp": True, "pump": False, "ghost": True}
        await asyncio.to_thread(desk.wish, wishes)
        await until(lambda: len(commander.commands) == 3)
        test(desk, commander)
        desk.close()

    run(main())


def test_wishes_of_another_thread_are_commanded() -> None:
    def test(desk: Desk, commander: Commander) -> None:
        assert commander.commands == [(7, 0, 255, 60), (7, 1, 100, 60), (8, 0, 0, 60)]
        assert set(states(desk).values()) == {("unknown", None)}

    at_desk(test)


def test_answers_of_a_node_come_in_the_order_of_its_commands(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def test(desk: Desk, commander: Commander) -> None:
        desk.heed(done(7, 0, 255))
        desk.heed(LetterAnswered(7, Kind.COMMAND, Status.NOT_THIS_ROLE, None))
        desk.heed(LetterUnanswered(8, Kind.COMMAND))
        assert states(desk) == {"fan": ("active", 255), "lamp": ("failed", None), "pump": ("failed", None)}
        assert desk.warnings == [
            "actuator lamp: node 7 refuses it (not this role); see to node 7",
            "actuator pump: node 8 does not answer; see to node 8",
        ]
        assert "fan is active" in caplog.text
        assert "pump is failed: node 8 does not answer" in caplog.text

    at_desk(test)


def test_other_letters_answers_are_not_ours() -> None:
    def test(desk: Desk, commander: Commander) -> None:
        desk.heed(LetterUnanswered(7, Kind.REKEY))
        desk.heed(LetterUnanswered(9, Kind.COMMAND))
        assert set(states(desk).values()) == {("unknown", None)}

    at_desk(test)


def test_a_node_that_started_again_is_commanded_at_once() -> None:
    def test(desk: Desk, commander: Commander) -> None:
        desk.heed(done(7, 0, 255))
        del commander.commands[:]
        desk.heed(StateTold(7, 0, 0, Cause.START))
        assert commander.commands == [(7, 0, 255, 60)]

    at_desk(test)


def test_without_a_node_of_its_own_everything_fails_and_is_tried_again() -> None:
    async def main() -> None:
        commander = Commander()
        commander.is_running = False
        desk = Desk([FAN], commander)
        desk.start()
        desk.wish({"fan": True})
        await until(lambda: states(desk) == {"fan": ("failed", None)})
        assert "the bridge's own node is not running" in desk.warnings[0]
        desk.close()

    run(main())


def test_it_knows_what_the_log_knew() -> None:
    known = {
        (7, 1): ActuatorSeen(5, 7, 1, 100, Cause.COMMANDED),
        (8, 0): ActuatorSeen(6, 8, 0, 255, Cause.FAILED),
    }
    desk = Desk([FAN, LAMP, PUMP], Commander(), known)
    assert states(desk) == {"fan": ("unknown", None), "lamp": ("active", 100), "pump": ("failed", None)}


def test_a_wish_after_the_end_is_nobodys() -> None:
    desk = Desk([FAN], Commander())

    async def main() -> None:
        desk.start()

    run(main())
    desk.wish({"fan": True})  # the loop has ended, the rules' thread has not
    assert states(desk) == {"fan": ("unknown", None)}
