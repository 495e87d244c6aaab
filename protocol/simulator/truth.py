"""Books of a network whose nodes report: a sink tree, or secondaries to their primary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from protocol.node import ChildLost, ReportAccepted, ReportSealed
from protocol.simulator.books import Books, Counted, Follow, keep, together

# A node's report reaches its parent within the round, or a few rounds late.
KEPT_REPORTS = 4


class _Reports:
    """What is known of one node. `sealed` outlives a restart: a frame may still be on its way."""

    __slots__ = ("accepted", "measured", "sealed")

    def __init__(self) -> None:
        self.accepted: dict[int, tuple[int, Counted]] = {}
        self.measured: int | None = None
        self.sealed: dict[int, Counted] = {}


class Truth(Books):
    """Kept by ReportAccepted, ReportSealed and ChildLost."""

    def __init__(self, node_ids: Iterable[int]) -> None:
        super().__init__(node_ids)
        self._reports = {node_id: _Reports() for node_id in self._ids}

    def restarted(self, node_id: int) -> None:
        """See Books."""
        reports = self._reports[node_id]
        reports.accepted.clear()
        reports.measured = None

    def measured(
        self, node_id: int, version: int, readings: Mapping[int, int], in_time: bool, now_us: int = 0
    ) -> None:
        """See Books."""
        super().measured(node_id, version, readings, in_time, now_us)
        if in_time:
            self._reports[node_id].measured = version

    def follow(self) -> Follow:
        """See Books."""
        return {
            ReportAccepted: lambda node_id, event: self.accepted(node_id, event.child, event.version),
            ReportSealed: lambda node_id, event: self.sealed(node_id, event.version),
            ChildLost: lambda node_id, event: self.child_lost(node_id, event.child),
        }

    def accepted(self, node_id: int, child: int, version: int) -> None:
        """The child's report of that round now stands for it at its parent `node_id`."""
        self._reports[node_id].accepted[child] = version, self._result(child, version)

    def child_lost(self, node_id: int, child: int) -> None:
        """`node_id` counts that child no more."""
        self._reports[node_id].accepted.pop(child, None)

    def sealed(self, node_id: int, version: int) -> None:
        """`node_id` has put its report of that round together."""
        reports = self._reports[node_id]
        counted: Counted = (self._bit[node_id],) if reports.measured == version else ()
        for of_version, of_child in reports.accepted.values():
            if of_version == version:
                counted = together(counted, of_child)
        keep(reports.sealed, version, counted, KEPT_REPORTS)

    def _result(self, reporter: int, version: int) -> Counted:
        return self._reports[reporter].sealed.get(version, ())
