"""The network of a model, whichever kind it is: the canvas, a line that sums it up, and the legend."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from tkinter.font import nametofont

from desktop import theme
from desktop.model.model import Changes, Model, Standing
from desktop.network.canvas import NetworkCanvas
from desktop.network.scenes import scene_of
from desktop.view import View
from protocol.packets import Network

_REFRESH_MS = 50  # at most so often, however many frames come
TITLES = {Network.TREE: "Tree", Network.RING: "Ring", Network.POLLING: "Polling"}
_LEGENDS = {
    Network.TREE: {
        Standing.ROOT: "root",
        Standing.JOINED: "joined",
        Standing.SEEKING: "seeking",
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


class NetworkView(View):
    """Shows a model's network."""

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, TITLES[Network.TREE])
        em = theme.em_px()
        self._model = Model()
        self._metric_id = 0
        self._is_due = False
        self._explained: Network | None = None
        self.canvas = NetworkCanvas(self.body, scene_of(self._model, self._metric_id))
        self.canvas.pack(fill="both", expand=True)
        self._legend = ttk.Frame(self.body, padding=(em, 0, em, em // 2))
        self._legend.pack(fill="x")
        self._samples: dict[Standing, ttk.Label] = {}
        self._hint = ttk.Label(self._legend, style="Muted.TLabel")
        self._hint.pack(side="right")
        self.canvas.bind("<Configure>", lambda event: self._explain(), add=True)
        self.repaint()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self._refresh()
        model.subscribe(self._on_change)

    def show_metric(self, metric_id: int) -> None:
        """Have the nodes bear values of that metric."""
        self._metric_id = metric_id
        self._refresh()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.canvas.repaint()
        self._explained = None
        self._refresh()

    @property
    def node_count(self) -> int:
        """How many nodes are drawn."""
        return self.canvas.node_count

    def _on_change(self, changes: Changes) -> None:
        self.canvas.flash(changes.sent)
        if not self._is_due:
            self._is_due = True
            self.after(_REFRESH_MS, self._refresh)

    def _refresh(self) -> None:
        self._is_due = False
        scene = scene_of(self._model, self._metric_id)
        self.canvas.show(scene, self._model.now_us)
        self.set_title(TITLES[self._model.network])
        self.set_summary(scene.summary)
        self._explain()

    def _explain(self) -> None:
        """Bring the legend to the kind of network."""
        network = self._model.network
        if network is not self._explained:
            self._explained = network
            for sample in self._samples.values():
                sample.destroy()
            self._samples = {
                standing: self._sample(standing, text) for standing, text in _LEGENDS[network].items()
            }
        hint = _VALUES[network] if self.canvas.has_values else ""
        self._hint.configure(text=hint if self._has_room_for(hint) else "")

    def _has_room_for(self, hint: str) -> bool:
        """The samples come first: half a hint tells nothing."""
        em = theme.em_px()
        taken_px = sum(sample.winfo_reqwidth() + em for sample in self._samples.values())
        hint_px = nametofont("TkDefaultFont").measure(hint)
        return taken_px + hint_px + 2 * em <= self._legend.winfo_width()

    def _sample(self, standing: Standing, text: str) -> ttk.Label:
        size_px = round(nametofont("TkDefaultFont").metrics("linespace") * 0.36)
        image = self.canvas.images.get(standing, size_px, active=False)
        sample = ttk.Label(self._legend, style="Muted.TLabel", text=text, image=image, compound="left")
        sample.pack(side="left", padx=(0, theme.em_px()))
        return sample
