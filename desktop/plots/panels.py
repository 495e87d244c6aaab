"""A finished round, a panel a metric: a mark a node, the average as a line, a cross for who is missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from desktop.model.readings import RoundReadings
from desktop.model.words import metric_label, plural, reading_label, unit_label
from desktop.palette import Palette
from protocol.aggregate import metric_of

EMPTY = (
    "No node readings yet.\nA tree tells those of its leaves with the round;\n"
    "run a ring or polling to see everybody's."
)
MOST_PANELS = 12  # of more none could be read, and all of 64 would take seconds to draw
_SIZE_INCHES, _DPI, _FONT_PT = (9.6, 6.4), 125, 9.0
_LEAST_RANGE = 4.0  # of values, in their unit: less than this is noise
_WIDE = 1.5  # from this width to height on, panels stand three abreast
_LETTER_EM = 0.65
_LABEL_EM = 2.1  # of a mark's value, across
_TICK_EM = 0.65  # of a digit below the axis, and of the gap
_MOST_MARK_PT, _LEAST_MARK_PT = 7.0, 3.0
_LEFT_EM, _RIGHT_EM, _TOP_EM, _BOTTOM_EM = 3.4, 1.2, 2.2, 3.4
_GAP_ACROSS_EM, _GAP_DOWN_EM = 4.2, 4.0


class RoundPanels:
    """Draws on a figure of its own; `show` draws all anew."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure

    def show(self, shown: RoundReadings | None, palette: Palette, font_pt: float) -> None:
        """Draw that round, or say that there is none."""
        figure = self._figure
        figure.clear()
        figure.set_facecolor(palette.surface)
        metrics = metrics_of(shown)
        if shown is None or not metrics:
            figure.text(
                0.5, 0.5, EMPTY, color=palette.muted, size=font_pt, ha="center", va="center", linespacing=1.6
            )
            return
        width_em, height_em = figure.get_size_inches() * 72 / font_pt
        rows, columns = grid_of(len(metrics), width_em / height_em)
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes, metric_id in zip(panels, metrics, strict=False):
            _draw(axes, shown, metric_id, palette, font_pt, width_em / columns - _GAP_ACROSS_EM)
        for axes in panels[len(metrics) :]:
            axes.set_axis_off()
        for axes in panels[max(0, len(metrics) - columns) : len(metrics)]:  # the lowest of each column
            axes.set_xlabel("node", color=palette.muted, size=font_pt, labelpad=2)
        figure.subplots_adjust(
            left=min(0.3, _LEFT_EM / width_em),
            right=max(0.7, 1 - _RIGHT_EM / width_em),
            bottom=min(0.3, _BOTTOM_EM / height_em),
            top=max(0.7, 1 - _TOP_EM / height_em),
            wspace=_GAP_ACROSS_EM / max(1.0, width_em / columns - _GAP_ACROSS_EM),
            hspace=_GAP_DOWN_EM / max(1.0, height_em / rows - _GAP_DOWN_EM),
        )


def metrics_of(shown: RoundReadings | None) -> list[int]:
    """The metrics that somebody has told a reading of: those with most readings, if they are many."""
    told = (
        Counter(metric for readings in shown.readings.values() for metric in readings) if shown else Counter()
    )
    return sorted(sorted(told, key=lambda metric: (-told[metric], metric))[:MOST_PANELS])


def grid_of(count: int, aspect: float) -> tuple[int, int]:
    """Rows and columns for so many panels: two by two for four, six places for five."""
    if count <= 2:
        return count, 1
    if count <= 4:
        return 2, 2
    short, long = 2, math.ceil(count / 2)
    return (short, long) if aspect >= _WIDE else (long, short)


def summary_of(shown: RoundReadings | None) -> str:
    """Which round it is, and how many have told their readings."""
    if shown is None or not shown.readings:
        return ""
    missing = f", {len(shown.missing)} missing" if shown.missing else ""
    return f"round {shown.round}, {plural(len(shown.readings), 'node')}{missing}"


def save_panels(shown: RoundReadings, path: Path, palette: Palette, title: str) -> None:
    """Write that round as a PNG. Raises OSError."""
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=palette.surface)
    FigureCanvasAgg(figure)
    RoundPanels(figure).show(shown, palette, _FONT_PT)
    figure.subplots_adjust(top=0.86)
    figure.text(0.03, 0.945, title, color=palette.text, size=13, weight="bold")
    figure.text(0.97, 0.945, summary_of(shown), color=palette.muted, size=10, ha="right")
    figure.savefig(path)


