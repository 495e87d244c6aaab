"""A Python node and a C node that live the same random life: all that they do is compared."""

from __future__ import annotations

import argparse
import random
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Container
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from protocol import packets
from protocol.aggregate import Aggregate
from protocol.node import Event, FrameDropped, LinkName, Node
from protocol.packets import MAX_U24, DropReason, Frame, FrameError, FrameType, Payload
from protocol.timing import PollingTiming, RingTiming, Timing
from tests.firmware.core import library

DAY_MS = 86_400_000

PythonNode = TypeVar("PythonNode", bound=Node)


class DifferenceError(AssertionError):
    """The two nodes did not do the same."""


class Pair(Generic[PythonNode]):
    """Both nodes as one; every call compares what comes of it."""

    def __init__(self, python: PythonNode, core: Node) -> None:
        self.python = python
        self.core = core

    def both(self, what: str, call: Callable[[Node], object]) -> Any:
        """The one result of a call on either."""
        ours, theirs = call(self.python), call(self.core)
        if ours != theirs:
            raise DifferenceError(f"{what}: Python {ours}, C {theirs}")
        return ours

    def compare_deadlines(self, now_ms: int) -> int | None:
        """The next deadline; one that is over counts as now, which is all that the C node tells."""

        def deadline_ms(node: Node) -> int | None:
            found = node.next_deadline()
            return None if found is None else max(found, now_ms)

        deadline: int | None = self.both("next_deadline", deadline_ms)
        return deadline


class NodeLife(ABC, Generic[PythonNode]):
    """One pair of nodes, and what happens to them in any network. `seen` counts what came of it.

    A network's own life sets what is declared here, and chooses what happens next.
    """

    LONGEST_SLEEP_MS: ClassVar[int]  # handle_timer must be called before much more is over

    node_id: int
    now_ms: int
    timing: Timing | RingTiming | PollingTiming
    pair: Pair[PythonNode]

    def __init__(self, seed: str, seen: Counter[str]) -> None:
        self.rng = random.Random(seed)
        self.seen = seen
        self.counter = 0
        self.due: list[int] = []  # rounds to measure

    def some_start_ms(self) -> int:
        """When a life begins: often shortly before a clock of 32 bits turns over."""
        return self.rng.choice((0, 2**31 - 3_000, 2**32 - 3_000, self.rng.randrange(2**40)))

    def some_options(self) -> dict[str, Any]:
        """Those that the nodes of all networks take."""
        rng = self.rng
        return {
            "seed": rng.getrandbits(32) if rng.random() < 0.9 else 0,
            "first_counter": rng.choice((0, MAX_U24, rng.getrandbits(24))),
            "now_ms": self.now_ms,
            "timing": self.timing,
        }

    # --- what happens ------------------------------------------------------------------------------------

    @abstractmethod
    def hear(self) -> None:
        """Any frame from any neighbour, with values that are close to the node's."""

    def wait(self) -> None:
        """Time passes, sometimes much; early and late calls do no harm."""
        rng, period_ms, limit_ms = self.rng, self.timing.period_ms, self.LONGEST_SLEEP_MS
        longest_ms = rng.choice((10, 10, 300, 300, period_ms, 12 * period_ms, DAY_MS, limit_ms))
        self.now_ms += rng.randrange(min(longest_ms, limit_ms) + 1)
        if rng.random() < 0.3:
            self.hear()
        self.handle_timer()

    def handle_timer(self) -> None:
        """See protocol.node.Node.handle_timer."""
        self.call("handle_timer", lambda node: node.handle_timer(self.now_ms))

    def leave(self) -> None:
        """See protocol.node.Node.leave."""
        self.call("leave", lambda node: node.leave(self.now_ms))

    def receive(self, data: bytes) -> None:
        """See protocol.node.Node.receive."""
        self.call("receive", lambda node: node.receive(data, self.now_ms))

    def deliver(self, kind: FrameType, source: int, payload: Payload, destination: int | None = None) -> None:
        """A frame comes, to the node if no other destination is named."""
        self.receive(self.frame(kind, source, payload, self.node_id if destination is None else destination))

    # --- what comes of it --------------------------------------------------------------------------------

    def call(self, what: str, call: Callable[[Node], object]) -> Any:
        """One call to both nodes, counted."""
        self.seen[f"call {what}"] += 1
        return self.pair.both(what, call)

    def serve(self) -> None:
        """Take what both nodes have to send and to say."""
        frames: list[tuple[LinkName, bytes]] = self.pair.both(
            "frames_to_send", lambda node: node.frames_to_send(self.now_ms)
        )
        for link, data in frames:
            frame = packets.decode(data)
            self.seen[f"link {link.name}"] += 1
            self.seen[f"sent {frame.type.name}"] += 1
            self.heed_frame(frame, data)
        event: Event | None
        while (event := self.pair.both("next_event", lambda node: node.next_event())) is not None:
            self.seen[f"event {type(event).__name__}"] += 1
            if isinstance(event, FrameDropped):
                self.seen[f"drop {event.reason.name}"] += 1
            self.heed(event)
        self.pair.compare_deadlines(self.now_ms)

    @abstractmethod
    def heed_frame(self, frame: Frame, data: bytes) -> None:
        """Both nodes have sent it."""

    @abstractmethod
    def heed(self, event: Event) -> None:
        """Both nodes have told it."""

    # --- frames ------------------------------------------------------------------------------------------

    def frame(self, kind: FrameType, source: int, payload: Payload, destination: int) -> bytes:
        """A whole frame."""
        self.counter = (self.counter + 1) % packets.COUNTER_MODULUS
        return packets.encode(Frame(kind, source, destination, self.counter, payload))

    def some_aggregate(self, version: int) -> Aggregate:
        """Of any size, saturated ones too."""
        rng = self.rng
        count = rng.choice((0, 1, 1, 5, 0xFFF0, 0xFFFF))
        total = rng.choice((0, rng.randrange(0x10000), 0xFFFF))
        highest = rng.choice((0, 40, 41, rng.randrange(256)))
        return Aggregate(version, highest, rng.randrange(0x10000), total, count)


