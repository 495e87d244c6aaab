"""How a sink tree looks: nodes in layers below the root, links as thick as they are good."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from desktop.model.model import Model, Standing, TreeNode, hung_under
from desktop.model.words import average_label, heard_text, plural, report_lines
from desktop.network.layout import Layout, tidy
from desktop.network.motion import Place
from desktop.network.scene import Fitted, Link, Look
from desktop.palette import Palette, mix
from protocol import serial_number

_LEAST_RADIUS_EM, _MOST_RADIUS_EM = 0.3, 2.0
_MOST_LEAF_ROWS = 3
_MOST_SLOT_EM, _MOST_LAYER_EM = 8.0, 8.0
_BEND = 0.6  # of the height: curves leave and arrive upright
_AWAY = (
    *((Standing.JOINING, "joining"), (Standing.SEEKING, "repairing"), (Standing.STALE, "stale")),
    *((Standing.LOST, "lost"), (Standing.LEFT, "left")),
)
_IN_TREE = (Standing.JOINED, Standing.STALE)
STALE_ROUNDS = 2  # so many rounds with a result and without a report of it, and a node is stale


class _Sized(NamedTuple):
    """A layout with its slot, its layer and the radius of its nodes in pixels."""

    layout: Layout
    slot: float
    layer: float
    radius: float


@dataclass(frozen=True)
class TreeScene:
    """See desktop.network.scene.Scene."""

    nodes: Mapping[int, TreeNode]
    root: int | None
    metric_id: int
    token_at = None

    @cached_property
    def looks(self) -> Mapping[int, Look]:
        """See desktop.network.scene.Scene.looks."""
        return {
            node.id: Look(node.standing, average_label(node.aggregates.get(self.metric_id), self.metric_id))
            for node in self.nodes.values()
        }

    @cached_property
    def ties(self) -> Mapping[int, int | None]:
        """Under which node each hangs."""
        return hung_under(list(self.nodes.values()))

    @property
    def arrangement(self) -> object:
        """See desktop.network.scene.Scene.arrangement."""
        return self.ties, self.root

    @property
    def captions(self) -> Sequence[str]:
        """See desktop.network.scene.Scene.captions."""
        return [] if self.nodes else ["No node heard yet.\nThe network draws itself as frames arrive."]

    @property
    def summary(self) -> str:
        """See desktop.network.scene.Scene.summary."""
        if not self.nodes:
            return ""
        hops = max(node.hop_count or 0 for node in self.nodes.values())
        parts = [plural(len(self.nodes), "node"), plural(hops, "hop") + " deep"]
        for standing, name in _AWAY:
            if count := sum(node.standing is standing for node in self.nodes.values()):
                parts.append(f"{count} {name}")
        return ", ".join(parts)

    def fit(self, width_px: float, height_px: float, em_px: float) -> Fitted:
        """See desktop.network.scene.Scene.fit."""
        layout, slot, layer, radius = max(
            (self._sized(rows, width_px, height_px, em_px) for rows in range(1, _MOST_LEAF_ROWS + 1)),
            key=lambda sized: sized.radius,
        )
        top = (height_px - layout.layers * layer) / 2
        places = {
            node: (width_px / 2 + (x - layout.slots / 2) * slot, top + (y + 0.5) * layer)
            for node, (x, y) in layout.places.items()
        }
        radius = min(max(radius, _LEAST_RADIUS_EM * em_px), _MOST_RADIUS_EM * em_px)
        return Fitted(places, radius, caption_room=(width_px, height_px))

    def _sized(self, leaf_rows: int, width: float, height: float, em: float) -> _Sized:
        """The tree with its leaves in so many rows, as large as there is room."""
        layout = tidy(self.ties, self.root, leaf_rows)
        slot = min((width - 2 * em) / max(1.0, layout.slots), _MOST_SLOT_EM * em)
        layer = min((height - 2 * em) / max(1.0, layout.layers), _MOST_LAYER_EM * em)
        room = min(slot, math.hypot(slot, layer) / leaf_rows) if leaf_rows > 1 else slot
        return _Sized(layout, slot, layer, min(0.43 * room, 0.36 * layer))

    def links(
        self, fitted: Fitted, places: Mapping[int, Place], palette: Palette, scale: float
    ) -> Mapping[int, Link]:
        """See desktop.network.scene.Scene.links: where they meet, the thick ones do not hide the others."""
        bend = 0.0 if fitted.is_plan else _BEND
        links = {
            node: self._link(self.nodes[node], places[above], places[node], palette, scale, bend)
            for node, above in self.ties.items()
            if above is not None
        }
        return dict(sorted(links.items(), key=lambda item: -item[1].width_px))

    def _link(
        self, node: TreeNode, above: Place, place: Place, palette: Palette, scale: float, bend: float
    ) -> Link:
        """Thick and calm if all reports arrive, thin and warm if few do."""
        color, width = palette.link, 1.5
        dashes: tuple[float, ...] = ()
        if node.standing in (Standing.SEEKING, Standing.JOINING):
            color, dashes = palette.seeking, (5 * scale, 5 * scale)
        elif node.standing is Standing.STALE:
            color, dashes = palette.lost, (8 * scale, 3 * scale)
        elif node.standing in (Standing.LOST, Standing.LEFT):
            color, dashes = palette.lost, (1.5 * scale, 5 * scale)
        elif node.quality is not None:
            color, width = mix(palette.seeking, palette.link, node.quality), 1.0 + 1.5 * node.quality
        reach = (place[1] - above[1]) * bend
        points = (above, (above[0], above[1] + reach), (place[0], place[1] - reach), place)
        return Link(points, color, width * scale, dashes)

    def describe(self, node: int, now_us: int) -> Iterator[str]:
        """See desktop.network.scene.Scene.describe."""
        found = self.nodes[node]
        yield f"node {found.id}: {found.standing.value}"
        if found.parent is not None:
            was = "" if found.standing in _IN_TREE else "last "
            yield f"{was}parent {found.parent}"
        if found.standing in _IN_TREE and found.hop_count is not None:
            yield f"{plural(found.hop_count, 'hop')} from the root"
        if found.quality is not None:
            yield f"{found.quality:.0%} of its last reports arrived"
        if found.last_heard_us is not None:
            yield heard_text(found.last_heard_us, now_us)
        for metric_id, aggregate in sorted(found.aggregates.items()):
            yield from report_lines(metric_id, aggregate)

    def describe_link(self, node: int) -> Iterator[str]:
        """See desktop.network.scene.Scene.describe_link."""
        found, above = self.nodes[node], self.ties[node]
        yield f"link from {node} to its {'' if found.standing in _IN_TREE else 'last '}parent {above}"
        if found.quality is not None:
            yield f"{found.quality:.0%} of the last reports arrived"
        if found.standing not in _IN_TREE:
            yield f"node {node}: {found.standing.value}"


def tree_scene(model: Model, metric_id: int) -> TreeScene:
    """The tree of a model, its nodes bearing that metric."""
    last = model.rows[-1].version if model.rows else None
    nodes = (_told_apart(node, last) for node in model.tree())
    return TreeScene({node.id: node for node in nodes}, model.observer.root, metric_id)


def _told_apart(node: TreeNode, last_version: int | None) -> TreeNode:
    """Who has never had a parent joins; who has one, but tells it nothing any more, is stale."""
    if node.standing is Standing.SEEKING and node.parent is None:
        return replace(node, standing=Standing.JOINING)
    if node.standing is Standing.JOINED and last_version is not None and node.aggregates:
        version = next(iter(node.aggregates.values())).version
        if serial_number.distance(version, last_version) <= -STALE_ROUNDS:
            return replace(node, standing=Standing.STALE)
    return node
