"""What a person does to nodes and links with keys, menus and buttons, besides the mouse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from desktop.actions import Action, nothing
from desktop.editor import edits
from desktop.editor.document import FieldDocument, PlanNode
from desktop.editor.editor import Editor, Mode
from desktop.editor.generators import GridDialog, RandomDialog
from desktop.editor.page import FieldPage
from desktop.editor.plan_canvas import PlanCanvas
from desktop.editor.validation import found_order
from protocol.packets import Network

if TYPE_CHECKING:
    from desktop.window import Window

Edit = Callable[[FieldDocument, Collection[int]], FieldDocument]
_COPY_SHIFT = 2  # steps of the grid, right and down
_ZOOM_STEP = 1.25


class Drawing:
    """`actions` are all of it, `tools` those with a button above the plan, in groups."""

    def __init__(self, window: Window, editor: Editor, page: FieldPage) -> None:
        self.window = window
        self.editor = editor
        self.page = page
        self._make_actions()

    @property
    def plan(self) -> PlanCanvas:
        """The plan; these actions are there while its page is shown."""
        assert self.page.plan is not None
        return self.page.plan

    def _generate(self, kind: type[GridDialog | RandomDialog]) -> None:
        def take(found: list[tuple[float, float]], is_anew: bool) -> None:
            document = self.editor.document
            if is_anew:
                document = edits.remove_nodes(document, document.by_key.keys())
            self._try(lambda: self._take_places(document, found))

        kind(self.window.root, take, has_nodes=bool(self.editor.document.nodes))

    def _take_places(self, document: FieldDocument, found: list[tuple[float, float]]) -> None:
        document, _ = edits.add_nodes(document, found)
        self.editor.do(document, "place nodes")
        self.plan.fit()

    def _insert(self) -> None:
        """A new node in the middle of what is seen, beside one that is there."""
        plan = self.plan
        x_m, y_m = plan.camera.to_m(plan.winfo_width() / 2, plan.winfo_height() / 2)
        taken = {(node.x_m, node.y_m) for node in self.editor.document.nodes}
        step_m = plan.camera.step_m(3 * plan.em)
        x_m, y_m = plan.snapped(x_m, y_m)
        while (edits.rounded_m(x_m), edits.rounded_m(y_m)) in taken:
            x_m += step_m
        self._try(lambda: self.editor.add([(x_m, y_m)]))
        plan.see(self.editor.selection)
        plan.focus_set()

    def _duplicate(self) -> None:
        self._paste(self.editor.selected)

    def _paste(self, nodes: Sequence[PlanNode]) -> None:
        step_m = _COPY_SHIFT * self.plan.snap_m
        self._try(lambda: self.editor.paste(nodes, step_m, step_m))

    def _paste_copied(self) -> None:
        self._paste(self.editor.copied)
        self.editor.copy()  # the next paste stands beside this one

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except ValueError as error:
            self.window.hint(str(error))

    def _edit_selected(self, edit: Edit, text: str) -> None:
        self.editor.do(edit(self.editor.document, self.editor.selection), text)

    def _permit(self, *, permitted: bool) -> None:
        """All that are selected hear each other, or not."""
        hearing = self.editor.findings.hearing
        document = self.editor.document
        keys = sorted(self.editor.selection)
        for i, a in enumerate(keys):
            for b in keys[i + 1 :]:
                document = edits.permit_link(document, a, b, hearing.heard, permitted=permitted)
        self.editor.do(document, "permit links" if permitted else "restrict links")

    def _find_order(self) -> None:
        hearing = self.editor.findings.hearing
        if hearing.is_room:
            self.window.hint("all nodes hear each other, so they need no order: they take turns by their ids")
            return
        order = found_order(hearing)
        if not order:
            self.window.hint("no order was found in which each hears the next; move nodes nearer")
            return
        self.editor.do(replace(self.editor.document, order=order), "find an order")

    def _fix_first(self) -> None:
        chosen = self.page.problems.chosen
        if chosen is None or chosen.fix is None:
            self.window.hint("nothing is wrong that one key mends")
        else:
            self.window.hint(f"{chosen.fix_text}: done; {self._undo.shown_key} takes it back")
            self.editor.mend(chosen)

    def _toggle_snap(self) -> None:
        plan = self.plan
        plan.snaps = not plan.snaps
        self.window.hint("nodes snap to the grid" if plan.snaps else "nodes stand wherever they are put")

    # --- why it cannot be done now -------------------------------------------------------------------------

    def _selection_obstacle(self) -> str | None:
        return None if self.editor.selection else "nothing is selected; click a node"

    def _paste_obstacle(self) -> str | None:
        return None if self.editor.copied else "nothing was copied; select nodes and copy them first"

    def _pair_obstacle(self) -> str | None:
        return None if len(self.editor.selection) > 1 else "select two nodes or more"

    def _settled_pair_obstacle(self) -> str | None:
        return self._pair_obstacle() or (None if self.editor.is_settled else "wait a moment")

    def _order_obstacle(self) -> str | None:
        if self.editor.document.network is Network.TREE:
            return "a tree has no order; make it a ring under “Field and radio”"
        return None

    def _picture_obstacle(self) -> str | None:
        return None if self.editor.document.background else "there is no picture below the plan yet"

    # --- actions -----------------------------------------------------------------------------------------

    def _make_actions(self) -> None:
        self._undo, self._redo, again = self._history_actions()
        modes = [self._mode_action(mode) for mode in Mode]
        insert, grid, scatter = (
            self._action("Field", "New node", "Insert", self._insert, group=1),
            self._action("Field", "Place a grid …", "", lambda: self._generate(GridDialog), group=1),
            self._action("Field", "Place at random …", "", lambda: self._generate(RandomDialog), group=1),
        )
        selected = self._selection_obstacle
        delete = self._action("Edit", "Delete nodes", "Delete", self.editor.delete, selected, group=1)
        fit = self._action("View", "See the whole field", "0", lambda: self.plan.fit())
        self.tools: Sequence[Sequence[tuple[Action, str, str]]] = (
            ((self._undo, "arrow-counterclockwise", ""), (self._redo, "arrow-clockwise", "")),
            (
                (insert, "plus-lg", ""),
                (grid, "grid-3x3-gap", ""),
                (scatter, "dice-5", ""),
                (delete, "trash", ""),
            ),
            ((modes[0], "cursor", ""), (modes[1], "arrow-repeat", ""), (modes[2], "bezier2", "")),
            ((fit, "arrows-fullscreen", ""),),
        )
        self.actions = [
            *(self._undo, self._redo, again),
            self._action("Edit", "Select all nodes", "a", self._select_all, group=1),
            self._action("Edit", "Copy nodes", "c", self.editor.copy, selected, group=1),
            self._action("Edit", "Paste nodes", "v", self._paste_copied, self._paste_obstacle, group=1),
            self._action("Edit", "Duplicate nodes", "Shift+d", self._duplicate, selected, group=1),
            delete,
            self._action("Edit", "Fix the chosen problem", "period", self._fix_first, group=2),
            *(insert, grid, scatter, *modes),
            *self._link_actions(),
            *self._place_actions(),
            self._action(
                "Field", "Edit the selected nodes", "", lambda: self.page.edit(0), selected, group=5
            ),
            self._action("Field", "Edit field and radio", "Shift+f", lambda: self.page.edit(1), group=5),
            fit,
            self._action("View", "Nearer", "plus", lambda: self.plan.zoom(_ZOOM_STEP)),
            self._action("View", "Farther", "minus", lambda: self.plan.zoom(1 / _ZOOM_STEP)),
        ]

    def _history_actions(self) -> tuple[Action, Action, Action]:
        editor = self.editor

        def no_undo() -> str | None:
            return None if editor.undoable else "nothing was done yet"

        def no_redo() -> str | None:
            return None if editor.redoable else "nothing was undone"

        return (
            self._action("Edit", "Undo", "z", editor.undo, no_undo),
            self._action("Edit", "Redo", "Shift+z", editor.redo, no_redo),
            self._action("Edit", "Redo, too", "y", editor.redo, no_redo),
        )

    def _mode_action(self, mode: Mode) -> Action:
        obstacles = {Mode.ORDER: self._order_obstacle, Mode.SCALE: self._picture_obstacle}
        run = partial(self.editor.set_mode, mode)
        return self._action("Field", mode.value, "", run, obstacles.get(mode, nothing), group=2)

    def _link_actions(self) -> list[Action]:
        pair = self._settled_pair_obstacle
        return [
            self._action("Field", "Find an order", "", self._find_order, self._order_obstacle, group=2),
            self._action(
                "Field",
                "Restrict links between selected",
                "",
                lambda: self._permit(permitted=False),
                pair,
                group=3,
            ),
            self._action(
                "Field",
                "Permit links between selected",
                "",
                lambda: self._permit(permitted=True),
                pair,
                group=3,
            ),
        ]

    def _place_actions(self) -> list[Action]:
        several = self._pair_obstacle
        ways: tuple[tuple[str, Edit], ...] = (
            ("Align in a row", edits.align_row),
            ("Align in a column", edits.align_column),
            ("Space evenly", edits.space_evenly),
        )
        return [
            *(
                self._action(
                    "Field", label, "", partial(self._edit_selected, edit, label.lower()), several, group=4
                )
                for label, edit in ways
            ),
            self._action("Field", "Snap to the grid, or not", "Shift+g", self._toggle_snap, group=4),
        ]

    def _action(
        self,
        menu: str,
        label: str,
        key: str,
        run: Callable[[], object],
        obstacle: Callable[[], str | None] = nothing,
        *,
        group: int = 0,
    ) -> Action:
        return Action(menu, label, key, run, obstacle=obstacle, page=self.page, group=group)

    def _select_all(self) -> None:
        self.editor.select(self.editor.document.by_key)
