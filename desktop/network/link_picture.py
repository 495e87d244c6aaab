"""Links as Agg draws them: a Tk canvas draws no smooth curves."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from PIL import Image

from desktop.network.link_path import path_of
from desktop.network.scene import Link

_DPI = 72  # so that a point is a pixel


def draw_links(picture: Image.Image, links: Iterable[Link]) -> None:
    """Onto the picture, the last on top.

    Links of one look that follow each other are one path: Agg is quick, each call of it is not.
    """
    width, height = picture.size
    renderer = RendererAgg(width, height, _DPI)
    for (color, width_px, dashes), alike in groupby(links, _style):
        context = renderer.new_gc()
        context.set_foreground(to_rgba(color), isRGBA=True)
        context.set_linewidth(width_px)
        context.set_capstyle("butt" if dashes else "round")
        if dashes:
            context.set_dashes(0, dashes)
        path = Path.make_compound_path(*(path_of(link, height) for link in alike))
        renderer.draw_path(context, path, IdentityTransform())
    drawn = Image.frombuffer("RGBA", picture.size, renderer.buffer_rgba(), "raw", "RGBA", 0, 1)
    picture.paste(drawn, mask=drawn)


def _style(link: Link) -> tuple[str, float, tuple[float, ...]]:
    return link.color, link.width_px, link.dashes
