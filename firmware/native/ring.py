"""The C core's node of a token ring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from firmware.native.items import entry_of
from firmware.native.library import ffi
from firmware.native.node import WORD, EventReader, NativeNode, NodeEvents, frame_dropped, measurement_due
from protocol import packets
from protocol.node import (
    ClaimMade,
    Event,
    PeerFound,
    PeerLost,
    ReadingsAdded,
    ReadingsHeard,
    ResultLearned,
    RoundFinished,
    TokenDropped,
    TokenMade,
    TokenPassed,
    TokenTaken,
    TurnFinished,
)
from protocol.packets import Items, Token, TokenId
from protocol.peers import MAX_PEERS
from protocol.timing import RingTiming
from protocol.token_order import passed_on

# `why` of PeerLost by enum tr_why, with n for how many.
WHY = {
    "TR_WHY_GOODBYE": "has said goodbye",
    "TR_WHY_UNHEARD": "was not heard for long",
    "TR_WHY_NO_SIGN": "no sign of the token after n tries",
    "TR_WHY_PASSED_OVER": "was passed over",
    "TR_WHY_NO_MUSTER": "did not answer a muster",
    "TR_WHY_HAD_TOKEN": "had the token when it was lost",
}


def _id_of(name: Any) -> TokenId:
    return TokenId(name.epoch, name.generator, name.sequence)


class RingEvents(NodeEvents):
    """Those of tr_ring_t; `tries` are its timers'."""

    prefix = "tr_ring"
    readers: ClassVar[Mapping[str, EventReader]] = {
        "TR_EVENT_MEASUREMENT_DUE": measurement_due,
        "TR_EVENT_FRAME_DROPPED": frame_dropped,
        "TR_EVENT_PEER_FOUND": lambda node, peer, _: PeerFound(peer),
        "TR_EVENT_PEER_LOST": lambda node, peer, why: PeerLost(peer, node.why(why)),
        "TR_EVENT_CLAIM_MADE": lambda node, _, epoch: ClaimMade(epoch),
        "TR_EVENT_TOKEN_TAKEN": lambda node, previous, _: node.taken(previous),
        "TR_EVENT_TOKEN_MADE": lambda node, _, is_fork: node.made(is_fork),
        "TR_EVENT_TOKEN_PASSED": lambda node, successor, _: TokenPassed(successor, passed_on(node.held)),
        "TR_EVENT_TOKEN_DROPPED": lambda node, _, __: node.dropped(),
        "TR_EVENT_READINGS_ADDED": lambda node, _, version: node.added(version),
        "TR_EVENT_READINGS_HEARD": lambda node, other, version: node.heard(other, version),
        "TR_EVENT_TURN_FINISHED": lambda node, turn, version: TurnFinished(version, turn),
        "TR_EVENT_ROUND_FINISHED": lambda node, _, version: node.round_finished(version),
        "TR_EVENT_RESULT_LEARNED": lambda node, _, version: ResultLearned(version, node.result()),
    }
    tries = RingTiming().tries

    def why(self, why: int) -> str:
        """An enum tr_why, for people."""
        name = next(name for name in WHY if getattr(self._lib, name) == why)
        return WHY[name].replace(" n ", f" {max(1, self.tries)} ")

    @property
    def held(self) -> TokenId:
        """The token that the node holds."""
        return _id_of(self._node.held.head.id)

    def taken(self, previous: int) -> Event:
        """The token that was received last."""
        token = self._received_token()
        return TokenTaken(previous, token.id, token.version, token.turn)

    def made(self, is_fork: int) -> Event:
        """A token parted from another, or in place of a lost one."""
        return TokenMade(self.held, _id_of(self._node.former) if is_fork else None)

    def dropped(self) -> Event:
        """The token that was given up last."""
        return TokenDropped(_id_of(self._node.former), _id_of(self._node.newest))

    def added(self, version: int) -> Event:
        """The token that the node's readings are on."""
        return ReadingsAdded(version, _id_of(self._node.added))

    def heard(self, node: int, version: int) -> Event:
        """The readings of one node on the token that was received last."""
        return ReadingsHeard(node, version, dict(self._received_token().readings)[node])

    def result(self) -> Items:
        """The result found or learned last."""
        result = self._node.result
        items, entry = ffi.new("tr_received_items_t *"), ffi.new("tr_metric_aggregate_t *")
        held = ffi.new("uint8_t[]", bytes(result.items))  # which `items` refers to
        self._lib.tr_items_read(items, held, result.items_bytes)
        found = []
        for index in range(items.aggregate_count):
            self._lib.tr_items_get_aggregate(items, index, entry)
            found.append(entry_of(entry, result.version))
        return Items(tuple(found))

    def round_finished(self, version: int) -> Event:
        """The result that this node has found."""
        return RoundFinished(version, self._node.result.duration_ms, self.result())

    def _received_token(self) -> Token:
        token = packets.decode(self._received).payload
        assert isinstance(token, Token)
        return token


class CoreRingNode(RingEvents, NativeNode):
    """tr_ring_t with the constructor and the methods of protocol.token_ring.TokenRingNode."""

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
        self._order = ffi.new("uint16_t[]", list(order))
        peer = {
            "node_id": node_id,
            "max_peers": max_peers,
            "order_count": len(order),
            "order": self._order,
            "first_counter": first_counter,
            "seed": seed & WORD,
        }
        config = {
            "peer": peer,
            "metric_count": len(metrics),
            "metrics": metrics,
            "readings_asked": readings_asked,
            "first_version": first_version,
            "timing": asdict(timing or RingTiming()),
        }
        super().__init__(node_id, config, now_ms)
        self.tries = self._config.timing.tries
