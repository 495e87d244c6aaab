"""Orders for rings where not all nodes hear each other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from protocol.simulator.propagation import Listeners
from protocol.simulator.ring_order import hears_all, ring_order
from protocol.simulator.topology import Topology, grid, scattered


def is_closed_walk(order: tuple[int, ...], listeners: Listeners) -> bool:
    return sorted(order) == sorted(listeners) and all(
        b in listeners[a] and a in listeners[b] for a, b in pairwise([*order, order[0]])
    )


@pytest.mark.parametrize(
    "field",
    [
        grid(2, 2, 10, 10),
        grid(6, 4, 10, 10),
        grid(10, 10, 10, 15),
        scattered(30, 50, 50, 22, 1),
        scattered(200, 100, 100, 20, 1),
    ],
    ids=["square", "grid of four neighbours", "grid of eight", "random 30", "random 200"],
)
@pytest.mark.parametrize("seed", range(3))
def test_each_hears_the_next(field: Topology, seed: int) -> None:
    listeners = field.listeners
    order = ring_order(listeners, seed)
    assert is_closed_walk(order, listeners)
    assert order[0] == min(order)
    assert ring_order(listeners, seed) == order, "the same seed gives the same order"


def test_a_room_needs_no_order() -> None:
    room = grid(3, 3, 10, 100).listeners
    assert hears_all(room)
    assert ring_order(room, 1) == ()


@pytest.mark.parametrize(
    "listeners",
    [
        {1: (2,), 2: (1, 3), 3: (2,)},
        {1: (2,), 2: (3,), 3: (1,)},
        {1: (2, 3), 2: (1, 3), 3: (1, 2), 4: (5, 6), 5: (4, 6), 6: (4, 5)},
        {n: tuple(m for m in range(1, 8) if (n <= 3) != (m <= 3)) for n in range(1, 8)},
    ],
    ids=["a line", "one way only", "two parts", "3 between 4 that do not hear each other"],
)
def test_a_field_without_one_gets_none(listeners: Listeners) -> None:
    assert not hears_all(listeners)
    assert ring_order(listeners, 1) == ()
