"""Feeds a Python node and a C node the same random life, and compares all that they do.

python -m tests.firmware.differential --seed 1 --lives 20 --steps 300

A failure prints the line that replays it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firmware.native.tree import CoreNode, has_fixed_timing
from protocol import serial_number
from protocol.node import Event, MeasurementDue, ParentLost
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_U24,
    Ack,
    Depth,
    Empty,
    Frame,
    FrameType,
    Help,
    Items,
    Link,
    Payload,
    Report,
    Result,
    Sync,
)
from protocol.sink_tree import SinkTreeNode
from protocol.timing import MAX_PERIOD_MS, PROFILES, Timing
from tests.firmware import pairs
from tests.firmware.core import FRAME_TYPES, is_of_another_network
from tests.firmware.pairs import DAMAGES, DAY_MS, NodeLife, Pair, changed_within, damaged

NEIGHBOURS = (0, 1, 2, 3, 5, 8, 0xFFFD)


class Life(NodeLife[SinkTreeNode]):
    """One pair of nodes among neighbours that are partly reasonable."""

    LONGEST_SLEEP_MS = 18 * DAY_MS  # of 2^31 ms

    timing: Timing

    def __init__(self, seed: str, seen: Counter[str]) -> None:
        super().__init__(seed, seen)
        rng = self.rng
        self.node_id = rng.choice((7, 7, 7, 4, 0xFFFC))
        self.is_root = rng.random() < 0.25
        self.is_calm = rng.random() < 0.5  # neighbours mostly answer, so that rounds succeed each other
        self.timing = self._timing()
        self.now_ms = self.some_start_ms()
        self.version = rng.choice((1, 1, 0xFFFE, rng.randrange(0x10000)))
        self.sent: list[Frame] = []
        options: dict[str, Any] = self.some_options() | {
            "root": self.is_root,
            "metrics": (rng.choice((0, 0, 1, 63)),),
            "max_children": rng.choice((0, 1, 2, 4, 32)),
            "first_version": self.version,
        }
        self.pair = Pair(SinkTreeNode(self.node_id, **options), CoreNode(self.node_id, **options))
        self.serve()

    def _timing(self) -> Timing:
        rng = self.rng
        if has_fixed_timing():
            return Timing()
        if rng.random() < 0.5:
            profile = PROFILES[rng.choice(("default", "default", "classic"))]
            return replace(profile, period_ms=rng.choice((500, 1_000, 5_000)))
        return Timing(
            period_ms=rng.choice((1, 7, 333, 10_000, MAX_PERIOD_MS)),
            discovery_ms=rng.choice((0, 3_000, 100_000)),
            jitter_ms=rng.choice((0, 1, 100, 5_000)),
            spread_ms=rng.choice((0, 1, 500, 0xFFFF)),
            ack_timeout_ms=rng.choice((0, 10, 250)),
            ack_timeout_least_ms=rng.choice((0, 100, 2_000)),
            ack_timeout_limit_ms=rng.choice((0, 1_000, 0xFFFF)),
            max_retries=rng.choice((0, 1, 3, 255)),
            listen_ms=rng.choice((0, 1_000)),
            offer_window_ms=rng.choice((0, 1, 100, 7_000)),
            help_wait_ms=rng.choice((1, 400, 9_000)),
            leaf_wait_ms=rng.choice((0, 800)),
            missed_rounds=rng.choice((1, 2, 5)),
            switch_etx16=rng.choice((0, 1, 1, 16, 20)),
        )

    # --- what happens ------------------------------------------------------------------------------------

    def step(self) -> None:
        """One more thing happens."""
        action: Callable[[], None] = self.rng.choices(
            (
                self.wait_for_deadline,
                self.wait,
                self.answer,
                self.hear,
                self.hear_crowd,
                self.hear_helpers,
                self.hear_parent_call,
                self.hear_noise,
                self.measure,
                self.leave,
            ),
            weights=(500, 10, 400, 40, 1, 60, 10, 10, 60, 1)
            if self.is_calm
            else (350, 60, 300, 180, 3, 20, 20, 60, 60, 1),
        )[0]
        action()
        self.serve()

    def wait_for_deadline(self) -> None:
        """The driver calls at the deadline, or a little late."""
        deadline_ms = self.pair.compare_deadlines(self.now_ms)
        if deadline_ms is not None and deadline_ms - self.now_ms <= self.LONGEST_SLEEP_MS:
            self.now_ms = deadline_ms + self.rng.choice((0, 0, 0, 1, 20))
        self.handle_timer()

    def measure(self) -> None:
        """Readings for the round that wants them, or for another."""
        rng = self.rng
        version = self.due.pop() if self.due and rng.random() < 0.9 else self.some_version()
        readings = {
            metric: rng.randrange(256) for metric in rng.sample(range(64), rng.choice((0, 1, 1, 2, 7)))
        }
        if rng.random() < 0.8:
            readings[0] = rng.randrange(256)
        self.call("measure", lambda node: node.measure(version, readings, self.now_ms))

    def answer(self) -> None:
        """A neighbour answers something that the node sent lately."""
        if not self.sent:
            return
        rng = self.rng
        self.now_ms += rng.choice((0, 0, 1, 7, 30, 150))
        question = self.sent.pop(-1 if self.is_calm else rng.randrange(len(self.sent)))
        source = question.destination
        if source in (BROADCAST, HOST):
            source = rng.choice(NEIGHBOURS)
        match question.type, question.payload:
            case FrameType.DISC_ACK, _:
                self.deliver(FrameType.DISC_ACK_ACK, source, self.good_sync())
            case FrameType.HELP_ACK_DATA, Report(_, items):
                acked = self.some_version() if items.version is None else items.version
                self.deliver(FrameType.HELP_CONFIRM, source, Ack(acked, self.good_sync()))
            case FrameType.DATA, Report(_, items):
                assert items.version is not None
                self.deliver(FrameType.DATA_ACK, source, Ack(items.version, self.good_sync()))
            case FrameType.HELP | FrameType.LOOK, _:
                self.hear_helpers()
            case FrameType.DISCOVERY, _:
                self.deliver(FrameType.DISC_ACK, source, Empty())
            case FrameType.HELP_ACK, _:
                self.deliver(FrameType.HELP_ACK_DATA, source, self.some_report(rng.choice((0, 1))))
            case _:
                self.deliver(FrameType.DATA, source, self.some_report(1))

    def hear(self) -> None:
        """Any frame from any neighbour, with values that are close to the node's."""
        rng = self.rng
        kind = rng.choice(FRAME_TYPES)
        source = self.node_id if rng.random() < 0.03 else rng.choice(NEIGHBOURS)
        if self.pair.python.parent is not None and rng.random() < 0.3:
            source = self.pair.python.parent
        destination = rng.choice((self.node_id,) * 6 + (BROADCAST, BROADCAST, 9))
        self.deliver(kind, source, self.some_payload(kind), destination)

    def hear_crowd(self) -> None:
        """More neighbours call for help at once than the node has room to answer."""
        for source in range(100, 120):
            self.deliver(FrameType.HELP, source, Help(0, 255), BROADCAST)

    def hear_helpers(self) -> None:
        """Some neighbours offer their ways."""
        for helper in self.rng.sample(NEIGHBOURS, self.rng.choice((1, 1, 2, 4))):
            self.deliver(FrameType.HELP_ACK, helper, self.good_sync())

    def hear_parent_call(self) -> None:
        """The parent has lost its own."""
        parent, way = self.pair.python.parent, self.pair.python.way
        if parent is not None and way is not None:
            self.deliver(FrameType.HELP, parent, Help(way.version, way.hop_count - 1), BROADCAST)

    def hear_noise(self) -> None:
        """A frame that was damaged on its way, or no frame at all."""
        rng = self.rng
        kind = rng.choice(FRAME_TYPES)
        data = self.frame(kind, rng.choice(NEIGHBOURS), self.some_payload(kind), self.node_id)
        how = rng.randrange(DAMAGES + 1)
        if how < DAMAGES:
            self.receive(damaged(rng, data, how))
            return
        data = changed_within(rng, data, (0, 1, 3, 7, 8, 9))
        if not is_of_another_network(data):  # the reasons differ: the core knows no such type
            self.receive(data)

    # --- what comes of it --------------------------------------------------------------------------------

    def heed_frame(self, frame: Frame, data: bytes) -> None:
        self.sent = [*self.sent[-5:], frame]

    def heed(self, event: Event) -> None:
        if isinstance(event, ParentLost):
            self.seen["lost " + re.sub(r"\d+", "n", event.why)] += 1
        if isinstance(event, MeasurementDue) and self.rng.random() < 0.9:
            self.due = [*self.due[-1:], event.version]
            if self.rng.random() < 0.7:
                self.measure()

    # --- values that are close to the node's -------------------------------------------------------------

    def some_version(self) -> int:
        """Mostly the round that runs, or one next to it."""
        rng, way = self.rng, self.pair.python.way
        running = way.version_at(self.now_ms) if way else self.version
        return serial_number.add(running, rng.choice((0, 0, 0, 0, 1, 1, -1, 2, -3, rng.randrange(0x10000))))

    def good_sync(self) -> Sync:
        """What a neighbour says that is nearer to the root, mostly."""
        rng, way = self.rng, self.pair.python.way
        if rng.random() < 0.15:
            return self.some_sync()
        version = (
            self.some_version() if way is None else serial_number.add(way.version, rng.choice((1, 1, 2)))
        )
        return Sync(
            version, rng.randrange(self.timing.period_ms) & MAX_U24, rng.randrange(4), self.timing.period_ms
        )

    def some_sync(self) -> Sync:
        rng, period_ms = self.rng, self.timing.period_ms
        age_ms = rng.choice(
            (0, rng.randrange(period_ms), rng.randrange(12 * period_ms), MAX_U24 - 1, MAX_U24)
        )
        period_ms = rng.choice((period_ms, period_ms, period_ms, 0, 1, MAX_PERIOD_MS, MAX_PERIOD_MS + 1))
        hop_count = rng.choice((0, 1, 2, 3, 252, 253, 254, 255))
        return Sync(self.some_version(), min(age_ms, MAX_U24), hop_count, period_ms)

    def some_report(self, fewest_aggregates: int) -> Report:
        rng, version = self.rng, self.some_version()
        metrics = rng.sample((0, 1, 2, 3, 40, 63), rng.choice((fewest_aggregates, 1, 1, 2, 5)))
        links = (
            Link(rng.randrange(12), rng.randrange(12), rng.randrange(256))
            for _ in range(rng.choice((0, 0, 1, 5)))
        )
        doubt = rng.choice((0, 0, 0, 1, 3, 0xFFFF))
        aggregates = ((metric, self.some_aggregate(version)) for metric in metrics)
        return Report(rng.choice((0, 0, 1, 2, 255)), Items(tuple(aggregates), tuple(links), doubt))

    def some_payload(self, kind: FrameType) -> Payload:
        rng = self.rng
        match kind:
            case FrameType.DISC_ACK | FrameType.GOODBYE:
                return Empty()
            case FrameType.DEPTH:
                return Depth(rng.choice((0, 1, 2, 254, 255)))
            case FrameType.HELP | FrameType.LOOK:
                return Help(self.some_version(), rng.choice((0, 1, 2, 3, 254, 255, 255)))
            case FrameType.DATA:
                return self.some_report(1)
            case FrameType.HELP_ACK_DATA:
                return self.some_report(0)
            case FrameType.DATA_ACK | FrameType.HELP_CONFIRM:
                return Ack(self.some_version(), self.some_sync())
            case FrameType.RESULT:
                return Result(rng.getrandbits(24), self.some_report(1).items)
            case _:
                return rng.choice((self.good_sync, self.some_sync))()


def run(seed: int, lives: int, steps: int) -> Counter[str]:
    """Live so many lives of so many steps; what came of them. Raises DifferenceError."""
    return pairs.run("tests.firmware.differential", Life, seed=seed, lives=lives, steps=steps)


if __name__ == "__main__":
    pairs.main(run)
