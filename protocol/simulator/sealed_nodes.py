"""The members of a simulated network that is sealed: their keys, and the counters they keep without power."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from typing import Any

from protocol.endpoint import Endpoint, MakeInner, Places
from protocol.keys import KEY_BYTES, Keys, Membership
from protocol.long_counter import LIFE_SHIFT, LongCounter
from protocol.node import Node

# Makes what stands around a node: called as `endpoint` is.
MakeMember = Callable[..., Node]


def master_key_of(seed: int) -> bytes:
    """A simulated field's master key is its seed's own: such a field has nothing to protect."""
    return random.Random(f"{seed}/keys").randbytes(KEY_BYTES)


def endpoint(
    node_id: int, make_node: MakeInner, *, first: int, reserve: Callable[[int], None], **options: Any
) -> Endpoint:
    """An Endpoint whose long counter begins at `first`, and tells `reserve` its limits."""
    return Endpoint(node_id, make_node, counter=LongCounter(first, reserve), **options)


class SealedNodes:
    """Makes a field's nodes as `make_node` does, each within a sealed member: to be called in its place.

    A node that was rebooted goes on with its counter, unless it was made to lose it. `gateways` and
    `overhears` are as in Endpoint; `make_member` lets other implementations of it take part.
    """

    def __init__(
        self,
        make_node: Callable[..., Node],
        *,
        seed: int,
        gateways: Collection[int] = (),
        overhears: bool = False,
        places: Places | None = None,
        make_member: MakeMember = endpoint,
    ) -> None:
        self.master = master_key_of(seed)
        self._make_node = make_node
        self._gateways = frozenset(gateways)
        self._overhears = overhears
        self._places = places
        self._make_member = make_member
        self._lives = random.Random(f"{seed}/lives")
        self._limits: dict[int, int] = {}

    def lose_counter(self, node_id: int) -> None:
        """The node's memory is damaged: at its next start it draws a new life."""
        self._limits.pop(node_id, None)

    def __call__(self, node_id: int, *, seed: int, now_ms: int, **options: Any) -> Node:
        """A member that has just been switched on."""
        keys = Keys.of_master(self.master, node_id).of_member(node_id)

        def make_inner(now_ms: int) -> Node:
            return self._make_node(node_id, seed=seed, now_ms=now_ms, **options)

        def reserve(limit: int) -> None:
            self._limits[node_id] = limit

        first = self._limits.get(node_id)
        if first is None:
            first = self._lives.getrandbits(32) << LIFE_SHIFT
        return self._make_member(
            node_id,
            make_inner,
            membership=Membership(keys, self._gateways),
            first=first,
            reserve=reserve,
            seed=seed ^ 0x5EA1ED,
            now_ms=now_ms,
            overhears=self._overhears,
            places=self._places,
        )
