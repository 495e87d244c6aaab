"""Points of cubic Bézier curves: pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weights(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each of a curve's four points counts at `t`, (n,) from 0 to 1: (n, 4), rows of sum 1."""
    u = 1 - t
    return np.stack((u**3, 3 * u * u * t, 3 * u * t * t, t**3), axis=1)
