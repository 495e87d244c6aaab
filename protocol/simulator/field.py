"""What the simulated sensors feel: a smooth field over space and time with a little noise, from a seed."""

from __future__ import annotations

from protocol.aggregate import metric_of
from protocol.simulator.draws import uniform
from protocol.simulator.topology import Place

# Baseline, swing over time and span over 100 m, in the metric's unit.
_SHAPES = {
    0: (21.0, 4.0, 6.0),
    1: (55.0, 10.0, 12.0),
    2: (30.0, 3.0, 15.0),
    3: (16.0, 2.0, 4.0),
    4: (4.0, 3.0, 2.0),
}
_DAY_ROUNDS = 60
_NOISE = 0.5
# Keeps the draws of readings apart from others of the same seed.
_READING = 2


def reading(place: Place, metric_id: int, version: int, seed: int) -> int:
    """The raw reading (0 to 255) of one node in one round; the same on every machine."""
    baseline, swing, span = _SHAPES.get(metric_id, (50.0, 10.0, 10.0))
    phase = (version % _DAY_ROUNDS) / _DAY_ROUNDS
    wave = 1 - 4 * abs(phase - 0.5)
    noise = _NOISE * (2 * uniform(_READING, seed, place.id, metric_id, version) - 1)
    value = baseline + swing * wave + span * (place.x_m + 0.5 * place.y_m) / 100 + noise
    return metric_of(metric_id).raw(value)
