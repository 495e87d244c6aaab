"""What is unusual in a stream of values, judged value by value.

    detector = ZScore(size=120, threshold=4)
    for time_s, value in points:
        if anomaly := detector.update(time_s, value):
            ...

A value is judged by what came before it, and then learnt, anomalous or not: a new level alarms until it is
the usual one. Values that are not finite, or beyond 1e150, are neither judged nor learnt, but counted in
`skipped`; that nothing comes at all is not these detectors' matter. A series that never changes alarms for
`Stuck` alone. A value that differs after a spread of exactly 0 is infinitely far out: give `least_deviation`,
the sensor's resolution, if that is no anomaly.

- `ZScore`: values far out, by mean and deviation of a window;
- `MedianDeviation`: values far out among others that are, by median and MAD of a window;
- `Ewma`: values far out, the past fading, by exponentially weighted mean and deviation;
- `Cusum`: a level that moved, by sums of what is beyond an allowance of deviations;
- `PageHinkley`: a level that moved, by sums of differences from the mean of all, in the values' unit;
- `Stuck`: a sensor that does not move;
- `RateOfChange`: jumps, by the change a second;
- `Hampel`: single values unlike those before and after them, steps not;
- `Neighbours`: a node unlike the others of its round, by their median and MAD.
"""

from bridge.stream.detectors.anomaly import Anomaly, Detector
from bridge.stream.detectors.change import Hampel, RateOfChange, Stuck
from bridge.stream.detectors.deviation import Ewma, MedianDeviation, ZScore
from bridge.stream.detectors.drift import Cusum, PageHinkley
from bridge.stream.detectors.neighbours import Neighbours

__all__ = [
    "Anomaly",
    "Cusum",
    "Detector",
    "Ewma",
    "Hampel",
    "MedianDeviation",
    "Neighbours",
    "PageHinkley",
    "RateOfChange",
    "Stuck",
    "ZScore",
]
