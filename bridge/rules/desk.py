"""Commands the actuators that rules wish for, by the bridge's own node, and follows what they do."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bridge.rules.settings import ActuatorSettings
from bridge.rules.switch import State, Switch
from bridge.status import ActuatorStatus
from protocol.letters import Kind, Status
from protocol.node import Event, LetterAnswered, LetterUnanswered, StateTold
from protocol.observer import ActuatorSeen

_log = logging.getLogger(__name__)


class Commander(Protocol):
    """A controller: bridge.driver.NodeDriver is one."""

    def command(self, addressee: int, actuator: int, value: int, hold_s: int) -> bool:
        """Say it, answered by an event in the order of the commands to a node; False: it is not running."""


class Desk:
    """Belongs to the event loop's thread, but for `wish`. `heed` gets all events of the commander's node."""

    def __init__(
        self,
        settings: Iterable[ActuatorSettings],
        commander: Commander,
        known: Mapping[tuple[int, int], ActuatorSeen] | None = None,
    ) -> None:
        """`known` is what actuators did when the log was last read, by node and actuator."""
        self._commander = commander
        self._switches = {one.name: Switch(one) for one in settings}
        self._awaited: dict[int, deque[Switch]] = {}  # by node: whose answers are to come
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        for switch in self._switches.values():
            seen = (known or {}).get((switch.settings.node, switch.settings.actuator))
            if seen is not None:
                switch.told(seen.value, seen.cause, 0.0)

    def start(self) -> None:
        """Follow wishes from now on; to be called in the event loop, once the commander is started."""
        self._loop = asyncio.get_running_loop()
        self._step()

    def close(self) -> None:
        """Command nothing any more: the nodes go to their safe values when their commands are over."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()

    def wish(self, wanted: Mapping[str, bool]) -> None:
        """Have these on or off, by name, for a while; wishes are to be repeated. From any thread."""
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._wish, dict(wanted))
            except RuntimeError:
                _log.debug("a wish came when the event loop had ended")

    def heed(self, event: Event) -> None:
        """What the commander's node learned."""
        if isinstance(event, LetterAnswered | LetterUnanswered) and event.kind is Kind.COMMAND:
            self._answered(event)
        elif isinstance(event, StateTold):
            for switch in self._switches.values():
                if (switch.settings.node, switch.settings.actuator) == (event.node, event.actuator):
                    before = switch.state
                    switch.told(event.value, event.cause, self._now_s())
                    self._tell(switch, before)
        else:
            return
        self._step()

    def statuses(self) -> Sequence[ActuatorStatus]:
        """What each actuator does, as far as it is known."""
        return [
            ActuatorStatus(
                name=name,
                node=switch.settings.node,
                actuator=switch.settings.actuator,
                state=switch.state.value,
                value=switch.value,
            )
            for name, switch in self._switches.items()
        ]

    @property
    def warnings(self) -> list[str]:
        """What a person must see to."""
        return [
            f"actuator {name}: {switch.problem}; see to node {switch.settings.node}"
            for name, switch in self._switches.items()
            if switch.problem
        ]

    # --- in the event loop -------------------------------------------------------------------------------

    def _wish(self, wanted: Mapping[str, bool]) -> None:
        for name, is_on in wanted.items():
            if name in self._switches:
                self._switches[name].wish(is_on, self._now_s())
        self._step()

    def _answered(self, event: LetterAnswered | LetterUnanswered) -> None:
        awaited = self._awaited.get(event.addressee)
        if not awaited:
            return  # somebody else's command
        switch = awaited.popleft()
        before = switch.state
        if isinstance(event, LetterUnanswered):
            switch.failed(f"node {event.addressee} does not answer", self._now_s())
        elif event.status == Status.DONE and event.state is not None:
            switch.done(event.state[1], self._now_s())
        else:
            known = event.status in list(Status)
            why = Status(event.status).label if known else f"status {event.status}"
            switch.failed(f"node {event.addressee} refuses it ({why})", self._now_s())
        self._tell(switch, before)

    def _step(self) -> None:
        """Say what is due, and wake up for the next."""
        if self._loop is None:
            return
        for switch in self._switches.values():
            one = switch.settings
            value = switch.command(self._now_s())
            if value is None:
                continue
            if self._commander.command(one.node, one.actuator, value, one.hold_s):
                self._awaited.setdefault(one.node, deque()).append(switch)
            else:
                switch.failed("the bridge's own node is not running", self._now_s())
        if self._timer is not None:
            self._timer.cancel()
        due_s = min(
            (s for switch in self._switches.values() if (s := switch.next_s()) is not None), default=None
        )
        if due_s is not None and due_s > self._now_s():
            self._timer = self._loop.call_at(due_s, self._step)

    def _tell(self, switch: Switch, before: State) -> None:
        if switch.state is not before:
            level = logging.WARNING if switch.state is State.FAILED else logging.INFO
            why = f": {switch.problem}" if switch.problem else ""
            _log.log(level, "%s is %s%s", switch.settings.name, switch.state, why)

    def _now_s(self) -> float:
        return self._loop.time() if self._loop is not None else 0.0
