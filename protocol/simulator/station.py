"""A place of the field: the node while it has power, its clock, its radio and whom that reaches."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from protocol.node import Node
from protocol.simulator.clock import NEVER_US, NodeClock
from protocol.simulator.topology import Place


class Station:
    """The state of one place; the simulation and its channel act on it.

    The radio's queue begins with the frame that waits for its turn or is being sent. A transmission lasts
    from `start_us` to before `end_us`; `previous_end_us` is the end of the one before.
    """

    __slots__ = (
        "alarm_us",
        "clock",
        "deadline_us",
        "end_us",
        "frozen",
        "hears",
        "listeners",
        "node",
        "node_id",
        "on_since_us",
        "place",
        "previous_end_us",
        "queue",
        "start_us",
    )

    def __init__(self, place: Place, clock: NodeClock) -> None:
        self.place = place
        self.node_id = place.id
        self.clock = clock
        self.node: Node | None = None
        self.frozen: Node | None = None
        self.deadline_us = NEVER_US
        self.alarm_us = NEVER_US
        self.on_since_us = 0
        self.queue: deque[bytes] = deque()
        self.start_us = self.end_us = self.previous_end_us = 0
        self.listeners: Mapping[int, Station] = {}
        self.hears: tuple[Station, ...] = ()

    def switch_on(self, node: Node, now_us: int) -> None:
        """Give power to that node."""
        self.node = node
        self.frozen = None
        self.on_since_us = now_us

    def retire(self) -> None:
        """Take the node; the radio sends what it was given."""
        self.node = None
        self.deadline_us = self.alarm_us = NEVER_US

    def switch_off(self, now_us: int) -> None:
        """Take the power: what the radio was sending breaks off, and what waited is gone."""
        self.retire()
        self.queue = deque()
        if self.start_us < now_us:
            self.end_us = min(self.end_us, now_us)
        else:
            self.start_us = self.end_us = self.previous_end_us

    def was_sending(self, start_us: int, now_us: int) -> bool:
        """Whether any of its transmissions falls into that time, which ends now."""
        if self.start_us < now_us:
            return self.end_us > start_us
        return self.previous_end_us > start_us  # the last one begins now or later
