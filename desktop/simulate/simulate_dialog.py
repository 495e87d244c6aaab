"""Asks which field to simulate, and how."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import fields
from tkinter import ttk

import ttkbootstrap

from bridge.errors import TreeringError
from bridge.scenarios import names
from desktop.dialogs import Dialog
from desktop.simulate.form import FIELDS, FILE, GRID, RANDOM, Form, FormError
from desktop.simulate.source import SimulationSource
from protocol.simulator.networks import NETWORKS
from protocol.simulator.scenario import CORES

_PROBLEM_EM = 34
_SPEEDS = ("0.5", "1", "2", "5", "10", "50", "100")
# (name of the answer, label, kinds of field that ask for it, what there is to choose from)
_ROWS: Sequence[tuple[str, str, Sequence[str], Sequence[str]]] = (
    ("grid", "Columns × rows", (GRID,), ("4x4", "8x8", "16x16", "25x20")),
    ("spacing_m", "Spacing (m)", (GRID,), ()),
    ("nodes", "Nodes", (RANDOM,), ("10", "50", "100", "500")),
    ("area_m", "Area (m)", (RANDOM,), ()),
    ("file", "File", (FILE,), ()),
    ("range_m", "Range (m)", (GRID, RANDOM), ()),
    ("network", "Network", (GRID, RANDOM), tuple(NETWORKS)),
    ("period_s", "Round every (s)", (GRID, RANDOM), ("1", "2", "5", "10", "30", "60")),
    ("loss_percent", "Frames lost (%)", (GRID, RANDOM), ("0", "5", "10", "20")),
    ("seed", "Seed", (GRID, RANDOM), ()),
    ("core", "Nodes run on", FIELDS, CORES),
    ("speed", "Speed", FIELDS, _SPEEDS),
)
_CLOSED = ("network", "core")
_HINTS = {
    "range_m": "empty: as the field needs it",
    "file": "a scenario, a field (.treering.toml), topo.def, or a name from the list",
    "core": "python, the C core, or the C core on emulated boards",
    "speed": "seconds of the field in one of yours",
}


class SimulateDialog(Dialog):
    """`start` gets the source that the answers make; `form` is what to begin with."""

    def __init__(
        self, parent: tk.Misc, form: Form, start: Callable[[Form, SimulationSource], object]
    ) -> None:
        super().__init__(parent, "Simulate")
        self._start = start
        self._answers = {one.name: tk.StringVar(self, getattr(form, one.name)) for one in fields(Form)}
        self.add_heading("Simulate a field")
        ways = ttk.Frame(self.body)
        ways.pack(fill="x", pady=self.em)
        for column, kind in enumerate(FIELDS):
            ways.columnconfigure(column, weight=1, uniform="way")
            ttkbootstrap.Radiobutton(
                ways,
                text=kind,
                value=kind,
                variable=self._answers["field"],
                command=self._show,
                bootstyle="primary-outline-toolbutton",
            ).grid(row=0, column=column, sticky="ew")
        self._form = ttk.Frame(self.body)
        self._form.pack(fill="x")
        self._form.columnconfigure(1, weight=1)
        self._rows = {
            name: self._row(row, name, label, values) for row, (name, label, _, values) in enumerate(_ROWS)
        }
        self._problem = ttk.Label(self.body, style="Problem.TLabel", wraplength=_PROBLEM_EM * self.em)
        self.add_button("Simulate", self._run, is_default=True)
        self.add_button("Cancel", self.destroy)
        self._show()
        self.open()

    def _row(self, row: int, name: str, label: str, values: Sequence[str]) -> list[tk.Widget]:
        variable = self._answers[name]
        field: tk.Widget
        if name == "file":
            field = self._file_field(variable)
        elif values:
            state = "readonly" if name in _CLOSED else "normal"
            field = ttk.Combobox(self._form, textvariable=variable, values=list(values), state=state)
        else:
            field = ttk.Entry(self._form, textvariable=variable)
        title = ttk.Label(self._form, text=label)
        title.grid(row=2 * row, column=0, sticky="w", pady=(self.em // 3, 0))
        field.grid(row=2 * row, column=1, sticky="ew", padx=(self.em, 0), pady=(self.em // 3, 0))
        widgets: list[tk.Widget] = [title, field]
        if name in _HINTS:
            hint = ttk.Label(self._form, text=_HINTS[name], style="Muted.TLabel")
            hint.grid(row=2 * row + 1, column=1, sticky="w", padx=(self.em, 0))
            widgets.append(hint)
        return widgets

    def _file_field(self, variable: tk.StringVar) -> ttk.Frame:
        frame = ttk.Frame(self._form)
        frame.columnconfigure(0, weight=1)
        ttk.Combobox(frame, textvariable=variable, values=names()).grid(row=0, column=0, sticky="ew")
        ttkbootstrap.Button(frame, text="Choose …", command=self._choose, bootstyle="secondary-outline").grid(
            row=0, column=1, padx=(self.em // 2, 0)
        )
        return frame

    def _choose(self) -> None:
        chosen = ttkbootstrap.Querybox.get_open_filename(self, title="A scenario, a field or a topology")
        if chosen:
            self._answers["file"].set(chosen)

    def _show(self) -> None:
        """The questions of the kind of field that is chosen."""
        kind = self._answers["field"].get()
        for name, _, kinds, _ in _ROWS:
            for widget in self._rows[name]:
                if kind in kinds:
                    widget.grid()
                else:
                    widget.grid_remove()
        self._problem.pack_forget()

    def _run(self) -> None:
        form = Form(**{name: variable.get() for name, variable in self._answers.items()})
        try:
            scenario, picture = form.scenario(), form.picture()
            source = SimulationSource(scenario, title=form.title, speed=form.pace, picture=picture)
        except (FormError, TreeringError) as error:
            self._problem.configure(text=str(error))
            self._problem.pack(anchor="w", pady=(self.em, 0))
        else:
            self.destroy()
            self._start(form, source)
