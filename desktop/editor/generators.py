"""Many nodes at once: in a grid, or anywhere from a seed."""

from __future__ import annotations

import random
import tkinter as tk
from abc import abstractmethod
from collections.abc import Callable, Sequence
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.dialogs import Dialog
from desktop.editor.form import number_text, parse_metres, parse_whole
from protocol.packets import MAX_NODE_ID
from protocol.simulator.topology import grid, scattered

MOST_NODES = 2_000  # more than one would draw; scenarios generate their own
_MOST_SEED = 999_999_999

Place = tuple[float, float]


class Generator(Dialog):
    """Asks for a few numbers; `on_places` gets the places, and whether the field begins anew."""

    title_text: str
    entries: Sequence[tuple[str, str, str]]  # (name, label, what to begin with)

    def __init__(
        self, parent: tk.Misc, on_places: Callable[[list[Place], bool], object], *, has_nodes: bool
    ) -> None:
        super().__init__(parent, self.title_text)
        self._on_places = on_places
        self.add_heading(self.title_text)
        form = ttk.Frame(self.body)
        form.pack(fill="x", pady=(self.em, 0))
        form.columnconfigure(1, weight=1)
        self.values: dict[str, tk.StringVar] = {}
        for row, (name, label, value) in enumerate(self.entries):
            self.values[name] = tk.StringVar(self, value)
            ttk.Label(form, text=label).grid(
                row=row, column=0, sticky="w", padx=(0, self.em), pady=self.em // 4
            )
            entry = ttk.Entry(form, textvariable=self.values[name], width=12)
            entry.grid(row=row, column=1, sticky="ew", pady=self.em // 4)
            if not row:
                entry.focus_set()
                entry.selection_range(0, "end")
        self._anew = tk.BooleanVar(self, not has_nodes)
        if has_nodes:
            check = ttkbootstrap.Checkbutton(
                self.body, text="In the place of the nodes there are", variable=self._anew
            )
            check.pack(anchor="w", pady=(self.em, 0))
        self._problem = ttk.Label(self.body, style="Problem.TLabel", wraplength=26 * self.em)
        self._problem.pack(anchor="w", pady=(self.em // 2, 0))
        self.add_button("Place", self.place, is_default=True)
        self.add_button("Cancel", self.destroy)
        self.open()

    def place(self) -> None:
        """Hand over the places, unless a number makes no sense."""
        try:
            places = self.places()
        except ValueError as error:
            self._problem.configure(text=str(error))
            return
        self.destroy()
        self._on_places(places, self._anew.get())

    @abstractmethod
    def places(self) -> list[Place]:
        """Metres. Raises ValueError for what makes no sense."""

    def whole(self, name: str, least: int, most: int) -> int:
        """Raises ValueError."""
        return parse_whole(self.values[name].get().strip(), least, most)

    def metres(self, name: str) -> float:
        """Raises ValueError."""
        return parse_metres(self.values[name].get().strip(), least=0)


class GridDialog(Generator):
    """Row by row."""

    title_text = "A grid of nodes"
    entries = (("columns", "Columns", "4"), ("rows", "Rows", "4"), ("spacing", "Spacing (m)", "10"))

    def places(self) -> list[Place]:
        """See Generator.places."""
        columns, rows = self.whole("columns", 1, 1000), self.whole("rows", 1, 1000)
        _check_count(columns * rows)
        topology = grid(columns, rows, self.metres("spacing"), None)
        return [(place.x_m, place.y_m) for place in topology.places.values()]


class RandomDialog(Generator):
    """The same seed gives the same field, also to `treering simulate --random`."""

    title_text = "Nodes at random"
    entries = (
        ("count", "Nodes", "30"),
        ("width", "Width (m)", "60"),
        ("height", "Height (m)", "60"),
        ("seed", "Seed", "1"),
    )

    def __init__(
        self, parent: tk.Misc, on_places: Callable[[list[Place], bool], object], *, has_nodes: bool
    ) -> None:
        super().__init__(parent, on_places, has_nodes=has_nodes)
        self.values["seed"].set(number_text(random.randint(1, 9_999)))

    def places(self) -> list[Place]:
        """See Generator.places."""
        count = self.whole("count", 1, MAX_NODE_ID)
        _check_count(count)
        seed = self.whole("seed", 0, _MOST_SEED)
        topology = scattered(count, self.metres("width"), self.metres("height"), None, seed)
        return [(place.x_m, place.y_m) for place in topology.places.values()]


class DistanceDialog(Dialog):
    """How far two places of a picture are apart; `on_distance` gets the metres."""

    def __init__(self, parent: tk.Misc, on_distance: Callable[[float], object]) -> None:
        super().__init__(parent, "Scale")
        self._on_distance = on_distance
        self.add_heading("How far are these two places apart?")
        self.distance = tk.StringVar(self)
        entry = ttk.Entry(self.body, textvariable=self.distance, width=12)
        entry.pack(anchor="w", pady=(theme.em_px(), 0))
        ttk.Label(self.body, text="metres", style="Muted.TLabel").pack(anchor="w")
        self._problem = ttk.Label(self.body, style="Problem.TLabel", wraplength=26 * self.em)
        self._problem.pack(anchor="w")
        self.add_button("Scale the picture", self.take, is_default=True)
        self.add_button("Cancel", self.destroy)
        self.open()
        entry.focus_set()

    def take(self) -> None:
        """Hand it over, unless it makes no sense."""
        try:
            distance_m = parse_metres(self.distance.get().strip(), least=0)
        except ValueError as error:
            self._problem.configure(text=str(error))
            return
        self.destroy()
        self._on_distance(distance_m)


def _check_count(count: int) -> None:
    if count > MOST_NODES:
        raise ValueError(f"{count} nodes are more than can be drawn; take up to {MOST_NODES}")
