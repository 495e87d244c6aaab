"""What became of one node over time, as far as a model remembers: no tkinter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from desktop.model.history import NodeSeries
from desktop.model.links import lost_share
from desktop.model.model import Model
from desktop.model.words import EventKind, EventLine, metric_label, plural, value_label
from protocol.aggregate import metric_of

# Events are searched from the newest back, so many at most: it is done while a person waits.
_MOST_SEARCHED = 5_000
_MOST_EVENTS = 40
SPARK_POINTS = 120

_OF_FIELD = (EventKind.ROUND, EventKind.INEXACT, EventKind.BAD)
# What a node is from such a line on; a colour of the palette by which it is drawn.
_BECAME: Mapping[EventKind, str] = {
    EventKind.JOINED: "joined",
    EventKind.MOVED: "joined",
    EventKind.SEEKING: "seeking",
    EventKind.LOST: "lost",
    EventKind.PRIMARY: "root",
}


@dataclass(frozen=True, slots=True)
class Span:
    """How a node stood for a while; `color` names one of the palette."""

    start_s: float
    end_s: float
    color: str


@dataclass(frozen=True, slots=True)
class Spark:
    """Readings of one metric: the last as text, and the points of a small line (least and greatest each)."""

    label: str
    last: str
    time_s: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    extent: tuple[float, float]


@dataclass(frozen=True, slots=True)
class NodeHistory:
    """`events` are the newest first; `frames` tells how many were heard and lost."""

    node: int
    frames: str
    events: tuple[EventLine, ...]
    spans: tuple[Span, ...]
    sparks: tuple[Spark, ...]


def history_of(model: Model, node: int) -> NodeHistory:
    """All that is remembered of that node."""
    events = tuple(_events_of(model, node))
    return NodeHistory(node, _frames(model, node), events, _spans(model, events), tuple(_sparks(model, node)))


def _frames(model: Model, node: int) -> str:
    peer = next((peer for peer in model.links.nodes if peer.node == node), None)
    if peer is None:
        return ""
    lost = f", {peer.lost_frames:,} lost ({lost_share(peer):.1%})" if peer.lost_frames > 0 else ""
    return f"{plural(peer.frames, 'frame')} heard{lost}"


def _events_of(model: Model, node: int) -> Iterator[EventLine]:
    """The lines that begin with that node or name it, the newest first."""
    named = re.compile(rf"\bnode {node}\b")
    found = 0
    for line, _ in zip(reversed(model.events), range(_MOST_SEARCHED), strict=False):
        if line.kind not in _OF_FIELD and named.search(line.text):
            yield line
            found += 1
            if found == _MOST_EVENTS:
                return


def _spans(model: Model, events: Sequence[EventLine]) -> tuple[Span, ...]:
    turns = [
        (model.seconds(line.timestamp_us), _BECAME[line.kind])
        for line in reversed(events)
        if line.kind in _BECAME
    ]
    turns.append((model.seconds(model.now_us), ""))
    return tuple(Span(start, end, color) for (start, color), (end, _) in pairwise(turns))


def _sparks(model: Model, node: int) -> Iterator[Spark]:
    for (one, metric_id), series in sorted(model.node_series.items(), key=lambda item: item[0]):
        if one == node and len(series):
            yield _spark(metric_id, series)


def _spark(metric_id: int, series: NodeSeries) -> Spark:
    metric = metric_of(metric_id)
    times = series.time_s
    part = series.slice("value", float(times[0]), float(times[-1]), SPARK_POINTS)
    least, most = float(np.nanmin(part.low)), float(np.nanmax(part.high))
    return Spark(
        metric_label(metric.name),
        value_label(float(series.value[-1]), metric.unit),
        part.time_s.tolist(),
        part.low.tolist(),
        part.high.tolist(),
        (least, most),
    )
