"""What other threads hand to the store, until its own thread writes it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from bridge.store.rows import EventRow, PeerRow

# While nothing can be written; of a peer its newest row is enough.
MOST_EVENTS = 10_000


class Handed:
    """Safe to use from all threads."""

    def __init__(self) -> None:
        self.dropped_events = 0
        self._lock = threading.Lock()
        self._events: list[EventRow] = []
        self._peers: dict[int, PeerRow] = {}

    def put_events(self, rows: Iterable[EventRow]) -> None:
        """Further events than MOST_EVENTS are counted, and not kept."""
        with self._lock:
            self._events += rows
            self.dropped_events += max(0, len(self._events) - MOST_EVENTS)
            del self._events[MOST_EVENTS:]

    def put_peers(self, rows: Iterable[PeerRow]) -> None:
        """The newest of each node."""
        with self._lock:
            self._peers |= {row.node: row for row in rows}

    def take(self) -> tuple[list[EventRow], list[PeerRow]]:
        """All of it; it is then the caller's."""
        with self._lock:
            taken = self._events, [*self._peers.values()]
            self._events, self._peers = [], {}
        return taken
