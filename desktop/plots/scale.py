"""The value axis: round limits that stay while the values fit, and ticks."""

from __future__ import annotations

import math

STEPS = (1, 2, 2.5, 5, 10)
WHOLE_STEPS = (1, 2, 5, 10)
_LEAST_RANGE = 2.0  # of values, in their unit: less than this is noise
_MARGIN = 0.04  # of the axis, above and below the values
_WORTH_TIGHTENING = 0.6  # of the axis: to this share or less it is drawn tighter

Limits = tuple[float, float]


def fitted(low: float, high: float, old: Limits | None) -> Limits:
    """Round limits around the values (NaN: there are none); the old ones for as long as they do."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return old or (0.0, 1.0)
    middle = (low + high) / 2
    extent = max(high - low, _LEAST_RANGE)
    decade = 10 ** math.floor(math.log10(extent / 4))
    step = next(nice * decade for nice in STEPS if nice * decade >= extent / 4)
    half = extent * (0.5 + 2 * _MARGIN)
    fresh = (math.floor((middle - half) / step) * step, math.ceil((middle + half) / step) * step)
    if old:
        size = old[1] - old[0]
        holds = old[0] + _MARGIN * size <= low and high <= old[1] - _MARGIN * size
        if holds and fresh[1] - fresh[0] > _WORTH_TIGHTENING * size:
            return old
    return fresh


def fitted_count(most: float, old: Limits | None) -> Limits:
    """From 0 to somewhat more than the most."""
    most = max(4.0, most if math.isfinite(most) else 0.0)
    return old if old and old[1] / 1.6 <= most <= old[1] / 1.02 else (0.0, most * 1.2)


def value_ticks(limits: Limits, most: int, *, whole: bool = False) -> tuple[list[float], list[str]]:
    """Round values within the limits, about `most` of them at most, and their texts."""
    low, high = limits
    least = (high - low) / max(1, most)
    decade = 10 ** math.floor(math.log10(least))
    steps = WHOLE_STEPS if whole else STEPS
    step = next(nice * decade for nice in steps if nice * decade >= least * (1 - 1e-9))
    step = max(1.0, step) if whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9) + (step / 10 ** math.floor(math.log10(step)) == 2.5))
    ticks = [i * step for i in range(first, last + 1)]
    return ticks, [f"{tick + 0.0:.{digits}f}" for tick in ticks]
