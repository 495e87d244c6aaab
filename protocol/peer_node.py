"""What a node of a ring and one of a polled network share: its peers, and the whole frames that it sends."""

from __future__ import annotations

from collections.abc import Sequence

from protocol.node import PeerFound, PeerLost
from protocol.node_base import NodeBase, SendQueue
from protocol.packets import BROADCAST, DropReason, Empty, FrameType
from protocol.peers import Peer, Peers
from protocol.round_trip import AckTimeouts


class PeerNode(NodeBase):
    """A node that knows its peers (PROTOCOL.md section 11). Raises ValueError as Peers does."""

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        timeouts: AckTimeouts,
        order: Sequence[int],
        max_peers: int,
    ) -> None:
        super().__init__(node_id, seed=seed, first_counter=first_counter)
        self.peers = Peers(node_id, timeouts, order, max_peers)
        self._queue = SendQueue()

    def leave(self, now_ms: int) -> None:
        """See protocol.node.Node.leave."""
        if not self._has_left:
            self._has_left = True
            self._queue = SendQueue()
            self._queue.put(now_ms, FrameType.GOODBYE, BROADCAST, Empty())

    def _hear(self, peer_id: int) -> Peer | None:
        """That peer is present. None if there is no room for one more, which is a drop."""
        known = self.peers.get(peer_id)
        is_news = known is None or not known.is_present
        peer = self.peers.hear(peer_id)
        if peer is None:
            self._drop(DropReason.TABLE_FULL, peer_id)
        elif is_news:
            self._events.append(PeerFound(peer_id))
        return peer

    def _lose(self, peer_id: int, why: str) -> None:
        """That peer is silent; `why` is for people."""
        peer = self.peers.get(peer_id)
        if peer is not None and peer.is_present:
            self.peers.lose(peer_id)
            self._events.append(PeerLost(peer_id, why))
