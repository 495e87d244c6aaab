"""What the shapes and the dots of a network mean, in as many rows as there is need."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Mapping
from tkinter import ttk
from tkinter.font import nametofont

from PIL import ImageTk

from desktop import theme
from desktop.model.model import Standing
from desktop.network.node_images import NodeImages, on_ground
from desktop.network.packet_layer import packet_image
from protocol.packets import Network

_MEANINGS: Mapping[Network, Mapping[Standing, str]] = {
    Network.TREE: {
        Standing.ROOT: "root",
        Standing.JOINED: "joined",
        Standing.JOINING: "joining",
        Standing.SEEKING: "repairing",
        Standing.STALE: "stale",
        Standing.LOST: "lost or left",
        Standing.HEARD: "only heard",
    },
    Network.RING: {
        Standing.HOME: "home",
        Standing.MEMBER: "in the ring",
        Standing.ABSENT: "passed over or left",
    },
    Network.POLLING: {
        Standing.PRIMARY: "primary",
        Standing.STANDBY: "standby",
        Standing.MISSING: "missing or left",
    },
}
_VALUES = {
    Network.TREE: "values: average of the subtree",
    Network.RING: "values: own reading",
    Network.POLLING: "ms: time to answer, #: who takes over",
}


class Legend(ttk.Frame):
    """Samples from the left, row by row; a hint at the right of the last row if there is room."""

    def __init__(self, master: tk.Misc, images: NodeImages) -> None:
        em = theme.em_px()
        super().__init__(master, padding=(em, 0, em, em // 2))
        self._images = images
        self._samples: list[ttk.Label] = []
        self._hint = ttk.Label(self, style="Muted.TLabel")
        self._packet = ttk.Label(self, style="Muted.TLabel", compound="left")
        self._photo: ImageTk.PhotoImage | None = None
        self._network: Network | None = None
        self._rows: tuple[int, ...] = ()
        self.bind("<Configure>", lambda event: self._flow())

    def explain(self, network: Network, *, has_values: bool, frames_a_dot: float) -> None:
        """Tell of that kind of network."""
        if network is not self._network:
            self._network = network
            for sample in self._samples:
                sample.destroy()
            self._samples = [self._sample(*meaning) for meaning in _MEANINGS[network].items()]
            self._draw_packet()
            self._rows = ()
        whole = frames_a_dot < 1.5
        _say(self._packet, " a frame" if whole else f" about {frames_a_dot:,.0f} frames")
        _say(self._hint, _VALUES[network] if has_values else "")
        self._flow()

    def repaint(self) -> None:
        """Take the colours of the theme in use, with the next `explain`."""
        self._network = None

    def _flow(self) -> None:
        em = theme.em_px()
        room = self.winfo_width() - 2 * em
        labels = [*self._samples, self._packet]
        rows, left = [0], room
        for label in labels:
            width = label.winfo_reqwidth() + em
            if width > left and rows[-1]:
                rows.append(0)
                left = room
            rows[-1] += 1
            left -= width
        hint_fits = bool(self._hint.cget("text")) and self._hint.winfo_reqwidth() + em <= left
        if (*rows, hint_fits) == self._rows:
            return
        self._rows = (*rows, hint_fits)
        placed = iter(labels)
        for row, count in enumerate(rows):
            for column in range(count):
                next(placed).grid(row=row, column=column, sticky="w", padx=(0, em))
        self._hint.grid_forget()
        if hint_fits:
            self._hint.place(relx=1.0, rely=1.0, x=0, y=0, anchor="se")
        else:
            self._hint.place_forget()

    def _sample(self, standing: Standing, text: str) -> ttk.Label:
        image = self._images.get(standing, self._radius_px, active=False)
        return ttk.Label(self, style="Muted.TLabel", text=f" {text}", image=image, compound="left")

    def _draw_packet(self) -> None:
        palette = theme.current()
        picture = on_ground(packet_image(max(3, round(0.7 * self._radius_px)), palette), palette)
        self._photo = ImageTk.PhotoImage(picture, master=self)
        self._packet.configure(image=self._photo)

    @property
    def _radius_px(self) -> int:
        return round(nametofont("TkDefaultFont").metrics("linespace") * 0.36)


def _say(label: ttk.Label, text: str) -> None:
    if label.cget("text") != text:
        label.configure(text=text)
