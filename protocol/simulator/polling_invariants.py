"""What a polled network promises beside: no round is reported twice (PROTOCOL.md 13.3)."""

from __future__ import annotations

from protocol.node import RoundFinished
from protocol.simulator.books import Books, keep
from protocol.simulator.invariants import Invariants, Limits, World

KEPT_VERSIONS = 64


class PollingInvariants(Invariants):
    """See Invariants.

    A version that was reported is not reported again, by whomever, where somebody knows of it: in a component
    of living nodes that holds one of its witnesses. These are the reporter, and who was in its component
    while the round ran and for `settle_ms` before, if they have not lost their memory since. Rounds that
    began before two parts could hear of each other may have the same version.
    """

    def __init__(self, world: World, books: Books, limits: Limits) -> None:
        super().__init__(world, books, limits)
        # By version: who reported it last, and its witnesses.
        self._reported: dict[int, tuple[int, frozenset[int]]] = {}
        self._changed_us = 0

    def forgot(self, node_id: int) -> None:
        """See Invariants."""
        for version, (reporter, witnesses) in self._reported.items():
            self._reported[version] = reporter, witnesses - {node_id}

    def changed(self) -> None:
        """See Invariants."""
        self._changed_us = self._world.now_us

    def found(self, reporter: int, result: RoundFinished) -> None:
        """See Invariants."""
        super().found(reporter, result)
        version, component = result.version, self._world.component_of(reporter)
        began_us = self._world.now_us - 1000 * result.duration_ms
        is_settled = began_us >= self._changed_us + 1000 * self._limits.settle_ms
        before, witnesses = self._reported.get(version, (reporter, frozenset()))
        if is_settled and witnesses & component:
            who = f"node {before} and node {reporter}" if before != reporter else f"node {reporter}, twice"
            self._stop(f"version {version} was reported by {who}")
        known_to = component if is_settled else frozenset({reporter})
        keep(self._reported, version, (reporter, known_to), KEPT_VERSIONS)
