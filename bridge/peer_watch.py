"""The peers of a running bridge: fed by its frames, told to its store and its log of messages."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence

from bridge.datagrams import Address
from bridge.link_set import LinkSet
from bridge.peers import Change, Peer, PeerChange, Peers, PeerState, PeerTap
from bridge.store.rows import EventRow, PeerRow
from protocol.capture import Record

MAX_EVENTS = 10_000  # that wait for a store
MAX_LINES = 100  # of messages between two looks: in an open network anybody may be as many nodes as there are

_log = logging.getLogger(__name__)


class PeerWatch:
    """Belongs to the event loop's thread."""

    def __init__(self, expected_s: float, links: LinkSet) -> None:
        """`expected_s`: the network's period."""
        self._links = links
        self._peers = Peers(expected_s, self._heed)
        self._tap = PeerTap(self._peers, self._address_of)
        self._written: dict[int, Peer] = {}
        self._events: list[EventRow] = []
        self._changes = 0  # since the last look

    def take(self, opened: Sequence[Record]) -> None:
        """The next frames."""
        self._tap.take(opened)

    def recall(self, rows: Iterable[PeerRow], now_us: int) -> None:
        """What the store knows of nodes from before the bridge was started."""
        self._peers.recall((Peer(**row._asdict() | {"state": PeerState(row.state)}) for row in rows), now_us)

    def age(self, now_us: int) -> None:
        """Who is silent is late, and lost; to be called every second or so."""
        self._peers.age(now_us)
        if self._changes > MAX_LINES:
            _log.warning("%d more changes of nodes; is somebody making nodes up?", self._changes - MAX_LINES)
        self._changes = 0

    def rows(self) -> list[Peer]:
        """All of them, by id."""
        return self._peers.rows()

    def take_rows(self) -> list[PeerRow]:
        """Those that have changed since the last call."""
        known = self.rows()
        changed = [peer for peer in known if self._written.get(peer.node) != peer]
        self._written = {peer.node: peer for peer in known}
        return [PeerRow(**{name: getattr(peer, name) for name in PeerRow._fields}) for peer in changed]

    def take_events(self) -> list[EventRow]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    def _heed(self, change: PeerChange) -> None:
        peer = change.peer
        where = f"{peer.link} {peer.address}".rstrip()
        detail = {"link": peer.link, "address": peer.address, "before": change.before}
        if len(self._events) < MAX_EVENTS:
            self._events.append(
                EventRow(change.time_us, f"peer {change.change}", peer.node, "", json.dumps(detail))
            )
        self._changes += 1
        if self._changes > MAX_LINES:
            return
        moved = f" from {change.before}" if change.change is Change.MOVED else ""
        _log.info("node %d: %s%s (%s)", peer.node, change.change, moved, where)

    def _address_of(self, link: str, source: int) -> Address | None:
        find = self._links.addresses.get(link)
        return None if find is None else find(source)
