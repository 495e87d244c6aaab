"""The picture below the plan, as much of it as is seen."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path

from PIL import Image, ImageTk

from bridge.errors import UsageError
from desktop.editor.camera import Camera
from desktop.editor.document import Background
from desktop.network.picture_file import read_picture

Corner = tuple[float, float]


class BackgroundItem:
    """Below everything else. `problem` says why there is no picture where there should be one."""

    def __init__(self, canvas: tk.Canvas) -> None:
        self._canvas = canvas
        self._item = canvas.create_image(0, 0, anchor="nw", tags="picture")
        self._background: Background | None = None
        self._path: Path | None = None
        self._image: Image.Image | None = None
        self._photo: ImageTk.PhotoImage | None = None
        self.problem = ""

    def show(self, background: Background | None, field: Path | None, camera: Camera) -> None:
        """Show that picture; its path is from the folder of the field's file."""
        path = None if background is None else background.path(field)
        if path != self._path:
            self._path, self._image, self.problem = path, None, ""
            if path is not None:
                self._load(path)
        if background != self._background:
            self._background = background
            self.place(camera)

    def corners_m(self, background: Background | None) -> list[Corner]:
        """Where it begins and ends, if there is one."""
        if background is None or self._image is None:
            return []
        width, height = (size * background.m_per_px for size in self._image.size)
        return [(background.x_m, background.y_m), (background.x_m + width, background.y_m + height)]

    def place(self, camera: Camera) -> None:
        """Draw what is seen of it."""
        background, image = self._background, self._image
        self._photo = None
        if background is not None and image is not None:
            scale = camera.px_per_m * background.m_per_px
            left, top = camera.to_px(background.x_m, background.y_m)
            x0, y0 = max(left, 0.0), max(top, 0.0)
            x1 = min(left + image.width * scale, self._canvas.winfo_width())
            y1 = min(top + image.height * scale, self._canvas.winfo_height())
            if x1 - x0 >= 1 and y1 - y0 >= 1:
                box = ((x0 - left) / scale, (y0 - top) / scale, (x1 - left) / scale, (y1 - top) / scale)
                size = (round(x1 - x0), round(y1 - y0))
                seen = image.resize(size, Image.Resampling.BILINEAR, box, reducing_gap=2.0)
                self._photo = ImageTk.PhotoImage(seen, master=self._canvas)
                self._canvas.coords(self._item, x0, y0)
        self._canvas.itemconfigure(self._item, image=str(self._photo) if self._photo else "")

    def lower(self) -> None:
        """Below everything else."""
        self._canvas.tag_lower(self._item)

    def _load(self, path: Path) -> None:
        try:
            self._image = read_picture(path).convert("RGB")
        except UsageError as error:
            self.problem = str(error)
