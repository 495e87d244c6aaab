"""What the tests of detectors share: series to judge, and what a detector made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.stream.detectors import Anomaly, Detector
from tests.bridge.stream.lists import lists_of

Array = NDArray[np.float64]

STEP_S = 10.0
# Sensors have few steps: equal values, and deviations of 0, are common. Quarters are exact even beside 1e9.
QUARTERS = st.integers(-200, 200).map(lambda raw: raw / 4)
FEW = st.sampled_from([0.0, 0.25, 20.0])
SERIES = st.sampled_from([QUARTERS, FEW, st.floats(-1000, 1000, width=32)]).flatmap(
    lambda values: lists_of(values, 60)
)
OFFSETS = st.sampled_from([0.0, 1e9])


def judged(
    detector: Detector, values: Sequence[float], offset: float = 0.0
) -> tuple[list[float], list[Anomaly]]:
    """The score of each value and the anomalies; values come every `STEP_S` seconds."""
    scores, anomalies = [], []
    for place, value in enumerate(values):
        anomaly = detector.update(place * STEP_S, value + offset)
        scores.append(detector.score)
        if anomaly is not None:
            anomalies.append(anomaly)
    return scores, anomalies


def places(anomalies: list[Anomaly]) -> list[int]:
    """Which values were anomalous."""
    return [round(anomaly.time_s / STEP_S) for anomaly in anomalies]


def score(away: float, deviation: float) -> float:
    if deviation:
        return away / deviation
    return math.inf if away else 0.0


def same(scores: Sequence[float]) -> object:
    """Equal to these but for rounding."""
    return pytest.approx(list(scores), rel=1e-6, abs=1e-6, nan_ok=True)
