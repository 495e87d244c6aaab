"""What happens in a world of ring nodes: frames, sensors, starts, and the faults that may come between."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from protocol.packets import BROADCAST, Frame

AIR_MS = 10
SENSOR_MS = 5
ACK_TIMEOUT_MS = 40
PERIOD_MS = 500
# A round that takes so long is over: no second coming and no bypasses make it last.
LONG_MS = 3 * PERIOD_MS

# Whose readings of which round are in what a node holds: a bit for each node.
Counted = tuple[int | None, int]
NOTHING: Counted = (None, 0)


class Kind(IntEnum):
    """Of a thing that happens; at the same millisecond in the order in which they were set going."""

    FRAME = 0
    SENSOR = 1
    START = 2
    MEND = 3
    TIMER = 4


class Thing(NamedTuple):
    """At `due_ms`, to `node_id`: a frame comes with what its token counts, a sensor has measured `version`,
    the node starts. Mending is of all. `is_late`: the second coming of a frame."""

    due_ms: int
    kind: Kind
    node_id: int
    version: int = 0
    frame: Frame | None = None
    counted: Counted = NOTHING
    is_late: bool = False


class FaultKind(IntEnum):
    """What may go wrong at a step."""

    LOSE = 0
    TWICE = 1
    CRASH = 2
    SPLIT = 3


class Fault(NamedTuple):
    """TWICE: the frame comes again after `delay_ms`; CRASH: the node starts again then, never if 0;
    SPLIT: nodes of `group` (bits) and the others do not hear each other for so long."""

    kind: FaultKind
    delay_ms: int = 0
    group: int = 0


class Budget(NamedTuple):
    """How many faults of each kind may still happen."""

    losses: int = 0
    copies: int = 0
    crashes: int = 0
    splits: int = 0

    def spent(self, fault: Fault) -> Budget:
        """One less of that kind."""
        left = list(self)
        left[fault.kind] -= 1
        return Budget(*left)


def shown_frame(frame: Frame) -> str:
    """A frame in one line."""
    to = "all" if frame.destination == BROADCAST else str(frame.destination)
    return f"{frame.type.name} {frame.source} -> {to}: {frame.payload}"


def shown_fault(fault: Fault, thing: Thing) -> str:
    """A fault in one line."""
    frame = "" if thing.frame is None else f"{shown_frame(thing.frame)} at "
    of = f"{frame}node {thing.node_id}"
    match fault.kind:
        case FaultKind.LOSE:
            return f"lost: {of}"
        case FaultKind.TWICE:
            return f"comes twice, again after {fault.delay_ms} ms: {of}"
        case FaultKind.CRASH:
            again = f", starts again after {fault.delay_ms} ms" if fault.delay_ms else ""
            return f"node {thing.node_id} loses its power{again}"
        case FaultKind.SPLIT:
            return f"nodes {fault.group:b} (bits) part from the others for {fault.delay_ms} ms"


def groups(nodes: int) -> Iterator[int]:
    """Every parting of the nodes in two, as bits of those whom node 1 does not hear."""
    yield from range(4, 2 << nodes, 4)
