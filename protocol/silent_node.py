"""A node that takes part in nothing, for an endpoint that is to be heard and no more."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.node import Event, LinkName


class SilentNode:
    """See protocol.node.Node."""

    def receive(self, frame: bytes, now_ms: int) -> None:
        """It has no use for it."""

    def handle_timer(self, now_ms: int) -> None:
        """It has none."""

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """It never asked."""
        return False

    def leave(self, now_ms: int) -> None:
        """Nobody misses it."""

    def next_deadline(self) -> int | None:
        """Never."""
        return None

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """None."""
        return []

    def next_event(self) -> Event | None:
        """Nothing."""
        return None
