"""A link as matplotlib draws it."""

from __future__ import annotations

from matplotlib.path import Path

from desktop.network.scene import Link


def path_of(link: Link, height_px: float) -> Path:
    """Its curves, counted from the bottom of an area so high."""
    points = [(x, height_px - y) for x, y in link.points]
    return Path(points, [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])
