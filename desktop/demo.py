"""The demo network: a seeded field of 16 nodes in which an inner node dies and comes back, over and over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

from protocol.capture import Record
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import grid
from protocol.timing import Timing

SEED = 3
PERIOD_MS = 2_000
METRICS = (0, 1)  # temperature and humidity
LOSS = 0.08
VICTIMS = (6, 10, 7, 11)  # in the middle of the grid, so that others stand below them
FIRST_KILL_ROUND = 6
ROUNDS_DOWN = 6
ROUNDS_BETWEEN_KILLS = 15
KILLS = 3_000  # a day of them


def demo_simulation(on_record: Callable[[Record], None]) -> Simulation:
    """The field, to be advanced by the caller; the same records every time."""
    return Simulation(
        grid(4, 4, spacing_m=10, range_m=15),
        seed=SEED,
        timing=Timing(period_ms=PERIOD_MS),
        metrics=METRICS,
        air=Air(quality=Quality(loss=LOSS)),
        faults=_faults(),
        on_record=on_record,
    )


def _faults() -> Iterator[Fault]:
    for i, victim in zip(range(KILLS), cycle(VICTIMS), strict=False):
        killed = FIRST_KILL_ROUND + i * ROUNDS_BETWEEN_KILLS
        yield Fault(killed, Kill(victim))
        yield Fault(killed + ROUNDS_DOWN, Revive(victim))
