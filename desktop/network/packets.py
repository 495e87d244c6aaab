"""Packets on their way along the links, a dot each: pure, and cheap for thousands a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.network import bezier
from desktop.network.motion import Place

FLIGHT_S = 0.4
# At once in the air. More dots say nothing more, and would cost the frame rate.
MOST_FLYING = 600
_LOOK_S = 2.0

Curve = tuple[Place, Place, Place, Place]  # a cubic Bézier curve


class Packets:
    """Dots that fly along curves for FLIGHT_S each. Where there is no room for all, an even sample flies."""

    def __init__(self) -> None:
        self._curves: NDArray[np.float64] = np.empty((0, 4, 2))
        self._began_s: NDArray[np.float64] = np.empty(0)
        self.launched = 0  # dots in all
        self._told: deque[tuple[float, int, int]] = deque()  # when, how many frames, how many dots

    def __len__(self) -> int:
        return len(self._began_s)

    def launch(self, curves: Sequence[Curve], frames: int, now_s: float) -> None:
        """Let a dot fly along each curve, or along as many as there is room for; they stand for `frames`."""
        room = MOST_FLYING - len(self)
        if len(curves) > room:
            picked = np.linspace(0, len(curves) - 1, max(0, room)).astype(int)
            curves = [curves[i] for i in picked]
        self._told.append((now_s, frames, len(curves)))
        self.launched += len(curves)
        if curves:
            self._curves = np.concatenate((self._curves, np.array(curves)))
            self._began_s = np.concatenate((self._began_s, np.full(len(curves), now_s)))

    def clear(self) -> None:
        """All are gone."""
        self._curves, self._began_s = self._curves[:0], self._began_s[:0]

    def places(self, now_s: float) -> NDArray[np.float64]:
        """Where the dots are, (n, 2) in pixels; those that have arrived are gone."""
        passed = (now_s - self._began_s) / FLIGHT_S
        flying = passed < 1
        if not flying.all():
            self._curves, self._began_s, passed = self._curves[flying], self._began_s[flying], passed[flying]
        weights = bezier.weights(np.maximum(passed, 0.0))
        places: NDArray[np.float64] = (self._curves * weights[:, :, None]).sum(axis=1)
        return places

    def frames_a_dot(self, now_s: float) -> float:
        """How many frames a dot has stood for of late; 1 if each had its own."""
        while self._told and self._told[0][0] < now_s - _LOOK_S:
            self._told.popleft()
        dots = sum(dots for _, _, dots in self._told)
        return max(1.0, sum(frames for _, frames, _ in self._told) / dots) if dots else 1.0
