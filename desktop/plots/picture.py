"""The network and the plots as a picture, without a display."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

from desktop.model.model import Model, Standing
from desktop.network.link_path import path_of
from desktop.network.notes import ID_RADIUS_EM, place_notes
from desktop.network.scenes import scene_of
from desktop.palette import LIGHT, PALETTES, Palette
from desktop.plots.chart import chart_of
from desktop.plots.pen import Rect

_SIZE_INCHES, _DPI = (12.8, 6.4), 100
_FONT_PT = 9
_AREA = (0.01, 0.02, 0.52, 0.86)  # of the network, in the figure
_PLOT_ROOM = Rect(0.53, 0.02, 0.995, 0.93)
_EM_PX = 13.0
_CENTERED: dict[str, Any] = {"size": 8, "ha": "center", "va": "center", "linespacing": 1.1}
_MARKERS = {
    Standing.ROOT: "s",
    Standing.JOINED: "o",
    Standing.JOINING: "^",
    Standing.SEEKING: "D",
    Standing.STALE: "h",
    Standing.LOST: "X",
    Standing.LEFT: "X",
    Standing.HEARD: "o",
    Standing.HOME: "s",
    Standing.MEMBER: "o",
    Standing.ABSENT: "X",
    Standing.PRIMARY: "s",
    Standing.STANDBY: "o",
    Standing.MISSING: "X",
}
_COLORS = {
    Standing.ROOT: "root",
    Standing.HOME: "root",
    Standing.PRIMARY: "root",
    Standing.JOINING: "seeking",
    Standing.SEEKING: "seeking",
    Standing.STALE: "lost",
    Standing.LOST: "lost",
    Standing.LEFT: "lost",
    Standing.ABSENT: "lost",
    Standing.MISSING: "lost",
}


def save_picture(model: Model, path: Path, title: str) -> None:
    """Write a PNG of the model as it is now. Raises OSError."""
    palette = PALETTES[LIGHT]
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=palette.surface)
    FigureCanvasAgg(figure)
    metric_id = min(model.series, default=0)
    draw_network(figure.add_axes(_AREA), model, metric_id, palette)
    chart = chart_of(model, metric_id if model.series else None)
    chart.palette, chart.font_pt, chart.room = palette, _FONT_PT, _PLOT_ROOM
    figure.add_artist(chart)
    figure.text(0.02, 0.93, title, color=palette.text, size=14, weight="bold")
    figure.savefig(path)


def draw_network(axes: Axes, model: Model, metric_id: int, palette: Palette) -> None:
    """The scene of the window on all of these axes, with markers for nodes."""
    scene = scene_of(model, metric_id)
    figure = axes.get_figure(root=True)
    assert figure is not None
    width, height = round(axes.bbox.width), round(axes.bbox.height)
    fitted = scene.fit(width, height, _EM_PX)
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    for link in scene.links(fitted, fitted.places, palette, 1.0).values():
        style: Any = (0, tuple(length / link.width_px for length in link.dashes)) if link.dashes else "-"
        axes.add_patch(
            PathPatch(
                path_of(link, height), fill=False, edgecolor=link.color, linewidth=0.72 * link.width_px,
                linestyle=style, zorder=1,
            )
        )  # fmt: skip
    for node_id, look in scene.looks.items():
        x, y = fitted.places[node_id]
        hollow = look.is_hollow
        color = getattr(palette, _COLORS.get(look.standing, "joined"))
        axes.scatter(
            [x],
            [height - y],
            s=(2 * fitted.radius_px * 72 / figure.dpi) ** 2,
            marker=_MARKERS[look.standing],
            facecolor=palette.surface if hollow else color,
            edgecolor=palette.active if look.is_marked else color,
            linewidth=2.5 if look.is_marked else 1.0,
            zorder=2,
        )
        text = f"{node_id}\n{look.value}" if look.value else str(node_id)
        if fitted.radius_px >= ID_RADIUS_EM * _EM_PX:
            text_color = palette.text if hollow else palette.on_node
            axes.text(x, height - y, text, color=text_color, zorder=3, **_CENTERED)
    for note in place_notes(scene.looks, fitted, _EM_PX).values():
        x, y = note.place
        axes.text(x, height - y, note.text, color=getattr(palette, note.color), zorder=3, **_CENTERED)
    axes.text(width / 2, height / 2, "".join(scene.captions[:1]), color=palette.muted, zorder=3, **_CENTERED)
