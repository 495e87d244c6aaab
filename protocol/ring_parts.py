"""What every part of a ring's node shares: peers, the token that it holds, frames that it sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from protocol import serial_number
from protocol.node import LinkName, TokenDropped
from protocol.packets import (
    BROADCAST,
    MAX_U24,
    NO_ID,
    DropReason,
    FrameType,
    Hello,
    Network,
    Pairs,
    Payload,
    Sign,
    Token,
    TokenId,
)
from protocol.peer_node import PeerNode
from protocol.peers import MAX_PEERS, Peer
from protocol.ring_watch import Pace, Watch
from protocol.round_trip import RoundTrip
from protocol.timing import RingTiming
from protocol.token_order import NO_TOKEN, is_newer

# Signs come twice a round; a node that gave none for some rounds is gone, or never hears the token.
FORGET_VISITS = 8
# So many silent successors one after the other are no accident.
MUSTER_AFTER = 3
# Rounds that passed without a visit, after which a node makes itself known again.
UNVISITED_ROUNDS = 2


class Phase(Enum):
    """What a node does with the token."""

    NONE = "has none"
    MEASURING = "waits for its sensor"
    PASSING = "waits for its successor's sign"
    MUSTERING = "waits for who is there"
    RESTING = "waits for the next round"


class RingParts(PeerNode):
    """The state of a node; what has a public name is for watchers to read."""

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        now_ms: int,
        timing: RingTiming | None = None,
        metrics: tuple[int, ...] = (0,),
        order: Sequence[int] = (),
        readings_asked: bool = False,
        max_peers: int = MAX_PEERS,
        first_version: int = 1,
    ) -> None:
        timing = timing or RingTiming()
        super().__init__(
            node_id,
            seed=seed,
            first_counter=first_counter,
            timeouts=timing.ack_timeouts,
            order=order,
            max_peers=max_peers,
        )
        self.newest = NO_TOKEN
        self.held: Token | None = None
        self.phase = Phase.NONE
        self._timing = timing
        self._metrics = metrics
        self._asks = readings_asked
        self._version = serial_number.add(first_version, -1)  # the newest known
        self._visited_version = self._version
        self._visits = 0
        # Of the held token: when its round began, and when its phase ends.
        self._began_ms = now_ms
        self._begun: tuple[int, int] | None = None  # the last round that this node began, and when
        self._phase_ms: int | None = None
        self._quiet_ms = now_ms  # until then the token may rest
        self._successor = NO_ID
        # Of the last successor that was measured.
        self._usual_timeout_ms = timing.ack_timeouts.first_ms
        self._usual_way_ms = 0
        self._tries = 0
        self._silent = 0  # successors passed over since the last that was not
        self._first_sent_ms = self._try_ms = 0
        # To a round that began earlier it may have added its readings before it started (12.4).
        self._adds_from_ms = now_ms + timing.listen_ms
        self._added: tuple[int, TokenId] | None = None
        self._own: tuple[int, Pairs] | None = None  # the last readings, and of which round
        self._shown_version: int | None = None  # of the last readings put on a token (12.6)
        self._passed_items: frozenset[int] = frozenset()
        self._result_version: int | None = None
        self._sign_ms: int | None = None
        self._passed_over = NO_ID
        self._muster_ms: int | None = None  # who is not heard until then is absent
        self._watch = Watch(timing, self._jitter, now_ms)
        self._last_holder = NO_ID
        wait_ms = timing.measure_wait_ms
        self._sensor = RoundTrip(replace(timing.ack_timeouts, first_ms=wait_ms, limit_ms=wait_ms))
        self._measuring_ms = now_ms  # since when
        self._claim_epoch: int | None = None
        self._claim_ms = self._claim_again_ms = 0
        self._hello_ms: int | None = now_ms + self._jitter.below(timing.peers.hello_spread_ms)
        self._hello_wait_ms = timing.peers.hello_wait_ms

    # --- peers -------------------------------------------------------------------------------------------

    def _hear(self, peer_id: int) -> Peer | None:
        peer = super()._hear(peer_id)
        if peer is not None:
            peer.heard, peer.misses, peer.unanswered = self._visits, 0, 0
        return peer

    def _timeout_ms(self, peer_id: int) -> int:
        """The measured ack timeout of that peer, or of the last that had one."""
        peer = self.peers.get(peer_id)
        if peer is not None and peer.round_trip.is_known:
            return peer.round_trip.timeout_ms
        return self._usual_timeout_ms

    @property
    def _ack_timeout_ms(self) -> int:
        """That of the successor."""
        successor = self.peers.successor()
        return self._usual_timeout_ms if successor is None else self._timeout_ms(successor)

    @property
    def _is_pace_known(self) -> bool:
        """Whether any pass of this node was measured; before, each try waits twice as long as the last."""
        return self._usual_way_ms > 0

    @property
    def _pass_ms(self) -> int:
        """How long all tries of a pass take, and one more."""
        tries, timeout_ms = self._timing.tries, self._ack_timeout_ms
        return (tries + 1) * timeout_ms if self._is_pace_known else (1 << tries) * timeout_ms

    def _spread_ms(self, least_ms: int) -> int:
        """Over how long many nodes spread what all of them have to say: a frame's time for each (12.5)."""
        return max(least_ms, (len(self.peers.present) + 1) * self._usual_way_ms)

    @property
    def _pace(self) -> Pace:
        return Pace(self._ack_timeout_ms, self._spread_ms(self._timing.jitter_ms))

    # --- mustering (12.5) --------------------------------------------------------------------------------

    def _begin_muster(self, now_ms: int) -> None:
        for peer_id in self.peers.present:
            self.peers[peer_id].misses = 1
        spread_ms = self._spread_ms(self._timing.peers.hello_spread_ms)
        self._muster_ms = now_ms + spread_ms + 2 * self._ack_timeout_ms

    def _end_muster(self) -> None:
        self._muster_ms = None
        for peer_id in self.peers.present:
            if self.peers[peer_id].misses:
                self._lose(peer_id, "did not answer a muster")

    # --- the token ---------------------------------------------------------------------------------------

    def _know_version(self, version: int) -> None:
        if serial_number.is_newer(version, self._version):
            self._version = version

    def _change(self, **fields: Any) -> Token:
        """The held token with other values."""
        assert self.held is not None
        self.held = replace(self.held, **fields)
        return self.held

    def _let_go(self, now_ms: int) -> None:
        self._watch.wait_until(now_ms, self._pace)
        self.held = None
        self.phase = Phase.NONE
        self._phase_ms = None
        self._queue.discard(FrameType.TOKEN, self._successor)

    def _give_up_for(self, newest: TokenId, now_ms: int) -> None:
        """A newer token is on the way: the held one must not live on (12.3)."""
        if self.held is not None:
            self._events.append(TokenDropped(self.held.id, newest))
            self._let_go(now_ms)

    def _is_older(self, token: TokenId) -> bool:
        return is_newer(self.newest, token)

    # --- frames ------------------------------------------------------------------------------------------

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send. A sign goes before the token that it announces."""
        frames = []
        if self._sign_ms is not None:
            frames.append(self._encode(FrameType.SIGN, BROADCAST, self._sign(now_ms)))
            self._sign_ms, self._passed_over = None, NO_ID
        return frames + [self._encode(*waiting) for waiting in self._queue.take_due(now_ms)]

    def _put(self, frame_type: FrameType, destination: int, payload: Payload, due_ms: int) -> None:
        if not self._queue.put(due_ms, frame_type, destination, payload):
            self._drop(DropReason.QUEUE_FULL, self.node_id)

    def _sign(self, now_ms: int) -> Sign:
        token = self.newest if self.held is None else self.held.id
        return Sign(token, self._version, self._passed_over, min(self._hold_ms(now_ms), MAX_U24))

    def _hold_ms(self, now_ms: int) -> int:
        """How long until the next sign of the held token: its phase, and all tries of a pass."""
        if self.held is None:
            return 0
        if self.phase is Phase.PASSING or self._phase_ms is None:
            return self._pass_ms
        return max(0, self._phase_ms - now_ms) + self._pass_ms

    def _refuse(self, destination: int, now_ms: int) -> None:
        self._put(FrameType.SIGN, destination, Sign(self.newest, self._version, NO_ID, 0), now_ms)

    def _say_hello(self, now_ms: int) -> None:
        hello = Hello(Network.RING, self.newest.epoch, self._version)
        self._put(FrameType.HELLO, BROADCAST, hello, now_ms)
        self._hello_ms = now_ms + self._hello_wait_ms + self._jitter.below(self._timing.jitter_ms)
        self._hello_wait_ms = min(2 * self._hello_wait_ms, self._timing.peers.hello_wait_limit_ms)

    def _say_hello_soon(self, now_ms: int) -> None:
        if self._hello_ms is None:
            self._hello_ms = now_ms + self._jitter.below(self._timing.jitter_ms)

    def _pairs(self, readings: Mapping[int, int]) -> Pairs:
        return tuple((metric, readings[metric]) for metric in self._metrics if metric in readings)
