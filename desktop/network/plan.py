"""Where the nodes of a field stand, in metres, brought to a canvas: pure. y grows downwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from desktop.network.motion import Place
from desktop.network.scene import Fitted
from protocol.simulator import topology

_MARGIN_EM = 2.5
_SHELF_EM = 3.0  # below, for nodes that are heard and stand nowhere
_ROOM = 0.32  # the radius of a node, of the way to its nearest neighbour
_LEAST_RADIUS_EM, _MOST_RADIUS_EM = 0.35, 1.6


@dataclass(frozen=True, slots=True)
class Picture:
    """What lies below the plan: its top left corner, and how large a pixel of it is."""

    path: Path
    m_per_px: float
    x_m: float = 0.0
    y_m: float = 0.0
    size_px: tuple[int, int] = (0, 0)


@runtime_checkable
class Placed(Protocol):
    """A source that knows where its nodes stand, as a simulated field does."""

    @property
    def places(self) -> Mapping[int, topology.Place]:
        """By node, in metres; empty until it is known."""

    @property
    def picture(self) -> Picture | None:
        """What lies below."""

    @property
    def cut(self) -> frozenset[tuple[int, int]]:
        """The links (speaker, listener) that a person has cut."""


@dataclass(frozen=True)
class Plan:
    """Places by node; one plan is the same as another only if it is that one."""

    places: Mapping[int, topology.Place]
    picture: Picture | None = None

    __hash__ = None  # type: ignore[assignment]  # places may be any mapping

    def fit(self, nodes: Iterable[int], width_px: float, height_px: float, em_px: float) -> PlanFit:
        """All of it, and the picture, as large as there is room; `nodes` without a place stand on a shelf."""
        nodes = list(nodes)
        homeless = [node for node in nodes if node not in self.places]
        left, top, right, bottom = self._extent()
        margin, shelf = _MARGIN_EM * em_px, _SHELF_EM * em_px if homeless else 0.0
        room_x, room_y = width_px - 2 * margin, height_px - 2 * margin - shelf
        px_per_m = max(1e-9, min(room_x / max(right - left, 1e-6), room_y / max(bottom - top, 1e-6)))
        x0 = (width_px - px_per_m * (right - left)) / 2 - px_per_m * left
        y0 = (height_px - shelf - px_per_m * (bottom - top)) / 2 - px_per_m * top
        places = {node: (x0 + px_per_m * p.x_m, y0 + px_per_m * p.y_m) for node, p in self.places.items()}
        for i, node in enumerate(homeless, 1):
            places[node] = (width_px * i / (len(homeless) + 1), height_px - shelf / 2 - margin / 2)
        radius_px = min(_MOST_RADIUS_EM * em_px, _ROOM * _spacing(list(places.values()), room_x, room_y))
        radius_px = max(radius_px, _LEAST_RADIUS_EM * em_px)
        shown = {node: places[node] for node in nodes}
        fitted = Fitted(shown, radius_px, caption_room=(width_px, height_px), is_plan=True)
        silent = tuple(place for node, place in places.items() if node not in shown)
        return PlanFit(fitted, px_per_m, (x0, y0), silent)

    def _extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in metres, at least a metre each way."""
        xs = [place.x_m for place in self.places.values()]
        ys = [place.y_m for place in self.places.values()]
        if self.picture is not None:
            width, height = self.picture.size_px
            xs += [self.picture.x_m, self.picture.x_m + width * self.picture.m_per_px]
            ys += [self.picture.y_m, self.picture.y_m + height * self.picture.m_per_px]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        wide, high = max(0.0, 1 - right + left) / 2, max(0.0, 1 - bottom + top) / 2
        return left - wide, top - high, right + wide, bottom + high


@dataclass(frozen=True)
class PlanFit:
    """A plan on a canvas: its nodes, its scale, where (0 m, 0 m) is, and the places of nodes not heard."""

    fitted: Fitted
    px_per_m: float
    origin: Place
    silent: tuple[Place, ...] = field(default_factory=tuple)


def scale_bar_m(px_per_m: float, most_px: float) -> float:
    """The longest of 1, 2, 5, 10, ... metres that is no longer than `most_px`."""
    most_m, decade = most_px / px_per_m, 1e-3
    while decade * 10 <= most_m:
        decade *= 10
    return decade * max((step for step in (1, 2, 5) if step * decade <= most_m), default=1)


def _spacing(places: list[Place], width_px: float, height_px: float) -> float:
    """How far apart nodes are where they are close: of a tenth of them, the nearest neighbour is nearer."""
    if len(places) < 2:
        return width_px
    cell = max(1.0, (width_px * height_px / len(places)) ** 0.5)
    cells: dict[tuple[int, int], list[Place]] = {}
    for x, y in places:
        cells.setdefault((int(x // cell), int(y // cell)), []).append((x, y))
    nearest = sorted(_nearest(place, cells, cell) for place in places)
    return nearest[len(nearest) // 10]


def _nearest(place: Place, cells: Mapping[tuple[int, int], list[Place]], cell: float) -> float:
    """As far as the cells beside tell; a cell and a half if there is nobody."""
    column, row = int(place[0] // cell), int(place[1] // cell)
    around = (
        (other[0] - place[0]) ** 2 + (other[1] - place[1]) ** 2
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        for other in cells.get((column + i, row + j), ())
        if other != place
    )
    return math.sqrt(min(around, default=(1.5 * cell) ** 2))
