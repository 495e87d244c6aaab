"""In which order standbys take over: that in which the primary polls them (PROTOCOL.md 13.1, 13.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping


class PollOrder:
    """Follows the polls of one round after another."""

    def __init__(self) -> None:
        self._round: tuple[int, int] | None = None
        self._polled: list[int] = []
        self._last: list[int] = []

    def note(self, primary: int, version: int, peer: int) -> None:
        """The primary polls that peer in round `version`."""
        if self._round != (primary, version):
            self._round = (primary, version)
            self._last, self._polled = self._polled, []
        if peer not in self._polled:
            self._polled.append(peer)

    def ranks(self, silent: Collection[int]) -> Mapping[int, int]:
        """The place of each peer that answers, from 1."""
        order = self._polled if len(self._polled) >= len(self._last) else self._last
        return {peer: rank for rank, peer in enumerate((p for p in order if p not in silent), 1)}
