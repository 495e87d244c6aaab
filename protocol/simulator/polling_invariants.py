"""What a polled network promises beside: no round is reported twice (PROTOCOL.md 13.3)."""

from __future__ import annotations

from protocol.packets import Items
from protocol.simulator.books import Books, keep
from protocol.simulator.invariants import Invariants, Limits, World

KEPT_VERSIONS = 64


class PollingInvariants(Invariants):
    """See Invariants.

    A version that was reported is not reported again, by whomever, to anybody's knowledge: not in a component
    of living nodes that holds one of those that were in the reporter's component then and remember it.
    """

    def __init__(self, world: World, books: Books, limits: Limits) -> None:
        super().__init__(world, books, limits)
        # By version: who reported it last, and who may know of that.
        self._reported: dict[int, tuple[int, frozenset[int]]] = {}

    def lost_power(self, node_id: int) -> None:
        """See Invariants."""
        for version, (reporter, witnesses) in self._reported.items():
            self._reported[version] = reporter, witnesses - {node_id}

    def found(self, reporter: int, version: int, items: Items) -> None:
        """See Invariants."""
        super().found(reporter, version, items)
        component = self._world.component_of(reporter)
        before, witnesses = self._reported.get(version, (reporter, frozenset()))
        if witnesses & component:
            who = f"node {before} and node {reporter}" if before != reporter else f"node {reporter}, twice"
            self._stop(f"version {version} was reported by {who}")
        keep(self._reported, version, (reporter, component), KEPT_VERSIONS)
