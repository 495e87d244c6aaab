"""Draws on a matplotlib renderer (the screen's, SVG, PDF) without the cost of matplotlib's axes.

Coordinates are pixels of the renderer, from the lower left.
"""

from __future__ import annotations

import math
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
_WIDTHS: dict[tuple[str, float], float] = {}  # of texts in pixels, by text and font
_MOST_WIDTHS = 10_000
_ROUND_TEXT_PX = 2


class Rect(NamedTuple):
    """Left, lower, right and upper edge."""

    x0: float
    y0: float
    x1: float
    y1: float

    def contains(self, x: float, y: float) -> bool:
        """Whether that point is in it."""
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1


class Pen:
    """For one drawing; `em` is the height of its font in pixels."""

    def __init__(self, on: RendererBase, font_pt: float) -> None:
        self._renderer: Any
        self._renderer = on
        self.em = float(self._renderer.points_to_pixels(font_pt))
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
            image, below = _text_image(text, color, self._font_pt, self._renderer.dpi)
            self._renderer.draw_image(gc, round(left) - _ROUND_TEXT_PX, round(y) - below, image)
        else:
            lower = self.height - y if self._renderer.flipy() else y
            self._renderer.draw_text(gc, left, lower, text, _font(self._font_pt), 0, False)
        gc.restore()

    def measure(self, text: str) -> float:
        """Width of a text in pixels."""
        key = text, self.em
        if key not in _WIDTHS:
            if len(_WIDTHS) > _MOST_WIDTHS:
                _WIDTHS.clear()
            size = self._renderer.get_text_width_height_descent(text, _font(self._font_pt), False)
            _WIDTHS[key] = float(size[0])
        return _WIDTHS[key]

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


@lru_cache(maxsize=2_000)
def _text_image(text: str, color: str, font_pt: float, dpi: float) -> tuple[NDArray[np.uint8], int]:
    """A text in pixels, its lowest row first, and how many of them are below its baseline.

    Matplotlib takes a millisecond for a text, each time that it is drawn.
    """
    measure = RendererAgg(1, 1, dpi)
    width, height, descent = measure.get_text_width_height_descent(text, _font(font_pt), False)
    margin = _ROUND_TEXT_PX
    columns, rows, below = (math.ceil(size) + 2 * margin for size in (width, height, descent))
    drawn: Any = RendererAgg(columns, rows + below, dpi)
    gc = drawn.new_gc()
    gc.set_foreground(color)
    drawn.draw_text(gc, margin, rows, text, _font(font_pt), 0, False)
    return np.ascontiguousarray(np.asarray(drawn.buffer_rgba())[::-1]), below


@lru_cache(maxsize=8)
def _font(size_pt: float) -> FontProperties:
    return FontProperties(size=size_pt)
