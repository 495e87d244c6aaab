"""The readings of one round, side by side: a node is judged by the others that measured when it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.rules.detectors import Detector
from bridge.stream.detectors import Anomaly, Neighbours
from protocol.aggregate import metric_of


class Rounds:
    """Of each metric the round that is being told. It is whole when a reading of the next one comes."""

    def __init__(self) -> None:
        self._versions: dict[int, int] = {}
        self._readings: dict[int, dict[int, float]] = {}  # by metric and node

    def add(self, metric: int, version: int, node: int, reading: float) -> Mapping[int, float] | None:
        """Take one more reading; the result is the round before, if this is the first of another."""
        if self._versions.get(metric) == version:
            self._readings[metric].setdefault(node, reading)
            return None
        whole = self._readings.get(metric)
        self._versions[metric], self._readings[metric] = version, {node: reading}
        return whole


def judged(
    detector: Detector, metric: int, time_s: float, readings: Mapping[int, float]
) -> Iterator[tuple[int, Anomaly | None, float]]:
    """The nodes that have enough others: what is found of each, and its score."""
    made = detector.make(metric_of(metric).scale)
    assert isinstance(made, Neighbours)
    anomalies = made.update(time_s, readings)
    for node, score in made.scores.items():
        yield node, anomalies.get(node), score
