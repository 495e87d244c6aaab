"""Polled nodes in virtual time: links that lose, delay and duplicate, nodes that die or stop.

Every world has a seed; `World.replay` is the line that makes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Any

from protocol.node import Event, LinkName, MeasurementDue, RoundFinished
from protocol.packets import BROADCAST, Frame, FrameType, decode
from protocol.polling import PollingNode
from protocol.timing import PollingTiming

MAX_BURST = 16


@dataclass(frozen=True, slots=True)
class Links:
    """How frames travel: shares of 1, and milliseconds; whether frames for one node reach others too."""

    loss: float = 0
    duplication: float = 0
    delay_ms: tuple[int, int] = (1, 3)
    is_overheard: bool = True


@dataclass(slots=True)
class Host:
    """What a node's driver is: when it was last called, when its sensor answers, whether it runs."""

    node: PollingNode
    lives: int = 1
    runs: bool = True
    stopped_until_ms: int = -1
    timer_ms: int | None = None
    idle_calls: int = 0
    waiting: list[Callable[[], None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a node, and when."""

    time_ms: int
    node: int
    event: Event


class World:
    """Nodes that hear each other, except across `parts`; a reading is the node's id modulo 200.

    `twice` lists (version, former, later reporter) of every version that was reported again while somebody
    who ran all the time in between, and was never parted from the later reporter, could have known.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        links: Links | None = None,
        timing: PollingTiming | None = None,
        sensor_ms: Mapping[int, int] | None = None,
        **options: Any,
    ) -> None:
        self.replay = f"World(seed={seed}, links={links}, timing={timing}, sensor_ms={sensor_ms}, {options})"
        self.now_ms = 0
        self.hosts: dict[int, Host] = {}
        self.happened: list[Happened] = []
        self.sent: list[tuple[int, Frame]] = []
        self.parts: list[frozenset[int]] = []
        self.twice: list[tuple[int, int, int]] = []
        self._witnesses: dict[int, tuple[int, set[int]]] = {}
        self.drop: Callable[[Frame, int], bool] = lambda frame, listener: False
        self._random = Random(seed)
        self._links = links or Links()
        self._timing = timing or PollingTiming(period_ms=1_000)
        self._sensor_ms = dict(sensor_ms or {})
        self._options = options
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0

    # --- what a test does --------------------------------------------------------------------------------

    def start(self, *node_ids: int) -> None:
        """Switch these nodes on now, new or again, without memory."""
        for node_id in node_ids:
            node = PollingNode(
                node_id,
                seed=self._random.randrange(1 << 32),
                first_counter=self._random.randrange(1 << 24),
                now_ms=self.now_ms,
                timing=self._timing,
                **self._options,
            )
            before = self.hosts.get(node_id)
            self.hosts[node_id] = Host(node, lives=before.lives + 1 if before else 1)
            self._serve(node_id)

    def kill(self, *node_ids: int) -> None:
        """Power off."""
        for node_id in node_ids:
            self.hosts[node_id].runs = False
            self._forget_witness(node_id)

    def leave(self, node_id: int) -> None:
        """It says goodbye, and is gone."""
        self._call(node_id, lambda node: node.leave(self.now_ms))
        self.kill(node_id)

    def stop(self, node_id: int, for_ms: int) -> None:
        """As SIGSTOP: it is not called, and what comes meanwhile waits, and comes after its timer."""
        self.hosts[node_id].stopped_until_ms = self.now_ms + for_ms
        self._forget_witness(node_id)
        self._at(self.now_ms + for_ms, lambda: self._continue(node_id))

    def run(self, for_ms: int) -> None:
        """Let time pass."""
        end_ms = self.now_ms + for_ms
        while self._agenda and self._agenda[0][0] <= end_ms:
            self.now_ms, _, act = heappop(self._agenda)
            act()
        self.now_ms = end_ms

    def run_until(self, holds: Callable[[], object], limit_ms: int) -> int:
        """Until it holds; how long that took. Fails after the limit."""
        began_ms = self.now_ms
        while not holds():
            assert self.now_ms - began_ms < limit_ms, f"not within {limit_ms} ms: {self.replay}"
            self.run(1)
        return self.now_ms - began_ms

    # --- what a test sees --------------------------------------------------------------------------------

    @property
    def primaries(self) -> list[int]:
        """Who takes itself for the primary, among the living."""
        return [n for n, host in self.hosts.items() if host.runs and host.node.is_primary]

    def of(self, kind: type[Any], since_ms: int = 0) -> list[Happened]:
        """All events of that kind since then."""
        return [h for h in self.happened if isinstance(h.event, kind) and h.time_ms >= since_ms]

    def results(self, since_ms: int = 0) -> list[tuple[int, int, int]]:
        """(version, who found it, how many it counts) of every round since then."""
        found = []
        for happened in self.of(RoundFinished, since_ms):
            assert isinstance(happened.event, RoundFinished)
            aggregate = happened.event.items.aggregates[0][1]
            found.append((happened.event.version, happened.node, aggregate.count))
        return found

    def frames(self, kind: FrameType, since_ms: int = 0) -> list[Frame]:
        """All frames of that type since then."""
        return [frame for time_ms, frame in self.sent if frame.type == kind and time_ms >= since_ms]

    # --- how it works ------------------------------------------------------------------------------------

    def _at(self, time_ms: int, act: Callable[[], None]) -> None:
        self._order += 1
        heappush(self._agenda, (time_ms, self._order, act))

    def _call(self, node_id: int, act: Callable[[PollingNode], object]) -> None:
        """Call a node as its driver does: not while it is stopped."""
        host = self.hosts[node_id]
        if not host.runs:
            return
        if host.stopped_until_ms > self.now_ms:
            host.waiting.append(lambda: self._call(node_id, act))
            return
        act(host.node)
        self._serve(node_id)

    def _continue(self, node_id: int) -> None:
        host = self.hosts[node_id]
        self._call(node_id, lambda node: node.handle_timer(self.now_ms))
        waiting, host.waiting = host.waiting, []
        for act in waiting:
            act()

    def _serve(self, node_id: int) -> None:
        host = self.hosts[node_id]
        frames = host.node.frames_to_send(self.now_ms)
        assert len(frames) <= MAX_BURST, f"{len(frames)} frames at once: {self.replay}"
        for link, frame in frames:
            self.sent.append((self.now_ms, decode(frame)))
            if link is LinkName.AIR:
                self._transmit(node_id, frame)
        while (event := host.node.next_event()) is not None:
            self.happened.append(Happened(self.now_ms, node_id, event))
            if isinstance(event, MeasurementDue):
                self._measure(node_id, event.version)
            if isinstance(event, RoundFinished):
                self._note_result(node_id, event.version)
        deadline_ms = host.node.next_deadline()
        if deadline_ms is None:
            return  # it has left
        if host.timer_ms == deadline_ms and deadline_ms > self.now_ms:
            return
        host.timer_ms = deadline_ms
        self._at(max(deadline_ms, self.now_ms), lambda: self._timer(node_id, host, deadline_ms))

    def _timer(self, node_id: int, host: Host, deadline_ms: int) -> None:
        if self.hosts[node_id] is not host or not host.runs or host.node.next_deadline() != deadline_ms:
            return
        if host.stopped_until_ms > self.now_ms:
            return  # _continue calls it
        self._call(node_id, lambda node: node.handle_timer(self.now_ms))
        host.idle_calls = host.idle_calls + 1 if host.node.next_deadline() == deadline_ms else 0
        assert host.idle_calls < 3, f"node {node_id} is busy at {self.now_ms}: {self.replay}"

    def _measure(self, node_id: int, version: int) -> None:
        life = self.hosts[node_id].lives
        readings = dict.fromkeys(self._options.get("metrics", (0,)), node_id % 200)

        def answer() -> None:
            if self.hosts[node_id].lives == life:
                self._call(node_id, lambda node: node.measure(version, readings, self.now_ms))

        self._at(self.now_ms + self._sensor_ms.get(node_id, 1), answer)

    def _note_result(self, node_id: int, version: int) -> None:
        near = {n for n, host in self.hosts.items() if host.runs and not self._are_parted(node_id, n)}
        former, witnesses = self._witnesses.get(version, (node_id, set[int]()))
        if witnesses & near:
            self.twice.append((version, former, node_id))
        running = {n for n in near if self.hosts[n].stopped_until_ms <= self.now_ms}
        self._witnesses[version] = node_id, running

    def _forget_witness(self, node_id: int) -> None:
        for _, witnesses in self._witnesses.values():
            witnesses.discard(node_id)

    def _transmit(self, sender: int, frame: bytes) -> None:
        got = decode(frame)
        for listener in self.hosts:
            if listener == sender or self._are_parted(sender, listener) or self.drop(got, listener):
                continue
            if not self._links.is_overheard and got.destination not in (listener, BROADCAST):
                continue
            copies = 1 + (self._random.random() < self._links.duplication)
            for _ in range(copies):
                if self._random.random() >= self._links.loss:
                    delay_ms = self._random.randint(*self._links.delay_ms)
                    self._at(self.now_ms + delay_ms, self._delivery(listener, frame))

    def _delivery(self, listener: int, frame: bytes) -> Callable[[], None]:
        return lambda: self._call(listener, lambda node: node.receive(frame, self.now_ms))

    def _are_parted(self, a: int, b: int) -> bool:
        return any((a in part) != (b in part) for part in self.parts)


def started(node_ids: Iterable[int], **options: Any) -> World:
    """A world in which these nodes were switched on at once, and have had two rounds."""
    world = World(**options)
    world.start(*node_ids)
    world.run_until(lambda: len(world.results()) >= 2, 20_000)
    return world


def is_broadcast_of(kind: FrameType) -> Callable[[Frame, int], bool]:
    """Frames of that type to everybody."""
    return lambda frame, listener: frame.type is kind and frame.destination == BROADCAST
