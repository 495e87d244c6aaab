"""The page of the field: the plan, the forms beside it, what is wrong, and a line that sums it up."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.actions import Action
from desktop.card import Card
from desktop.editor.editor import Editor, Mode
from desktop.editor.field_form import FieldForm
from desktop.editor.generators import DistanceDialog
from desktop.editor.node_form import NodeForm, node_facts
from desktop.editor.plan_canvas import PlanCanvas
from desktop.editor.pointer import Pointer, measured
from desktop.editor.problem_list import ProblemList
from desktop.editor.validation import Problem
from desktop.model.words import plural
from desktop.page import Page
from protocol.packets import Network

_SIDE_EM = 26
_NARROW_EM = 48
_TITLE_EM = 5
_POLL_MS = 15
_ON_NODES = ("id", "neighbours", "sensors", "roles")
_HINTS = {
    Mode.SELECT: "Double-click: new node. Drag: move, or select. Wheel: zoom. Right drag: look elsewhere.",
    Mode.ORDER: "Click the nodes in the order of the ring; the last one again takes it out. Return ends it.",
    Mode.LINKS: "Click a link: its two nodes hear each other no more, or again. Escape ends it.",
    Mode.SCALE: "Click two places in the picture whose distance you know. Escape ends it.",
}


class FieldPage(Page):
    """Made when it is shown for the first time: `toolbar` are groups of actions, with their icons."""

    title = "Field"

    def __init__(
        self,
        master: tk.Misc,
        editor: Editor,
        perform: Callable[[Action], object],
        hint: Callable[[str], None],
    ) -> None:
        super().__init__(master, style="Ground.TFrame")
        self._editor = editor
        self._perform = perform
        self.choose_picture: Callable[[], object] = lambda: None
        self._hint = hint
        self.toolbar: Sequence[Sequence[tuple[Action, str, str]]] = ()
        self.plan: PlanCanvas | None = None
        self._is_polling = False
        self._hovered: int | None = None
        self._folded_px = 0
        self._is_built = False
        self._shown_mode: Mode | None = None
        self.bind("<Map>", lambda event: self._build() if event.widget is self else None)
        editor.subscribe(self.show)

    def show(self) -> None:
        """The editor has changed something."""
        if not self._is_built:
            return
        assert self.plan is not None
        self.plan.show()
        self.node_form.show()
        self.field_form.show()
        self.problems.show()
        self._show_modes()
        self._show_status()
        if self._editor.finder.is_busy and not self._is_polling:
            self._is_polling = True
            self.after(_POLL_MS, self._poll)

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        if self.plan is not None:
            self.plan.repaint()
            self.problems.repaint()

    def go_to(self, problem: Problem) -> None:
        """Show the nodes that it is about, and the form where it is mended."""
        if problem.keys:
            self._editor.select(problem.keys)
            assert self.plan is not None
            self.plan.see(frozenset(problem.keys))
        is_of_nodes = bool(problem.keys) and problem.where in _ON_NODES
        self.show_form(0 if is_of_nodes else 1)

    def show_form(self, index: int) -> None:
        """Bring the form of the nodes (0) or of the field (1) to the front."""
        self.forms.select(index)  # type: ignore[no-untyped-call]

    def edit(self, index: int) -> None:
        """With the keys to the first entry of that form; of the nodes' only if one is selected."""
        self.show_form(index)
        entry = (self.node_form.id, self.field_form.name)[index].entry
        if index or self._editor.selection:
            entry.focus_set()
            entry.selection_range(0, "end")

    # --- the parts ---------------------------------------------------------------------------------------

    def _build(self) -> None:
        if self.plan is not None:
            return
        em = theme.em_px()
        self.configure(padding=em // 2)
        self._card = Card(self, "Plan")
        side = ttk.Frame(self, style="Ground.TFrame", width=_SIDE_EM * em)
        side.pack_propagate(False)
        side.pack(side="right", fill="y", padx=(em // 2, 0))
        self._card.pack(side="left", fill="both", expand=True)
        self._fill_toolbar()
        self._status = ttk.Label(self._card.body, style="Muted.TLabel", padding=(em, em // 3))
        self._status.pack(side="bottom", fill="x")
        self._tip = ttk.Label(self._card.body, style="Muted.TLabel", padding=(em, em // 3))
        self._tip.pack(side="top", fill="x")
        self.plan = PlanCanvas(self._card.body, self._editor)
        self.plan.pack(fill="both", expand=True)
        self.plan.on_view = self._show_status
        self.pointer = Pointer(self.plan, self._editor, self._ask_distance, self._hint)
        self.pointer.on_hover = self._hover
        self.pointer.on_edit = lambda: self.edit(0)
        self._fill_side(side)
        self._is_built = True
        self.plan.repaint()
        self.plan.focus_set()
        self._editor.finder.want(self._editor.document)
        self.show()

    def _fill_side(self, side: ttk.Frame) -> None:
        em = theme.em_px()
        self.problems = ProblemList(side, self._editor, self.go_to)
        self.problems.pack(side="bottom", fill="x", pady=(em // 2, 0))
        self.forms = ttk.Notebook(side)
        self.forms.pack(fill="both", expand=True)
        rooms = [ttkbootstrap.ScrolledFrame(self.forms, auto_hide=True) for _ in range(2)]
        self.node_form = NodeForm(rooms[0], self._editor)
        self.field_form = FieldForm(
            rooms[1], self._editor, self.choose_picture, lambda: self._editor.set_mode(Mode.SCALE)
        )
        for room, form, text in zip(
            rooms, (self.node_form, self.field_form), ("Node", "Field and radio"), strict=True
        ):
            form.pack(fill="both", expand=True)
            self.forms.add(getattr(room, "container", room), text=text)

    def _fill_toolbar(self) -> None:
        self._buttons: dict[Action, ttkbootstrap.Button] = {}
        self._groups = [self._tool_group(self._card.head, group) for group in self.toolbar]
        self._card.head.bind("<Configure>", lambda event: self._fold(event.width), add=True)

    def _tool_group(self, master: tk.Misc, group: Sequence[tuple[Action, str, str]]) -> ttk.Frame:
        frame = ttk.Frame(master, padding=(theme.em_px() // 2, 0))
        for action, icon, text in group:
            button = ttkbootstrap.Button(
                frame,
                text=text,
                icon=icon,
                icon_only=not text,
                command=lambda action=action: self._perform(action),
                bootstyle="primary" if text else "ghost",
            )
            button.pack(side="left", padx=1)
            key = f" ({action.shown_key})" if action.key else ""
            ttkbootstrap.ToolTip(button, text=f"{action.name}{key}")
            self._buttons[action] = button
        return frame

    def _fold(self, width_px: int) -> None:
        """The last group, the one that matters most, is always there; of the others as many as have room."""
        if width_px == self._folded_px:
            return
        self._folded_px = width_px
        is_narrow = width_px < _NARROW_EM * theme.em_px()
        self._card.set_title("" if is_narrow else "Plan")
        room_px = width_px - 2 * theme.em_px() - (0 if is_narrow else _TITLE_EM * theme.em_px())
        for frame in self._groups:
            frame.pack_forget()
        shown = [self._groups[-1]]
        for frame in self._groups[:-1]:
            if sum(part.winfo_reqwidth() for part in (*shown, frame)) <= room_px:
                shown.insert(-1, frame)
        for frame in reversed(shown):
            self._card.pack_control(frame)

    # --- what is said ------------------------------------------------------------------------------------

    def _show_modes(self) -> None:
        mode = self._editor.mode
        if mode is self._shown_mode:
            return
        self._shown_mode = mode
        for action, button in self._buttons.items():
            if action.label in {each.value for each in Mode}:
                button.configure(bootstyle="primary" if action.label == mode.value else "ghost")
        self._tip.configure(text=_HINTS[mode])
        assert self.plan is not None
        self.plan.configure(cursor="crosshair" if mode is not Mode.SELECT else "")

    def _show_status(self) -> None:
        assert self.plan is not None
        text = self._hover_text() or summary(self._editor)
        self._status.configure(text=text)

    def _hover(self, key: int | None) -> None:
        if key != self._hovered:
            self._hovered = key
            self._show_status()

    def _hover_text(self) -> str:
        node = self._editor.document.by_key.get(self._hovered or 0)
        if node is None:
            return ""
        return f"node {node.id}, {node.board}: {node_facts(node, self._editor.findings.hearing)}"

    def _ask_distance(self, first_px: tuple[float, float], second_px: tuple[float, float]) -> None:
        assert self.plan is not None
        first, second = self.plan.camera.to_m(*first_px), self.plan.camera.to_m(*second_px)
        self._editor.set_mode(Mode.SELECT)
        DistanceDialog(
            self.winfo_toplevel(), lambda distance_m: measured(self._editor, first, second, distance_m)
        )

    def _poll(self) -> None:
        """The findings come from a thread."""
        self._is_polling = False
        self._editor.finder.collect()
        if self._editor.finder.is_busy and not self._is_polling:
            self._is_polling = True
            self.after(_POLL_MS, self._poll)


def summary(editor: Editor) -> str:
    """How many nodes and links, how deep, and who is cut off."""
    hearing, document = editor.findings.hearing, editor.document
    if not document.nodes:
        return "no nodes yet"
    parts = [plural(len(document.nodes), "node"), plural(hearing.link_count, "link")]
    if document.network is Network.TREE:
        depth = max(hearing.hops.values(), default=0)
        parts.append(f"{plural(depth, 'hop')} deep")
        cut_off = len(hearing.listeners) - len(hearing.hops)
        parts.append(f"{cut_off} unreachable" if cut_off else "all reach the root")
    elif document.order:
        parts.append(f"{len(document.order)} in the order")
    if editor.selection:
        parts.append(f"{len(editor.selection)} selected")
    if hearing.is_crowded:
        parts.append("too many links to draw: those of the selected are shown")
    return ", ".join(parts)
