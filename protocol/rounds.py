"""A node's running round, and whether its report may be counted twice (PROTOCOL.md 6.2, 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.packets import Items


@dataclass(slots=True)
class Round:
    """What this node knows of the running round; `report` is None until it is put together."""

    version: int
    readings: Mapping[int, int] | None = None
    report: Items | None = None
    sent_to: int | None = None
    duration_ms: int = 0
    acked: bool = False
    in_doubt: bool = False

    @property
    def undelivered(self) -> bool:
        """Whether there is a report that no parent has acknowledged."""
        return self.report is not None and not self.acked

    def items_for(self, destination: int) -> Items:
        """The report for that node; one that went to another before is in doubt as a whole (6.3)."""
        assert self.report is not None
        if self.sent_to is None:
            self.sent_to = destination
        self.in_doubt |= self.sent_to != destination
        if not self.in_doubt:
            return self.report
        counted = max(aggregate.count for _, aggregate in self.report.aggregates)
        return Items(self.report.aggregates, self.report.links, counted)
