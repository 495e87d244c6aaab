"""What lies below the links: the plain surface, or a plan with its picture and who was not heard yet."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image, ImageDraw

from bridge.errors import UsageError
from desktop.network.camera import Camera
from desktop.network.motion import Place
from desktop.network.picture_file import read_picture
from desktop.network.plan import Picture, Plan, PlanFit
from desktop.palette import Palette

_MOST_PICTURE_PX = 4_000  # of a side; a larger one is made smaller once
_FADED = 0.5  # so much of the surface is in the picture, which is to be seen, and not read
_SILENT_RADIUS = 0.6  # of a node's
_OVERSAMPLING = 4


class PlanGround:
    """Reads a plan's picture once; a picture that cannot be read is left out, and `problem` says why."""

    def __init__(self) -> None:
        self.problem = ""
        self._read: Image.Image | None = None
        self._faded_in: Palette | None = None
        self._image: Image.Image | None = None

    def sized(self, plan: Plan) -> Plan:
        """The plan with its picture's size, or without one that cannot be read."""
        picture = plan.picture
        if picture is None:
            return plan
        try:
            image = read_picture(picture.path)
        except UsageError as error:
            self.problem = str(error)
            return replace(plan, picture=None)
        self.problem = ""
        sized = replace(picture, size_px=image.size)
        image.thumbnail((_MOST_PICTURE_PX, _MOST_PICTURE_PX))
        self._read, self._faded_in = image.convert("RGBA"), None
        return replace(plan, picture=sized)

    def draw(
        self,
        size: tuple[int, int],
        palette: Palette,
        plan: Plan | None,
        fit: PlanFit | None,
        camera: Camera,
    ) -> Image.Image:
        """RGB of that size."""
        ground = Image.new("RGB", size, palette.surface)
        if plan is None or fit is None:
            return ground
        if plan.picture is not None:
            self._lay(ground, plan.picture, fit, camera, palette)
        _mark_silent(ground, [camera.seen(place) for place in fit.silent], fit, palette)
        return ground

    def _lay(
        self, ground: Image.Image, picture: Picture, fit: PlanFit, camera: Camera, palette: Palette
    ) -> None:
        image = self._faded(palette)
        width_px, height_px = picture.size_px
        scale = fit.px_per_m * picture.m_per_px * camera.zoom
        left, top = camera.seen(
            (
                fit.origin[0] + fit.px_per_m * picture.x_m,
                fit.origin[1] + fit.px_per_m * picture.y_m,
            )
        )
        x0, y0 = max(0, round(left)), max(0, round(top))
        x1 = min(ground.width, round(left + scale * width_px))
        y1 = min(ground.height, round(top + scale * height_px))
        if x1 <= x0 or y1 <= y0:
            return
        shrunk = image.width / width_px
        box = tuple(
            min(max(value * shrunk / scale, 0.0), float(most))
            for value, most in zip(
                (x0 - left, y0 - top, x1 - left, y1 - top),
                (image.width, image.height, image.width, image.height),
                strict=True,
            )
        )
        part = image.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR, box=box)  # type: ignore[arg-type]
        ground.paste(part, (x0, y0))

    def _faded(self, palette: Palette) -> Image.Image:
        assert self._read is not None  # `sized` has given the plan its picture
        if self._image is None or self._faded_in != palette:
            self._faded_in = palette
            surface = Image.new("RGBA", self._read.size, palette.surface)
            seen = Image.alpha_composite(surface, self._read).convert("RGB")
            self._image = Image.blend(seen, surface.convert("RGB"), _FADED)
        return self._image


def _mark_silent(ground: Image.Image, places: list[Place], fit: PlanFit, palette: Palette) -> None:
    """A small empty ring where a node stands that was not heard yet."""
    radius = max(2.0, _SILENT_RADIUS * fit.fitted.radius_px)
    side = 2 * int(radius) + 4
    ring = Image.new("L", (side * _OVERSAMPLING, side * _OVERSAMPLING), 0)
    middle, reach = side * _OVERSAMPLING / 2, radius * _OVERSAMPLING
    box = (middle - reach, middle - reach, middle + reach, middle + reach)
    ImageDraw.Draw(ring).ellipse(box, outline=255, width=round(1.3 * _OVERSAMPLING))
    ring = ring.resize((side, side), Image.Resampling.LANCZOS)
    color = Image.new("RGB", (side, side), palette.lost)
    for x, y in places:
        ground.paste(color, (round(x - side / 2), round(y - side / 2)), ring)