def file_name(shown: RoundReadings) -> str:
    """What to call the picture of a round: names sort as the rounds do."""
    return f"treering-round-{shown.round:05}.png"


def _draw(
    axes: Axes, shown: RoundReadings, metric_id: int, palette: Palette, font_pt: float, width_em: float
) -> None:
    """One metric; nodes stand side by side by id, whatever their numbers are."""
    metric, nodes = metric_of(metric_id), shown.nodes
    at = {node: i for i, node in enumerate(nodes)}
    raws = {node: read[metric_id] for node, read in sorted(shown.readings.items()) if metric_id in read}
    values = np.array([metric.scaled(raw) for raw in raws.values()])
    places = [at[node] for node in raws]
    _dress(axes, palette, font_pt)
    title = f"{metric_label(metric.name)}, {unit_label(metric.unit)}"
    axes.set_title(title, loc="left", color=palette.text, size=font_pt)
    axes.set_xlim(-0.7, len(nodes) - 0.3)
    axes.set_ylim(*_limits(values))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    _number(axes, nodes, font_pt, width_em)
    mark_pt = min(_MOST_MARK_PT, max(_LEAST_MARK_PT, 0.5 * width_em * font_pt / max(1, len(nodes))))
    axes.plot(places, values, linestyle="", marker="o", markersize=mark_pt, color=palette.joined, zorder=3)
    _draw_average(axes, shown, metric_id, palette, font_pt, width_em - _LETTER_EM * len(title))
    gone = [at[node] for node in nodes if node not in raws]
    axes.plot(
        gone, [0.06] * len(gone), transform=axes.get_xaxis_transform(), linestyle="", marker="x",
        markersize=mark_pt, markeredgewidth=2, color=palette.maximum, zorder=3,
    )  # fmt: skip
    if len(nodes) * _LABEL_EM <= width_em:
        labels = [(at[node], metric.scaled(raw), reading_label(raw, metric_id)) for node, raw in raws.items()]
    else:  # of the largest alone
        most = max(raws, key=lambda node: raws[node], default=None)
        labels = [(at[most], metric.scaled(raws[most]), reading_label(raws[most], metric_id))] if most else []
    for x, y, text in labels:
        axes.annotate(
            text, (x, y), (0, mark_pt * 0.5 + 3), textcoords="offset points", ha="center",
            color=palette.text, size=0.85 * font_pt, zorder=4,
        )  # fmt: skip


def _dress(axes: Axes, palette: Palette, font_pt: float) -> None:
    axes.set_facecolor(palette.surface)
    axes.grid(axis="y", color=palette.border, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=palette.muted, labelsize=font_pt, length=0, pad=4)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=palette.border)


def _draw_average(
    axes: Axes, shown: RoundReadings, metric_id: int, palette: Palette, font_pt: float, room_em: float
) -> None:
    """The line of the result's average, which counts all that the round counts, and its value in words."""
    row = shown.rows.get(metric_id)
    if row is None or row.average is None:
        return
    axes.axhline(row.average, color=palette.average, linewidth=1.4, linestyle=(0, (5, 3)), zorder=2)
    texts = (f"average {row.average:.1f}", f"av. {row.average:.1f}", f"{row.average:.1f}")
    text = next((text for text in texts if (len(text) + 1) * _LETTER_EM <= room_em), "")
    axes.set_title(text, loc="right", color=palette.average, size=font_pt)


def _number(axes: Axes, nodes: Sequence[int], font_pt: float, width_em: float) -> None:
    """As many ids below the axis as there is room for."""
    letters = max(len(str(node)) for node in nodes)
    every = math.ceil(len(nodes) * _TICK_EM * (letters + 1) / max(1.0, width_em))
    shown = range(0, len(nodes), every)
    axes.xaxis.set_major_locator(FixedLocator(list(shown)))
    axes.set_xticklabels([str(nodes[i]) for i in shown], fontsize=font_pt)


def _limits(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """Around the values, with room for crosses below and labels above."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    extent = max(high - low, _LEAST_RANGE)
    middle = (low + high) / 2
    return middle - 0.72 * extent, middle + 0.72 * extent
