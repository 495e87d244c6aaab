"""The mark of Treering: the rings of a tree, a little off their centre."""

from __future__ import annotations

from PIL import Image, ImageDraw

from desktop.palette import Palette, mix

_OVERSAMPLING = 4
_RINGS = (1.0, 0.76, 0.54, 0.34, 0.16)  # radii


def mark(side_px: int, palette: Palette) -> Image.Image:
    """RGBA, square."""
    side = side_px * _OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    pale = mix(palette.accent, palette.surface, 0.78)
    for i, share in enumerate(_RINGS):
        radius = share * (side / 2 - 1)
        shift = (1 - share) * side * 0.07
        x, y = side / 2 + shift, side / 2 - shift
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=pale if i % 2 else palette.accent)
    return image.resize((side_px, side_px), Image.Resampling.LANCZOS)
