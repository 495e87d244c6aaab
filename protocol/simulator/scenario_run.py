"""A scenario, ready to run."""

from __future__ import annotations

from collections.abc import Callable

from protocol.capture import Record
from protocol.node import Event
from protocol.simulator.invariants import Limits
from protocol.simulator.networks import MakeNode
from protocol.simulator.scenario import Scenario
from protocol.simulator.sealed_nodes import MakeMember, SealedNodes, endpoint
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import Topology

# What makes the nodes of a scenario on its field, sealed if it is.
NodesOf = Callable[[Scenario, Topology], MakeNode]


def nodes_of(
    scenario: Scenario,
    topology: Topology,
    make_node: MakeNode | None = None,
    make_member: MakeMember = endpoint,
) -> MakeNode:
    """Python's nodes and members, or those of another core."""
    make_node = make_node or scenario.kind.make_node
    if not scenario.sealed:
        return make_node
    return SealedNodes(
        make_node,
        seed=scenario.seed,
        gateways=(topology.root,) if scenario.kind.has_root else (),
        overhears=not scenario.kind.has_root,
        make_member=make_member,
    )


def simulation_of(
    scenario: Scenario,
    *,
    on_record: Callable[[Record], None] | None = None,
    on_event: Callable[[int, Event], None] | None = None,
    on_round: Callable[[RoundSummary], None] | None = None,
    limits: Limits | None = None,
    nodes_of: NodesOf = nodes_of,
) -> Simulation:
    """The simulation that the scenario describes, with the nodes of its core.

    Raises ValueError for what cannot be run.
    """
    topology = scenario.topology()
    return Simulation(
        topology,
        seed=scenario.seed,
        network=scenario.network,
        timing=scenario.timing,
        metrics=scenario.metrics,
        air=scenario.air,
        faults=scenario.faults,
        on_record=on_record,
        on_event=on_event,
        on_round=on_round,
        order=scenario.order_in(topology),
        readings_asked=scenario.readings,
        max_children=scenario.max_children,
        first_version=scenario.first_version,
        clock_ppm=scenario.clock_ppm,
        limits=limits,
        make_node=nodes_of(scenario, topology),
        introduction_ms=scenario.introduction_ms,
    )
