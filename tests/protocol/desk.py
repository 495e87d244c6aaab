"""One node on a desk: frames go in by hand, and what it sends and says is read back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TypeVar

from protocol.node import Event, LinkName, MeasurementDue, Node
from protocol.packets import BROADCAST, Frame, FrameType, Payload, decode, encode

E = TypeVar("E", bound=Event)


class Desk:
    """Time goes only forward, by `at`; every MeasurementDue is answered at once with `readings`, if given."""

    def __init__(self, node_id: int, node: Node, readings: Mapping[int, int] | None = None) -> None:
        self.node_id = node_id
        self.node = node
        self.now_ms = 0
        self.readings = readings
        self.sent: list[Frame] = []
        self.events: list[Event] = []
        self._counters = count()

    def hear(self, source: int, payload: Payload, frame_type: FrameType, to: int | None = None) -> None:
        """A frame for this node, or for everybody if that is its kind."""
        broadcast = (FrameType.SIGN, FrameType.CLAIM, FrameType.HELLO, FrameType.BEAT)
        if to is None:
            to = BROADCAST if frame_type in broadcast else self.node_id
        frame = encode(Frame(frame_type, source, to, next(self._counters), payload))
        self.node.receive(frame, self.now_ms)
        self._serve()

    def at(self, now_ms: int) -> None:
        """Let the time come, with every timer that is due on the way."""
        while (deadline_ms := self.node.next_deadline()) is not None and deadline_ms <= now_ms:
            assert deadline_ms > self.now_ms or self._is_useful(deadline_ms), "a deadline that never ends"
            self.now_ms = max(self.now_ms, deadline_ms)
            self.node.handle_timer(self.now_ms)
            self._serve()
        self.now_ms = now_ms

    def take_sent(self, frame_type: FrameType | None = None) -> list[Frame]:
        """What was sent since the last call, of that type or all."""
        taken, self.sent = self.sent, []
        return [frame for frame in taken if frame_type in (None, frame.type)]

    def take_events(self, kind: type[E]) -> list[E]:
        """What happened since the last call, of that kind; the rest is forgotten."""
        taken, self.events = self.events, []
        return [event for event in taken if isinstance(event, kind)]

    def _is_useful(self, deadline_ms: int) -> bool:
        """Whether a deadline of now does something: the same deadline must not stay."""
        self.node.handle_timer(self.now_ms)
        self._serve()
        return self.node.next_deadline() != deadline_ms

    def _serve(self) -> None:
        self._follow()
        for link, frame in self.node.frames_to_send(self.now_ms):
            assert link in LinkName
            self.sent.append(decode(frame))
        self._follow()

    def _follow(self) -> None:
        while (event := self.node.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, MeasurementDue) and self.readings is not None:
                self.node.measure(event.version, self.readings, self.now_ms)