# Ways in which `damaged` can do it.
DAMAGES = 4


def damaged(rng: random.Random, data: bytes, how: int) -> bytes:
    """A frame with a bit flipped, cut short, or with more behind it; or no frame at all."""
    match how:
        case 0:
            at = rng.randrange(len(data))
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[: rng.randrange(len(data))]
        case 2:
            return data + rng.randbytes(rng.randrange(100))
        case _:
            return rng.randbytes(rng.randrange(120))


def with_crc(body: bytes | bytearray) -> bytes:
    """A frame whose CRC is right, whatever is in it."""
    return bytes(body) + packets.crc16(bytes(body)).to_bytes(packets.CRC_BYTES, "big")


def changed_within(rng: random.Random, data: bytes, places: tuple[int, ...]) -> bytes:
    """A frame with one byte changed, at one of these places or at any, whose CRC is right."""
    changed, value = bytearray(data), rng.randrange(256)
    changed[rng.choice((*places, rng.randrange(len(data) - packets.CRC_BYTES)))] = value
    return with_crc(changed[: -packets.CRC_BYTES])


def is_foreign_and_malformed(data: bytes, frame_types: Container[int]) -> bool:
    """Whether Python finds fault with a payload that a C node, having no use for it, does not look at."""
    try:
        packets.decode(data)
    except FrameError as error:
        return error.reason is DropReason.MALFORMED and data[0] & 0x1F not in frame_types
    return False


class Life(Protocol):
    """One pair in a world of its own."""

    def step(self) -> None:
        """One more thing happens. Raises DifferenceError."""


# Begins a life: its seed, and where it counts what came of it.
MakeLife = Callable[[str, Counter[str]], Life]


def run(module: str, make_life: MakeLife, *, seed: int, lives: int, steps: int) -> Counter[str]:
    """Live so many lives of so many steps; what came of them. `module` is the one whose `main` replays it.

    Raises DifferenceError with the line that replays it.
    """
    seen: Counter[str] = Counter()
    for life in range(lives):
        lived = 0
        try:
            one = make_life(f"{seed}/{life}", seen)
            while lived < steps:
                lived += 1
                one.step()
        except Exception as error:
            replay = f"python -m {module} --seed {seed} --lives {life + 1} --steps {lived}"
            raise DifferenceError(f"life {life}, step {lived}: {error!r}\nreplay: {replay}") from error
    return seen


def main(run_lives: Callable[..., Counter[str]]) -> None:
    """`run_lives` from the command line, also under the sanitizers."""
    parser = argparse.ArgumentParser()
    for name, default in (("seed", 1), ("lives", 20), ("steps", 300)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    library()
    for what, count in run_lives(**vars(arguments)).most_common():
        sys.stdout.write(f"{count:8} {what}\n")
