"""What people should know of a field before it runs: who cannot take part, and a period too short for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import pairwise

from protocol.simulator.propagation import Disk
from protocol.simulator.ring_order import hears_all
from protocol.simulator.scenario import Scenario
from protocol.simulator.simulation import Simulation
from protocol.simulator.survey import Survey
from protocol.timing import Timing

_MOST_NAMES = 10
# Of a period: turns that gather and tell, and time for a death in between.
_RING_SHARE = 0.8


def warnings_of(scenario: Scenario, simulation: Simulation) -> Iterator[str]:
    """Each a line with the remedy."""
    return _WARNINGS[simulation.network](scenario, simulation)


def _of_tree(scenario: Scenario, simulation: Simulation) -> Iterator[str]:
    """Of a field that is not connected, and of a T too short for it."""
    topology = simulation.topology
    survey = Survey(topology.root, simulation.listeners)
    lost = sorted(topology.places.keys() - survey.hops.keys())
    if lost:
        who = f"node {lost[0]} has" if len(lost) == 1 else f"nodes {_names(lost)} have"
        yield f"{who} no way to the root {topology.root}; {_closer(scenario)}"
    assert isinstance(scenario.timing, Timing)
    advised_ms = survey.advised_period_ms(scenario.air, scenario.timing, len(scenario.metrics))
    if scenario.period_ms < advised_ms:
        yield (
            f"a period of {scenario.period_ms / 1000:g} s is short for this field ({survey.depth} hops deep,"
            f" up to {survey.crowd} nodes within two hops); give --period {advised_ms / 1000:g} or more"
        )


def _of_ring(scenario: Scenario, simulation: Simulation) -> Iterator[str]:
    """Of a field without a ring in which each hears the next, and of a T shorter than two turns."""
    listeners = simulation.listeners
    order = [*simulation.order, *sorted(simulation.topology.places.keys() - set(simulation.order))]
    gaps = [
        (a, b)
        for a, b in pairwise([*order, order[0]])
        if a != b and not (b in listeners[a] and a in listeners[b])
    ]
    if gaps and simulation.order:
        yield (
            f"{len(gaps)} of {len(order)} neighbours in the ring do not hear each other, nodes {gaps[0][0]}"
            f" and {gaps[0][1]} among them; {_closer(scenario)}, or change the order"
        )
    elif gaps:
        deaf = _not_hearing_all(simulation)
        yield (
            f"{len(deaf)} of {len(order)} nodes do not hear every other, and no order was found in which each"
            f" hears the next; {_closer(scenario)}, or give --order"
        )
    turns_ms = 2 * len(order) * simulation.hop_us() / 1000
    if turns_ms > _RING_SHARE * scenario.period_ms:
        yield (
            f"a period of {scenario.period_ms / 1000:g} s is short for a ring of {len(order)} nodes, whose"
            f" two turns take {turns_ms / 1000:.1f} s by {scenario.air.radio.name}; give"
            f" --period {turns_ms / 1000 / _RING_SHARE:.1f} or more"
        )


def _of_polling(scenario: Scenario, simulation: Simulation) -> Iterator[str]:
    """Of nodes that do not hear whoever may become the primary."""
    deaf = _not_hearing_all(simulation)
    if deaf:
        who = f"node {deaf[0]} does" if len(deaf) == 1 else f"nodes {_names(deaf)} do"
        yield (
            f"{who} not hear every other, and will be missing where one of those is the primary;"
            f" {_closer(scenario)}"
        )


_WARNINGS: Mapping[str, Callable[[Scenario, Simulation], Iterator[str]]] = {
    "tree": _of_tree,
    "ring": _of_ring,
    "polling": _of_polling,
}


def _not_hearing_all(simulation: Simulation) -> list[int]:
    listeners = simulation.listeners
    if hears_all(listeners):
        return []
    heard = {node: set(others) for node, others in listeners.items()}
    return [
        node for node in sorted(heard) if any(node not in heard[other] for other in heard if other != node)
    ]


def _closer(scenario: Scenario) -> str:
    how = "raise --range" if isinstance(scenario.air.propagation, Disk) else "raise transmit_dbm"
    return f"move nodes closer or {how}"


def _names(nodes: Collection[int]) -> str:
    return ", ".join(map(str, list(nodes)[:_MOST_NAMES])) + (", ..." if len(nodes) > _MOST_NAMES else "")
