"""What a token ring promises beside (PROTOCOL.md section 12): one token, and no stop.

**Rotation** is the longest of the period, the last turns as they were measured (from a node's pass until the
token is back at it as its home), and a turn of all living nodes over this air if nothing is lost; and a
hundredth more (clocks differ) and a hop (the sign that tells of it).

Both promises are of nodes that can form a ring: a component of living nodes (two-way links, none frozen) in
which each hears the next of the ring's order both ways. They hold from the last fault on, anywhere in the
field: until the links rest, nothing can be promised of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from protocol.node import RoundFinished, TokenDropped, TokenMade, TokenPassed, TokenTaken, TurnFinished
from protocol.packets import TokenId
from protocol.simulator.books import Books, Follow, keep
from protocol.simulator.invariants import Invariants, Limits, World

KEPT_LINES = 16
KEPT_TURNS = 8


class _Line:
    """A token from the making on, under all names that it has as it is passed: one epoch and generator.

    It was at a node first and last at these times, last at `node_id`, which has it still if `is_held`.
    """

    __slots__ = ("first_us", "is_held", "last_us", "name", "node_id")

    def __init__(self, name: TokenId, now_us: int) -> None:
        self.name = name
        self.first_us = self.last_us = now_us
        self.node_id = 0
        self.is_held = False


class RingInvariants(Invariants):
    """See Invariants.

    - Two tokens of different making never live together for longer than `limits.two_tokens` rotations: the
      time from the later of their beginnings (and the last fault) to the time at which the first of them was
      last at a node. So long an old token may go round until it meets who knows the new one (12.3).
    - While two nodes hear each other, no time longer than `limits.stop` rotations goes by without a result,
      nor that and `limits.cold_start_ms` without the first one: no pass of these nodes is measured yet.
    """

    watches = True

    def __init__(self, world: World, books: Books, limits: Limits) -> None:
        super().__init__(world, books, limits)
        self._lines: dict[tuple[int, int], _Line] = {}
        self._turns_us: deque[int] = deque(maxlen=KEPT_TURNS)
        self._passed_us: dict[int, int] = {}
        self._finished_us: dict[int, int] = {}
        self._changed_us = 0

    @property
    def rotation_us(self) -> int:
        """The time of one rotation, as above."""
        hop_us = self._world.hop_us()
        longest_us = max(self._world.period_ms * 1000, len(self._world.alive) * hop_us, *self._turns_us)
        return longest_us + longest_us // 100 + hop_us

    def follow(self) -> Follow:
        """See Invariants."""
        return {
            **super().follow(),
            TokenMade: lambda node_id, event: self._made(node_id, event.token),
            TokenTaken: lambda node_id, event: self._has(node_id, event.token),
            TokenPassed: lambda node_id, event: self._gave(node_id, event.token),
            TokenDropped: lambda node_id, event: self._has_no_more(event.token),
            TurnFinished: lambda node_id, event: self._is_back(node_id),
        }

    def found(self, reporter: int, result: RoundFinished) -> None:
        """See Invariants."""
        super().found(reporter, result)
        self._finished_us[reporter] = self._world.now_us

    def forgot(self, node_id: int) -> None:
        """See Invariants. Whoever lost its memory holds nothing."""
        for line in self._lines.values():
            line.is_held = line.is_held and line.node_id != node_id

    def changed(self) -> None:
        """See Invariants. A token of a frozen node does not live."""
        self._changed_us = self._world.now_us
        alive = self._world.alive
        for line in self._lines.values():
            line.is_held = line.is_held and line.node_id in alive

    def watch(self) -> None:
        """See Invariants."""
        now_us, most_us = self._world.now_us, self._limits.stop * self.rotation_us
        if now_us - self._changed_us <= most_us:
            return
        seen: set[int] = set()
        for node_id in sorted(self._world.alive):
            if node_id in seen:
                continue
            component = self._world.component_of(node_id)
            seen |= component
            finished_us = max(self._finished_us.get(member, 0) for member in component)
            last_us = max(self._changed_us, finished_us)
            if not finished_us:
                last_us += 1000 * self._limits.cold_start_ms
            if now_us - last_us > most_us and len(component) > 1 and self._can_ring(component):
                waited_ms = (now_us - max(self._changed_us, finished_us)) // 1000
                self._stop(
                    f"no result for {waited_ms} ms from nodes {_names(component)}, who hear each other"
                )

    def _made(self, node_id: int, token: TokenId) -> None:
        """A token is another one, also if everybody who knew its name has lost the memory of it."""
        self._lines.pop((token.epoch, token.generator), None)
        self._has(node_id, token)

    def _has(self, node_id: int, token: TokenId) -> None:
        key, now_us = (token.epoch, token.generator), self._world.now_us
        line = self._lines.get(key) or _Line(token, now_us)
        keep(self._lines, key, line, KEPT_LINES)
        line.name, line.node_id, line.last_us, line.is_held = token, node_id, now_us, True
        for other in self._lines.values():
            if other is not line:
                self._check_two(line, other)

    def _check_two(self, line: _Line, other: _Line) -> None:
        end_us = self._world.now_us if other.is_held else other.last_us
        together_us = end_us - max(line.first_us, other.first_us, self._changed_us)
        if together_us <= 0 or together_us <= self._limits.two_tokens * self.rotation_us:
            return
        component = self._world.component_of(line.node_id)
        if other.node_id in component and self._can_ring(component):
            self._stop(
                f"two tokens for {together_us // 1000} ms: {_shown(line)}, and {_shown(other)};"
                f" a rotation is {self.rotation_us // 1000} ms"
            )

    def _gave(self, node_id: int, token: TokenId) -> None:
        self._passed_us[node_id] = self._world.now_us
        self._has_no_more(token)

    def _has_no_more(self, token: TokenId) -> None:
        if line := self._lines.get((token.epoch, token.generator)):
            line.last_us = self._world.now_us
            line.is_held = False

    def _is_back(self, node_id: int) -> None:
        if (passed_us := self._passed_us.get(node_id)) is not None:
            self._turns_us.append(self._world.now_us - passed_us)

    def _can_ring(self, component: frozenset[int]) -> bool:
        place = {node_id: place for place, node_id in enumerate(self._world.order)}
        members = sorted(component, key=lambda node_id: (place.get(node_id, len(place)), node_id))
        listeners = self._world.listeners
        return all(
            b in listeners[a] and a in listeners[b]
            for a, b in zip(members, [*members[1:], members[0]], strict=True)
            if a != b
        )


def _shown(line: _Line) -> str:
    epoch, generator = line.name.epoch, line.name.generator
    return f"epoch {epoch} made by {generator}, at node {line.node_id}"


def _names(nodes: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(nodes)))
