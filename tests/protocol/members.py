"""Members of one network on a shared air that loses nothing, and whoever meddles with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from protocol.endpoint import Endpoint
from protocol.keys import Keys, Membership
from protocol.long_counter import LongCounter
from protocol.node import Event, LinkName
from protocol.sink_tree import SinkTreeNode

MASTER = bytes(range(16))
ROOT, CONTROLLER = 0, 1
E = TypeVar("E", bound=Event)


def membership(node_id: int, *, is_open: bool = False, epoch: int = 0) -> Membership:
    """What that node of the network knows."""
    keys = Keys.of_master(MASTER, CONTROLLER, epoch)
    mine = None if is_open else keys if node_id == CONTROLLER else keys.of_member(node_id)
    return Membership(mine, frozenset({ROOT}), CONTROLLER)


def tree_member(
    node_id: int, *, now_ms: int = 0, life: int | None = None, is_open: bool = False, **options: object
) -> Endpoint:
    """A sink tree's node, node 0 its root; its life is made of its id unless told."""
    first = (0x1000 + node_id if life is None else life) << 24

    def make_node(now_ms: int) -> SinkTreeNode:
        return SinkTreeNode(node_id, seed=node_id, first_counter=0, now_ms=now_ms, root=node_id == ROOT)

    known = {"membership": membership(node_id, is_open=is_open), "counter": LongCounter(first)} | options
    return Endpoint(node_id, make_node, seed=node_id + 1, now_ms=now_ms, **known)  # type: ignore[arg-type]


class Party:
    """Endpoints that all hear each other. `log` is (sender, frame) of all that was on the air."""

    def __init__(self, *endpoints: Endpoint) -> None:
        self.endpoints = {endpoint.node_id: endpoint for endpoint in endpoints}
        self.now_ms = 0
        self.log: list[tuple[int, bytes]] = []
        self.events: list[tuple[int, Event]] = []
        self.hears: Callable[[int, int], bool] = lambda sender, listener: True

    def run(self, until_ms: int) -> None:
        """Let all that is due until then happen."""
        while (due := self._next()) is not None and due[0] <= until_ms:
            self.now_ms, node_id = max(due[0], self.now_ms), due[1]
            self.endpoints[node_id].handle_timer(self.now_ms)
            self.serve(node_id)
        self.now_ms = until_ms

    def serve(self, node_id: int) -> None:
        """Carry out what that node has to say."""
        endpoint = self.endpoints[node_id]
        frames = endpoint.frames_to_send(self.now_ms)
        self._follow(endpoint)
        for link, frame in frames:
            self.log.append((node_id, frame))
            if link is LinkName.AIR:
                self.inject(frame, (n for n in self.endpoints if n != node_id and self.hears(node_id, n)))

    def inject(self, frame: bytes, listeners: Iterable[int]) -> None:
        """These hear that frame, whoever sent it."""
        for listener in list(listeners):
            self.endpoints[listener].receive(frame, self.now_ms)
            self._follow(self.endpoints[listener])

    def take(self, node_id: int, kind: type[E]) -> list[E]:
        """What happened to that node since the last call, of that kind."""
        found: list[E] = [event for n, event in self.events if n == node_id and isinstance(event, kind)]
        self.events = [(n, event) for n, event in self.events if n != node_id or not isinstance(event, kind)]
        return found

    def _follow(self, endpoint: Endpoint) -> None:
        while (event := endpoint.next_event()) is not None:
            self.events.append((endpoint.node_id, event))

    def _next(self) -> tuple[int, int] | None:
        due = [(ms, n) for n, e in self.endpoints.items() if (ms := e.next_deadline()) is not None]
        return min(due, default=None)
