"""A node against the others of its round: those that measure the same weather at the same time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

from bridge.stream.detectors.anomaly import LARGEST, Anomaly, deviations, require, require_positive
from bridge.stream.detectors.robust import DEVIATIONS_PER_MAD, median, median_deviation

Node = TypeVar("Node", bound=Hashable)


class Neighbours(Generic[Node]):
    """Unlike the median of the others by more than `threshold` of their robust deviations (1.4826 MAD).

    These count as `least_deviation` if they are less: the spread that is usual between good sensors at
    different places. A node is judged if there are `least_others` others; values that are not finite count as
    missing. Nothing is learnt from round to round. `scores` has every node that was judged in the last round.
    """

    __slots__ = ("_least_deviation", "_least_others", "_threshold", "scores", "skipped")

    def __init__(
        self, threshold: float = 3.5, *, least_deviation: float = 0.0, least_others: int = 3
    ) -> None:
        """Raises ValueError for parameters out of range."""
        require(("least_deviation", least_deviation, 0), ("least_others", least_others, 1))
        require_positive("threshold", threshold)
        self._threshold = threshold
        self._least_deviation = least_deviation
        self._least_others = least_others
        self.scores: dict[Node, float] = {}
        self.skipped = 0

    def update(self, time_s: float, values: Mapping[Node, float]) -> dict[Node, Anomaly]:
        """Judge a whole round: the nodes that are unlike the others. O(n log n), and n copies of a block."""
        finite = {node: value for node, value in values.items() if abs(value) <= LARGEST}
        self.skipped += len(values) - len(finite)
        self.scores = {}
        anomalies: dict[Node, Anomaly] = {}
        if len(finite) <= self._least_others:
            return anomalies
        ordered = sorted(finite.values())
        for node, value in finite.items():
            place = bisect_left(ordered, value)
            others = ordered[:place] + ordered[place + 1 :]
            expected = median(others)
            deviation = max(DEVIATIONS_PER_MAD * median_deviation(others, expected), self._least_deviation)
            self.scores[node] = score = deviations(abs(value - expected), deviation)
            if score > self._threshold:
                anomalies[node] = Anomaly(time_s, value, expected, score)
        return anomalies
