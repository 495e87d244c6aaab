"""Radio media: which nodes a transmission reaches, and when. Frames do not collide."""

from __future__ import annotations

import random
from dataclasses import dataclass

from protocol.simulator.topology import Topology

# CC1000, the mica2's radio (the report of 2005).
CC1000_BITS_PER_S = 19_200


@dataclass(frozen=True, slots=True)
class Quality:
    """How good every link of a field is; probabilities from 0 to 1, each for one receiver of one frame.

    `delay_ms` is the longest extra delay, uniformly at random, so that frames may overtake each other.
    """

    loss: float = 0.0
    duplication: float = 0.0
    delay_ms: int = 0
    bits_per_s: int = CC1000_BITS_PER_S

    def __post_init__(self) -> None:
        for name in ("loss", "duplication"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability from 0 to 1, not {getattr(self, name)}")


class Medium:
    """Unit disk, or one room in which everyone hears everyone where nodes have no range."""

    def __init__(self, topology: Topology, quality: Quality, rng: random.Random) -> None:
        self._listeners = topology.listeners
        self._quality = quality
        self._rng = rng

    def airtime_us(self, frame_bytes: int) -> int:
        """How long a frame of that size is on the air."""
        return frame_bytes * 8 * 1_000_000 // self._quality.bits_per_s

    def receptions(self, speaker: int) -> list[tuple[int, int]]:
        """(node, delay in microseconds after the frame's end) for everyone who hears this transmission."""
        found = []
        for node in self._listeners[speaker]:
            if not self._chance(self._quality.loss):
                copies = 2 if self._chance(self._quality.duplication) else 1
                found += [(node, self._delay_us()) for _ in range(copies)]
        return found

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self._rng.random() < probability

    def _delay_us(self) -> int:
        return self._rng.randrange(self._quality.delay_ms * 1000) if self._quality.delay_ms else 0
