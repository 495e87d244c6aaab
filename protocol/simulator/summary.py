"""What a round cost and brought, as whoever plans a deployment wants to know it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from protocol.packets import FrameType
from protocol.simulator.radio import Radio

_TYPES = 32
# Frames that carry readings or what became of them, and those that say that these came: a DATA_ACK carries
# the clock of the tree as well, and a SIGN the news of the ring.
_DATA = (FrameType.DATA, FrameType.TOKEN, FrameType.READING)
_ACKS = (FrameType.DATA_ACK, FrameType.SIGN)
_CONTROL = tuple(kind for kind in range(_TYPES) if kind not in _DATA + _ACKS)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Frames sent: how many, their bytes (without preambles), their time on the air and what that cost."""

    frames: int = 0
    bytes: int = 0
    airtime_us: int = 0
    energy_mj: float = 0.0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.frames + other.frames,
            self.bytes + other.bytes,
            self.airtime_us + other.airtime_us,
            self.energy_mj + other.energy_mj,
        )


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """One result and the field at that moment.

    `round` is the one that faults name: the first is 1, and a new one begins every period of the world's
    time; `version` is the same on the wire. `reachable` nodes have a way to who reports: the root, a ring's
    home or a primary. `count` and `doubt` are the result's, `counted` is how many different nodes are in it
    in truth. When the result is there, `oldest_ms` is the age of the oldest reading in it, and `skew_ms` the
    time between its first and last measurement; None if it has no reading.

    Traffic is that since the last result: `data` DATA, TOKEN and READING, `acks` DATA_ACK and SIGN, `control`
    all other frames on the air (a POLL among them); `busiest` are the frames of the node that sent most.
    `collided` are receptions that a collision destroyed, `queue_full` frames for which a radio had no room.
    """

    version: int
    round: int
    alive: int
    reachable: int
    counted: int
    count: int
    doubt: int
    duration_ms: int
    oldest_ms: int | None
    skew_ms: int | None
    data: Traffic
    acks: Traffic
    control: Traffic
    busiest: int
    collided: int
    queue_full: int

    @property
    def traffic(self) -> Traffic:
        """All of it."""
        return self.data + self.acks + self.control


class TrafficMeter:
    """Counts the frames on the air by type and by sender."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._frames = [0] * _TYPES
        self._bytes = [0] * _TYPES
        self._senders: Counter[int] = Counter()

    def count(self, sender: int, frame: bytes) -> None:
        """Count one."""
        self._senders[sender] += 1
        kind = frame[0] & _TYPES - 1
        self._frames[kind] += 1
        self._bytes[kind] += len(frame)

    def take(self) -> tuple[Traffic, Traffic, Traffic]:
        """Data, acks and control since the last call."""
        taken = self._sum(_DATA), self._sum(_ACKS), self._sum(_CONTROL)
        self._frames = [0] * _TYPES
        self._bytes = [0] * _TYPES
        return taken

    def take_busiest(self) -> int:
        """The frames of the node that sent most since the last call."""
        most = max(self._senders.values(), default=0)
        self._senders.clear()
        return most

    def _sum(self, kinds: Iterable[int]) -> Traffic:
        frames = sum(self._frames[kind] for kind in kinds)
        frame_bytes = sum(self._bytes[kind] for kind in kinds)
        bits = 8 * (frames * self._radio.overhead_bytes + frame_bytes)
        airtime_us = bits * 1_000_000 // self._radio.bits_per_s
        return Traffic(frames, frame_bytes, airtime_us, airtime_us * self._radio.transmit_mw / 1e6)
