"""The C core's node of a polled network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from firmware.native.items import items_of
from firmware.native.library import ffi
from firmware.native.node import WORD, EventReader, NativeNode, NodeEvents, frame_dropped, measurement_due
from protocol.aggregate import NO_NODE
from protocol.node import (
    BecamePrimary,
    Event,
    PeerFound,
    PeerLost,
    PeerMissing,
    ReadingsHeard,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
    SteppedDown,
)
from protocol.packets import Pairs
from protocol.peers import MAX_PEERS
from protocol.polling_primary import ABSENT_MISSES
from protocol.timing import PollingTiming

# `why` of PeerLost and SteppedDown by enum tr_why.
WHY = {
    "TR_WHY_SILENT": "silent for two periods",
    "TR_WHY_MISSED": f"missing in {ABSENT_MISSES} rounds",
    "TR_WHY_LEASE_OVER": "its lease is over",
    "TR_WHY_NOBODY_ANSWERS": "nobody answers",
    "TR_WHY_GOODBYE": "has said goodbye",
    "TR_WHY_STOPPED": "its lease ran out: it was stopped",
    "TR_WHY_OTHER_PRIMARY": "epoch {epoch} has another primary",
}


def _peer_lost(node: PollingEvents, peer: int, why: int) -> Event:
    return PeerLost(peer, node.why(why))


def _stepped_down(node: PollingEvents, why: int, epoch: int) -> Event:
    return SteppedDown(epoch, node.why(why))


def _readings_heard(node: PollingEvents, whose: int, version: int) -> Event:
    return ReadingsHeard(whose, version, node.pairs)


def _round_finished(node: PollingEvents, _: int, version: int) -> Event:
    return node.round_finished(version)


class PollingEvents(NodeEvents):
    """Those of tr_polling_t."""

    prefix = "tr_polling"
    readers: ClassVar[Mapping[str, EventReader]] = {
        "TR_EVENT_MEASUREMENT_DUE": measurement_due,
        "TR_EVENT_REPORT_ACCEPTED": lambda node, peer, version: ReportAccepted(peer, version),
        "TR_EVENT_REPORT_SEALED": lambda node, _, version: ReportSealed(version),
        "TR_EVENT_ROUND_FINISHED": _round_finished,
        "TR_EVENT_FRAME_DROPPED": frame_dropped,
        "TR_EVENT_PEER_FOUND": lambda node, peer, _: PeerFound(peer),
        "TR_EVENT_PEER_LOST": _peer_lost,
        "TR_EVENT_READINGS_HEARD": _readings_heard,
        "TR_EVENT_BECAME_PRIMARY": lambda node, _, epoch: BecamePrimary(epoch),
        "TR_EVENT_STEPPED_DOWN": _stepped_down,
        "TR_EVENT_PEER_MISSING": lambda node, peer, version: PeerMissing(peer, version),
    }

    @property
    def epoch(self) -> int:
        """The newest epoch that the node knows."""
        found: int = self._node.epoch
        return found

    @property
    def pairs(self) -> Pairs:
        """The readings that the node has heard last, or its own."""
        readings = self._node.readings
        return tuple((pair.metric, pair.raw) for pair in readings.pairs[0 : readings.count])

    def why(self, why: int) -> str:
        """An enum tr_why, for people."""
        name = next(name for name in WHY if getattr(self._lib, name) == why)
        return WHY[name].format(epoch=self.epoch)

    def round_finished(self, version: int) -> RoundFinished:
        """The result that the primary has just put together."""
        return RoundFinished(version, self._node.round.duration_ms, items_of(self._node.round.items))


class CorePollingNode(PollingEvents, NativeNode):
    """tr_polling_t with the constructor and the methods of protocol.polling.PollingNode."""

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        now_ms: int,
        timing: PollingTiming | None = None,
        metrics: tuple[int, ...] = (0,),
        order: Sequence[int] = (),
        max_peers: int = MAX_PEERS,
        first_version: int = 1,
    ) -> None:
        self._order = ffi.new("uint16_t[]", list(order))
        config: dict[str, Any] = {
            "peer": {
                "node_id": node_id,
                "max_peers": max_peers,
                "order_count": len(order),
                "order": self._order,
                "first_counter": first_counter,
                "seed": seed & WORD,
            },
            "first_metric": metrics[0],
            "first_version": first_version,
            "timing": asdict(timing or PollingTiming()),
        }
        super().__init__(node_id, config, now_ms)

    @property
    def primary(self) -> int | None:
        """Whom the node follows, itself while it is the primary."""
        found: int = self._node.primary
        return None if found == NO_NODE else found

    @property
    def is_primary(self) -> bool:
        """Whether the node polls the others."""
        return self.primary == self.node_id
