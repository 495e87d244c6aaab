"""What a round cost and brought, as whoever plans a deployment wants to know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.packets import FrameType
from protocol.simulator.radio import Radio

_TYPES = 32
_DATA = (FrameType.DATA,)
_ACKS = (FrameType.DATA_ACK,)
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
    time; `version` is the same on the wire. `count` and `doubt` are the result's, `counted` is how many
    different nodes are in it in truth. Traffic is that since the last result: `data` DATA, `acks` DATA_ACK,
    `control` all other frames on the air. `collided` are receptions that a collision destroyed, `queue_full`
    frames for which a radio had no room.
    """

    version: int
    round: int
    alive: int
    reachable: int
    counted: int
    count: int
    doubt: int
    duration_ms: int
    data: Traffic
    acks: Traffic
    control: Traffic
    collided: int
    queue_full: int

    @property
    def traffic(self) -> Traffic:
        """All of it."""
        return self.data + self.acks + self.control


class TrafficMeter:
    """Counts the frames on the air by type."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._frames = [0] * _TYPES
        self._bytes = [0] * _TYPES

    def count(self, frame: bytes) -> None:
        """Count one."""
        kind = frame[0] & _TYPES - 1
        self._frames[kind] += 1
        self._bytes[kind] += len(frame)

    def take(self) -> tuple[Traffic, Traffic, Traffic]:
        """Data, acks and control since the last call."""
        taken = self._sum(_DATA), self._sum(_ACKS), self._sum(_CONTROL)
        self._frames = [0] * _TYPES
        self._bytes = [0] * _TYPES
        return taken

    def _sum(self, kinds: Iterable[int]) -> Traffic:
        frames = sum(self._frames[kind] for kind in kinds)
        frame_bytes = sum(self._bytes[kind] for kind in kinds)
        bits = 8 * (frames * self._radio.overhead_bytes + frame_bytes)
        airtime_us = bits * 1_000_000 // self._radio.bits_per_s
        return Traffic(frames, frame_bytes, airtime_us, airtime_us * self._radio.transmit_mw / 1e6)
