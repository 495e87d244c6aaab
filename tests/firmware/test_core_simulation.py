"""Whole fields of C nodes leave the same records and events as fields of Python nodes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from firmware.native.tree import CoreNode
from protocol.node import Node
from protocol.simulator.faults import Fault, Join, Kill, Revive
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology, grid, scattered
from protocol.sink_tree import SinkTreeNode
from protocol.timing import PROFILES, Timing

pytestmark = pytest.mark.usefixtures("built_core")

ROUNDS = 30
BAD_LINKS = Air(quality=Quality(loss=0.25, duplication=0.1, delay_ms=80))
ROOT = 1
FAULTS = (
    Fault(5, Join(16)),
    Fault(4, Kill(6)),
    Fault(9, Revive(6)),
    Fault(7, Kill(11)),
    Fault(12, Kill(ROOT)),
    Fault(14, Revive(ROOT)),
    Fault(20, Kill(2)),
)

FIELDS: dict[str, tuple[Topology, dict[str, Any]]] = {
    "ideal": (grid(4, 4, 10, 15), {}),
    "ideal, three metrics": (scattered(30, 70, 70, 22, seed=3), {"metrics": (0, 1, 4)}),
    "faults": (grid(4, 4, 10, 15), {"faults": FAULTS}),
    "bad links and faults": (grid(4, 4, 10, 15), {"faults": FAULTS, "air": BAD_LINKS}),
    "a root that is long dead": (
        grid(4, 4, 10, 15),
        {
            "faults": (Fault(3, Kill(ROOT)), Fault(22, Revive(ROOT))),
            "air": BAD_LINKS,
            "timing": Timing(period_ms=2_000),
        },
    ),
    "collisions": (
        scattered(30, 70, 70, 22, seed=3),
        {"faults": FAULTS, "air": Air(collisions=True), "timing": Timing(period_ms=3_000)},
    ),
    "collisions, as in the report": (
        scattered(30, 70, 70, 22, seed=3),
        {"air": Air(collisions=True), "timing": replace(PROFILES["classic"], period_ms=10_000)},
    ),
    "one room, short rounds": (
        scattered(20, 10, 10, None, seed=5),
        {"air": BAD_LINKS, "timing": Timing(period_ms=1_500)},
    ),
}


def mixed_node(node_id: int, **options: Any) -> Node:
    """Every other node in C."""
    return CoreNode(node_id, **options) if node_id % 2 else SinkTreeNode(node_id, **options)


def life_of(field: str, seed: int, make_node: Callable[..., Node]) -> list[object]:
    """Every record and every event, in order."""
    topology, options = FIELDS[field]
    happened: list[object] = []
    simulation = Simulation(
        topology,
        seed=seed,
        make_node=make_node,
        on_record=happened.append,
        on_event=lambda node_id, event: happened.append((simulation.clock.now_us, node_id, event)),
        **options,
    )
    simulation.run(ROUNDS)
    return happened


def first_difference(ours: Iterable[object], theirs: Iterable[object]) -> str | None:
    """What Python did and the others did not; None if all is equal."""
    a, b = list(ours), list(theirs)
    for index, (one, other) in enumerate(zip(a, b, strict=False)):
        if one != other:
            return f"entry {index}: {one} or {other}"
    return None if len(a) == len(b) else f"{len(a)} or {len(b)} entries"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_c_nodes_is_a_field_of_python_nodes(field: str, seed: int) -> None:
    in_python = life_of(field, seed, SinkTreeNode)
    assert len(in_python) > 1_000
    for make_node in (CoreNode, mixed_node):
        difference = first_difference(in_python, life_of(field, seed, make_node))
        assert difference is None, f"{field}, seed {seed}, {make_node.__name__}: {difference}"
