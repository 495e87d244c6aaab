"""Who stands near whom, by a grid of cells: the cost grows with the neighbours, not with the field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol

_LEAST_SIDE_M = 1e-6  # so that the farthest column still has a number


class Point(Protocol):
    """Something with an id and a place; distances are metres."""

    @property
    def id(self) -> int: ...
    @property
    def x_m(self) -> float: ...
    @property
    def y_m(self) -> float: ...
    @property
    def z_m(self) -> float: ...


class Cells:
    """Points in a grid of square columns (height does not count) of `side_m` metres."""

    def __init__(self, points: Iterable[Point], side_m: float) -> None:
        self._side_m = max(side_m, _LEAST_SIDE_M)
        self._cells: defaultdict[tuple[int, int], list[tuple[int, float, float, float]]] = defaultdict(list)
        for point in sorted(points, key=lambda point: point.id):
            self._cells[self._cell(point)].append((point.id, point.x_m, point.y_m, point.z_m))

    def near(self, point: Point, reach_m: float) -> Iterator[tuple[int, float]]:
        """(id, squared distance) of every other point within `reach_m`."""
        x_m, y_m, z_m, own_id = point.x_m, point.y_m, point.z_m, point.id
        limit = reach_m * reach_m
        for entries in self._around(point, reach_m):
            for other_id, other_x_m, other_y_m, other_z_m in entries:
                dx, dy, dz = other_x_m - x_m, other_y_m - y_m, other_z_m - z_m
                square = dx * dx + dy * dy + dz * dz
                if square <= limit and other_id != own_id:
                    yield other_id, square

    def _around(self, point: Point, reach_m: float) -> Iterator[list[tuple[int, float, float, float]]]:
        steps = int(reach_m // self._side_m) + 1
        if (2 * steps + 1) ** 2 >= len(self._cells):
            yield from self._cells.values()
            return
        column, row = self._cell(point)
        for x in range(column - steps, column + steps + 1):
            for y in range(row - steps, row + steps + 1):
                if entries := self._cells.get((x, y)):
                    yield entries

    def _cell(self, point: Point) -> tuple[int, int]:
        return int(point.x_m // self._side_m), int(point.y_m // self._side_m)
