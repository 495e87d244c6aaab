"""The demo networks: seeded fields in which a node dies and comes back, over and over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from desktop.simulate.source import SimulatedSource
from desktop.sources.source import Report
from protocol.capture import Record
from protocol.packets import Network
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology, grid
from protocol.timing import AnyTiming, PollingTiming, RingTiming, Timing

METRICS = (0, 1)  # temperature and humidity
FOUR_METRICS = (0, 1, 2, 3)
FIRST_KILL_ROUND = 6
ROUNDS_DOWN = 6
ROUNDS_BETWEEN_KILLS = 15
KILLS = 3_000  # a day of them
VICTIMS = (6, 10, 7, 11)  # in the middle of the tree's grid, so that others stand below them


@dataclass(frozen=True, slots=True)
class Demo:
    """One field and who dies in it; its sensors take so long, which is what makes a token's way seen."""

    name: str
    topology: Topology
    seed: int
    timing: AnyTiming
    metrics: Sequence[int]
    loss: float
    victims: Sequence[int]
    measure_delay_ms: Mapping[int, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """As people read it."""
        return f"Demo {self.name}"

    @property
    def nodes(self) -> int:
        """How many there are."""
        return len(self.topology.places)


DEMOS = {
    Network.TREE: Demo(
        "network", grid(4, 4, spacing_m=10, range_m=15), 3, Timing(period_ms=2_000), METRICS, 0.08, VICTIMS
    ),
    Network.RING: Demo(
        "ring",
        grid(5, 2, spacing_m=10, range_m=100),
        5,
        RingTiming(period_ms=4_500),
        FOUR_METRICS,
        0.02,
        (6, 1, 9, 4),
        dict.fromkeys(range(1, 11), 60),
    ),
    Network.POLLING: Demo(
        "polling",
        grid(4, 3, spacing_m=10, range_m=100),
        7,
        PollingTiming(period_ms=2_000),
        FOUR_METRICS,
        0.02,
        (5, 1, 11, 2),
        {node: 20 + 37 * node % 160 for node in range(1, 13)} | {8: 420, 12: 310},
    ),
}


def demo_simulation(on_record: Callable[[Record], None], network: Network = Network.TREE) -> Simulation:
    """The field of that kind, to be advanced by the caller; the same records every time."""
    demo = DEMOS[network]
    return Simulation(
        demo.topology,
        seed=demo.seed,
        network=network.name.lower(),
        timing=demo.timing,
        metrics=tuple(demo.metrics),
        air=Air(quality=Quality(loss=demo.loss)),
        faults=_faults(demo.victims),
        readings_asked=True,
        measure_delay_ms=demo.measure_delay_ms,
        on_record=on_record,
    )


def _faults(victims: Sequence[int]) -> Iterator[Fault]:
    for i, victim in zip(range(KILLS), cycle(victims), strict=False):
        killed = FIRST_KILL_ROUND + i * ROUNDS_BETWEEN_KILLS
        yield Fault(killed, Kill(victim))
        yield Fault(killed + ROUNDS_DOWN, Revive(victim))


class DemoSource(SimulatedSource):
    """A demo network; `speed` is how many of its seconds pass in one of ours."""

    def __init__(self, network: Network = Network.TREE, *, speed: float = 1.0) -> None:
        super().__init__(DEMOS[network].title, speed=speed)
        self._network = network

    def build(self, on_record: Callable[[Record], None], report: Report) -> Simulation:
        """See SimulatedSource.build."""
        return demo_simulation(on_record, self._network)

    def summary(self) -> str:
        """See SimulatedSource.summary."""
        return f"{DEMOS[self._network].nodes} simulated nodes; one dies and comes back now and then"
