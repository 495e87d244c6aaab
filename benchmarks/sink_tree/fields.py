"""Random fields in which every node has a way to the root."""

from __future__ import annotations

import math

from protocol.simulator.propagation import Disk, Propagation
from protocol.simulator.survey import Survey
from protocol.simulator.topology import Topology, scattered

_ATTEMPTS = 10_000


def connected_field(
    count: int,
    side_m: float,
    range_m: float | None,
    seed: int,
    propagation: Propagation | None = None,
    depth: int = 1,
) -> Topology:
    """The first field of the seed's series whose nodes all reach the root, the furthest over `depth` hops.

    Raises ValueError when there is none within reason: the square is too large.
    """
    propagation = propagation or Disk()
    for attempt in range(_ATTEMPTS):
        field = scattered(count, side_m, side_m, range_m, seed * _ATTEMPTS + attempt)
        survey = Survey(field.root, propagation.listeners(field, seed))
        if len(survey.hops) == count and survey.depth >= depth:
            return field
    raise ValueError(f"{count} nodes on {side_m} m x {side_m} m do not connect; make the square smaller")


def side_of(count: int, range_m: float, neighbours: float) -> float:
    """The side of the square in which a node away from the border has so many neighbours on average."""
    return math.sqrt(count * math.pi / neighbours) * range_m
