"""Radio media: which nodes a transmission reaches, and when. Frames do not collide."""

from __future__ import annotations

import random

from protocol.simulator.topology import Topology

# CC1000, the mica2's radio (the report of 2005).
CC1000_BITS_PER_S = 19_200


class Medium:
    """Unit disk (or, without ranges, one room in which everyone hears everyone) with independent loss.

    `loss` is the probability, from 0 to 1, that one receiver misses one frame. Airtime is the frame's bits at
    `bits_per_s`; a frame is heard when it ends.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        rng: random.Random,
        loss: float = 0.0,
        bits_per_s: int = CC1000_BITS_PER_S,
    ) -> None:
        if not 0 <= loss <= 1:
            raise ValueError(f"loss is a probability from 0 to 1, not {loss}")
        self._listeners = {
            speaker: tuple(node for node in sorted(topology.places) if topology.hears(node, speaker))
            for speaker in topology.places
        }
        self._rng = rng
        self._loss = loss
        self._bits_per_s = bits_per_s

    def listeners(self, speaker: int) -> tuple[int, ...]:
        """Everyone in range of that node, in id order."""
        return self._listeners[speaker]

    def airtime_us(self, frame_bytes: int) -> int:
        """How long a frame of that size is on the air."""
        return frame_bytes * 8 * 1_000_000 // self._bits_per_s

    def receivers(self, speaker: int) -> list[int]:
        """Who hears this one transmission."""
        return [
            node for node in self._listeners[speaker] if not self._loss or self._rng.random() >= self._loss
        ]
