"""Who hears whom: exchangeable models of radio propagation.

Each model gives the listeners of every node from a topology and a seed, ids in order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from protocol.simulator.cells import Cells
from protocol.simulator.draws import MOST_NORMAL, normal
from protocol.simulator.topology import Topology

Listeners = Mapping[int, tuple[int, ...]]

# The constant of the report's formula for frequencies in MHz and distances in metres: the squared wavelength
# (300 / MHz) over (4 pi) squared.
LIGHT_CONST = (300 / (4 * math.pi)) ** 2
# The report admits a frame received with more than 9 uW, and found that 18 m hear and 19 m do not, at 433 MHz
# and 10 dBm. Both are true when power counts in units of those 10 mW, a millionth of it being the report's
# "uW": 18 m then receive 9.38 and 19 m 8.42. In watts the threshold is 90 nW.
ADMITTED_MW = 9e-6 * 10
# Keeps the draws of shadowing apart from others of the same seed.
_SHADOWING = 1


class Propagation(Protocol):
    """A model of who hears whom."""

    def listeners(self, topology: Topology, seed: int) -> Listeners:
        """For every node the nodes that hear it, in id order."""


@dataclass(frozen=True, slots=True)
class Ideal:
    """Everyone hears everyone."""

    def listeners(self, topology: Topology, seed: int) -> Listeners:
        """See Propagation."""
        ids = sorted(topology.places)
        return {speaker: tuple(node for node in ids if node != speaker) for speaker in ids}


@dataclass(frozen=True, slots=True)
class Disk:
    """A node is heard within its own range; one without a range everywhere."""

    def listeners(self, topology: Topology, seed: int) -> Listeners:
        """See Propagation."""
        return topology.listeners


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """Received power = transmitted x LIGHT_CONST / (frequency^2 x distance^2), admitted above ADMITTED_MW.

    Avrora's model, as the report of 2005 describes it. `shadowing_db` is the standard deviation of log-normal
    shadowing: one draw from the seed for each pair of nodes, the same both ways, as paths are reciprocal.
    The ranges of the places do not count.
    """

    transmit_dbm: float = 10.0
    frequency_mhz: float = 433.0
    shadowing_db: float = 0.0

    def __post_init__(self) -> None:
        if not (self.frequency_mhz > 0 and self.shadowing_db >= 0 and math.isfinite(self.transmit_dbm)):
            raise ValueError(f"no radio sends like {self}; the frequency is above 0, shadowing 0 or above")

    @property
    def range_m(self) -> float:
        """How far a node is heard where nothing shadows it."""
        return self._reach_m(0.0)

    def listeners(self, topology: Topology, seed: int) -> Listeners:
        """See Propagation."""
        cells = Cells(topology.places.values(), self.range_m)
        furthest_m = self._reach_m(MOST_NORMAL * self.shadowing_db)
        found: dict[int, list[int]] = {node_id: [] for node_id in sorted(topology.places)}
        for a in found:
            for b, square in cells.near(topology.places[a], furthest_m):
                if a < b and (not self.shadowing_db or square <= self.reach_between_m(seed, a, b) ** 2):
                    found[a].append(b)
                    found[b].append(a)
        return {speaker: tuple(sorted(heard_by)) for speaker, heard_by in found.items()}

    def reach_between_m(self, seed: int, a: int, b: int) -> float:
        """How far these two hear each other, with their shadow; the one of the lower id first."""
        return self._reach_m(self.shadowing_db * normal(_SHADOWING, seed, a, b))

    def _reach_m(self, gain_db: float) -> float:
        """Rounded to the millimetre, so that the last bit of a library's power function decides nothing."""
        transmitted_mw = 10 ** ((self.transmit_dbm + gain_db) / 10)
        return round(math.sqrt(transmitted_mw * LIGHT_CONST / ADMITTED_MW) / self.frequency_mhz, 3)


MEDIA: Mapping[str, type[Ideal] | type[Disk] | type[FreeSpace]] = {
    "ideal": Ideal,
    "disk": Disk,
    "free-space": FreeSpace,
}
