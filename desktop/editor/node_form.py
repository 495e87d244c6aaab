"""What is selected, to be read and changed: one node, or what several have in common."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from desktop.editor import edits
from desktop.editor.document import PlanNode
from desktop.editor.editor import Editor
from desktop.editor.form import (
    Form,
    Row,
    ids_text,
    number_text,
    parse_ids,
    parse_metres,
    parse_whole,
)
from desktop.editor.hearing import Hearing
from desktop.editor.validation import Problem
from firmware.field.description import BOARD_SENSORS, Board, Role
from protocol.packets import MAX_NODE_ID, Network

_BOARDS = {
    Board.UNO: "Arduino Uno",
    Board.NANO: "Arduino Nano",
    Board.MEGA: "Arduino Mega",
    Board.LEONARDO: "Arduino Leonardo",
    Board.PI: "Raspberry Pi or PC",
}
_ROLES = [(str(role), str(role)) for role in (Role.GATEWAY, Role.CONTROLLER, Role.SENSOR, Role.ACTUATOR)]
_SENSORS = [("sht31", "SHT31"), ("soil_moisture", "soil"), ("wind", "wind"), ("synthetic", "made up")]
_EMPTY = (
    "Nothing is selected.\n\nDouble-click on the plan, or press Insert, for a new node. Drag a frame, or hold"
    " Shift, to select several; Page Down goes from node to node."
)


class NodeForm(Form):
    """Changes all that is selected at once."""

    def __init__(self, master: tk.Misc, editor: Editor) -> None:
        super().__init__(master, editor.mend)
        self._editor = editor
        self._empty = ttk.Label(self, text=_EMPTY, style="Muted.TLabel", wraplength=19 * self.em)
        self.add_wide(self._empty)
        self._heading = self.add_heading("")
        self.id = self.add_text("id", self._take_id, f"0 to {MAX_NODE_ID}")
        self.board = self.add_choice("board", list(_BOARDS.values()), self._take_board)
        self.roles = self.add_checks("roles", _ROLES, self._take_role)
        self.sensors = self.add_checks("sensors", _SENSORS, self._take_sensor)
        self.x = self.add_text("x (m)", lambda text: self._take_place(text, 0))
        self.y = self.add_text("y (m)", lambda text: self._take_place(text, 1), "grows downwards")
        self.range = self.add_text("range (m)", self._take_range, "the field's without a number here")
        self.neighbours = self.add_text(
            "hears only", self._take_neighbours, "ids; all that it can hear without any here"
        )
        self._more = self.add_heading("As built")
        self.safe = self.add_text(
            "safe value",
            lambda text: self._take_whole("safe_value", text, 0, 255),
            "of its actuator, 0 to 255",
        )
        self.hold = self.add_text(
            "hold (s)", lambda text: self._take_whole("hold_s", text, 1, 0xFFFF), "how long a command holds"
        )
        self.baud = self.add_text(
            "radio baud",
            lambda text: self._take_whole("air_baud", text, 300, 1_000_000),
            "of an HC-12 at its serial pins; nothing: a cable",
        )
        self._facts = ttk.Label(self, style="Muted.TLabel", wraplength=19 * self.em, justify="left")
        self.add_wide(self._facts)
        self._rows_of_nodes: list[Row] = [
            *(self.id, self.board, self.roles, self.sensors, self.x, self.y, self.range, self.neighbours),
            *(self.safe, self.hold, self.baud),
        ]
        self._is_empty: bool | None = None

    def show(self) -> None:
        """What is selected now."""
        nodes = self._editor.selected
        self._show_rows(not nodes)
        if not nodes:
            return
        is_one = len(nodes) == 1
        self._heading.configure(text=f"Node {nodes[0].id}" if is_one else f"{len(nodes)} nodes")
        keys = self._editor.selection

        def told(where: str) -> Sequence[Problem]:
            return self._editor.problems_at(keys, where) if is_one else ()

        self.id.show(str(nodes[0].id) if is_one else "", told("id"), enabled=is_one)
        self.board.show(_common(nodes, lambda node: _BOARDS[node.board]), told("board"))
        self.roles.show(
            {role: _shared(nodes, lambda n, r=role: r in n.roles) for role, _ in _ROLES},  # type: ignore[misc]
            told("roles"),
        )
        self.sensors.show(
            {name: _shared(nodes, lambda n, s=name: s in n.sensors) for name in BOARD_SENSORS},  # type: ignore[misc]
            told("sensors"),
        )
        self.x.show(_common(nodes, lambda node: number_text(node.x_m)))
        self.y.show(_common(nodes, lambda node: number_text(node.y_m)))
        self.range.show(_common(nodes, lambda node: number_text(node.range_m)), told("range_m"))
        self.neighbours.show(_common(nodes, lambda node: ids_text(node.neighbours or ())), told("neighbours"))
        self.safe.show(_common(nodes, lambda node: number_text(node.safe_value)))
        self.hold.show(_common(nodes, lambda node: number_text(node.hold_s)))
        self.baud.show(_common(nodes, lambda node: number_text(node.air_baud)))
        self._facts.configure(text=node_facts(nodes[0], self._editor.findings.hearing) if is_one else "")

    def _show_rows(self, is_empty: bool) -> None:
        if is_empty == self._is_empty:
            return
        self._is_empty = is_empty
        for row in self._rows_of_nodes:
            row.set_shown(not is_empty)
        for label in (self._heading, self._more, self._facts):
            if is_empty:
                label.grid_remove()
            else:
                label.grid()
        if is_empty:
            self._empty.grid()
        else:
            self._empty.grid_remove()

    # --- what a person writes ----------------------------------------------------------------------------

    def _take_id(self, text: str) -> None:
        (key,) = self._editor.selection
        node_id = parse_whole(text, 0, MAX_NODE_ID)
        self._editor.do(edits.rename(self._editor.document, key, node_id), "id")

    def _take_board(self, text: str) -> None:
        board = next(board for board, name in _BOARDS.items() if name == text)
        self._editor.change("board", board=board)

    def _take_role(self, name: str, given: bool) -> None:
        document = edits.toggle_role(self._editor.document, self._editor.selection, Role(name), given=given)
        self._editor.do(document, "roles")
        self.show()

    def _take_sensor(self, name: str, given: bool) -> None:
        document = edits.toggle_sensor(self._editor.document, self._editor.selection, name, given=given)
        self._editor.do(document, "sensors")
        self.show()

    def _take_place(self, text: str, axis: int) -> None:
        if not text:
            raise ValueError("a node stands somewhere; write a number of metres")
        value = parse_metres(text)
        places = {
            node.key: (value, node.y_m) if axis == 0 else (node.x_m, value) for node in self._editor.selected
        }
        self._editor.do(edits.place_nodes(self._editor.document, places), "place")

    def _take_range(self, text: str) -> None:
        self._editor.change("range", range_m=parse_metres(text, least=0) if text else None)

    def _take_neighbours(self, text: str) -> None:
        known = [node.id for node in self._editor.document.nodes]
        self._editor.change("neighbours", neighbours=parse_ids(text, known) if text else None)

    def _take_whole(self, name: str, text: str, least: int, most: int) -> None:
        self._editor.change(
            name.replace("_", " "), **{name: parse_whole(text, least, most) if text else None}
        )


def _common(nodes: Sequence[PlanNode], text: Callable[[PlanNode], str]) -> str:
    """What all have; nothing if they differ."""
    texts = {text(node) for node in nodes}
    return texts.pop() if len(texts) == 1 else ""


def _shared(nodes: Sequence[PlanNode], has: Callable[[PlanNode], bool]) -> bool | None:
    """Whether all have it, or none; None: some."""
    found = {has(node) for node in nodes}
    return found.pop() if len(found) == 1 else None


def node_facts(node: PlanNode, hearing: Hearing) -> str:
    """What would become of a node, in a line or two."""
    if node.key not in hearing.listeners:
        return ""
    by_key = hearing.document.by_key
    if node.key not in by_key:
        return ""
    heard = [key for key in hearing.heard[node.key] if hearing.permits(key, node.key)]
    facts = [f"hears {len(heard)} of {len(by_key) - 1} nodes"]
    if hearing.document.network is Network.TREE:
        hops = hearing.hops.get(node.key)
        facts.append("no way to the root" if hops is None else "the root" if hops == 0 else _hops(hops))
    range_m = hearing.range_of(node)
    facts.append("heard everywhere" if range_m is None else f"heard within {range_m:g} m")
    return ", ".join(facts)


def _hops(hops: int) -> str:
    return "1 hop from the root" if hops == 1 else f"{hops} hops from the root"
