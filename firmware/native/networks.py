"""Which C node stands for which network's Python node (protocol.simulator.networks)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firmware.native.polling import CorePollingNode
from firmware.native.ring import CoreRingNode
from firmware.native.tree import CoreNode
from protocol.node import Node

NATIVE_NODES: Mapping[str, Callable[..., Node]] = {
    "tree": CoreNode,
    "ring": CoreRingNode,
    "polling": CorePollingNode,
}
