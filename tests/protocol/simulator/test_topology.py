"""Fields: generators, and who has a way to the root."""

from __future__ import annotations

from protocol.simulator.survey import reachable_from
from protocol.simulator.topology import Place, Topology, grid, scattered


def test_a_grid_runs_row_by_row_from_node_1() -> None:
    field = grid(3, 2, 10, 15)
    assert field.places[4] == Place(4, 0.0, 10.0, 0.0, 15)
    assert field.neighbours(1) == {2, 4, 5}


def test_without_a_range_everyone_hears_everyone() -> None:
    assert grid(3, 1, 1000, None).neighbours(1) == {2, 3}


def test_a_seed_is_a_field() -> None:
    assert scattered(9, 50, 50, 20, 3).places == scattered(9, 50, 50, 20, 3).places
    assert scattered(9, 50, 50, 20, 3).places != scattered(9, 50, 50, 20, 4).places


def test_reachable_needs_links_that_work_both_ways_and_living_nodes() -> None:
    field = Topology(Place(i + 1, 10.0 * i, 0.0, 0.0, 5 if i == 3 else 12) for i in range(4))
    assert reachable_from(field.root, field.listeners) == {1, 2, 3}
    assert reachable_from(field.root, field.listeners, {1, 3}) == {1}
    assert reachable_from(field.root, field.listeners, {2, 3}) == frozenset()
