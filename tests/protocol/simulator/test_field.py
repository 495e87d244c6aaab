"""What the simulated sensors feel."""

from __future__ import annotations

from protocol.aggregate import METRICS
from protocol.simulator.field import reading
from protocol.simulator.topology import Place

HERE, THERE = Place(1, 0, 0), Place(2, 100, 0)


def test_readings_are_the_same_on_every_machine() -> None:
    """Figures that may change with the model, but not from one machine to another."""
    assert [reading(HERE, 0, version, 1) for version in range(0, 60, 10)] == [115, 119, 124, 130, 124, 119]


def test_a_field_is_smooth_over_space_and_time() -> None:
    for metric_id in METRICS:
        for version in range(1, 60):
            now, later = (reading(HERE, metric_id, v, 1) for v in (version, version + 1))
            assert abs(now - later) <= 12, "a day is 60 rounds"
        assert reading(THERE, metric_id, 1, 1) > reading(HERE, metric_id, 1, 1)


def test_noise_belongs_to_seed_node_metric_and_round() -> None:
    nearby = [[reading(Place(node_id, 0, 0), 0, 1, seed) for node_id in range(1, 40)] for seed in (1, 2)]
    assert nearby[0] != nearby[1]
    assert len(set(nearby[0])) > 1
