"""Draws on a matplotlib renderer (the screen's, SVG, PDF) without the cost of matplotlib's axes.

Coordinates are pixels of the renderer, from the lower left.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform
from numpy.typing import NDArray

Points = NDArray[np.float64]
Anchor = Literal["left", "center", "right"]

_NO_TRANSFORM = IdentityTransform()
_CIRCLE = Path.unit_circle()
_ROUND_TEXT_PX = 2
_ABOVE_EM, _BELOW_EM = 1.2, 0.5  # what a letter may have of its baseline
# A text is put together of these: of numbers that change there are ten digits, and words come again.
_PARTS = re.compile(r"\d|[^\d\s]+|\s+")


class Rect(NamedTuple):
    """Left, lower, right and upper edge."""

    x0: float
    y0: float
    x1: float
    y1: float


class Pen:
    """For one drawing; `em` is the height of its font in pixels."""

    def __init__(self, on: RendererBase, font_pt: float) -> None:
        self._renderer: Any
        self._renderer = on
        self.em = float(self._renderer.points_to_pixels(font_pt))
        self._dpi = 72 * self.em / font_pt
        self.width, self.height = (float(size) for size in self._renderer.get_canvas_width_height())
        self._font_pt = font_pt
        self._clip: Bbox | None = None

    def clip(self, rect: Rect | None) -> None:
        """Draw within that from now on."""
        self._clip = None if rect is None else Bbox.from_extents(rect.x0, rect.y0, rect.x1, rect.y1)

    def line(self, points: Points, color: str, width: float, dashes: Sequence[float] = ()) -> None:
        """Through those points, (n, 2); NaN interrupts it."""
        if len(points):
            gc = self._context(color, 1.0, width, dashes)
            self._renderer.draw_path(gc, Path(points), _NO_TRANSFORM, None)
            gc.restore()

    def area(self, path: Path, color: str, alpha: float = 1.0) -> None:
        """The inside of that path."""
        gc = self._context(color, alpha, 0.0)
        path.should_simplify = False
        self._renderer.draw_path(gc, path, _NO_TRANSFORM, to_rgba(color, alpha))
        gc.restore()

    def box(self, rect: Rect, color: str, alpha: float = 1.0) -> None:
        """The inside of a rectangle."""
        x0, y0, x1, y1 = rect
        self.area(Path([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]), color, alpha)

    def boxes(self, rects: Sequence[Rect], color: str) -> None:
        """The insides of rectangles."""
        if rects:
            corners = np.array(
                [[(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)] for x0, y0, x1, y1 in rects]
            )
            codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(rects)
            self.area(Path(corners.reshape(-1, 2), codes), color)

    def segments(self, starts: Points, ends: Points, color: str, width: float) -> None:
        """From each point to the other one."""
        if len(starts):
            vertices = np.empty((2 * len(starts), 2))
            vertices[0::2], vertices[1::2] = starts, ends
            codes = np.tile([Path.MOVETO, Path.LINETO], len(starts)).astype(np.uint8)
            gc = self._context(color, 1.0, width)
            self._renderer.draw_path(gc, Path(vertices, codes), _NO_TRANSFORM, None)
            gc.restore()

    def dots(self, points: Points, radius: float, fill: str, edge: str = "", width: float = 0.0) -> None:
        """A circle at each point."""
        if len(points):
            gc = self._context(edge or fill, 1.0, width)
            shape = Affine2D().scale(radius)
            self._renderer.draw_markers(gc, _CIRCLE, shape, Path(points), _NO_TRANSFORM, to_rgba(fill))
            gc.restore()

    def text(self, x: float, y: float, text: str, color: str, anchor: Anchor = "left") -> None:
        """One line, on the baseline y."""
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[anchor]
        left = x - share * self.measure(text) if share else x
        gc = self._context(color, 1.0, 1.0)
        if isinstance(self._renderer, RendererAgg):
            image = _text_image(text, color, self._font_pt, self._dpi)
            bottom = round(y) - _rows_below(self._font_pt, self._dpi)
            self._renderer.draw_image(gc, round(left) - _ROUND_TEXT_PX, bottom, image)
        else:
            lower = self.height - y if self._renderer.flipy() else y
            self._renderer.draw_text(gc, left, lower, text, _font(self._font_pt), 0, False)
        gc.restore()

    def measure(self, text: str) -> float:
        """Width of a text in pixels."""
        return sum((_advance_px(part, self._font_pt, self._dpi) for part in _PARTS.findall(text)), 0.0)

    def _context(self, color: str, alpha: float, width: float, dashes: Sequence[float] = ()) -> Any:
        gc = self._renderer.new_gc()
        gc.set_foreground(color)
        gc.set_alpha(alpha)
        gc.set_linewidth(width)
        gc.set_joinstyle("round")
        gc.set_capstyle("butt" if dashes else "round")
        if dashes:
            gc.set_dashes(0, list(dashes))
        if self._clip is not None:
            gc.set_clip_rectangle(self._clip)
        return gc


@lru_cache(maxsize=500)  # more than a window full; what tells of a value does not come again
def _text_image(text: str, color: str, font_pt: float, dpi: float) -> NDArray[np.uint8]:
    """A text in pixels, its lowest row first.

    Matplotlib takes two milliseconds for a text, each time that it is drawn.
    """
    parts = _PARTS.findall(text)
    ends_px = np.cumsum([_advance_px(part, font_pt, dpi) for part in parts])
    letters = [_letters(part, font_pt, dpi) for part in parts]
    starts = [
        round(end_px - _advance_px(part, font_pt, dpi)) for part, end_px in zip(parts, ends_px, strict=True)
    ]
    width = max((start + letter.shape[1] for start, letter in zip(starts, letters, strict=True)), default=1)
    image = np.empty((_rows(font_pt, dpi) + _rows_below(font_pt, dpi), width, 4), np.uint8)
    image[:] = [round(255 * share) for share in to_rgba(color, 0.0)]
    for start, letter in zip(starts, letters, strict=True):
        there = image[:, start : start + letter.shape[1], 3]
        np.maximum(there, letter, out=there)
    return image


@lru_cache(maxsize=2_000)
def _letters(part: str, font_pt: float, dpi: float) -> NDArray[np.uint8]:
    """How much of each pixel a part of a text covers, its lowest row first."""
    columns = math.ceil(_advance_px(part, font_pt, dpi)) + 2 * _ROUND_TEXT_PX
    rows = _rows(font_pt, dpi)
    drawn: Any = RendererAgg(columns, rows + _rows_below(font_pt, dpi), dpi)
    drawn.draw_text(drawn.new_gc(), _ROUND_TEXT_PX, rows, part, _font(font_pt), 0, False)
    return np.ascontiguousarray(np.asarray(drawn.buffer_rgba())[::-1, :, 3])


@lru_cache(maxsize=2_000)
def _advance_px(part: str, font_pt: float, dpi: float) -> float:
    """How far what follows is from where a part of a text begins: what a font measures is ink alone."""
    renderer = RendererAgg(1, 1, dpi)
    with_it, without = (
        renderer.get_text_width_height_descent(text, _font(font_pt), False)[0] for text in (f"n{part}n", "nn")
    )
    return float(with_it - without)


def _rows(font_pt: float, dpi: float) -> int:
    """Of pixels above the baseline of a text."""
    return math.ceil(_ABOVE_EM * font_pt * dpi / 72)


def _rows_below(font_pt: float, dpi: float) -> int:
    return math.ceil(_BELOW_EM * font_pt * dpi / 72)


@lru_cache(maxsize=8)
def _font(size_pt: float) -> FontProperties:
    return FontProperties(size=size_pt)
