"""The pen of the plots: its texts, which are put together of parts, look as matplotlib's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

from desktop.plots.pen import Pen

WIDTH_PX, HEIGHT_PX, DPI, FONT_PT = 300, 60, 96, 9.0
LEFT, BASE = 10, 25  # of the texts, from the lower left
TEXTS = ("● max 41.0 °C at node 4", "-20", "1:02:03.5", "AVAST, wavy gaps", "{µg/m³} 65.7 %", "Höhe  ÅÉ")


def by_pen(text: str) -> NDArray[np.uint8]:
    renderer = RendererAgg(WIDTH_PX, HEIGHT_PX, DPI)
    Pen(renderer, FONT_PT).text(LEFT, BASE, text, "#000000")
    return covered(renderer)


def by_matplotlib(text: str) -> NDArray[np.uint8]:
    renderer = RendererAgg(WIDTH_PX, HEIGHT_PX, DPI)
    renderer.draw_text(
        renderer.new_gc(), LEFT, HEIGHT_PX - BASE, text, FontProperties(size=FONT_PT), 0, False
    )
    return covered(renderer)


def covered(renderer: Any) -> NDArray[np.uint8]:
    return np.asarray(renderer.buffer_rgba())[:, :, 3].copy()


def edges(picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, right, upper and lower edge of what is drawn."""
    rows, columns = np.nonzero(picture)
    return int(columns.min()), int(columns.max()), int(rows.min()), int(rows.max())


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_of_parts_is_where_the_whole_one_would_be(text: str) -> None:
    ours, theirs = by_pen(text), by_matplotlib(text)
    assert edges(ours) == pytest.approx(edges(theirs), abs=1)
    assert int(ours.sum()) == pytest.approx(int(theirs.sum()), rel=0.03), "all of its letters"


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_as_wide_as_it_is_told(text: str) -> None:
    left, right, _, _ = edges(by_pen(text))
    assert Pen(RendererAgg(1, 1, DPI), FONT_PT).measure(text) == pytest.approx(right - left + 1, abs=3)


def test_a_text_takes_its_colour_and_nothing_has_none() -> None:
    renderer: Any = RendererAgg(WIDTH_PX, HEIGHT_PX, DPI)
    pen = Pen(renderer, FONT_PT)
    pen.text(LEFT, BASE, "", "#ff0000")
    pen.text(LEFT, BASE, "max 1", "#ff0000")
    pixels = np.asarray(renderer.buffer_rgba())
    assert (pixels[pixels[:, :, 3] == 255][:, :3] == (255, 0, 0)).all()
    assert pixels[:, :, 3].max() == 255
    assert pen.measure("") == 0
