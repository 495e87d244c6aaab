"""How a token ring looks: members on a circle, who is passed over outside it, and the token at its holder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from desktop.model.model import Model, Standing
from desktop.model.words import (
    caption_lines,
    member_lines,
    plural,
    reading_label,
    token_lines,
    token_text,
    turn_text,
)
from desktop.network.circle import fit_circle
from desktop.network.motion import Place
from desktop.network.scene import Fitted, Link, Look
from desktop.palette import Palette
from protocol.observer import RoundRow
from protocol.packets import Pairs, TokenId

_OUTSIDE_RADII = 1.25  # so far outside stands who is passed over
_TOKEN_RADII = 2.0  # so much of the inside is the token's


@dataclass(frozen=True)
class RingScene:
    """See desktop.network.scene.Scene. `order` has every node, absent ones too; `row` is the last result."""

    order: tuple[int, ...]
    absent: frozenset[int]
    holder: int | None
    home: int | None
    token: TokenId | None
    version: int | None
    turn: int | None
    readings: Mapping[int, tuple[int, Pairs]]  # node: version and pairs
    heard_us: Mapping[int, int]
    metric_id: int
    row: RoundRow | None
    left: frozenset[int] = frozenset()  # of the absent, who said goodbye
    rotation_us: int | None = None  # of the token's last whole turn

    @property
    def present(self) -> list[int]:
        """The members, in ring order."""
        return [node for node in self.order if node not in self.absent]

    @cached_property
    def looks(self) -> Mapping[int, Look]:
        """See desktop.network.scene.Scene.looks."""
        return {node: self._look(node) for node in self.order}

    def _look(self, node: int) -> Look:
        _, pairs = self.readings.get(node, (0, ()))
        raw = dict(pairs).get(self.metric_id)
        value = "" if raw is None else reading_label(raw, self.metric_id)
        if node in self.left:
            return Look(Standing.LEFT, "", "left", "maximum")
        if node in self.absent:
            return Look(Standing.ABSENT, "", "passed over", "maximum")
        standing = Standing.HOME if node == self.home else Standing.MEMBER
        has_max = self.row is not None and node == self.row.max_id
        note, color = ("max", "maximum") if has_max else ("", "muted")
        return Look(standing, value, note, color, is_marked=node == self.holder)

    @cached_property
    def ties(self) -> Mapping[int, int | None]:
        """Each member is tied to the next one that is present."""
        present = self.present
        following = dict(pairwise([*present, *present[:1]])) if len(present) > 1 else {}
        return {node: following.get(node) for node in self.order}

    @property
    def arrangement(self) -> object:
        """See desktop.network.scene.Scene.arrangement."""
        return self.order, self.absent

    @property
    def token_at(self) -> int | None:
        """See desktop.network.scene.Scene.token_at."""
        return self.holder if self.holder in self.order and self.holder not in self.absent else None

    @property
    def captions(self) -> Sequence[str]:
        """The last result, and where the token is on its way."""
        result = caption_lines(self.row) if self.row else ["no round finished yet"]
        if self.token is None:
            return ["\n".join(result)]
        way = turn_text(self.version, self.turn)
        return [
            "\n".join([*result, "", f"token {token_text(self.token)}", way]),
            "\n".join([*result[:3], way]),
            "\n".join([result[-1] if self.row is None else result[1], way]),
            "\n".join(result[:2]),
        ]

    @property
    def summary(self) -> str:
        """See desktop.network.scene.Scene.summary."""
        parts = [plural(len(self.order), "node")]
        for name, count in (("passed over", len(self.absent - self.left)), ("left", len(self.left))):
            if count:
                parts.append(f"{count} {name}")
        if self.rotation_us is not None:
            parts.append(f"a turn of the token takes {self.rotation_us / 1e6:.2f} s")
        return ", ".join(parts)

    def fit(self, width_px: float, height_px: float, em_px: float) -> Fitted:
        """See desktop.network.scene.Scene.fit."""
        outside = _OUTSIDE_RADII if self.absent else 0.0
        circle = fit_circle(len(self.order), width_px, height_px, em_px, outside)
        angles = dict(zip(self.order, circle.angles(len(self.order)), strict=True))
        places = {
            node: circle.at(angle, _OUTSIDE_RADII * circle.radius_px if node in self.absent else 0.0)
            for node, angle in angles.items()
        }
        outward = {node: circle.outward(angle) for node, angle in angles.items()}
        inside_px = _TOKEN_RADII * circle.radius_px
        room = circle.half_width - inside_px, circle.half_height - inside_px
        return Fitted(places, circle.radius_px, circle, outward, room)

    def links(
        self, fitted: Fitted, places: Mapping[int, Place], palette: Palette, scale: float
    ) -> Mapping[int, Link]:
        """See desktop.network.scene.Scene.links: dashed where the ring is closed over those passed over."""
        at = {node: i for i, node in enumerate(self.order)}
        links = {}
        for node, following in self.ties.items():
            if following is None:
                continue
            is_bypass = (at[following] - at[node]) % len(self.order) != 1
            color = palette.seeking if is_bypass else palette.link
            dashes = (5 * scale, 4 * scale) if is_bypass else ()
            links[node] = Link(self._way(fitted, places[node], places[following]), color, 2.4 * scale, dashes)
        return links

    def _way(self, fitted: Fitted, start: Place, end: Place) -> tuple[Place, ...]:
        return fitted.circle.arc(start, end) if fitted.circle else (start, start, end, end)

    def describe(self, node: int, now_us: int) -> Iterator[str]:
        """See desktop.network.scene.Scene.describe."""
        yield f"node {node}: {self.looks[node].standing.value}"
        if node == self.holder and self.token is not None:
            yield "holds the token"
            yield from token_lines(self.token)
            yield turn_text(self.version, self.turn)
        elif (following := self.ties[node]) is not None:
            yield f"passes the token to {following}"
        yield from member_lines(node, self.heard_us, self.readings, now_us)

    def describe_link(self, node: int) -> Iterator[str]:
        """See desktop.network.scene.Scene.describe_link."""
        following = self.ties[node]
        yield f"node {node} passes the token to {following}"
        at = {member: i for i, member in enumerate(self.order)}
        if following is not None and (steps := (at[following] - at[node]) % len(self.order)) > 1:
            over = (self.order[(at[node] + i) % len(self.order)] for i in range(1, steps))
            yield f"over {', '.join(map(str, over))}"


def ring_scene(model: Model, metric_id: int) -> RingScene:
    """The ring of a model, its nodes bearing that metric."""
    observer = model.observer
    ring = observer.ring
    assert ring is not None  # the network is a ring
    return RingScene(
        tuple(ring.order),
        frozenset(ring.absent),
        ring.holder,
        ring.home,
        ring.token,
        ring.version,
        ring.turn,
        model.readings_of_nodes(),
        model.heard_us(),
        metric_id,
        model.last_row(metric_id),
        model.left() & ring.absent.keys(),
        ring.rotation_us,
    )
