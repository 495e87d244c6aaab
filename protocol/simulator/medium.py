"""The air that a field shares: who hears whom, by which radio, and how well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.simulator.propagation import Disk, Propagation
from protocol.simulator.radio import RADIOS, Radio


@dataclass(frozen=True, slots=True)
class Quality:
    """How good every link of a field is; probabilities from 0 to 1, each for one receiver of one frame.

    `delay_ms` is the longest extra delay, uniformly at random, so that frames may overtake each other. A
    frame hit by `bit_flips` has one to three wrong bits, which its CRC finds for certain. (Of those with more
    it would miss one in 65,536, and no field can tell those from honest ones.)
    """

    loss: float = 0.0
    duplication: float = 0.0
    delay_ms: int = 0
    bit_flips: float = 0.0

    def __post_init__(self) -> None:
        for name in ("loss", "duplication", "bit_flips"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability from 0 to 1, not {getattr(self, name)}")
        if self.delay_ms < 0:
            raise ValueError(f"delay_ms is 0 or above, not {self.delay_ms}")


@dataclass(frozen=True, slots=True)
class Air:
    """What lies between the nodes.

    With `collisions` a sender waits for its turn as its radio does, frames that overlap at a receiver destroy
    each other, whether their senders hear each other or not, and nobody hears while sending. Without, a frame
    leaves at once and disturbs nobody.

    `link_loss` adds to the loss of single directed links (speaker, listener); a link that loses all is none.
    """

    propagation: Propagation = field(default_factory=Disk)
    radio: Radio = RADIOS["cc1000"]
    collisions: bool = False
    quality: Quality = field(default_factory=Quality)
    link_loss: Mapping[tuple[int, int], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (speaker, listener), loss in self.link_loss.items():
            if not 0 <= loss <= 1:
                raise ValueError(f"the loss of {speaker} -> {listener} is from 0 to 1, not {loss}")

    @property
    def broken_links(self) -> frozenset[tuple[int, int]]:
        """The links (speaker, listener) that lose all."""
        return frozenset(link for link, loss in self.link_loss.items() if loss == 1)
