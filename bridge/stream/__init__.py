"""Statistics, windows and detectors over any iterable of (time_s, value). docs/streams.md shows how.

`bridge.stream.columns`, the same over numpy columns, is imported by itself: it needs the extra `columns`.
"""

from bridge.stream.buffers import BoundedBuffer, DropNewest, DropOldest, Policy, Pressure, Sample, Throttle
from bridge.stream.compression import (
    Compressor,
    DeadBand,
    Point,
    SwingingDoor,
    compressed,
    held,
    interpolated,
)
from bridge.stream.detectors import (
    Anomaly,
    Cusum,
    Detector,
    Ewma,
    Hampel,
    MedianDeviation,
    Neighbours,
    PageHinkley,
    RateOfChange,
    Stuck,
    ZScore,
)
from bridge.stream.event_time import EventTime, Reorder, in_order
from bridge.stream.latency import LatencyHistogram, LatencyRecorder, Stage
from bridge.stream.queueing import MM1, QueueMeasure, QueueMeter
from bridge.stream.statistics import (
    Rolling,
    RollingExtremes,
    RollingQuantiles,
    RollingStatistics,
    RollingTime,
    Running,
)
from bridge.stream.windows import (
    Counted,
    Hopping,
    Keyed,
    Session,
    Sliding,
    Tumbling,
    Window,
    Windows,
    windows_of,
)

__all__ = [
    "MM1",
    "Anomaly",
    "BoundedBuffer",
    "Compressor",
    "Counted",
    "Cusum",
    "DeadBand",
    "Detector",
    "DropNewest",
    "DropOldest",
    "EventTime",
    "Ewma",
    "Hampel",
    "Hopping",
    "Keyed",
    "LatencyHistogram",
    "LatencyRecorder",
    "MedianDeviation",
    "Neighbours",
    "PageHinkley",
    "Point",
    "Policy",
    "Pressure",
    "QueueMeasure",
    "QueueMeter",
    "RateOfChange",
    "Reorder",
    "Rolling",
    "RollingExtremes",
    "RollingQuantiles",
    "RollingStatistics",
    "RollingTime",
    "Running",
    "Sample",
    "Session",
    "Sliding",
    "Stage",
    "Stuck",
    "SwingingDoor",
    "Throttle",
    "Tumbling",
    "Window",
    "Windows",
    "ZScore",
    "compressed",
    "held",
    "in_order",
    "interpolated",
    "windows_of",
]
