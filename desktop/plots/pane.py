"""What stands on each axis of the plot: which lines, of which metric and nodes, and their colours."""

from __future__ import annotations

import colorsys
import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from functools import lru_cache

from desktop.model.history import Timeline
from desktop.model.model import Model
from desktop.model.words import metric_label, unit_label, value_label
from desktop.palette import Palette, contrast
from protocol.aggregate import metric_of

MOST_PANES = 4
MOST_NODES = 64  # lines of nodes on one axis
VALUE_LINES = ("maximum", "average", "minimum")
COUNT_LINES = ("count", "alive")
NAMES = {
    "maximum": "max",
    "average": "average",
    "minimum": "least told",
    "count": "counted",
    "alive": "alive",
}
_COLORS = {"maximum": "maximum", "average": "average", "minimum": "count", "count": "count", "alive": "muted"}
_LEAST_CONTRAST = 4.5  # legends are read
_GOLDEN = 0.618034  # hues by this step are as far apart as they can be


@dataclass(frozen=True, slots=True)
class Pane:
    """One axis: results of a metric and readings of nodes, or how many are counted.

    `with_bounds`: the band in which the average of all alive must lie. `with_all`: the lines of all nodes.
    """

    metric_id: int
    lines: tuple[str, ...] = ("maximum", "average")
    with_bounds: bool = True
    nodes: tuple[int, ...] = ()
    with_all: bool = False

    @property
    def is_count(self) -> bool:
        """Whether it is of numbers of nodes, not of values."""
        return any(line in COUNT_LINES for line in self.lines)

    @property
    def title(self) -> str:
        """What the axis is of, with the unit."""
        metric = metric_of(self.metric_id)
        label = metric_label(metric.name)
        return f"nodes, {label}" if self.is_count else f"{label}, {unit_label(metric.unit)}"


@dataclass(frozen=True, slots=True)
class PlotLine:
    """A line: a column of a timeline; `node` if it is one's."""

    name: str
    timeline: Timeline
    column: str
    color: str
    unit: str
    node: int | None = None

    def value_at(self, time_s: float) -> tuple[float, float] | None:
        """Time and value of the last sample up to then; None before the first, and in a gap."""
        index = int(self.timeline.time_s.searchsorted(time_s, side="right")) - 1
        if index < 0 or self.timeline.is_gap(index, time_s):
            return None
        return float(self.timeline.time_s[index]), float(self.timeline.column(self.column).values[index])

    def label(self, value: float) -> str:
        """A value of it in words."""
        if value != value:
            return "–"
        return value_label(value, self.unit) if self.unit else f"{value:g}"


def pane_text(pane: Pane) -> str:
    """To be kept, and read again by `pane_of`."""
    return json.dumps(astuple(pane))


def pane_of(text: str) -> Pane | None:
    """What was kept; None if that is no axis."""
    try:
        metric_id, lines, with_bounds, nodes, with_all = json.loads(text)
        pane = Pane(
            int(metric_id), tuple(map(str, lines)), bool(with_bounds), tuple(map(int, nodes)), bool(with_all)
        )
        return pane if pane.title else None
    except (TypeError, ValueError, LookupError):
        return None


def default_panes(metric_id: int) -> tuple[Pane, ...]:
    """Maximum and average, and how many nodes are counted."""
    return Pane(metric_id), Pane(metric_id, COUNT_LINES, with_bounds=False)


def with_metric(panes: tuple[Pane, ...], before: int, metric_id: int) -> tuple[Pane, ...]:
    """Those of one metric are of another one."""
    return tuple(replace(pane, metric_id=metric_id) if pane.metric_id == before else pane for pane in panes)


def lines_of(pane: Pane, model: Model, palette: Palette) -> list[PlotLine]:
    """Its lines, lowest first, as far as there is anything."""
    return [*_node_lines(pane, model, palette), *_result_lines(pane, model, palette)]


def nodes_with(metric_id: int, model: Model) -> list[int]:
    """Who has told a reading of that metric."""
    return sorted(node for node, metric in model.node_series if metric == metric_id)


def _result_lines(pane: Pane, model: Model, palette: Palette) -> Iterator[PlotLine]:
    series = model.series.get(pane.metric_id)
    unit = "" if pane.is_count else metric_of(pane.metric_id).unit
    if series is not None:
        for name in reversed([*VALUE_LINES, *COUNT_LINES]):
            if name in pane.lines:
                yield PlotLine(NAMES[name], series, name, getattr(palette, _COLORS[name]), unit)


def _node_lines(pane: Pane, model: Model, palette: Palette) -> Iterator[PlotLine]:
    if pane.is_count:
        return
    nodes = nodes_with(pane.metric_id, model)
    wanted = nodes if pane.with_all else [node for node in nodes if node in pane.nodes]
    unit = metric_of(pane.metric_id).unit
    for node in wanted[:MOST_NODES]:
        series = model.node_series[node, pane.metric_id]
        yield PlotLine(f"node {node}", series, "value", node_color(node, palette.surface), unit, node)


@lru_cache(maxsize=4096)
def node_color(node: int, surface: str) -> str:
    """A colour of its own for each node, that can be read on that ground."""
    hue = node * _GOLDEN % 1
    dark_ground = contrast("#ffffff", surface) > contrast("#000000", surface)
    lightness = [i / 100 for i in (range(55, 100, 3) if dark_ground else range(50, 0, -3))]
    colors = (_hex(*colorsys.hls_to_rgb(hue, light, 0.62)) for light in lightness)
    return next(color for color in colors if contrast(color, surface) >= _LEAST_CONTRAST)


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in (red, green, blue))
