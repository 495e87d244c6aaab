"""What a network looks like, before anything is drawn: nodes, links, words. Pure; one scene a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from desktop.model.model import Standing
from desktop.network.circle import Circle
from desktop.network.motion import Place
from desktop.palette import Palette

_HOLLOW = frozenset(
    (
        *(Standing.JOINING, Standing.SEEKING, Standing.STALE, Standing.LOST, Standing.LEFT),
        *(Standing.HEARD, Standing.ABSENT, Standing.MISSING),
    )
)


@dataclass(frozen=True, slots=True)
class Look:
    """A node: its shape, the value that it bears, and a note beside it in a colour that the palette names."""

    standing: Standing
    value: str = ""
    note: str = ""
    note_color: str = "muted"
    is_marked: bool = False

    @property
    def is_hollow(self) -> bool:
        """Whether it has no place in the network now: its shape is not filled, words on it are dark."""
        return self.standing in _HOLLOW


@dataclass(frozen=True, slots=True)
class Link:
    """A line of cubic Bézier curves, 1 + 3n points in pixels; dashes as on and off lengths."""

    points: tuple[Place, ...]
    color: str
    width_px: float
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """Where the nodes stand, in pixels, and the circle of those that stand on one.

    `outward` are unit vectors to where there is room for a note; a caption may fill an ellipse of these half
    axes about the middle. `is_plan`: they stand as in the field, and links are straight.
    """

    places: Mapping[int, Place] = field(default_factory=dict)
    radius_px: float = 0.0
    circle: Circle | None = None
    outward: Mapping[int, Place] = field(default_factory=dict)
    caption_room: tuple[float, float] = (0.0, 0.0)
    is_plan: bool = False


class Scene(Protocol):
    """A network as it is now."""

    @property
    def looks(self) -> Mapping[int, Look]:
        """Every node, in the order in which the keys go through them."""

    @property
    def ties(self) -> Mapping[int, int | None]:
        """To which node each is tied, all of `looks`: frames between the two go along the link."""

    @property
    def arrangement(self) -> object:
        """What decides where nodes stand: while it is equal, nothing moves."""

    @property
    def captions(self) -> Sequence[str]:
        """Words for the middle, the most first: the first that there is room for are shown."""

    @property
    def token_at(self) -> int | None:
        """The node to draw the token at, if there is one."""

    @property
    def summary(self) -> str:
        """A line for the head of the view."""

    def fit(self, width_px: float, height_px: float, em_px: float) -> Fitted:
        """Everything as large as there is room."""

    def links(
        self,
        fitted: Fitted,
        places: Mapping[int, Place],
        palette: Palette,
        scale: float,
    ) -> Mapping[int, Link]:
        """The lines between `places`, the last on top, by the node tied."""

    def describe(self, node: int, now_us: int) -> Iterator[str]:
        """What is known of a node, line by line."""

    def describe_link(self, node: int) -> Iterator[str]:
        """What is known of the link from a node to that which it is tied to, line by line."""


@dataclass(frozen=True)
class Message:
    """See Scene: words in the place of a network."""

    text: str
    looks: Mapping[int, Look] = field(default_factory=dict)
    ties: Mapping[int, int | None] = field(default_factory=dict)
    token_at: int | None = None
    summary: str = ""

    @property
    def arrangement(self) -> object:
        """See Scene."""
        return self.text

    @property
    def captions(self) -> Sequence[str]:
        """See Scene."""
        return [self.text]

    def fit(self, width_px: float, height_px: float, em_px: float) -> Fitted:
        """See Scene."""
        return Fitted(caption_room=(width_px, height_px))

    def links(
        self, fitted: Fitted, places: Mapping[int, Place], palette: Palette, scale: float
    ) -> Mapping[int, Link]:
        """See Scene."""
        return {}

    def describe(self, node: int, now_us: int) -> Iterator[str]:
        """See Scene."""
        yield from ()

    def describe_link(self, node: int) -> Iterator[str]:
        """See Scene."""
        yield from ()
