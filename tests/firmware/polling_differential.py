"""Feeds a Python node and a C node of a polled network the same random life, and compares all that they do.

python -m tests.firmware.polling_differential --seed 1 --lives 20 --steps 300

A failure prints the line that replays it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firmware.native.polling import CorePollingNode
from protocol import serial_number
from protocol.node import Event, MeasurementDue, PeerLost, SteppedDown
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_HEIRS,
    MAX_PAIRS,
    MAX_U24,
    Beat,
    Claim,
    Empty,
    Frame,
    FrameType,
    Hello,
    Help,
    Network,
    Pairs,
    Payload,
    Poll,
    Reading,
)
from protocol.peers import MAX_PEERS
from protocol.polling import PollingNode
from protocol.round_trip import AckTimeouts
from protocol.timing import MAX_PERIOD_MS, PeerTiming, PollingTiming
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

NEIGHBOURS = (0, 1, 2, 3, 5, 8, 12, 0xFFFD)
CROWD = range(100, 140)
# What a polled network's node makes sense of; of other frames the C node looks at the type alone.
FRAME_TYPES = (FrameType.HELLO, FrameType.POLL, FrameType.READING, FrameType.BEAT, FrameType.GOODBYE)


class Life(NodeLife[PollingNode]):
    """One pair of nodes among neighbours that are partly reasonable."""

    LONGEST_SLEEP_MS = 10 * DAY_MS  # of 2^30 ms

    timing: PollingTiming

    def __init__(self, seed: str, seen: Counter[str]) -> None:
        super().__init__(seed, seen)
        rng = self.rng
        self.node_id = rng.choice((7, 7, 7, 4, 0, 0xFFFC))
        # Neighbours mostly answer, so that rounds succeed each other; and are many, so that polls crowd.
        self.is_calm = rng.random() < 0.6
        self.is_crowded = self.is_calm and rng.random() < 0.2
        self.timing = self._timing()
        self.now_ms = self.some_start_ms()
        self.max_peers = rng.choice((0, 1, 3, 20, *[MAX_PEERS] * 6))
        self.leader = rng.choice(self._others())
        self.polls: list[Frame] = []  # sent lately, and not answered yet
        options: dict[str, Any] = self.some_options() | {
            "metrics": (rng.choice((0, 0, 1, 63)),),
            "order": self._order(),
            "max_peers": self.max_peers,
            "first_version": rng.choice((1, 1, 0, 0xFFFE, rng.randrange(0x10000))),
        }
        self.pair = Pair(PollingNode(self.node_id, **options), CorePollingNode(self.node_id, **options))
        self.serve()

    def _others(self) -> list[int]:
        return [node_id for node_id in NEIGHBOURS if node_id != self.node_id]

    def _order(self) -> tuple[int, ...]:
        if self.rng.random() < 0.6:
            return ()
        ids = [*NEIGHBOURS[:6], 7, *CROWD[:20]]
        return tuple(self.rng.sample(ids, self.rng.randrange(len(ids))))

    def _timing(self) -> PollingTiming:
        rng = self.rng
        if rng.random() < 0.6:
            return replace(PollingTiming(), period_ms=rng.choice((500, 1_000, 2_000, 5_000)))
        return PollingTiming(
            period_ms=rng.choice((1, 7, 333, 10_000, MAX_PERIOD_MS)),
            ack_timeouts=AckTimeouts(
                rng.choice((0, 10, 500)),
                rng.choice((0, 50, 2_000)),
                rng.choice((0, 300, 10_000, 0x3FFF)),
                rng.choice((0, 30)),
            ),
            tries=rng.choice((1, 2, 3)),
            concurrency=rng.choice((1, 2, 3, 8, 255)),
            slow_ms=rng.choice((0, 20, 250)),
            beat_ms=rng.choice((1, 100, 280, 1_000)),
            lease_ms=rng.choice((0, 100, 900, 900, 0xFFFF)),
            stagger_ms=rng.choice((0, 150, 1_000)),
            jitter_ms=rng.choice((0, 1, 50, 500)),
            peers=PeerTiming(rng.choice((0, 1, 200)), rng.choice((1, 500)), rng.choice((1, 2_000, 0xFFFF))),
        )

    # --- what happens ------------------------------------------------------------------------------------

    def step(self) -> None:
        """One more thing happens."""
        actions: dict[Callable[[], None], tuple[int, int]] = {  # calm, and not
            self.wait_for_deadline: (500, 300),
            self.wait: (10, 60),
            self.answer: (400, 250),
            self.answer_all: (200 if self.is_crowded else 0, 5),
            self.measure: (60, 60),
            self.hear_leader: (60, 100),
            self.hear_crowd: (20 if self.is_crowded else 2, 2),
            self.hear: (20, 150),
            self.hear_foreign: (5, 20),
            self.hear_noise: (10, 60),
            self.hear_goodbye: (10, 20),
            self.leave: (0, 1),
        }
        weights = [calm if self.is_calm else wild for calm, wild in actions.values()]
        self.rng.choices(list(actions), weights)[0]()
        self.serve()

    def wait_for_deadline(self) -> None:
        """The driver calls at the deadline, or a little late."""
        deadline_ms = self.pair.compare_deadlines(self.now_ms)
        if deadline_ms is not None:
            self.now_ms = deadline_ms + self.rng.choice((0, 0, 0, 0, 1, 20))
        self.handle_timer()

    def measure(self) -> None:
        """Readings for the round that wants them, or for another."""
        rng = self.rng
        version = self.due.pop() if self.due and rng.random() < 0.9 else self.some_version()
        metrics = rng.sample(range(64), rng.choice((0, 1, 1, 2, 7)))
        readings = {metric: rng.randrange(256) for metric in metrics}
        if rng.random() < 0.8:
            readings[0] = rng.randrange(256)
        self.call("measure", lambda node: node.measure(version, readings, self.now_ms))

    def answer(self) -> None:
        """A peer answers a poll, mostly soon and rightly."""
        if not self.polls:
            return
        rng = self.rng
        self.now_ms += rng.choice((0, 0, 0, 1, 7, 30, 150))
        asked = self.polls.pop(rng.choice((0, -1)))
        poll = asked.payload
        assert isinstance(poll, Poll)
        if rng.random() < 0.9:
            self.deliver(FrameType.READING, asked.destination, self.answer_to(poll))
        if rng.random() < 0.05:
            self.polls.append(asked)  # and once more

    def answer_all(self) -> None:
        """All peers answer the polls that they got, or nobody does."""
        answered = list(self.polls) if self.rng.random() < 0.8 else []
        self.polls = []
        for asked in answered:
            assert isinstance(asked.payload, Poll)
            self.deliver(FrameType.READING, asked.destination, self.answer_to(asked.payload))
            self.serve()

    def answer_to(self, poll: Poll) -> Reading:
        rng = self.rng
        attempt = poll.attempt if rng.random() < 0.95 else rng.randrange(4)
        return Reading(poll.epoch, poll.version, attempt, self.some_pairs())

    def hear_leader(self) -> None:
        """Somebody is the primary: it says its beat, or polls the node."""
        rng, node = self.rng, self.pair.python
        if rng.random() < 0.1:
            self.leader = rng.choice(self._others())
        epoch = node.epoch or 1
        if node.is_primary and rng.random() < 0.1:
            epoch = serial_number.add(epoch, 1) or 1
        version = serial_number.add(node.version, rng.choice((0, 0, 1)))
        if rng.random() < 0.5:
            self.deliver(FrameType.BEAT, self.leader, self.some_beat(epoch, version), BROADCAST)
        else:
            self.deliver(FrameType.POLL, self.leader, Poll(epoch, version, rng.choice((1, 1, 2))))

    def hear_crowd(self) -> None:
        """Many peers make themselves known."""
        node = self.pair.python
        for source in self.rng.sample(CROWD, self.rng.choice((3, 10, 40))):
            self.deliver(FrameType.HELLO, source, Hello(Network.POLLING, node.epoch, node.version), BROADCAST)
            self.serve()

    def hear(self) -> None:
        """Any frame from any neighbour, with values that are close to the node's."""
        rng = self.rng
        kind = rng.choice(FRAME_TYPES[:-1])
        destination = rng.choice((self.node_id,) * 4 + (BROADCAST, BROADCAST, 9, 9, HOST))
        self.deliver(kind, self.some_source(), self.some_payload(kind), destination)
        self.serve()

    def hear_goodbye(self) -> None:
        """A neighbour leaves."""
        source = self.some_source()
        self.deliver(FrameType.GOODBYE, source, Empty(), self.rng.choice((BROADCAST, BROADCAST, 9)))

    def hear_foreign(self) -> None:
        """A frame of another network."""
        kind, payload = self.rng.choice(((FrameType.HELP, Help(3, 1)), (FrameType.CLAIM, Claim(3, 9))))
        self.deliver(kind, self.some_source(), payload, self.rng.choice((self.node_id, BROADCAST, 9)))

    def hear_noise(self) -> None:
        """A frame that was damaged on its way, or no frame at all."""
        rng = self.rng
        kind = rng.choice(FRAME_TYPES)
        data = self.frame(kind, self.some_source(), self.some_payload(kind), self.node_id)
        how = rng.randrange(DAMAGES + 2)
        if how < DAMAGES:
            data = damaged(rng, data, how)
        elif how == DAMAGES:  # too short or too long for its type
            data = with_crc(data[: -3 - rng.randrange(2)] + rng.randbytes(rng.choice((0, 0, 2, 5))))
        else:
            data = changed_within(rng, data, (0, 1, 3))
        if not is_foreign_and_malformed(data, FRAME_TYPES):
            self.receive(data)

    # --- what comes of it --------------------------------------------------------------------------------

    def serve(self) -> None:
        """Take what both nodes have to send and to say, as a driver does after every call."""
        measured = None
        while measured != self.seen["call measure"]:  # that is a call, too
            measured = self.seen["call measure"]
            super().serve()

    def heed_frame(self, frame: Frame, data: bytes) -> None:
        self.seen["fewer places"] += self.pair.python._places < self.timing.concurrency
        if frame.type is FrameType.POLL:
            self.polls = [*self.polls[-50:], frame]

    def heed(self, event: Event) -> None:
        if isinstance(event, PeerLost | SteppedDown):
            self.seen["why " + (event.why if "epoch" not in event.why else "another primary")] += 1
        if isinstance(event, MeasurementDue) and self.rng.random() < 0.9:
            self.due = [*self.due[-1:], event.version]
            if self.rng.random() < 0.7:
                self.measure()

    # --- values that are close to the node's -------------------------------------------------------------

    def some_source(self) -> int:
        rng, primary = self.rng, self.pair.python.primary
        if primary is not None and rng.random() < 0.3:
            return primary
        source: int = rng.choice((*NEIGHBOURS, *NEIGHBOURS, *CROWD[:5]))
        return source

    def some_epoch(self) -> int:
        """Mostly the one that the node knows, or one next to it."""
        rng = self.rng
        step = rng.choice((0, 0, 0, 0, 0, 0, 1, -1, 2, rng.randrange(0x10000)))
        return serial_number.add(self.pair.python.epoch, step) if rng.random() < 0.95 else 0

    def some_version(self) -> int:
        """Mostly the round that runs, or one next to it."""
        rng = self.rng
        step = rng.choice((0, 0, 0, 0, 1, 1, -1, 2, -3, rng.randrange(0x10000)))
        return serial_number.add(self.pair.python.version, step)

    def some_pairs(self) -> Pairs:
        rng = self.rng
        metrics = rng.sample((0, 1, 2, 3, 40, 50, 63), rng.choice((0, 1, 1, 2, MAX_PAIRS)))
        return tuple((metric, rng.randrange(256)) for metric in metrics)

    def some_beat(self, epoch: int, version: int) -> Beat:
        rng, period_ms = self.rng, self.timing.period_ms
        age_ms = rng.choice((0, rng.randrange(period_ms), rng.randrange(12 * period_ms), MAX_U24))
        other_ms = rng.choice((0, 1, 5_000, MAX_PERIOD_MS, MAX_PERIOD_MS + 1))
        return Beat(
            epoch,
            version,
            min(age_ms, MAX_U24),
            period_ms if rng.random() < 0.9 else other_ms,
            rng.choice((900, 900, self.timing.lease_ms, 0, 0xFFFF)),
            tuple(rng.sample(sorted({*NEIGHBOURS, 7, self.node_id}), rng.randrange(MAX_HEIRS + 1))),
        )

    def some_payload(self, kind: FrameType) -> Payload:
        rng = self.rng
        match kind:
            case FrameType.HELLO:
                network = rng.choice((*[Network.POLLING] * 8, Network.RING, 77))
                return Hello(network, self.some_epoch(), self.some_version())
            case FrameType.POLL:
                return Poll(self.some_epoch(), self.some_version(), rng.choice((0, 1, 1, 2, 255)))
            case FrameType.READING:
                attempt = rng.choice((0, 1, 1, 2, 255))
                return Reading(self.some_epoch(), self.some_version(), attempt, self.some_pairs())
            case FrameType.BEAT:
                return self.some_beat(self.some_epoch(), self.some_version())
            case _:
                return Empty()


def run(seed: int, lives: int, steps: int) -> Counter[str]:
    """Live so many lives of so many steps; what came of them. Raises DifferenceError."""
    return pairs.run("tests.firmware.polling_differential", Life, seed=seed, lives=lives, steps=steps)


if __name__ == "__main__":
    pairs.main(run)
