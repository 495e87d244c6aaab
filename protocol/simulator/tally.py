"""Many rounds in a few numbers: coverage, latency, traffic, energy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from protocol.simulator.summary import RoundSummary, Traffic


@dataclass(frozen=True)
class Tally:
    """`rounds` of a field, of which `due` should have brought a result; at least one of each."""

    rounds: Sequence[RoundSummary]
    due: int

    @property
    def coverage(self) -> float:
        """The mean share of reachable nodes that a round counts; a round without a result counts none."""
        shares = (min(1.0, row.counted / row.reachable) for row in self.rounds if row.reachable)
        return sum(shares) / max(self.due, len(self.rounds))

    @property
    def whole(self) -> int:
        """Rounds that count every reachable node."""
        return sum(row.counted >= row.reachable for row in self.rounds)

    def latency_ms(self, share: float) -> int:
        """The time from the start of a round to its result that this share of the rounds does not exceed."""
        durations = sorted(row.duration_ms for row in self.rounds)
        return durations[min(len(durations) - 1, int(share * len(durations)))]

    @cached_property
    def data(self) -> Traffic:
        """Frames with readings: DATA, TOKEN, READING."""
        return sum((row.data for row in self.rounds), Traffic())

    @cached_property
    def acks(self) -> Traffic:
        """DATA_ACK and SIGN."""
        return sum((row.acks for row in self.rounds), Traffic())

    @cached_property
    def control(self) -> Traffic:
        """All other frames."""
        return sum((row.control for row in self.rounds), Traffic())

    @property
    def traffic(self) -> Traffic:
        """All frames."""
        return self.data + self.acks + self.control

    @cached_property
    def node_rounds(self) -> int:
        """Living nodes, summed over the rounds: what divides traffic into that of a node and round."""
        return sum(row.alive for row in self.rounds)
