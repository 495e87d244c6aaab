"""Whole rings of C nodes leave the same records and events as rings of Python nodes."""

from dataclasses import replace
from typing import Any

import pytest

from firmware.native.ring import CoreRingNode
from protocol.node import Node
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
    Thaw,
)
from protocol.simulator.medium import Air, Quality
from protocol.simulator.networks import MakeNode
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology, scattered
from protocol.timing import RingTiming
from protocol.token_ring import TokenRingNode
from tests.firmware.test_core_simulation import first_difference

pytestmark = pytest.mark.usefixtures("built_core")

ROUNDS = 30
BAD_LINKS = Air(quality=Quality(loss=0.15, duplication=0.1, delay_ms=40))
ROOM = scattered(12, 10, 10, None, seed=5)
FAULTS = (
    Fault(5, Join(12)),
    Fault(4, Kill(6)),
    Fault(9, Revive(6)),
    Fault(7, Leave(11)),
    Fault(12, Kill(1)),
    Fault(13, Reboot(4)),
    Fault(14, Revive(1)),
    Fault(16, Freeze(3)),
    Fault(18, Thaw(3)),
    Fault(20, Kill(2)),
    Fault(22, Cut(7, 8)),
    Fault(25, Heal(7, 8)),
)
PARTS = (
    Fault(5, Partition((frozenset(range(1, 7)), frozenset(range(7, 13))))),
    Fault(15, Merge()),
)
ORDER = (3, 1, 12, 7, 5, 4, 9, 2, 8, 6, 11, 10)

RINGS: dict[str, tuple[Topology, dict[str, Any]]] = {
    "ideal": (ROOM, {}),
    "two metrics, everybody's readings, slow sensors": (
        ROOM,
        {
            "metrics": (0, 4),
            "readings_asked": True,
            "measure_delay_ms": {2: 20, 5: 240, 9: 400},
        },
    ),
    "faults": (ROOM, {"faults": FAULTS}),
    "bad links, faults, an order": (ROOM, {"faults": FAULTS, "air": BAD_LINKS, "order": ORDER}),
    "bad links, readings, clocks that drift": (
        ROOM,
        {"air": BAD_LINKS, "readings_asked": True, "clock_ppm": 100, "first_version": 0xFFF0},
    ),
    "parts that merge": (ROOM, {"faults": PARTS, "air": BAD_LINKS}),
    "rounds shorter than a turn": (ROOM, {"timing": RingTiming(period_ms=300), "faults": FAULTS}),
    "collisions": (
        scattered(12, 10, 10, None, seed=6),
        {"air": Air(collisions=True), "faults": FAULTS, "timing": replace(RingTiming(), tries=2)},
    ),
}


def mixed_node(node_id: int, **options: Any) -> Node:
    """Every other node in C."""
    return CoreRingNode(node_id, **options) if node_id % 2 else TokenRingNode(node_id, **options)


def life_of(ring: str, seed: int, make_node: MakeNode) -> list[object]:
    """Every record and every event, in order."""
    topology, options = RINGS[ring]
    happened: list[object] = []
    simulation = Simulation(
        topology,
        seed=seed,
        network="ring",
        make_node=make_node,
        on_record=happened.append,
        on_event=lambda node_id, event: happened.append((simulation.clock.now_us, node_id, event)),
        checks=False,  # some of these worlds are harder than the ring's promises
        **options,
    )
    simulation.run(ROUNDS)
    return happened


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("ring", RINGS)
def test_a_ring_of_c_nodes_is_a_ring_of_python_nodes(ring: str, seed: int) -> None:
    in_python = life_of(ring, seed, TokenRingNode)
    assert len(in_python) > 1_000
    for make_node in (CoreRingNode, mixed_node):
        difference = first_difference(in_python, life_of(ring, seed, make_node))
        assert difference is None, f"{ring}, seed {seed}, {make_node.__name__}: {difference}"
