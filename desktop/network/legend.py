"""What the shapes and the dots of a network mean, in as many rows as there is need."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil
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
_MOST_SHARE = 0.16  # of the height of the view: in a small one the network comes first


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
        self._shown: tuple[list[tuple[int, int]], bool] | None = None
        self.bind("<Configure>", lambda event: self._flow())
        master.bind("<Configure>", lambda event: self._flow(), add=True)

    def explain(self, network: Network, *, has_values: bool, frames_a_dot: float) -> None:
        """Tell of that kind of network."""
        if network is not self._network:
            self._network = network
            for sample in self._samples:
                sample.destroy()
            self._samples = [self._sample(*meaning) for meaning in _MEANINGS[network].items()]
            self._draw_packet()
            self._shown = None
        dot = "a frame" if frames_a_dot < 1.5 else f"about {frames_a_dot:,.0f} frames"
        _say(self._packet, " the token" if network is Network.RING else f" {dot}")
        _say(self._hint, _VALUES[network] if has_values else "")
        self._flow()

    def repaint(self) -> None:
        """Take the colours of the theme in use, with the next `explain`."""
        self._network = None

    def _flow(self) -> None:
        """Row by row, as far as the legend may reach up; the hint beside the last if there is room."""
        em = theme.em_px()
        labels, room = [*self._samples, self._packet], self.winfo_width() - 2 * em
        widths = [label.winfo_reqwidth() + em for label in labels]
        most = int(_MOST_SHARE * self.master.winfo_height() / self._packet.winfo_reqheight())
        rows = (
            _rows(widths, room)[:most] if most > 1 else [(0, sum(end <= room for end in accumulate(widths)))]
        )
        first, last = rows[-1]
        taken = sum(widths[first:last])
        has_hint = bool(self._hint.cget("text")) and taken + self._hint.winfo_reqwidth() <= room
        if (rows, has_hint) == self._shown:
            return
        self._shown = rows, has_hint
        for label in labels:
            label.grid_forget()
        for row, (first, last) in enumerate(rows):
            for column, label in enumerate(labels[first:last]):
                label.grid(row=row, column=column, sticky="w", padx=(0, em))
        if has_hint:
            self._hint.place(relx=1.0, rely=1.0, anchor="se")
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


def _rows(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """From which to before which stand in a row, in columns as wide as the widest of each."""
    count = len(widths)
    fitting = [
        columns
        for columns in range(count, 1, -1)
        if sum(max(widths[i::columns]) for i in range(columns)) <= room
    ]
    most = fitting[0] if fitting else 1
    # As few as make no more rows: two of four rather than six and two.
    columns = min((one for one in fitting if ceil(count / one) == ceil(count / most)), default=1)
    return [(i, min(i + columns, count)) for i in range(0, count, columns)]
