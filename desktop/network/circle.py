"""Places around a circle, which becomes an ellipse where there is more room that way. Pure; y downwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from desktop.network.motion import Place

_ROOM = 0.36  # the radius of a node, of the way from one to the next
_LEAST_RADIUS_EM, _MOST_RADIUS_EM = 0.3, 1.75
_MARGIN_EM = 2.4  # for a note outside, upright
_SIDE_MARGIN_EM = 4.0
_MOST_WIDE = 1.7  # to high: a flat ellipse crowds its ends
_STEPS = 720
_HALVINGS = 8
_WIDEST_ARC = math.pi / 3  # of one Bézier curve


@dataclass(frozen=True, slots=True)
class Circle:
    """An ellipse about (x, y); `radius_px` is that of the nodes on it. Angles go clockwise from the right."""

    x: float
    y: float
    half_width: float
    half_height: float
    radius_px: float

    def at(self, angle: float, outside_px: float = 0.0) -> Place:
        """The point at that parameter angle, or so far outside of it."""
        dx, dy = self.outward(angle)
        return (
            self.x + self.half_width * math.cos(angle) + outside_px * dx,
            self.y + self.half_height * math.sin(angle) + outside_px * dy,
        )

    def outward(self, angle: float) -> Place:
        """The unit vector that leaves the circle at a right angle."""
        dx, dy = math.cos(angle) * self.half_height, math.sin(angle) * self.half_width
        length = math.hypot(dx, dy) or 1.0
        return dx / length, dy / length

    def angles(self, count: int) -> list[float]:
        """So many parameter angles, as far from each other along the circle, the first on top."""
        if count == 0:
            return []
        steps = [2 * math.pi * i / _STEPS - math.pi / 2 for i in range(_STEPS + 1)]
        lengths = [math.dist(self.at(a), self.at(b)) for a, b in pairwise(steps)]
        ends = [0.0, *accumulate(lengths)]
        return [float(angle) for angle in np.interp(np.arange(count) * ends[-1] / count, ends, steps)]

    def room_px(self, count: int) -> float:
        """The radius that nodes can have where so many stand on it (Ramanujan's perimeter, 1914)."""
        a, b = self.half_width, self.half_height
        perimeter = math.pi * (3 * (a + b) - math.sqrt((3 * a + b) * (a + 3 * b)))
        return _ROOM * perimeter / max(1, count)

    def arc(self, start: Place, end: Place) -> tuple[Place, ...]:
        """Bézier points clockwise from one place to the other, which need not be on the circle itself."""
        (angle, share), (end_angle, end_share) = self._polar(start), self._polar(end)
        extent = (end_angle - angle) % (2 * math.pi) or 2 * math.pi
        pieces = math.ceil(extent / _WIDEST_ARC)
        step, growth = extent / pieces, (end_share - share) / pieces
        reach = 4 / 3 * math.tan(step / 4)  # of the tangents, in radii
        points = [start]
        for i in range(pieces):
            before = angle + i * step, share + i * growth
            after = before[0] + step, before[1] + growth
            points += [self._point(*before, reach), self._point(*after, -reach), self._point(*after)]
        return tuple(points)

    def between(self, start: Place, end: Place, progress: float) -> Place:
        """The place at that share (0 to 1) of the way clockwise from one place to the other."""
        (angle, share), (end_angle, end_share) = self._polar(start), self._polar(end)
        extent = (end_angle - angle) % (2 * math.pi)
        return self._point(angle + progress * extent, share + progress * (end_share - share))

    def within(self, place: Place, inside_px: float) -> Place:
        """The place moved towards the middle."""
        away = math.dist(place, (self.x, self.y)) or 1.0
        left = max(0.0, 1 - inside_px / away)
        return self.x + (place[0] - self.x) * left, self.y + (place[1] - self.y) * left

    def _polar(self, place: Place) -> tuple[float, float]:
        """Parameter angle, and distance as a share of the circle's."""
        dx, dy = (place[0] - self.x) / self.half_width, (place[1] - self.y) / self.half_height
        return math.atan2(dy, dx), math.hypot(dx, dy)

    def _point(self, angle: float, share: float, along: float = 0.0) -> Place:
        """The point there, or so far along its tangent."""
        dx = math.cos(angle) - along * math.sin(angle)
        dy = math.sin(angle) + along * math.cos(angle)
        return self.x + share * self.half_width * dx, self.y + share * self.half_height * dy


def fit_circle(
    count: int, width_px: float, height_px: float, em_px: float, outside_radii: float = 0.0
) -> Circle:
    """The circle for so many nodes, as large as there is room, and the size of the nodes on it.

    Around it there is room for a note, and for nodes that stand so many of their radii outside.
    """
    least, most = _LEAST_RADIUS_EM * em_px, _MOST_RADIUS_EM * em_px
    for _ in range(_HALVINGS):  # the larger the nodes, the less room there is for the circle
        radius = (least + most) / 2
        circle = _around(radius, width_px, height_px, em_px, outside_radii)
        least, most = (radius, most) if circle.room_px(count) >= radius else (least, radius)
    return _around(least, width_px, height_px, em_px, outside_radii)


def _around(radius: float, width_px: float, height_px: float, em_px: float, outside_radii: float) -> Circle:
    outside = (1 + outside_radii) * radius
    across = max(em_px, width_px / 2 - outside - _SIDE_MARGIN_EM * em_px)
    upright = max(em_px, height_px / 2 - outside - _MARGIN_EM * em_px)
    half_width, half_height = min(across, _MOST_WIDE * upright), min(upright, _MOST_WIDE * across)
    return Circle(width_px / 2, height_px / 2, half_width, half_height, radius)
