"""The three networks, as a simulation takes them: their nodes, what the truth is, and what they promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from protocol.node import Event, Node
from protocol.polling import PollingNode
from protocol.simulator.books import Books, Follow
from protocol.simulator.invariants import Invariants, Limits, World
from protocol.simulator.polling_invariants import PollingInvariants
from protocol.simulator.propagation import Listeners
from protocol.simulator.ring_invariants import RingInvariants
from protocol.simulator.ring_order import ring_order
from protocol.simulator.ring_truth import RingTruth
from protocol.simulator.tree_invariants import TreeInvariants
from protocol.simulator.truth import Truth
from protocol.sink_tree import SinkTreeNode
from protocol.timing import PROFILES, AnyTiming, PollingTiming, RingTiming
from protocol.token_ring import TokenRingNode

MakeNode = Callable[..., Node]
DEFAULT_PROFILE = "default"


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """One network.

    Its nodes take the options of these names beside seed, first_counter, now_ms, timing and metrics; one of a
    network that `has_root` takes `root` as well. The world's first round begins when nodes have listened or
    discovered for as long as the timer of that name says, or after a period if that is shorter. A run may
    last `set_up_ms` longer than its rounds. `find_order` gives the order for a field and a seed where people
    gave none; an empty one if none is needed. `missing` asks what people should look for when rounds are.
    """

    make_node: MakeNode
    options: tuple[str, ...]
    has_root: bool
    profiles: Mapping[str, AnyTiming]
    find_order: Callable[[Listeners, int], tuple[int, ...]]
    first_round_timer: str
    set_up_ms: int
    books: Callable[[Iterable[int]], Books]
    invariants: Callable[[World, Books, Limits], Invariants]
    missing: str

    def first_round_ms(self, timing: AnyTiming) -> int:
        """When the world's first round begins."""
        timer_ms: int = getattr(timing, self.first_round_timer)
        return min(timing.period_ms, timer_ms)


def _no_order(listeners: Listeners, seed: int) -> tuple[int, ...]:
    return ()


# Without a root nobody tells when the first round is: nodes listen, claim or wait in turn for about so long,
# and again when who had the token or was primary dies.
_SET_UP_MS = 2_000

NETWORKS: Mapping[str, NetworkKind] = {
    "tree": NetworkKind(
        SinkTreeNode,
        options=("max_children", "first_version"),
        has_root=True,
        profiles=PROFILES,
        find_order=_no_order,
        first_round_timer="discovery_ms",
        set_up_ms=0,
        books=Truth,
        invariants=TreeInvariants,
        missing="was the root killed?",
    ),
    "ring": NetworkKind(
        TokenRingNode,
        options=("order", "readings_asked", "first_version"),
        has_root=False,
        profiles={DEFAULT_PROFILE: RingTiming()},
        find_order=ring_order,
        first_round_timer="listen_ms",
        set_up_ms=_SET_UP_MS,
        books=RingTruth,
        invariants=RingInvariants,
        missing="was the token lost so often, or do two turns take longer than the period?",
    ),
    "polling": NetworkKind(
        PollingNode,
        options=("order", "first_version"),
        has_root=False,
        profiles={DEFAULT_PROFILE: PollingTiming()},
        find_order=_no_order,
        first_round_timer="lease_ms",
        set_up_ms=_SET_UP_MS,
        books=Truth,
        invariants=PollingInvariants,
        missing="was the primary lost so often, or is a takeover longer than the period?",
    ),
}


def merged(*followers: Follow) -> dict[type[Event], Callable[[int, Any], None]]:
    """One that does what all of them do, in that order."""
    found: dict[type[Event], Callable[[int, Any], None]] = {}
    for follow in followers:
        for kind, act in follow.items():
            found[kind] = _both(found[kind], act) if kind in found else act
    return found


def _both(first: Callable[[int, Any], None], then: Callable[[int, Any], None]) -> Callable[[int, Any], None]:
    def act(node_id: int, event: Any) -> None:
        first(node_id, event)
        then(node_id, event)

    return act
