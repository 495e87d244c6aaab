"""The plot of a sweep: coverage and latency over the period, a line a field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bridge.sweep import Row
from desktop.palette import LIGHT, PALETTES, Palette

_SIZE_INCHES, _DPI = (9.6, 5.0), 120
_FONT_PT = 9
# Okabe and Ito, 2008: told apart without seeing red or green; the marks do it without any colour.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a6b63")
_MARKERS = "osD^vPX"
_LEAST_SPAN = 5.0  # percent of the coverage axis, up to 100
_LEGEND_COLUMNS = 4


def save_sweep_plot(rows: Sequence[Row], target: float, path: Path) -> None:
    """Write the picture in the format that the name ends in. Raises OSError."""
    palette = PALETTES[LIGHT]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=palette.surface)
    FigureCanvasAgg(figure)
    coverage, latency = figure.subplots(1, 2)
    lines = _lines(rows)
    for number, (label, line) in enumerate(lines.items()):
        color, marker = _COLORS[number % len(_COLORS)], _MARKERS[number % len(_MARKERS)]
        _draw_coverage(coverage, line, label, color, marker)
        _draw_latency(latency, line, color, marker)
    _frame_coverage(coverage, rows, target, palette)
    latency.set_ylim(bottom=0)
    periods_s = sorted({row.period_s for row in rows})
    _dress(coverage, "Coverage of reachable nodes (mean, %)", periods_s, palette)
    _dress(latency, "Latency (median, and bars up to the 95th percentile, s)", periods_s, palette)
    legend_rows = -(-len(lines) // _LEGEND_COLUMNS)
    figure.legend(
        loc="upper left", bbox_to_anchor=(0.05, 0.995), ncols=_LEGEND_COLUMNS, frameon=False,
        fontsize=_FONT_PT, labelcolor=palette.text,
    )  # fmt: skip
    top = 0.9 - 0.045 * legend_rows
    figure.subplots_adjust(left=0.06, right=0.985, bottom=0.115, top=top, wspace=0.16)
    figure.savefig(path)


def _lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each field in the order of T, by the words that tell it from the others."""
    varies = {name: len({getattr(row, name) for row in rows}) > 1 for name in ("range_m", "loss")}
    lines: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.period_s):
        words = [f"{row.nodes} nodes, {row.field}"]
        words += [f"range {row.range_m:g} m"] if varies["range_m"] and row.range_m is not None else []
        words += [f"loss {row.loss:g}"] if varies["loss"] else []
        lines.setdefault(", ".join(words), []).append(row)
    return lines


def _draw_coverage(axes: Axes, line: Sequence[Row], label: str, color: str, marker: str) -> None:
    axes.plot(
        [row.period_s for row in line], [100 * row.coverage for row in line],
        label=label, color=color, marker=marker, markersize=5, linewidth=1.6, clip_on=False, zorder=3,
    )  # fmt: skip


def _draw_latency(axes: Axes, line: Sequence[Row], color: str, marker: str) -> None:
    found = [
        (row.period_s, row.latency_median_ms / 1000, row.latency_p95_ms / 1000)
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


def _frame_coverage(axes: Axes, rows: Sequence[Row], target: float, palette: Palette) -> None:
    lowest = min(100 * row.coverage for row in rows)
    bottom = min(100 - _LEAST_SPAN, lowest - 0.05 * (100 - lowest))
    axes.set_ylim(max(0.0, bottom), 100)
    axes.axhline(100 * target, color=palette.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    axes.annotate(
        f"{100 * target:g} %", (1, 100 * target), xycoords=("axes fraction", "data"), xytext=(0, -3),
        textcoords="offset points", ha="right", va="top", color=palette.muted, fontsize=_FONT_PT,
    )  # fmt: skip


def _dress(axes: Axes, title: str, periods_s: Sequence[float], palette: Palette) -> None:
    axes.set_title(title, loc="left", fontsize=_FONT_PT, color=palette.text, pad=8)
    axes.set_xlabel("period T, s", fontsize=_FONT_PT, color=palette.muted)
    if len(periods_s) > 1:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(periods_s)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.grid(axis="y", color=palette.border, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=palette.muted, labelsize=_FONT_PT, length=0, pad=5)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(palette.border)
