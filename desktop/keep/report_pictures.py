"""The pictures of a report: SVG to stand in HTML, whose colours are those of the page, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import fields
from xml.etree import ElementTree

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from desktop.keep.markup import Markup
from desktop.model.model import Model
from desktop.palette import LIGHT, PALETTES
from desktop.plots.chart import chart_of
from desktop.plots.picture import draw_network

_DPI = 100
_FONT_PT = 9
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_HREF = "{http://www.w3.org/1999/xlink}href"
# Of colours that are alike in the light theme the first name counts.
_NAMES = {getattr(PALETTES[LIGHT], field.name): field.name for field in reversed(fields(PALETTES[LIGHT]))}


def network_svg(model: Model, metric_id: int, label: str) -> Markup:
    """The tree, the ring or the star as it is now; large ones in more room."""
    nodes = len(model.observer.nodes)
    size_inches = (9.0, 5.0) if nodes <= 60 else (12.0, 8.0) if nodes <= 250 else (18.0, 12.0)

    def draw(figure: Figure) -> None:
        draw_network(figure.add_axes((0.0, 0.0, 1.0, 1.0)), model, metric_id, PALETTES[LIGHT])

    return _svg(draw, size_inches, label, "n")


def plot_svg(model: Model, metric_id: int, label: str) -> Markup:
    """One metric over all of the time. Its size is bounded: the chart draws no more points than fit."""

    def draw(figure: Figure) -> None:
        chart = chart_of(model, metric_id)
        chart.palette, chart.font_pt = PALETTES[LIGHT], _FONT_PT
        figure.add_artist(chart)

    return _svg(draw, (9.0, 4.2), label, f"p{metric_id}-")


def _svg(draw: Callable[[Figure], None], size_inches: tuple[float, float], label: str, prefix: str) -> Markup:
    figure = Figure(figsize=size_inches, dpi=_DPI, facecolor="none")
    FigureCanvasSVG(figure)
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix, "font.family": "sans-serif"}):
        draw(figure)
        figure.savefig(file, format="svg", facecolor="none", metadata={"Date": None})
    return inline(file.getvalue(), label, prefix)


def inline(svg: bytes, label: str, prefix: str) -> Markup:
    """The drawing as an element of HTML: no namespaces, no metadata, no style for others, no id of others."""
    root = ElementTree.fromstring(svg)
    used = {name for each in root.iter() for pair in each.attrib.items() for name in _named_in(*pair)}
    for parent in root.iter():
        for child in list(parent):
            if _name(child) in ("metadata", "style", "title"):
                parent.remove(child)
    for each in root.iter():
        each.tag = _name(each)
        if _HREF in each.attrib:
            each.set("href", each.attrib.pop(_HREF))
        if each.get("id", "") not in used:
            each.attrib.pop("id", None)
        for key, value in each.attrib.items():
            each.set(key, _recoloured(_relabelled(key, value, prefix)))
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {"class": "figure", "role": "img", "aria-label": label}
    return Markup(ElementTree.tostring(root, encoding="unicode", short_empty_elements=False))


def _name(each: ElementTree.Element) -> str:
    return each.tag.rpartition("}")[2]


def _named_in(key: str, value: str) -> list[str]:
    """The ids that an attribute refers to."""
    return [value.removeprefix("#")] if key in (_HREF, "href") else _REFERENCE.findall(value)


def _relabelled(key: str, value: str, prefix: str) -> str:
    """Drawings of one page must not share ids."""
    if key == "id":
        return prefix + value
    if key == "href":
        return "#" + prefix + value.removeprefix("#")
    return _REFERENCE.sub(lambda found: f"url(#{prefix}{found[1]})", value)


def _recoloured(value: str) -> str:
    for color, name in _NAMES.items():
        value = value.replace(color, f"var(--{name})")
    return value
