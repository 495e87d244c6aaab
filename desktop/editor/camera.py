"""How the plan is seen: metres to pixels and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LEAST_PX_PER_M, MOST_PX_PER_M = 1e-4, 1e4
_MARGIN_SHARE = 0.12
_USUAL_SPAN_M = 60.0  # what an empty plan shows
_ROUND_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Camera:
    """`px_per_m`, and the place (metres) that is seen at the top left."""

    px_per_m: float = 10.0
    left_m: float = 0.0
    top_m: float = 0.0

    def to_px(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Where that place is seen."""
        return (x_m - self.left_m) * self.px_per_m, (y_m - self.top_m) * self.px_per_m

    def to_m(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Which place is seen there."""
        return self.left_m + x_px / self.px_per_m, self.top_m + y_px / self.px_per_m

    def zoomed(self, factor: float, x_px: float, y_px: float) -> Camera:
        """Nearer or farther; what is seen there stays there."""
        px_per_m = max(LEAST_PX_PER_M, min(MOST_PX_PER_M, self.px_per_m * factor))
        x_m, y_m = self.to_m(x_px, y_px)
        return Camera(px_per_m, x_m - x_px / px_per_m, y_m - y_px / px_per_m)

    def panned(self, dx_px: float, dy_px: float) -> Camera:
        """What is seen moves right and down by so much."""
        return Camera(self.px_per_m, self.left_m - dx_px / self.px_per_m, self.top_m - dy_px / self.px_per_m)

    def step_m(self, least_px: float) -> float:
        """The smallest round step (1, 2 or 5 times a power of ten) that is at least so wide."""
        least_m = least_px / self.px_per_m
        power = 10.0 ** math.floor(math.log10(least_m))
        return next((s * power for s in _ROUND_STEPS if s * power >= least_m * 0.999), 10 * power)


def fitted(places: Iterable[tuple[float, float]], width_px: float, height_px: float) -> Camera:
    """All of these places, in the middle."""
    found = list(places) or [(0.0, 0.0)]
    xs, ys = zip(*found, strict=True)
    across_m, down_m = max(xs) - min(xs), max(ys) - min(ys)
    if across_m == down_m == 0:
        across_m = down_m = _USUAL_SPAN_M
    width_px, height_px = max(width_px, 1.0), max(height_px, 1.0)
    room = 1 - 2 * _MARGIN_SHARE
    scales = [size * room / span for size, span in ((width_px, across_m), (height_px, down_m)) if span > 0]
    px_per_m = max(LEAST_PX_PER_M, min(MOST_PX_PER_M, *scales))
    middle_x_m, middle_y_m = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return Camera(px_per_m, middle_x_m - width_px / 2 / px_per_m, middle_y_m - height_px / 2 / px_per_m)


def grid_lines(
    camera: Camera, width_px: float, height_px: float, step_m: float
) -> Iterator[tuple[bool, float]]:
    """(whether it is upright, its place in metres) of every line of the grid that is seen."""
    right_m, bottom_m = camera.to_m(width_px, height_px)
    for upright, first_m, last_m in ((True, camera.left_m, right_m), (False, camera.top_m, bottom_m)):
        for number in range(math.ceil(first_m / step_m), math.floor(last_m / step_m) + 1):
            yield upright, number * step_m
