"""A member of a sealed network, all of it in C: its seal, its letters, and the node inside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from firmware.native.seal import NativeLetters, NativeSeal
from protocol.actuator import DEFAULT_HOLD_S
from protocol.endpoint import MakeInner, Places
from protocol.keys import Membership
from protocol.letters import Status
from protocol.node import Event, FrameDropped, LinkName, Node
from protocol.node_base import MAX_EVENTS
from protocol.packets import HEADER_BYTES, MAX_NODE_ID, TYPE_MASK, DropReason, FrameType, peek_header
from protocol.proofs import INTRODUCTION_MS


class NativeMember:
    """protocol.endpoint.Endpoint with the C core's parts, put together as the boards' sketch does.

    What it holds is what the library was built with: `places` is not its choice. It does not tell whose
    counter is proven.
    """

    def __init__(
        self,
        node_id: int,
        make_node: MakeInner,
        *,
        membership: Membership,
        first: int,
        reserve: Callable[[int], None],
        seed: int,
        now_ms: int,
        overhears: bool = False,
        places: Places | None = None,
    ) -> None:
        self.node_id = node_id
        self.inner: Node | None = None
        self._make_node = make_node
        self._start_ms = now_ms + INTRODUCTION_MS
        self._now_ms = now_ms
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._has_left = False

        def keep_limit(limit: int) -> bool:
            reserve(limit)
            return True

        self._seal = NativeSeal(
            node_id,
            membership.keys,
            first=first,
            reserve=keep_limit,
            seed=seed,
            now_ms=now_ms,
            overhears=overhears,
            gateways=membership.gateways,
        )
        self._letters = NativeLetters(
            self._seal,
            controller=membership.controller,
            has_actuator=False,
            safe_value=0,
            hold_s=DEFAULT_HOLD_S,
            change_setting=lambda key, value: Status.UNKNOWN,
        )

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        self._now_ms = now_ms
        if self._has_left:
            return
        result, opened = self._seal.open(frame, now_ms)
        if result > 0 and opened[0] & TYPE_MASK == FrameType.LETTER:
            result = self._letters.receive(opened, now_ms)
        elif result > 0 and self.inner is not None:
            self.inner.receive(opened, now_ms)
        elif result > 0:
            result = -DropReason.STATE
        if result < 0:
            self._events.append(FrameDropped(DropReason(-result), _source_of(frame)))

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer."""
        self._now_ms = now_ms
        if self._has_left:
            return
        if self.inner is None and self._start_ms <= now_ms:
            self.inner = self._make_node(now_ms)
            self._letters.start()
        self._letters.handle_timer(now_ms)
        if self.inner is not None:
            self.inner.handle_timer(now_ms)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure."""
        return self.inner is not None and self.inner.measure(version, readings, now_ms)

    def leave(self, now_ms: int) -> None:
        """See protocol.node.Node.leave."""
        self._has_left = True
        if self.inner is not None:
            self.inner.leave(now_ms)

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        deadlines_ms = [None if self.inner is None else self.inner.next_deadline()]
        if not self._has_left:
            waits_ms = self._seal.wait_ms(self._now_ms), self._letters.wait_ms(self._now_ms)
            deadlines_ms += [None if wait_ms is None else self._now_ms + wait_ms for wait_ms in waits_ms]
            deadlines_ms.append(self._start_ms if self.inner is None else None)
        return min((deadline_ms for deadline_ms in deadlines_ms if deadline_ms is not None), default=None)

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        self._now_ms = now_ms
        frames: list[tuple[LinkName, bytes]] = []
        if not self._has_left:
            own = self._seal.frames_to_send(now_ms) + self._letters.frames_to_send(now_ms)
            frames += [(LinkName.AIR, frame) for frame in own]
        if self.inner is not None:
            frames += [(link, self._seal.close(frame)) for link, frame in self.inner.frames_to_send(now_ms)]
        return frames

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        if self._events:
            return self._events.popleft()
        return None if self.inner is None else self.inner.next_event()


def _source_of(frame: bytes) -> int | None:
    """Who says that it sent the frame."""
    source = peek_header(frame)[1] if len(frame) >= HEADER_BYTES else MAX_NODE_ID + 1
    return source if source <= MAX_NODE_ID else None
