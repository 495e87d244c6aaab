"""Whole fields of sealed nodes, and strangers who record, replay and forge (PROTOCOL.md 10 and 17)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from protocol.keys import Keys
from protocol.node import Event, FrameDropped, LinkName, Node
from protocol.packets import DropReason
from protocol.sealed_reader import SealedReader
from protocol.simulator.faults import Fault, Reboot
from protocol.simulator.medium import Air, Quality
from protocol.simulator.networks import NETWORKS
from protocol.simulator.sealed_nodes import SealedNodes
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import scattered

NODES = 8
ATTACKERS = (9, 10)


class Attacker:
    """Hears and records all, and sends it again: as it was, changed, or under another name."""

    def __init__(self, seed: int, now_ms: int) -> None:
        self._rng = random.Random(seed)
        self._recorded: list[bytes] = []
        self._next_ms = now_ms + 1_500

    def receive(self, frame: bytes, now_ms: int) -> None:
        if len(self._recorded) < 5_000:
            self._recorded.append(frame)

    def handle_timer(self, now_ms: int) -> None: ...

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        return False

    def leave(self, now_ms: int) -> None: ...

    def next_deadline(self) -> int | None:
        return self._next_ms

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        if now_ms < self._next_ms or not self._recorded:
            self._next_ms = max(self._next_ms, now_ms + 50)
            return []
        self._next_ms = now_ms + self._rng.randrange(10, 60)
        # Of late, or of any time: what was sent before a reboot, too.
        frame = self._rng.choice(self._recorded[-8:] if self._rng.random() < 0.5 else self._recorded)
        return [(LinkName.AIR, self._changed(frame))]

    def next_event(self) -> Event | None:
        return None

    def _changed(self, frame: bytes) -> bytes:
        how = self._rng.randrange(6)
        data = bytearray(frame)
        if how == 0:
            data[self._rng.randrange(len(data))] ^= 1 << self._rng.randrange(8)
        elif how == 1:  # for somebody else
            data[3:5] = self._rng.choice([b"\xff\xff", self._rng.randrange(1, NODES).to_bytes(2, "big")])
        elif how == 2:  # by somebody else
            data[1:3] = self._rng.randrange(1, NODES).to_bytes(2, "big")
        elif how == 3:  # a counter to come
            counter = int.from_bytes(data[5:8], "big") + self._rng.randrange(1, 50)
            data[5:8] = (counter % (1 << 24)).to_bytes(3, "big")
        return bytes(data)


class Witness:
    """A node's inner machine, and every frame that it was given."""

    def __init__(self, inner: Node, given: Callable[[bytes], None]) -> None:
        self._inner = inner
        self._given = given

    def receive(self, frame: bytes, now_ms: int) -> None:
        self._given(frame)
        self._inner.receive(frame, now_ms)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Field:
    """One sealed field of 8 members, of whom some lose their counters at every reboot.

    `sent` counts the open frames that members sealed, `given` those that reached a member's machine.
    """

    def __init__(
        self,
        network: str,
        *,
        seed: int,
        attacked: bool = True,
        quality: Quality | None = None,
        faults: tuple[Fault, ...] = (),
        forgetful: tuple[int, ...] = (),
    ) -> None:
        kind = NETWORKS[network]
        range_m = 42 if kind.has_root else 90
        topology = scattered(NODES + (len(ATTACKERS) if attacked else 0), 60, 60, range_m, seed)
        gateways = (topology.root,) if kind.has_root else ()
        self.sent: Counter[bytes] = Counter()
        self.given: Counter[tuple[int, bytes]] = Counter()
        self.drops: Counter[DropReason] = Counter()
        self.rounds: list[RoundSummary] = []
        self._make = kind.make_node
        self._members = SealedNodes(
            self._witnessed, seed=seed, gateways=gateways, overhears=not kind.has_root
        )
        self._reader = SealedReader(Keys.of_master(self._members.master, 0))
        self._forgetful = forgetful
        simulation = Simulation(
            topology,
            seed=seed,
            network=network,
            air=Air(quality=quality or Quality()),
            make_node=self._node,
            faults=faults,
            on_event=self._happened,
            on_round=self.rounds.append,
            order=tuple(range(1, NODES + 1)) if network != "tree" else (),
            checks=not attacked,
        )
        simulation.run(14)

    def _node(self, node_id: int, **options: Any) -> Node:
        if node_id in ATTACKERS:
            return Attacker(node_id, options["now_ms"])
        if node_id in self._forgetful:
            self._members.lose_counter(node_id)
        member = self._members(node_id, **options)
        return Listened(member, self._note)

    def _witnessed(self, node_id: int, **options: Any) -> Node:
        def given(frame: bytes) -> None:
            self.given[node_id, frame] += 1

        return Witness(self._make(node_id, **options), given)

    def _note(self, sealed: bytes) -> None:
        opened = self._reader.open(sealed)
        assert isinstance(opened, bytes)
        self.sent[opened] += 1

    def _happened(self, node_id: int, event: Event) -> None:
        if isinstance(event, FrameDropped):
            self.drops[event.reason] += 1

    def check(self) -> None:
        """Every machine got what members sent, each frame once at most, whatever was rebooted."""
        wrong = {who: n for (who, frame), n in self.given.items() if n > self.sent[frame]}
        assert not wrong
        assert self.given


class Listened:
    """A member, and every frame that it sends."""

    def __init__(self, endpoint: Node, note: Callable[[bytes], None]) -> None:
        self._endpoint = endpoint
        self._note = note

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        frames = self._endpoint.frames_to_send(now_ms)
        for _, frame in frames:
            self._note(frame)
        return frames

    def __getattr__(self, name: str) -> Any:
        return getattr(self._endpoint, name)


@pytest.mark.parametrize("network", list(NETWORKS))
def test_strangers_change_no_result(network: str) -> None:
    field = Field(network, seed=3)
    field.check()
    assert [summary.counted for summary in field.rounds[5:]] == [NODES] * (len(field.rounds) - 5)
    assert len(field.rounds) >= 13
    assert {DropReason.TAG, DropReason.REPLAYED} <= field.drops.keys()


@pytest.mark.parametrize("network", list(NETWORKS))
@pytest.mark.parametrize("attacked", [False, True])
def test_a_bad_air_and_lost_counters_let_nothing_in_and_nobody_out(network: str, attacked: bool) -> None:
    """Without strangers the invariants of the network are checked as well."""
    rebooted = (2, 5, 7)
    field = Field(
        network,
        seed=4,
        attacked=attacked,
        quality=Quality(loss=0.03, duplication=0.05, delay_ms=30, bit_flips=0.01),
        faults=tuple(Fault(2 + 3 * i, Reboot(node_id)) for i in range(2) for node_id in rebooted),
        forgetful=rebooted[:2],
    )
    field.check()
    counted = [summary.counted for summary in field.rounds]
    assert len(counted) >= 10
    assert sum(counted[-5:]) >= 5 * NODES - 4
