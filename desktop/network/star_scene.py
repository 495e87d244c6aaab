"""How a polled network looks: the primary in the middle, spokes that tell how soon the others answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from desktop.model.model import Model, Standing
from desktop.model.words import member_lines, plural, reading_label
from desktop.network.circle import fit_circle
from desktop.network.motion import Place
from desktop.network.scene import Fitted, Link, Look
from desktop.palette import Palette, mix
from protocol.observer import RoundRow
from protocol.packets import Pairs
from protocol.polling_observer import PolledPeer
from protocol.timing import PollingTiming

_MANY = 24  # of more nodes the spokes are thinner
SLOW_MS = PollingTiming().slow_ms  # a poll that waits longer gives its place to the next (PROTOCOL.md 13.2)


@dataclass(frozen=True)
class StarScene:
    """See desktop.network.scene.Scene. `ranks` are the standbys' places in the order of takeover, from 1."""

    primary: int | None
    epoch: int | None
    peers: Mapping[int, PolledPeer]
    ranks: Mapping[int, int]
    readings: Mapping[int, tuple[int, Pairs]]  # node: version and pairs
    heard_us: Mapping[int, int]
    metric_id: int
    row: RoundRow | None
    left: frozenset[int] = frozenset()  # who said goodbye
    token_at = None

    @cached_property
    def around(self) -> list[int]:
        """All but the primary, by id."""
        return sorted(self.peers.keys() - {self.primary})

    @cached_property
    def looks(self) -> Mapping[int, Look]:
        """See desktop.network.scene.Scene.looks."""
        primary = [] if self.primary is None else [self.primary]
        return {node: self._look(node) for node in (*primary, *self.around)}

    def _look(self, node: int) -> Look:
        _, pairs = self.readings.get(node, (0, ()))
        raw = dict(pairs).get(self.metric_id)
        value = "" if raw is None else reading_label(raw, self.metric_id)
        if node == self.primary:
            return Look(Standing.PRIMARY, value)
        peer = self.peers[node]
        if node in self.left:
            return Look(Standing.LEFT, "", "left", "maximum")
        if peer.is_missing:
            return Look(Standing.MISSING, "", "missing", "maximum")
        rank = f"#{self.ranks[node]}" if node in self.ranks else ""
        if peer.response_ms is None:
            return Look(Standing.STANDBY, value, rank)
        note = f"{peer.response_ms} ms {rank}".rstrip()
        return Look(Standing.STANDBY, value, note, "seeking" if peer.response_ms > SLOW_MS else "muted")

    @cached_property
    def ties(self) -> Mapping[int, int | None]:
        """All are tied to the primary."""
        return {node: None if node == self.primary else self.primary for node in self.looks}

    @property
    def arrangement(self) -> object:
        """See desktop.network.scene.Scene.arrangement."""
        return self.primary, tuple(self.around)

    @property
    def captions(self) -> Sequence[str]:
        """See desktop.network.scene.Scene.captions."""
        return [] if self.primary is not None else ["No primary heard yet."]

    @property
    def summary(self) -> str:
        """See desktop.network.scene.Scene.summary."""
        parts = [plural(len(self.looks), "node")]
        if self.primary is not None:
            parts.append(f"node {self.primary} polls (epoch {self.epoch})")
        for name, count in (
            ("slow", sum(look.note_color == "seeking" for look in self.looks.values())),
            ("missing", sum(look.standing is Standing.MISSING for look in self.looks.values())),
            ("left", sum(look.standing is Standing.LEFT for look in self.looks.values())),
        ):
            if count:
                parts.append(f"{count} {name}")
        return ", ".join(parts)

    def fit(self, width_px: float, height_px: float, em_px: float) -> Fitted:
        """See desktop.network.scene.Scene.fit."""
        circle = fit_circle(len(self.around), width_px, height_px, em_px)
        angles = dict(zip(self.around, circle.angles(len(self.around)), strict=True))
        places = {node: circle.at(angle) for node, angle in angles.items()}
        if self.primary is not None:
            places[self.primary] = (circle.x, circle.y)
        outward = {node: circle.outward(angle) for node, angle in angles.items()}
        return Fitted(places, circle.radius_px, circle, outward, (width_px, height_px))

    def links(
        self, fitted: Fitted, places: Mapping[int, Place], palette: Palette, scale: float
    ) -> Mapping[int, Link]:
        """See desktop.network.scene.Scene.links: the sooner a node answers, the calmer and thicker it is."""
        if self.primary is None:
            return {}
        scale *= min(1.0, _MANY / max(1, len(self.around)))
        middle = places[self.primary]
        return {node: self._spoke(node, middle, places[node], palette, scale) for node in self.around}

    def _spoke(self, node: int, middle: Place, place: Place, palette: Palette, scale: float) -> Link:
        peer = self.peers[node]
        color, width = palette.link, 1.5
        dashes: tuple[float, ...] = ()
        if peer.is_missing:
            color, dashes = palette.lost, (1.5 * scale, 5 * scale)
        elif peer.response_ms is not None:
            slowness = min(1.0, peer.response_ms / (2 * SLOW_MS))
            color, width = mix(palette.link, palette.seeking, slowness), 3.0 - 2 * slowness
        return Link((middle, middle, place, place), color, width * scale, dashes)

    def describe(self, node: int, now_us: int) -> Iterator[str]:
        """See desktop.network.scene.Scene.describe."""
        yield f"node {node}: {self.looks[node].standing.value}"
        if node == self.primary:
            yield f"epoch {self.epoch}"
        elif (peer := self.peers[node]).is_missing and node not in self.left:
            yield f"no answer to {plural(peer.attempts, 'poll')}"
        elif peer.response_ms is not None:
            tries = "" if peer.attempts <= 1 else f", poll {peer.attempts}"
            slow = ", slow" if peer.response_ms > SLOW_MS else ""
            yield f"answered in {peer.response_ms} ms{tries}{slow}"
        if node in self.ranks:
            yield f"number {self.ranks[node]} of the standbys"
        yield from member_lines(node, self.heard_us, self.readings, now_us)

    def describe_link(self, node: int) -> Iterator[str]:
        """See desktop.network.scene.Scene.describe_link."""
        yield f"node {self.primary} polls node {node}"
        peer = self.peers[node]
        if peer.is_missing:
            yield f"no answer to {plural(peer.attempts, 'poll')}"
        elif peer.response_ms is not None:
            yield f"answered in {peer.response_ms} ms"


def star_scene(model: Model, metric_id: int) -> StarScene:
    """The polled network of a model, its nodes bearing that metric."""
    observer = model.observer
    polled = observer.polled
    assert polled is not None  # the network is polled
    return StarScene(
        polled.primary,
        polled.epoch,
        dict(polled.peers),
        model.standby_ranks(),
        model.readings_of_nodes(),
        model.heard_us(),
        metric_id,
        model.last_row(metric_id),
        model.left(),
    )
