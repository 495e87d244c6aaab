"""The plot of a comparison: a panel a figure, a bar a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bridge.compare import ROOT, Row
from bridge.tables import percent, short
from desktop.palette import LIGHT, PALETTES, Palette
from protocol.simulator.comparison import AWAY_ROUNDS

_SIZE_INCHES, _DPI = (11.4, 5.6), 120
_FONT_PT = 9
# Okabe and Ito, 2008: told apart without seeing red or green; the names below the bars do it without colour.
_COLORS = {"tree": "#009e73", "ring": "#0072b2", "polling": "#d55e00"}
_PALE = 0.45
_WIDTH = 0.62
_HEADROOM = 1.3  # for the numbers above the highest bar
_COSTS = (
    ("frames", "Frames a period, all nodes"),
    ("bytes", "Bytes a period, all nodes"),
    ("busiest", "Frames a period, busiest node"),
)
_TIMES = (
    ("oldest_ms", "Age of the oldest reading, ms"),
    ("skew_ms", "Skew of the readings, ms"),
)


@dataclass(frozen=True, slots=True)
class _Bar:
    """`name` below, `text` above, and a paler bar `behind` it that is at least as high."""

    network: str
    name: str
    height: float
    behind: float
    text: str


def save_compare_plot(rows: Sequence[Row], caption: str, path: Path) -> None:
    """Write the picture in the format that the name ends in. `caption` stands below. Raises OSError."""
    palette = PALETTES[LIGHT]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=palette.surface)
    FigureCanvasAgg(figure)
    panels = iter(figure.subplots(2, 4).flat)
    for title, bars in _panels(rows):
        _draw(next(panels), title, bars, palette)
    if any(row.who == ROOT for row in rows):
        caption += f". The tree's root is dead for {AWAY_ROUNDS} T, then back"
    figure.text(0.035, 0.025, caption, color=palette.muted, fontsize=_FONT_PT)
    figure.subplots_adjust(left=0.035, right=0.99, bottom=0.15, top=0.94, wspace=0.14, hspace=0.42)
    figure.savefig(path)


def _panels(rows: Sequence[Row]) -> Iterator[tuple[str, list[_Bar]]]:
    networks = [row for row in rows if row.who != ROOT]
    yield "Coverage of reachable nodes, %", [_coverage_bar(row) for row in networks]
    for name, title in _COSTS:
        yield title, [_bar(row, getattr(row, name)) for row in networks]
    yield (
        "Delay of a result, ms: median, pale: p99",
        [_pair(row, row.network, row.latency_p50_ms, row.latency_p99_ms, "-") for row in networks],
    )
    for name, title in _TIMES:
        yield title, [_bar(row, getattr(row, name)) for row in networks]
    yield (
        "After a death, s: next result, pale: all",
        [
            _pair(row, f"{row.network}\n{row.who}", _seconds(row.result_ms), _seconds(row.whole_ms), "never")
            for row in rows
        ],
    )


def _coverage_bar(row: Row) -> _Bar:
    share = row.coverage or 0.0
    return _Bar(row.network, row.network, 100 * share, 100 * share, percent(share))


def _bar(row: Row, value: float | None) -> _Bar:
    return _Bar(row.network, row.network, value or 0.0, value or 0.0, _text(value, "-"))


def _pair(row: Row, name: str, low: float | None, high: float | None, nothing: str) -> _Bar:
    low_text, high_text = _text(low, nothing), _text(high, nothing)
    text = low_text if low_text == high_text else f"{low_text} /\n{high_text}"
    return _Bar(row.network, name, low or 0.0, high or low or 0.0, text)


def _draw(axes: Axes, title: str, bars: Sequence[_Bar], palette: Palette) -> None:
    places = range(len(bars))
    colors = [_COLORS[bar.network] for bar in bars]
    axes.bar(places, [bar.behind for bar in bars], _WIDTH, color=colors, alpha=_PALE)
    axes.bar(places, [bar.height for bar in bars], _WIDTH, color=colors)
    for place, bar in zip(places, bars, strict=True):
        axes.annotate(
            bar.text, (place, bar.behind), (0, 3), textcoords="offset points", ha="center", va="bottom",
            fontsize=_FONT_PT, color=palette.text,
        )  # fmt: skip
    axes.set_ylim(0, (max(bar.behind for bar in bars) or 1.0) * _HEADROOM)
    axes.set_xlim(-0.6, len(bars) - 0.4)
    axes.set_title(title, loc="left", fontsize=_FONT_PT, color=palette.text, pad=8)
    axes.set_xticks(places, [bar.name for bar in bars])
    axes.set_yticks([])  # the numbers stand above the bars
    axes.tick_params(colors=palette.text, labelsize=_FONT_PT, length=0, pad=5)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(palette.border)


def _seconds(value_ms: float | None) -> float | None:
    return None if value_ms is None else value_ms / 1000


def _text(value: float | None, nothing: str) -> str:
    return nothing if value is None else short(value)
