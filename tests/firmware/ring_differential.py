"""Lets a Python and a C node of a ring live the same random lives among real nodes, noise and strangers.

python -m tests.firmware.ring_differential --seed 1 --lives 20 --steps 300

A failure prints the line that replays it.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from firmware.native.ring import CoreRingNode
from protocol import packets
from protocol.node import Event, MeasurementDue, PeerLost
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_U24,
    MUSTER,
    NO_ID,
    Claim,
    Empty,
    Frame,
    FrameType,
    Hello,
    Pairs,
    Payload,
    Sign,
    Token,
    TokenId,
)
from protocol.round_trip import AckTimeouts
from protocol.timing import MAX_PERIOD_MS, PeerTiming, RingTiming
from protocol.token_order import passed_on
from protocol.token_ring import TokenRingNode
from tests.firmware import pairs
from tests.firmware.pairs import (
    DAMAGES,
    DAY_MS,
    NodeLife,
    Pair,
    changed_within,
    damaged,
    is_foreign_and_malformed,
    with_crc,
)

RING_FRAMES = (FrameType.TOKEN, FrameType.SIGN, FrameType.CLAIM, FrameType.HELLO, FrameType.GOODBYE)
OWN_IDS = (7, 7, 4, 0xFFFC)
NEIGHBOURS = (0, 1, 5, 8, 0xFFFD)
# Forged epochs that are newer than each other in a circle let holders contradict each other without an end.
MOST_ON_AIR = 100


class Life(NodeLife[TokenRingNode]):
    """One pair of nodes in a ring with some others, on a bad air."""

    LONGEST_SLEEP_MS = 12 * DAY_MS  # of 2^30 ms

    timing: RingTiming

    def __init__(self, seed: str, seen: Counter[str]) -> None:
        super().__init__(seed, seen)
        rng = self.rng
        self.node_id = rng.choice(OWN_IDS)
        self.is_calm = rng.random() < 0.7  # the ring is mostly left alone, so that rounds succeed each other
        self.loss = rng.choice((0, 0, 0.02, 0.2))
        self.longest_delay_ms = rng.choice((0, 3, 20, 90))
        self.timing = self._timing()
        self.metrics = tuple(rng.sample((0, 1, 2, 3, 4, 40, 63), rng.choice((1, 1, 1, 2, 5, 0))))
        self.order = self._order()
        self.now_ms = self.some_start_ms()
        self.air: list[tuple[int, int, int, bytes]] = []  # when, which, to whom, what
        self.heard: list[bytes] = []
        self.others: dict[int, TokenRingNode] = {}
        for other in rng.sample(NEIGHBOURS, rng.choice((0, 1, 2, 3, 3))):
            self.others[other] = TokenRingNode(other, **self._options(is_other=True))
        self.restart()

    def _timing(self) -> RingTiming:
        rng = self.rng
        if rng.random() < 0.6:
            return RingTiming(period_ms=rng.choice((300, 1_000, 5_000)))
        return RingTiming(
            period_ms=rng.choice((1, 7, 333, 10_000, MAX_PERIOD_MS)),
            ack_timeouts=AckTimeouts(
                rng.choice((0, 10, 100, 0xFFFF)),
                rng.choice((0, 25, 2_000)),
                rng.choice((0, 1_000, 0x3FFF)),
                rng.choice((0, 20, 300)),
            ),
            tries=rng.choice((0, 1, 2, 3, 8)),
            measure_wait_ms=rng.choice((0, 40, 250, 0x3FFF)),
            jitter_ms=rng.choice((0, 1, 60, 0xFFFF)),
            first_jitter_ms=rng.choice((0, 500)),
            first_delay_ms=rng.choice((0, 100, 0xFFFF)),
            claim_least_ms=rng.choice((0, 60, 5_000)),
            listen_ms=rng.choice((0, 400, 0xFFFF)),
            peers=PeerTiming(
                rng.choice((0, 200, 0xFFFF)), rng.choice((1, 500)), rng.choice((2, 2_000, 0xFFFF))
            ),
        )

    def _order(self) -> tuple[int, ...]:
        rng = self.rng
        if rng.random() < 0.6:
            return ()
        everybody = (self.node_id, *NEIGHBOURS, 9, 10)
        return tuple(rng.sample(everybody, rng.randrange(len(everybody) + 1)))

    def _options(self, *, is_other: bool) -> dict[str, Any]:
        rng = self.rng
        return self.some_options() | {
            "metrics": tuple(rng.sample((0, 1, 2, 63), 2)) if is_other else self.metrics,
            "order": self.order,
            "readings_asked": rng.random() < 0.3,
            "max_peers": 255 if is_other else rng.choice((255, 255, 255, 4, 1, 0)),
            "first_version": rng.choice((1, 1, 0xFFFE, rng.randrange(0x10000))),
        }

    # --- what happens ------------------------------------------------------------------------------------

    def step(self) -> None:
        """One more thing happens."""
        action: Callable[[], None] = self.rng.choices(
            (
                self.go_on,
                self.wait,
                self.hear,
                self.hear_crowd,
                self.hear_noise,
                self.measure,
                self.restart,
                self.leave,
            ),
            weights=(930, 6, 15, 1, 15, 30, 2, 1) if self.is_calm else (600, 40, 220, 4, 70, 60, 4, 2),
        )[0]
        action()
        self.serve()

    def restart(self) -> None:
        """The node begins anew, at the start of its life or after a crash."""
        options = self._options(is_other=False)
        self.pair = Pair(TokenRingNode(self.node_id, **options), CoreRingNode(self.node_id, **options))
        self.due = []
        self.serve()

    def leave(self) -> None:
        """The node leaves, hears something after that, and begins anew."""
        super().leave()
        self.serve()
        for late in (self.hear, self.handle_timer, self.measure):
            late()
            self.serve()
        self.restart()

    def go_on(self) -> None:
        """The next thing that is due in this small world happens."""
        deadline_ms = self.pair.compare_deadlines(self.now_ms)
        times_ms = [
            self._deadline_ms(deadline_ms),
            *(self._deadline_ms(other.next_deadline()) for other in self.others.values()),
        ]
        next_ms = min([*times_ms, *(due_ms for due_ms, *_ in self.air[:1])])
        if next_ms - self.now_ms <= self.LONGEST_SLEEP_MS:
            self.now_ms = max(self.now_ms, next_ms + self.rng.choice((0, 0, 0, 0, 0, 1, 20)))
        due = sum(due_ms <= self.now_ms for due_ms, *_ in self.air)
        for _ in range(due):
            _, _, target, data = heapq.heappop(self.air)
            self._hand_over(target, data)
        for other in self.others.values():
            other.handle_timer(self.now_ms)
        self.handle_timer()

    def _deadline_ms(self, deadline_ms: int | None) -> int:
        return self.now_ms + DAY_MS if deadline_ms is None else deadline_ms

    def measure(self) -> None:
        """Readings for the round that wants them, or for another."""
        rng = self.rng
        version = self.due.pop() if self.due and rng.random() < 0.9 else self.some_version()
        readings = dict(self.some_pairs(rng.choice((0, 1, 2, 5))))
        if rng.random() < 0.8:
            readings |= {metric: rng.randrange(256) for metric in self.metrics}
        self.call("measure", lambda node: node.measure(version, readings, self.now_ms))

    def hear(self) -> None:
        """Any frame of a ring from any neighbour, with values that are close to the node's."""
        rng = self.rng
        successor = self.pair.python.peers.successor()
        source = self.node_id if rng.random() < 0.03 else rng.choice(NEIGHBOURS)
        if successor is not None and successor <= packets.MAX_NODE_ID and rng.random() < 0.5:
            source = successor
        kind = rng.choice((*RING_FRAMES, FrameType.TOKEN, FrameType.SIGN, FrameType.SIGN, FrameType.DISC_ACK))
        destination = rng.choice((self.node_id,) * 6 + (BROADCAST, BROADCAST, 9))
        self.deliver(kind, source, self.some_payload(kind), destination)

    def hear_crowd(self) -> None:
        """Many nodes make themselves known at once."""
        for source in range(100, 100 + self.rng.choice((5, 20, 300))):
            self.deliver(FrameType.HELLO, source, Hello(1, 0, 0), BROADCAST)

    def hear_noise(self) -> None:
        """A frame that was damaged on its way, or no frame at all."""
        rng = self.rng
        kind = rng.choice(RING_FRAMES)
        data = self.frame(kind, rng.choice(NEIGHBOURS), self.some_payload(kind), self.node_id)
        if self.heard and rng.random() < 0.5:
            data = rng.choice(self.heard)
        how = rng.randrange(DAMAGES + 2)
        if how < DAMAGES:
            data = damaged(rng, data, how)
        elif how == DAMAGES:  # too short or too long for its type
            data = with_crc(
                data[:-2][: rng.randrange(8, len(data))] + rng.randbytes(rng.choice((0, 0, 1, 5)))
            )
        else:
            data = changed_within(rng, data, (0, 1, 3, 7, 8, 9))
        if not is_foreign_and_malformed(data, RING_FRAMES):
            self.receive(data)

    # --- what comes of it --------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        super().receive(data)
        self.serve()

    def serve(self) -> None:
        """Take what both nodes have to send and to say, and what the others send."""
        super().serve()
        for other_id, other in self.others.items():
            self._serve_other(other_id, other)

    def heed_frame(self, frame: Frame, data: bytes) -> None:
        self.send(self.node_id, data)

    def heed(self, event: Event) -> None:
        if isinstance(event, PeerLost):
            self.seen["lost " + re.sub(r"\d+", "n", event.why)] += 1
        if isinstance(event, MeasurementDue) and self.rng.random() < 0.95:
            self.due = [*self.due[-1:], event.version]
            if self.rng.random() < 0.8:
                self.measure()
                self.serve()

    def _serve_other(self, other_id: int, other: TokenRingNode) -> None:
        for _, data in other.frames_to_send(self.now_ms):
            self.send(other_id, data)
        while (event := other.next_event()) is not None:
            if isinstance(event, MeasurementDue):
                other.measure(event.version, {0: 60, 1: 61}, self.now_ms)
                self._serve_other(other_id, other)

    def send(self, source: int, data: bytes) -> None:
        """A frame is on the air."""
        rng = self.rng
        self.heard = [*self.heard[-5:], data]
        for target in (self.node_id, *self.others):
            for _ in range(rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 1, 2))):
                if target != source and rng.random() >= self.loss and len(self.air) < MOST_ON_AIR:
                    self.counter += 1
                    due_ms = self.now_ms + rng.randrange(self.longest_delay_ms + 1)
                    heapq.heappush(self.air, (due_ms, self.counter, target, data))

    def _hand_over(self, target: int, data: bytes) -> None:
        if target == self.node_id:
            self.receive(data)
        else:
            self.others[target].receive(data, self.now_ms)
            self._serve_other(target, self.others[target])

    # --- values that are close to the node's -------------------------------------------------------------

    def some_payload(self, kind: FrameType) -> Payload:
        rng = self.rng
        match kind:
            case FrameType.TOKEN:
                return self.some_token()
            case FrameType.SIGN:
                passed_over = rng.choice((NO_ID, NO_ID, NO_ID, MUSTER, self.node_id, *NEIGHBOURS))
                hold_ms = rng.choice((0, 0, 300, 300, 5_000, MAX_U24))
                return Sign(self.some_id(), self.some_version(), passed_over, hold_ms)
            case FrameType.CLAIM:
                return Claim(self.some_epoch(), self.some_version())
            case FrameType.HELLO:
                return Hello(rng.choice((1, 1, 1, 1, 0, 2, 255)), self.some_epoch(), self.some_version())
            case _:
                return Empty()

    def some_epoch(self) -> int:
        rng = self.rng
        near = self.pair.python.newest.epoch + rng.choice((0, 0, 1, 1, 1, 2, -1, -2, 0x7FFF, 0x8000))
        return rng.randrange(0x10000) if rng.random() < 0.05 else near % 0x10000

    def some_version(self) -> int:
        rng = self.rng
        near = self.pair.python._version + rng.choice((0, 0, 0, 0, 1, 1, -1, 2, -3))
        return rng.randrange(0x10000) if rng.random() < 0.03 else near % 0x10000

    def some_sequence(self) -> int:
        rng = self.rng
        near = self.pair.python.newest.sequence + rng.choice((0, 1, 1, 1, 2, 5, -1, -2, 2**31 - 1, 2**31))
        return near % 2**32

    def some_id(self) -> TokenId:
        """Mostly the newest token, or a descendant."""
        rng, node = self.rng, self.pair.python
        match rng.randrange(5):
            case 0:
                return node.newest
            case 1:
                return passed_on(node.newest)
            case 2 if node.held is not None:
                return passed_on(node.held.id)
            case 3:
                return TokenId(node.newest.epoch, node.newest.generator, self.some_sequence())
            case _:
                generator = rng.choice((self.node_id, node.newest.generator, *NEIGHBOURS))
                return TokenId(self.some_epoch(), generator, self.some_sequence())

    def some_token(self) -> Token:
        rng = self.rng
        version = self.some_version()
        metrics = rng.sample((0, 1, 2, 3, 40, 63), rng.choice((0, 1, 1, 1, 2, 5)))
        room_bytes = 60 - 10 * len(metrics)
        readings: list[tuple[int, Pairs]] = []
        for node in rng.sample((self.node_id, 50, 51, 52, *NEIGHBOURS), rng.choice((0, 0, 0, 1, 2, 8))):
            pairs = self.some_pairs(rng.choice((1, 1, 1, 2, 5)))
            room_bytes -= 3 + 2 * len(pairs)
            if room_bytes >= 0:
                readings.append((node, pairs))
        return Token(
            self.some_id(),
            fork=self.some_sequence(),
            home=rng.choice((self.node_id, self.node_id, 6, *NEIGHBOURS)),
            follows=rng.choice((NO_ID, HOST, self.node_id, 9, *NEIGHBOURS)),
            version=version,
            next_version=self.some_version(),
            age_ms=rng.choice((0, rng.randrange(5_000), rng.randrange(MAX_U24), MAX_U24)),
            period_ms=rng.choice((self.timing.period_ms, 1_000, 0, MAX_U24)),
            turn=rng.choice((0, 0, 0, 1, 1, 2, 254, 255)),
            flags=rng.choice((0, 0, 1, 2, 3, 255)),
            aggregates=tuple((metric, self.some_aggregate(version)) for metric in metrics),
            readings=tuple(readings),
        )

    def some_pairs(self, count: int) -> Pairs:
        rng = self.rng
        return tuple((metric, rng.randrange(256)) for metric in rng.sample((0, 1, 2, 3, 4, 40, 63), count))


def run(seed: int, lives: int, steps: int) -> Counter[str]:
    """Live so many lives of so many steps; what came of them. Raises DifferenceError."""
    return pairs.run("tests.firmware.ring_differential", Life, seed=seed, lives=lives, steps=steps)


if __name__ == "__main__":
    pairs.main(run)
