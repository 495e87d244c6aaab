"""Whole polled networks of C nodes leave the same records and events as those of Python nodes."""

from dataclasses import replace
from typing import Any

import pytest

from firmware.native.polling import CorePollingNode
from protocol.node import Node
from protocol.polling import PollingNode
from protocol.simulator.faults import (
    Cut,
    Fault,
    Freeze,
    Heal,
    Join,
    Kill,
    Leave,
    Merge,
    Partition,
    Reboot,
    Revive,
    StepClock,
    Thaw,
)
from protocol.simulator.medium import Air, Quality
from protocol.simulator.networks import MakeNode
from protocol.simulator.radio import RADIOS
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology, scattered
from protocol.timing import PollingTiming
from tests.firmware.test_core_simulation import first_difference

pytestmark = pytest.mark.usefixtures("built_core")

ROUNDS = 30
BAD_LINKS = Air(quality=Quality(loss=0.15, duplication=0.1, delay_ms=40))
WORSE_LINKS = Air(quality=Quality(loss=0.4, duplication=0.3, delay_ms=300))
ROOM = scattered(12, 10, 10, None, seed=5)
FAULTS = (
    Fault(5, Join(12)),
    Fault(4, Kill(1)),
    Fault(9, Revive(1)),
    Fault(7, Leave(11)),
    Fault(11, Leave(1)),
    Fault(12, Kill(2)),
    Fault(13, Reboot(4)),
    Fault(14, Revive(1)),
    Fault(16, Freeze(1)),
    Fault(18, Thaw(1)),
    Fault(20, StepClock(3, 700_000)),
    Fault(21, Kill(3)),
    Fault(22, Cut(1, 8)),
    Fault(25, Heal(1, 8)),
)
PARTS = (
    Fault(5, Partition((frozenset(range(1, 7)), frozenset(range(7, 13))))),
    Fault(15, Merge()),
)
ORDER = (3, 1, 12, 7, 5, 4, 9, 2, 8, 6, 11, 10)

NETWORKS: dict[str, tuple[Topology, dict[str, Any]]] = {
    "ideal": (ROOM, {}),
    "three metrics, slow sensors": (
        ROOM,
        {"metrics": (0, 1, 4), "measure_delay_ms": {1: 300, 2: 20, 5: 240, 9: 3_000}},
    ),
    "faults": (ROOM, {"faults": FAULTS}),
    "bad links, faults, an order": (ROOM, {"faults": FAULTS, "air": BAD_LINKS, "order": ORDER}),
    "worse links, clocks that drift": (
        ROOM,
        {"air": WORSE_LINKS, "clock_ppm": 100, "first_version": 0xFFF0},
    ),
    "parts that merge": (ROOM, {"faults": PARTS, "air": BAD_LINKS}),
    "rounds shorter than their polls": (ROOM, {"timing": PollingTiming(period_ms=300), "faults": FAULTS}),
    "many on a slow radio with collisions": (
        scattered(40, 10, 10, None, seed=6),
        {
            "air": Air(radio=RADIOS["hc12-15k"], collisions=True),
            "faults": FAULTS,
            "timing": replace(PollingTiming(), tries=3),
        },
    ),
}


def mixed_node(node_id: int, **options: Any) -> Node:
    """Every other node in C."""
    return CorePollingNode(node_id, **options) if node_id % 2 else PollingNode(node_id, **options)


def life_of(network: str, seed: int, make_node: MakeNode) -> list[object]:
    """Every record and every event, in order."""
    topology, options = NETWORKS[network]
    happened: list[object] = []
    simulation = Simulation(
        topology,
        seed=seed,
        network="polling",
        make_node=make_node,
        on_record=happened.append,
        on_event=lambda node_id, event: happened.append((simulation.clock.now_us, node_id, event)),
        checks=False,  # some of these worlds are harder than the network's promises
        **options,
    )
    simulation.run(ROUNDS)
    return happened


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_polled_network_of_c_nodes_is_one_of_python_nodes(network: str, seed: int) -> None:
    in_python = life_of(network, seed, PollingNode)
    assert len(in_python) > 1_000
    for make_node in (CorePollingNode, mixed_node):
        difference = first_difference(in_python, life_of(network, seed, make_node))
        assert difference is None, f"{network}, seed {seed}, {make_node.__name__}: {difference}"
