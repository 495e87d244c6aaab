"""What is true of the whole field: its name, network and radio, and the picture below the plan."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import fields, replace
from tkinter import ttk

import ttkbootstrap

from bridge.descriptions import NETWORKS
from desktop.editor.editor import Editor
from desktop.editor.form import (
    Form,
    TextRow,
    ids_text,
    number_text,
    parse_ids,
    parse_metres,
    parse_number,
    parse_whole,
)
from desktop.editor.validation import Problem
from protocol.packets import Network
from protocol.simulator.propagation import MEDIA, FreeSpace
from protocol.simulator.scenario import MAX_DBM, MAX_MHZ, MAX_SHADOWING_DB, MEDIUM_NAMES

_MEDIA = {
    "ideal": "ideal: all hear all",
    "disk": "disk: within a range",
    "free-space": "free space: by power",
}
_FREE_SPACE = {
    "transmit_dbm": ("power (dBm)", -MAX_DBM, MAX_DBM),
    "frequency_mhz": ("frequency (MHz)", 1e-3, MAX_MHZ),
    "shadowing_db": ("shadowing (dB)", 0.0, MAX_SHADOWING_DB),
}
_MOST_SEED = 999_999_999


class FieldForm(Form):
    """`choose_picture` asks for a picture, `measure` for two places in it."""

    def __init__(
        self,
        master: tk.Misc,
        editor: Editor,
        choose_picture: Callable[[], object],
        measure: Callable[[], object],
    ) -> None:
        super().__init__(master, editor.mend)
        self._editor = editor
        self.name = self.add_text("name", self._take_name, "letters, digits, - and _: it names files")
        self.network = self.add_choice("network", list(NETWORKS), self._take_network)
        self.period = self.add_text("period (s)", self._take_period, "how long a round takes")
        self.order = self.add_text("order", self._take_order, "of the ring or of the standbys: ids")
        self.sealed = self.add_checks("keys", [("sealed", "sealed with keys")], self._take_sealed)
        self.add_heading("Radio")
        self.medium = self.add_choice("medium", list(_MEDIA.values()), self._take_medium)
        self.range = self.add_text("range (m)", self._take_range, "of nodes without one of their own")
        self.free_space: dict[str, TextRow] = {
            key: self.add_text(label, self._taker(key, least, most))
            for key, (label, least, most) in _FREE_SPACE.items()
        }
        self.loss = self.add_text("loss (%)", self._take_loss, "of all frames, in the simulation")
        self.seed = self.add_text("seed", self._take_seed, "of the simulation, and of the shadows")
        self.add_heading("Picture below the plan")
        buttons = ttk.Frame(self)
        for text, run in (("Choose …", choose_picture), ("Measure …", measure), ("Remove", self._remove)):
            button = ttkbootstrap.Button(buttons, text=text, command=run, bootstyle="secondary-outline")
            button.pack(side="left", padx=(0, self.em // 3))
        self.add_wide(buttons)
        self.scale = self.add_text("m per pixel", self._take_scale)
        self.left = self.add_text("left at (m)", lambda text: self._take_corner("x_m", text))
        self.top = self.add_text("top at (m)", lambda text: self._take_corner("y_m", text))

    def show(self) -> None:
        """The field as it is now."""
        document = self._editor.document
        self.name.show(document.name, self._told("name"))
        self.network.show(document.network.name.lower(), self._told("roles"))
        self.period.show(number_text(document.period_s), self._told("period_s"))
        self.order.set_shown(document.network is not Network.TREE or bool(document.order))
        self.order.show(ids_text(document.order), self._told("order"))
        self.sealed.show({"sealed": not document.is_open})
        medium = document.medium
        self.medium.show(_MEDIA[MEDIUM_NAMES[type(medium)]])
        self.range.set_shown(MEDIUM_NAMES[type(medium)] == "disk")
        self.range.show(number_text(document.range_m), self._told("range_m"))
        for key, row in self.free_space.items():
            row.set_shown(isinstance(medium, FreeSpace))
            if isinstance(medium, FreeSpace):
                row.show(number_text(getattr(medium, key)))
        self.loss.show(number_text(100 * document.loss))
        self.seed.show(str(document.seed))
        plan = document.background
        for row in (self.scale, self.left, self.top):
            row.set_shown(plan is not None)
        if plan is not None:
            self.scale.show(number_text(plan.m_per_px))
            self.left.show(number_text(plan.x_m))
            self.top.show(number_text(plan.y_m))

    def _told(self, where: str) -> list[Problem]:
        return self._editor.problems_at((), where)

    def _change(self, text: str, **values: object) -> None:
        self._editor.do(replace(self._editor.document, **values), text)  # type: ignore[arg-type]

    # --- what a person writes ----------------------------------------------------------------------------

    def _take_name(self, text: str) -> None:
        if not text:
            raise ValueError("a field has a name; write one")
        self._change("name", name=text)

    def _take_network(self, text: str) -> None:
        network = Network[text.upper()]
        order = () if network is Network.TREE else self._editor.document.order
        self._change("network", network=network, order=order)

    def _take_period(self, text: str) -> None:
        period_s = parse_number(text)
        if period_s < 0.001:
            raise ValueError("a round takes some time; write a number of seconds")
        self._change("period", period_s=period_s)

    def _take_order(self, text: str) -> None:
        self._change("order", order=parse_ids(text, [node.id for node in self._editor.document.nodes]))

    def _take_sealed(self, name: str, given: bool) -> None:
        self._change("open" if not given else "sealed", is_open=not given)

    def _take_medium(self, text: str) -> None:
        self._change("radio", medium=MEDIA[next(name for name, shown in _MEDIA.items() if shown == text)]())

    def _take_range(self, text: str) -> None:
        self._change("range", range_m=parse_metres(text, least=0) if text else None)

    def _taker(self, key: str, least: float, most: float) -> Callable[[str], None]:
        def take(text: str) -> None:
            value = parse_number(text)
            if not least <= value <= most:
                raise ValueError(f"{text} is out of range; write a number from {least:g} to {most:g}")
            medium = self._editor.document.medium
            if isinstance(medium, FreeSpace):
                self._change("radio", medium=replace(medium, **{key: value}))

        return take

    def _take_loss(self, text: str) -> None:
        percent = parse_number(text.removesuffix("%").strip())
        if not 0 <= percent <= 100:
            raise ValueError(f"{text} is out of range; write a number from 0 to 100")
        self._change("loss", loss=percent / 100)

    def _take_seed(self, text: str) -> None:
        document = self._editor.document
        run = document.rest.get("run", {})
        known = dict(run) if isinstance(run, dict) else {}
        self._change(
            "seed", rest={**document.rest, "run": {**known, "seed": parse_whole(text, 0, _MOST_SEED)}}
        )

    def _take_scale(self, text: str) -> None:
        plan = self._editor.document.background
        if plan is not None:
            self._change("picture", background=replace(plan, m_per_px=parse_metres(text, least=0)))

    def _take_corner(self, name: str, text: str) -> None:
        plan = self._editor.document.background
        if plan is not None:
            self._change("picture", background=replace(plan, **{name: parse_metres(text)}))  # type: ignore[arg-type]

    def _remove(self) -> None:
        self._change("remove the picture", background=None)


assert set(_FREE_SPACE) == {entry.name for entry in fields(FreeSpace)}
