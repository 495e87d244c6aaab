"""Colours, motion, plots and pictures, as far as they need no display."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from desktop.model.history import Series
from desktop.model.model import Model, Standing
from desktop.network.activity import ACTIVE_S, Activity
from desktop.network.motion import MOVE_S, Motion
from desktop.network.node_images import node_image
from desktop.palette import PALETTES, Palette, mix
from desktop.plots.picture import save_picture
from desktop.plots.plot import AggregatePlot
from protocol.aggregate import TEMPERATURE, Aggregate
from protocol.capture import Record
from protocol.observer import RoundRow
from protocol.packets import BROADCAST

WCAG_AA, WCAG_AA_GRAPHICS = 4.5, 3.0


def luminance(color: str) -> float:
    """WCAG 2.1, relative luminance."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_what_is_read_stands_out(palette: Palette) -> None:
    texts = ("text", "muted", "maximum", "average", "count", "doubt", "seeking", "accent")
    grounds = ("surface", "background")
    for text, ground in product(texts, grounds):
        found = contrast(getattr(palette, text), getattr(palette, ground))
        assert found >= WCAG_AA, f"{text} on {ground}: {found:.2f}"
    for node in ("root", "joined"):
        assert contrast(palette.on_node, getattr(palette, node)) >= WCAG_AA, node
    assert contrast(palette.text, palette.selection) >= WCAG_AA
    assert contrast(palette.lost, palette.surface) >= WCAG_AA_GRAPHICS


def test_colours_are_mixed_by_share() -> None:
    assert [mix("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == ["#000000", "#804000", "#ff8000"]


def test_every_standing_has_a_shape_of_its_own() -> None:
    """Told apart by the shape alone, for those who cannot tell the colours."""
    palette = PALETTES["light"]
    outlines = {
        standing: node_image(standing, 20, False, palette).getchannel("A").tobytes()
        for standing in (Standing.ROOT, Standing.JOINED, Standing.SEEKING, Standing.LOST)
    }
    assert len(set(outlines.values())) == len(outlines)


def test_nodes_glide_to_their_places_and_new_ones_come_out_of_their_parents() -> None:
    motion = Motion()
    motion.aim({1: (0.0, 0.0)}, {1: None}, None)
    assert motion.places == {1: (0.0, 0.0)}
    assert not motion.moving
    motion.aim({1: (10.0, 0.0), 2: (30.0, 40.0)}, {1: None, 2: 1}, 5.0)
    assert motion.places == {1: (0.0, 0.0), 2: (0.0, 0.0)}
    motion.advance(5.0 + MOVE_S / 2)
    assert motion.places[1] == pytest.approx((5.0, 0.0))
    assert motion.places[2] == pytest.approx((15.0, 20.0))
    motion.advance(5.1 + MOVE_S)
    assert motion.places == {1: (10.0, 0.0), 2: (30.0, 40.0)}
    assert not motion.moving


def test_a_frame_is_seen_on_its_link_for_a_moment() -> None:
    activity, under = Activity(), {1: None, 2: 1, 3: 2}
    activity.note([(3, 2), (1, 2), (3, 1), (2, BROADCAST)], under, 10.0)
    assert activity.nodes.keys() == {1, 2, 3}
    assert activity.links.keys() == {2, 3}, "up from 3, and down to 2"
    activity.note([(2, 1)], under, 10.0 + ACTIVE_S / 2)
    activity.expire(10.0 + ACTIVE_S)
    assert activity.nodes.keys() == activity.links.keys() == {2}


def row(raw: int, count: int, doubt: int = 0) -> RoundRow:
    return RoundRow(0, 1, 0, Aggregate(1, raw, 4, raw * count, count), doubt, 300, 20, 500, 0, 16)


def test_the_axes_stay_while_the_data_fit() -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    plot, series = AggregatePlot(figure), Series(TEMPERATURE)
    assert plot.show(None), "the empty axes"
    series.append(2.0, row(120, 16))
    assert plot.show(series), "the first values"
    for time_s in range(4, 60, 2):
        series.append(time_s, row(120 + time_s % 3, 16))
        assert not plot.show(series), f"at {time_s} s"
    series.append(62.0, row(120, 16))
    assert plot.show(series), "the time goes on"
    series.append(64.0, row(180, 16))
    assert plot.show(series), "a value outside"


def test_a_round_that_is_not_exact_is_marked() -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    plot, series = AggregatePlot(figure), Series(TEMPERATURE)
    series.append(2.0, row(120, 16))
    series.append(4.0, row(120, 16, doubt=3))
    plot.show(series)
    doubt, *_, inexact = plot.artists
    assert isinstance(inexact, Line2D)
    assert isinstance(doubt, LineCollection)
    assert np.array(inexact.get_xydata()).tolist() == [[4.0, 20.0]]
    assert [np.array(segment).tolist() for segment in doubt.get_segments()] == [[[4.0, 13.0], [4.0, 16.0]]]


@pytest.mark.parametrize("rounds", ["none", "all"])
def test_tree_and_plots_make_a_picture(rounds: str, demo_records: list[Record], tmp_path: Path) -> None:
    model = Model()
    model.feed(demo_records if rounds == "all" else [])
    save_picture(model, tmp_path / "demo.png", "Demo")
    with Image.open(tmp_path / "demo.png") as picture:
        colors = picture.convert("RGB").getcolors(1 << 24)
    assert colors is not None
    joined = PALETTES["light"].joined
    drawn = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in colors}  # type: ignore[misc]
    assert (joined in drawn) == (rounds == "all")
