"""The plot of a sweep: coverage and latency over the period, a line a field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, NullLocator

from bridge.sweep import Row
from desktop.palette import LIGHT, PALETTES, Palette

_SIZE_INCHES, _DPI = (11.4, 5.0), 120
_FONT_PT = 9
# Okabe and Ito, 2008: told apart without seeing red or green; the marks do it without any colour.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a6b63")
_MARKERS = "osD^vPX"
# Coverage is drawn by its nines, so that 99.9 % is as far from 99 % as that is from 90 %.
_COVERAGE_TICKS = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)
_ALL = 3.5
_DODGE = 0.06  # of T, between the first line and the last, so that their bars stand side by side


def save_sweep_plot(rows: Sequence[Row], target: float, caption: str, path: Path) -> None:
    """Write the picture in the format that the name ends in. `caption` stands below. Raises OSError."""
    palette = PALETTES[LIGHT]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=palette.surface)
    FigureCanvasAgg(figure)
    coverage, latency = figure.subplots(1, 2)
    lines = _lines(rows)
    for number, (label, line) in enumerate(lines.items()):
        color, marker = _style(number)
        _draw_coverage(coverage, line, label, color, marker)
        _draw_latency(latency, line, color, marker, 1 + _DODGE * (number / len(lines) - 0.5))
    _frame_coverage(coverage, target, palette)
    latency.set_ylim(bottom=0)
    periods_s = sorted({row.period_s for row in rows})
    _dress(coverage, "Coverage of reachable nodes (mean, %; dashed: enough)", periods_s, palette)
    _dress(latency, "Latency (median, and bars up to the 95th percentile, s)", periods_s, palette)
    figure.text(0.05, 0.03, caption, color=palette.muted, fontsize=_FONT_PT)
    figure.legend(
        loc="upper left", bbox_to_anchor=(0.757, 0.94), frameon=False, fontsize=_FONT_PT,
        labelcolor=palette.text, title="nodes", title_fontsize=_FONT_PT, alignment="left",
    )  # fmt: skip
    figure.subplots_adjust(left=0.05, right=0.75, bottom=0.17, top=0.91, wspace=0.16)
    figure.savefig(path, bbox_inches="tight")  # a legend may be longer than its place


def _lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each field in the order of T, by the words that tell it from the others."""
    varies = {name: len({getattr(row, name) for row in rows}) > 1 for name in ("range_m", "loss")}
    lines: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.period_s):
        words = [f"{row.nodes} on {row.field}"]
        words += [f"R {row.range_m:g} m"] if varies["range_m"] and row.range_m is not None else []
        words += [f"loss {row.loss:g}"] if varies["loss"] else []
        lines.setdefault(", ".join(words), []).append(row)
    return lines


def _style(number: int) -> tuple[str, str]:
    """Colour and mark of a line; 49 differ."""
    count = len(_COLORS)
    return _COLORS[number % count], _MARKERS[(number + number // count) % count]


def _draw_coverage(axes: Axes, line: Sequence[Row], label: str, color: str, marker: str) -> None:
    axes.plot(
        [row.period_s for row in line], [_nines(row.coverage) for row in line],
        label=label, color=color, marker=marker, markersize=5, linewidth=1.6, clip_on=False, zorder=3,
    )  # fmt: skip


def _draw_latency(axes: Axes, line: Sequence[Row], color: str, marker: str, dodge: float) -> None:
    found = [
        (row.period_s * dodge, row.latency_median_ms / 1000, row.latency_p95_ms / 1000)
        for row in line
        if row.latency_median_ms is not None and row.latency_p95_ms is not None
    ]
    if not found:
        return
    period_s, median_s, p95_s = zip(*found, strict=True)
    above_s = [high - middle for middle, high in zip(median_s, p95_s, strict=True)]
    axes.errorbar(
        period_s, median_s, yerr=([0.0] * len(found), above_s),
        color=color, marker=marker, markersize=5, linewidth=1.6, elinewidth=1, capsize=3, zorder=3,
    )  # fmt: skip


def _nines(coverage: float) -> float:
    return _ALL if coverage >= 1 else min(_ALL, -math.log10(1 - coverage))


def _frame_coverage(axes: Axes, target: float, palette: Palette) -> None:
    axes.set_ylim(0, _ALL)
    axes.yaxis.set_major_locator(FixedLocator([_nines(tick) for tick in _COVERAGE_TICKS]))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{100 * tick:g}" for tick in _COVERAGE_TICKS]))
    axes.axhline(_nines(target), color=palette.text, linewidth=1, linestyle=(0, (4, 3)), zorder=2)


def _dress(axes: Axes, title: str, periods_s: Sequence[float], palette: Palette) -> None:
    axes.set_title(title, loc="left", fontsize=_FONT_PT, color=palette.text, pad=8)
    axes.set_xlabel("period T, s", fontsize=_FONT_PT, color=palette.muted)
    if len(periods_s) > 1:
        axes.set_xscale("log")
        margin = (periods_s[-1] / periods_s[0]) ** 0.05
        axes.set_xlim(periods_s[0] / margin, periods_s[-1] * margin)
    axes.xaxis.set_major_locator(FixedLocator(list(periods_s)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.grid(axis="y", color=palette.border, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=palette.muted, labelsize=_FONT_PT, length=0, pad=5)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(palette.border)
