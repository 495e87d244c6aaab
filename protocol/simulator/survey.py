"""What a field is like before anything runs in it: hops to the root, crowds, and the T that it needs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from functools import cached_property

from protocol.aggregate import Aggregate
from protocol.packets import Ack, Frame, FrameType, Items, Report, Sync, encode
from protocol.simulator.medium import Air
from protocol.simulator.propagation import Listeners

# Of the time of a channel, what carrier sense without slots turns into frames received when every node of a
# crowd has one report a round and many do not hear each other (pure ALOHA: 0.18). Found with `treering sweep`
# on grids and random fields of 4 to 100 nodes, where the smallest T that covered 99 % was between 0.6 and 1.3
# times what this advises.
UTILIZATION = 0.4
# What one hop adds to the way of a report: half the jitter before DATA.
HOP_MS = 50
# The timers let a round's reports arrive within 4/5 of the period (PROTOCOL.md section 7).
USABLE_SHARE = 0.8
_STEP_MS = 100
_LEAST_DELIVERY = 0.1  # a field that loses more is beyond any T


def hop_counts(root: int, listeners: Listeners) -> dict[int, int]:
    """For every node with a way to the root, of links that work both ways, the fewest hops."""
    hops = {root: 0}
    edge = deque([root])
    while edge:
        node = edge.popleft()
        for other in listeners[node]:
            if other not in hops and node in listeners[other]:
                hops[other] = hops[node] + 1
                edge.append(other)
    return hops


def reachable_from(root: int, listeners: Listeners) -> frozenset[int]:
    """The nodes with a way to the root."""
    return frozenset(hop_counts(root, listeners))


class Survey:
    """One field as its radio sees it."""

    def __init__(self, root: int, listeners: Listeners) -> None:
        self.listeners = listeners
        self.hops: Mapping[int, int] = hop_counts(root, listeners)

    @property
    def depth(self) -> int:
        """The hops of the furthest node that has a way to the root."""
        return max(self.hops.values())

    @property
    def neighbours(self) -> float:
        """How many hear a node, on average."""
        return sum(map(len, self.listeners.values())) / len(self.listeners)

    @cached_property
    def crowd(self) -> int:
        """The nodes within two hops of the node that has the most: all can spoil what its neighbours hear."""
        index = {node: 1 << number for number, node in enumerate(self.listeners)}
        heard = {
            node: sum(index[other] for other in near) | index[node] for node, near in self.listeners.items()
        }
        most = 0
        for near in self.listeners.values():
            within = 0
            for other in near:
                within |= heard[other]
            most = max(most, within.bit_count())
        return max(most, 1)

    def advised_period_ms(self, air: Air, metrics: int = 1) -> int:
        """The smallest T, to the next tenth of a second, that this field should be given.

            T = (depth x HOP_MS + crowd x exchange / UTILIZATION) / USABLE_SHARE

        A round's reports follow each other up the tree, so each hop adds its jitter. Within two hops of a
        node only one may send at a time: every node of that crowd sends one DATA and is sent one DATA_ACK a
        round, and `exchange` is the airtime of the two frames with their preambles and the mean backoff
        before each. Without collisions frames pass through each other, and only the path counts: an exchange
        for each hop. A lossy channel needs each exchange 1 / (1 - loss)^2 times, as either frame may be lost.
        """
        tries = 1 / max(_LEAST_DELIVERY, 1 - air.quality.loss) ** 2
        exchange_ms = tries * self._exchange_us(air, metrics) / 1000
        if air.collisions:
            needed_ms = self.depth * HOP_MS + self.crowd * exchange_ms / UTILIZATION
        else:
            needed_ms = self.depth * (HOP_MS + exchange_ms)
        return math.ceil(needed_ms / USABLE_SHARE / _STEP_MS) * _STEP_MS

    @staticmethod
    def _exchange_us(air: Air, metrics: int) -> int:
        sync = Sync(1, 0, 1, 1)
        items = Items(aggregates=tuple((metric, Aggregate.empty(1)) for metric in range(metrics)))
        frames = (
            encode(Frame(FrameType.DATA, 1, 2, 0, Report(0, items))),
            encode(Frame(FrameType.DATA_ACK, 2, 1, 0, Ack(1, sync))),
        )
        airtime_us = sum(air.radio.airtime_us(len(frame)) for frame in frames)
        return airtime_us + len(frames) * air.radio.first_backoff_us // 2
