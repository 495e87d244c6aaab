"""The tree and the plots as a picture, without a display."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from desktop.layout import tidy
from desktop.model import Model, Standing, hung_under
from desktop.model_words import average_label, latest_labels, metric_label
from desktop.palette import LIGHT, PALETTES, Palette
from desktop.plot import AggregatePlot

_SIZE_INCHES, _DPI = (12.8, 6.4), 100
_FONT_PT = 9
_NODE_PT2 = 900
_MARKERS = {
    Standing.ROOT: "s",
    Standing.JOINED: "o",
    Standing.SEEKING: "D",
    Standing.LOST: "X",
    Standing.HEARD: "o",
}


def save_picture(model: Model, path: Path, title: str) -> None:
    """Write a PNG of the model as it is now. Raises OSError."""
    palette = PALETTES[LIGHT]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=palette.surface)
    FigureCanvasAgg(figure)
    metric_id = min(model.series, default=0)
    tree = figure.add_axes((0.01, 0.02, 0.5, 0.86))
    _draw_tree(tree, model, metric_id, palette)
    plot = AggregatePlot(figure)
    plot.show(model.series.get(metric_id))
    plot.paint(palette, _FONT_PT)
    figure.subplots_adjust(left=0.56, right=0.98, bottom=0.07, top=0.82, hspace=0.3)
    figure.text(0.02, 0.93, title, color=palette.text, size=14, weight="bold")
    row = next((row for row in reversed(model.rows) if row.metric_id == metric_id), None)
    if row is not None:
        figure.text(0.56, 0.935, metric_label(row.metric.name), color=palette.text, size=11, weight="bold")
        for x, (name, text) in zip((0.56, 0.72, 0.86), latest_labels(row).items(), strict=True):
            figure.text(x, 0.88, text, color=getattr(palette, name), size=_FONT_PT)
    figure.savefig(path)


def _draw_tree(axes: Axes, model: Model, metric_id: int, palette: Palette) -> None:
    nodes = {node.id: node for node in model.tree()}
    under = hung_under(list(nodes.values()))
    layout = tidy(under, model.observer.root)
    axes.set_axis_off()
    axes.set_xlim(0, max(1.0, layout.slots))
    axes.set_ylim(max(1.0, layout.layers) - 0.4, -0.6)
    for node_id, (x, y) in layout.places.items():
        node = nodes[node_id]
        above = under[node_id]
        if above is not None:
            joined = node.standing is Standing.JOINED
            x0, y0 = layout.places[above]
            style = (
                {"color": palette.link, "linewidth": 2.2}
                if joined
                else {"color": palette.lost, "linestyle": ":"}
            )
            axes.plot([x0, x], [y0, y], zorder=1, **style)
        hollow = node.standing in (Standing.SEEKING, Standing.LOST, Standing.HEARD)
        color = getattr(palette, node.standing.name.lower(), palette.joined)
        axes.scatter(
            [x],
            [y],
            s=_NODE_PT2,
            marker=_MARKERS[node.standing],
            facecolor=palette.surface if hollow else color,
            edgecolor=color,
            zorder=2,
        )
        text_color = palette.text if hollow else palette.on_node
        value = average_label(node.aggregates.get(metric_id), metric_id)
        text = f"{node_id}\n{value}" if value else str(node_id)
        axes.text(x, y, text, color=text_color, size=8, ha="center", va="center", linespacing=1.1, zorder=3)
