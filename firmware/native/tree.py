"""The C core's node of a sink tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from firmware.native.items import items_of
from firmware.native.library import ffi, library
from firmware.native.node import WORD, EventReader, NativeNode, NodeEvents, frame_dropped, measurement_due
from protocol.node import (
    ChildJoined,
    ChildLost,
    Event,
    Joined,
    ParentLost,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.timing import Timing

# `why` of ParentLost by enum tr_why, with n for how many.
WHY = {
    "TR_WHY_STARTED_ANEW": "it has started anew",
    "TR_WHY_STALE": "nothing new comes from the root",
    "TR_WHY_NO_ANSWER": "no answer to n tries",
    "TR_WHY_NO_WAY": "it has no way to the root",
    "TR_WHY_FINDS_NONE": "it finds no way to the root",
    "TR_WHY_BETTER": "there is a better one",
    "TR_WHY_GOODBYE": "it has said goodbye",
}


def _parent_lost(node: TreeEvents, parent: int, why: int) -> Event:
    return ParentLost(parent, node.why(why))


def _round_finished(node: TreeEvents, _: int, version: int) -> Event:
    return node.round_finished(version)


def has_fixed_timing() -> bool:
    """Whether the library has the default timers built in, whatever a node is given (TR_FIXED_TIMING)."""
    library()
    return "timing" not in dict(ffi.typeof("tr_node_config_t").fields)


class TreeEvents(NodeEvents):
    """Those of tr_node_t."""

    prefix = "tr_node"
    readers: ClassVar[Mapping[str, EventReader]] = {
        "TR_EVENT_JOINED": lambda node, parent, hop_count: Joined(parent, hop_count),
        "TR_EVENT_PARENT_LOST": _parent_lost,
        "TR_EVENT_CHILD_JOINED": lambda node, child, _: ChildJoined(child),
        "TR_EVENT_CHILD_LOST": lambda node, child, _: ChildLost(child),
        "TR_EVENT_MEASUREMENT_DUE": measurement_due,
        "TR_EVENT_REPORT_ACCEPTED": lambda node, child, version: ReportAccepted(child, version),
        "TR_EVENT_REPORT_SEALED": lambda node, _, version: ReportSealed(version),
        "TR_EVENT_ROUND_FINISHED": _round_finished,
        "TR_EVENT_FRAME_DROPPED": frame_dropped,
    }

    def why(self, why: int) -> str:
        """An enum tr_why, for people."""
        name = next(name for name in WHY if getattr(self._lib, name) == why)
        return WHY[name].replace(" n ", f" {self._node.unanswered} ")

    def round_finished(self, version: int) -> RoundFinished:
        """The result that the root has just put together."""
        return RoundFinished(version, self._node.round.duration_ms, items_of(self._node.round.items))


class CoreNode(TreeEvents, NativeNode):
    """tr_node_t with the constructor and the methods of protocol.sink_tree.SinkTreeNode."""

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        now_ms: int,
        root: bool = False,
        timing: Timing | None = None,
        metrics: tuple[int, ...] = (0,),
        max_children: int = 32,
        first_version: int = 1,
    ) -> None:
        config: dict[str, Any] = {
            "node_id": node_id,
            "is_root": root,
            "max_children": max_children,
            "first_metric": metrics[0],
            "first_version": first_version,
            "first_counter": first_counter,
            "seed": seed & WORD,
        }
        if not has_fixed_timing():
            config["timing"] = asdict(timing or Timing())
        super().__init__(node_id, config, now_ms)
