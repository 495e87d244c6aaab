"""The peers that a node of a ring or of a polled network knows, and their order (PROTOCOL.md section 11)."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from protocol.packets import MAX_NODE_ID
from protocol.round_trip import AckTimeouts, RoundTrip

# As many as a byte counts; a node of 2 KB RAM keeps fewer (firmware's configuration).
MAX_PEERS = 255

_Key = tuple[int, int]


class Peer:
    """One peer. `heard`, `misses` and `unanswered` are the owner's: when it was heard, what since."""

    __slots__ = ("heard", "id", "is_present", "misses", "round_trip", "unanswered")

    def __init__(self, peer_id: int, timeouts: AckTimeouts, *, is_present: bool) -> None:
        self.id = peer_id
        self.is_present = is_present
        self.round_trip = RoundTrip(timeouts)
        self.heard = 0
        self.misses = 0
        self.unanswered = 0


class Peers:
    """Who stands where in the order is decided once: configured ids in their order, then all others by id.

    Raises ValueError for an order that names an id twice, or one that is none.
    """

    def __init__(
        self, own_id: int, timeouts: AckTimeouts, order: Sequence[int] = (), capacity: int = MAX_PEERS
    ) -> None:
        if len(set(order)) != len(order) or any(not 0 <= n <= MAX_NODE_ID for n in order):
            raise ValueError(f"an order names each node once, by an id of 0 to {MAX_NODE_ID}: {list(order)}")
        self._timeouts = timeouts
        self._capacity = capacity
        self._place = {node_id: place for place, node_id in enumerate(order)}
        self._own_key = self._key(own_id)
        self._peers: dict[int, Peer] = {}
        self._present: list[_Key] = []  # sorted
        for node_id in order:
            if node_id != own_id:
                self._peers[node_id] = Peer(node_id, timeouts, is_present=False)
                self.hear(node_id)

    def __getitem__(self, peer_id: int) -> Peer:
        return self._peers[peer_id]

    def get(self, peer_id: int) -> Peer | None:
        """That peer, None if it is not known."""
        return self._peers.get(peer_id)

    @property
    def present(self) -> list[int]:
        """The present peers, in order, beginning with the first of the order."""
        return [node_id for _, node_id in self._present]

    @property
    def known(self) -> list[int]:
        """All peers, present or absent, in order."""
        return sorted(self._peers, key=self._key)

    def hear(self, peer_id: int) -> Peer | None:
        """That peer is present. None if there is no room for one more."""
        peer = self._peers.get(peer_id)
        if peer is None:
            if len(self._peers) >= self._capacity:
                return None
            peer = self._peers[peer_id] = Peer(peer_id, self._timeouts, is_present=False)
        if not peer.is_present:
            peer.is_present = True
            peer.misses = 0
            insort(self._present, self._key(peer_id))
        return peer

    def lose(self, peer_id: int) -> None:
        """That peer is absent; without a configured place it is forgotten."""
        peer = self._peers.get(peer_id)
        if peer is None:
            return
        if peer.is_present:
            peer.is_present = False
            self._present.remove(self._key(peer_id))
        if peer_id not in self._place:
            del self._peers[peer_id]

    def successor(self) -> int | None:
        """The present peer that comes next in the circle; None if there is none."""
        return self.after_key(self._own_key)

    def after(self, node_id: int) -> int | None:
        """The present peer that comes next after that node; None if there is none but itself."""
        found = self.after_key(self._key(node_id))
        return None if found == node_id else found

    def after_key(self, key: _Key) -> int | None:
        """The first present peer beyond that place of the circle."""
        if not self._present:
            return None
        return self._present[bisect_right(self._present, key) % len(self._present)][1]

    def is_between(self, first: int, node_id: int, last: int) -> bool:
        """Whether a way round from `first` to `last` (all the way if they are the same) meets `node_id`."""
        a, x, b = self._key(first), self._key(node_id), self._key(last)
        if a < b:
            return a < x < b
        return x > a or x < b

    def rank(self, node_id: int, besides: int | None = None) -> int:
        """How many present peers come before that node in the order, `besides` not counted."""
        key = self._key(node_id)
        return sum(place < key and place[1] != besides for place in self._present)

    def comes_before(self, a: int, b: int) -> bool:
        """Whether `a` comes before `b` in the order."""
        return self._key(a) < self._key(b)

    def is_configured(self, node_id: int) -> bool:
        """Whether the configured order names that node."""
        return node_id in self._place

    def _key(self, node_id: int) -> _Key:
        return self._place.get(node_id, len(self._place)), node_id
