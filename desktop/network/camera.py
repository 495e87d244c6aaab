"""Which part of a network is seen, and how large: pure. Zoom 1 without an offset shows all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop.network.motion import Place
from desktop.network.scene import Fitted

LEAST_ZOOM, MOST_ZOOM = 0.5, 40.0
STEP = 1.25  # of a notch of the wheel, or a press of a key
_MOST_RADIUS_EM = 2.4


@dataclass(frozen=True, slots=True)
class Camera:
    """A point of the fitted network at (x, y) is seen at (zoom * x + dx, zoom * y + dy), in pixels."""

    zoom: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def seen(self, place: Place) -> Place:
        """Where that point is seen."""
        return self.zoom * place[0] + self.dx, self.zoom * place[1] + self.dy

    def under(self, seen: Place) -> Place:
        """The point that is seen there."""
        return (seen[0] - self.dx) / self.zoom, (seen[1] - self.dy) / self.zoom

    def zoomed(self, factor: float, about: Place) -> Camera:
        """Closer or farther; what is seen at `about` stays there."""
        zoom = min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        x, y = self.under(about)
        return Camera(zoom, about[0] - zoom * x, about[1] - zoom * y)

    def panned(self, dx: float, dy: float) -> Camera:
        """All moved by so much."""
        return replace(self, dx=self.dx + dx, dy=self.dy + dy)

    def view(self, fitted: Fitted, em_px: float) -> Fitted:
        """The network as it is seen: nodes grow with the zoom until their words have room."""
        if self == Camera():
            return fitted
        zoom = self.zoom
        radius_px = max(fitted.radius_px * min(zoom, 1.0), 1.0)
        if zoom > 1:
            radius_px = max(radius_px, min(fitted.radius_px * zoom, _MOST_RADIUS_EM * em_px))
        circle = fitted.circle
        if circle is not None:
            x, y = self.seen((circle.x, circle.y))
            circle = replace(
                circle,
                x=x,
                y=y,
                half_width=zoom * circle.half_width,
                half_height=zoom * circle.half_height,
                radius_px=radius_px,
            )
        across, upright = fitted.caption_room
        return replace(
            fitted,
            places={node: self.seen(place) for node, place in fitted.places.items()},
            radius_px=radius_px,
            circle=circle,
            caption_room=(zoom * across, zoom * upright),
        )
