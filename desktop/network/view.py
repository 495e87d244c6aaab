"""The network of a model, whichever kind it is: the canvas, a line that sums it up, and the legend."""

from __future__ import annotations

import time
import tkinter as tk

from desktop import theme
from desktop.model.model import Changes, Model
from desktop.network.canvas import NetworkCanvas
from desktop.network.legend import Legend
from desktop.network.node_panel import WIDTH_EM, NodePanel
from desktop.network.plan import Placed, Plan
from desktop.network.scene import Message, Scene
from desktop.network.scenes import scene_of
from desktop.sources.session import Session
from desktop.view import View
from protocol.packets import Network

_REFRESH_S = 0.05  # at most so often, however many frames come
_TELL_S = 0.25  # and all about a node
_SHARE = 0.1  # of the time, at most, goes into finding out what a large network looks like
_MOST_REST_S = 0.5  # for once it may take long: with the first links their drawing is imported
_BESIDE_EM = 2 * WIDTH_EM  # in less width all about a node stands above the network
TITLES = {Network.TREE: "Tree", Network.RING: "Ring", Network.POLLING: "Polling"}
NO_PLAN = (
    "Where the nodes stand is not known.\nOpen the field's file (Plan of the field …), or simulate a field."
)


class NetworkView(View):
    """Shows a model's network, by itself (layers, a circle) or, with `wants_plan`, as it stands in the field.

    The plan is the one that was opened, or the source's if it has one.
    """

    def __init__(self, master: tk.Misc) -> None:
        super().__init__(master, TITLES[Network.TREE])
        self._model = Model()
        self._session: Session | None = None
        self._opened: Plan | None = None
        self._of_source: Plan | None = None
        self._metric_id = 0
        self._due: str | None = None
        self._rest_s = _REFRESH_S
        self._told_s = 0.0
        self.wants_plan = False
        self.canvas = NetworkCanvas(self.body, scene_of(self._model, self._metric_id))
        self._legend = Legend(self.body, self.canvas.images)
        self._legend.pack(side="bottom", fill="x")
        self._panel = NodePanel(self.body, self.close_node)
        self.canvas.pack(side="left", fill="both", expand=True)
        self.canvas.bind("<<Open>>", lambda event: self.open_node())
        self.canvas.bind("<<Choose>>", lambda event: self._on_choice())
        self.repaint()

    @property
    def model(self) -> Model:
        """What is shown."""
        return self._model

    @property
    def plan(self) -> Plan | None:
        """Where the nodes stand, as far as is known."""
        return self._opened or self._of_source

    @property
    def node_count(self) -> int:
        """How many nodes are drawn."""
        return self.canvas.node_count

    def attend(self, session: Session) -> None:
        """Another session: nothing is chosen, and its own plan counts."""
        self._session = session
        self._opened = self._of_source = None
        # Who has drawn a field wants to see it so; where no places are known there is nothing to see.
        placed = self._placed
        self.wants_plan = placed is not None and (placed.picture is not None or self.wants_plan)
        self.canvas.forget()

    def attach(self, model: Model) -> None:
        """Show that model from now on."""
        self._model = model
        self._told_s = 0.0
        self._refresh()
        model.subscribe(self._on_change)

    def open_plan(self, plan: Plan | None) -> None:
        """Stand on that plan; None: on the source's, if it has one."""
        self._opened = plan
        self.wants_plan = plan is not None
        self._refresh()

    def show_plan(self, wanted: bool) -> None:
        """Show the network as it stands in the field, or by itself."""
        self.wants_plan = wanted
        self._refresh()

    def open_node(self) -> None:
        """All about the chosen node."""
        if self.canvas.chosen is not None and not self.canvas.is_open:
            self.canvas.is_open = True
            if self.body.winfo_width() < _BESIDE_EM * theme.em_px():
                self._panel.place(relwidth=1, relheight=1)
                self._panel.lift()
            else:
                self._panel.pack(side="right", fill="y", before=self.canvas)
            self._told_s = 0.0
        self._tell_of_node()

    def close_node(self) -> None:
        """No more about it."""
        if self.canvas.is_open:
            self.canvas.is_open = False
            self._panel.pack_forget()
            self._panel.place_forget()
            self.canvas.focus_set()

    def show_metric(self, metric_id: int) -> None:
        """Have the nodes bear values of that metric."""
        self._metric_id = metric_id
        self._refresh()

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        self.canvas.repaint()
        self._legend.repaint()
        self._panel.repaint()
        self._told_s = 0.0
        self._refresh()

    def _on_choice(self) -> None:
        if self.canvas.chosen is None:
            self.close_node()
        self._told_s = 0.0
        self._tell_of_node()

    def _tell_of_node(self) -> None:
        node, scene = self.canvas.chosen, self.canvas.scene
        now_s = time.monotonic()
        if self.canvas.is_open and node is not None and now_s >= self._told_s + _TELL_S:
            self._told_s = now_s
            facts = list(scene.describe(node, self._model.now_us)) if node in scene.looks else ["not heard"]
            self._panel.show(self._model, node, facts)

    def _on_change(self, changes: Changes) -> None:
        self.canvas.flash(changes.sent, changes.frames)
        if self._due is None:
            self._due = self.after(round(self._rest_s * 1000), self._refresh)

    def _refresh(self) -> None:
        if self._due is not None:
            self.after_cancel(self._due)
            self._due = None
        began_s = time.monotonic()
        scene = self._scene()
        self.canvas.cut = frozenset() if self._placed is None else self._placed.cut
        self.canvas.stand_on(self.plan if self.wants_plan else None)
        self.canvas.show(scene, self._model.now_us)
        self.set_title(TITLES[self._model.network])
        self.set_summary(self.canvas.ground_problem or scene.summary)
        self._legend.explain(
            self._model.network,
            has_values=self.canvas.has_values,
            frames_a_dot=self.canvas.packets.frames_a_dot(began_s),
        )
        self._tell_of_node()
        self._rest_s = min(max(_REFRESH_S, (time.monotonic() - began_s) / _SHARE), _MOST_REST_S)

    def _scene(self) -> Scene:
        placed = self._placed
        if placed and placed.places and (not self._of_source or self._of_source.places is not placed.places):
            self._of_source = Plan(placed.places, placed.picture)
        if self.wants_plan and self.plan is None and placed is None:
            return Message(NO_PLAN)
        return scene_of(self._model, self._metric_id)

    @property
    def _placed(self) -> Placed | None:
        """The source, if it knows where its nodes stand."""
        source = self._session.source if self._session else None
        return source if isinstance(source, Placed) else None
