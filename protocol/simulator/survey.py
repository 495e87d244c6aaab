"""What a field is like before anything runs in it: hops to the root, crowds, and the T that it needs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from protocol.aggregate import Aggregate
from protocol.packets import (
    BROADCAST,
    NO_ID,
    Ack,
    Frame,
    FrameType,
    Items,
    Report,
    Sign,
    Sync,
    Token,
    TokenId,
    encode,
)
from protocol.simulator.medium import Air, Quality
from protocol.simulator.propagation import Listeners
from protocol.timing import Timing

# Of the time of a channel, what carrier sense without slots turns into frames received (pure ALOHA: 0.18).
# Found with `treering sweep` on grids and random fields of 4 to 1,000 nodes, 1 to 26 hops deep: the smallest
# T that covered 99 % was 0.5 to 1.3 times what this advises.
UTILIZATION = 0.55
# A crowd stands on its middle's level of the tree, two above and two below.
CROWD_LEVELS = 5
# The timers let a round's reports arrive within 4/5 of the period (PROTOCOL.md section 7).
USABLE_SHARE = 0.8
_STEP_MS = 100
_LEAST_DELIVERY = 0.1  # a field that loses more is beyond any T


def hop_counts(root: int, listeners: Listeners, alive: AbstractSet[int] | None = None) -> dict[int, int]:
    """The fewest hops of every node with a way to the root, over links that work both ways (and living nodes,
    if `alive` says which)."""
    alive = listeners.keys() if alive is None else alive
    hops = {root: 0} if root in alive else {}
    edge = deque(hops)
    while edge:
        node = edge.popleft()
        for other in listeners[node]:
            if other not in hops and other in alive and node in listeners[other]:
                hops[other] = hops[node] + 1
                edge.append(other)
    return hops


def reachable_from(root: int, listeners: Listeners, alive: AbstractSet[int] | None = None) -> frozenset[int]:
    """The nodes (of those alive, if given) with a way to the root."""
    return frozenset(hop_counts(root, listeners, alive))


def token_hop_us(air: Air, quality: Quality, metrics: int = 1) -> int:
    """The longest that a ring's token needs from one node to the next, and the sign of it back, if nothing is
    lost: both wait for their turn, are on the air, and delayed. `quality` is that of the moment."""
    radio = air.radio
    aggregates = tuple((metric, Aggregate.empty(1)) for metric in range(metrics))
    name = TokenId(1, 1, 1)
    token = Token(name, 1, 1, 1, 1, 1, 0, 1, 0, 0, aggregates)
    frames = (
        encode(Frame(FrameType.TOKEN, 1, 2, 0, token)),
        encode(Frame(FrameType.SIGN, 2, BROADCAST, 0, Sign(name, 1, NO_ID, 0))),
    )
    waits_us = 2 * (radio.first_backoff_us + radio.sense_delay_us) if air.collisions else 0
    return sum(radio.airtime_us(len(frame)) for frame in frames) + 2_000 * quality.delay_ms + waits_us


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

    def advised_period_ms(self, air: Air, timing: Timing, metrics: int = 1) -> int:
        """The smallest T, to the next tenth of a second, that this field should be given.

            levels = depth + 1
            T = (spread + levels x crowd / min(levels, CROWD_LEVELS) x exchange / UTILIZATION) / USABLE_SHARE

        The levels of the tree report one after the other, each in a slot of its own length (PROTOCOL.md
        section 7). In a slot that part of the crowd sends which stands on one level, one node at a time, each
        a DATA that is answered by a DATA_ACK: `exchange` is the airtime of both with their preambles and the
        mean backoff before each, times 1 / (1 - loss)^2, as either may be lost. `spread` is the window over
        which leaves begin. Without collisions frames pass through each other: an exchange for each level.
        """
        levels = self.depth + 1
        tries = 1 / max(_LEAST_DELIVERY, 1 - air.quality.loss) ** 2
        slot_ms = tries * self._exchange_us(air, metrics) / 1000
        if air.collisions:
            slot_ms *= self.crowd / min(levels, CROWD_LEVELS) / UTILIZATION
        needed_ms = timing.spread_ms + levels * slot_ms
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
