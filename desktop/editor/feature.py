"""The field: drawn, kept in a file, simulated, and built."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from desktop import dialogs
from desktop.actions import Action, nothing
from desktop.editor import edits
from desktop.editor.document import Background, FieldDocument
from desktop.editor.editor import Editor, Mode
from desktop.editor.exchange import avrora_rows, open_field, topo_def, write_whole
from desktop.editor.field_text import SUFFIX, read_field
from desktop.editor.generators import GridDialog, RandomDialog
from desktop.editor.page import FieldPage
from desktop.editor.validation import found_order
from desktop.feature import Feature
from desktop.keep.autosave import Autosave
from desktop.keep.feature import KeepFeature
from protocol.simulator.scenario import load_scenario
from protocol.simulator.toml_tables import DescriptionError

if TYPE_CHECKING:
    from desktop.window import Window

FIELD_TYPES = [
    ("Fields", f"*{SUFFIX} *.toml *.def *.top"),
    ("All files", "*"),
]
_SAVE_TYPES = [("Fields", f"*{SUFFIX}"), ("All files", "*")]
_PICTURE_TYPES = [("Pictures", "*.png *.jpg *.jpeg *.gif *.bmp *.webp *.tif *.tiff"), ("All files", "*")]
_PICTURE_SHARE = 0.9  # of what is seen, that a new picture fills
Edit = Callable[[FieldDocument, Collection[int]], FieldDocument]
_COPY_SHIFT = 2  # steps of the grid, right and down


class EditorFeature(Feature):
    """One field at a time; `open` takes whichever file holds one."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.editor = Editor()
        self._autosave = Autosave("field")
        self._kept: FieldDocument | None = None
        self.page = FieldPage(window.root, self.editor, window.perform, self.choose_picture, window.hint)
        window.add_page(self.page)
        self.actions = self._actions()
        self.page.bind("<Map>", lambda event: self._entitle(), add=True)
        self.page.bind("<Unmap>", lambda event: self._give_title_back(), add=True)
        self.editor.subscribe(self._heed)
        window.feature(KeepFeature).offer_unsaved("field", self._autosave, self._open_unsaved)

    # --- for the window ----------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Edit the field in that file."""
        if not self._may_leave():
            return
        try:
            document = open_field(path)
        except UsageError as error:
            self.window.complain("This field cannot be opened", str(error))
            return
        is_own = path.suffix == ".toml"
        self.editor.open(document, path if is_own else None, is_saved=is_own)
        self.show()

    def show(self) -> None:
        """Bring the page to the front."""
        self.window.show_page(self.page)
        if self.page.plan is not None:
            self.page.plan.fit()

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        if self._autosave.problem is not None and self.editor.is_dirty:
            self.window.hint(f"the field is not kept against a crash: {self._autosave.problem}")

    def may_close(self) -> bool:
        """See desktop.feature.Feature.may_close."""
        return self._may_leave()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self.editor.finder.close()
        self._autosave.discard()

    # --- files -------------------------------------------------------------------------------------------

    def new(self) -> None:
        """An empty field."""
        if self._may_leave():
            self.editor.open(FieldDocument(), None)
            self.show()

    def open_field(self) -> None:
        """Ask which."""
        path = self.window.ask_open("Open a field", FIELD_TYPES)
        if path is not None:
            self.open(path)

    def save(self) -> bool:
        """Write it to its file, which is asked for if there is none; whether it is written."""
        return self.save_as(self.editor.path) if self.editor.path else self.save_as(None)

    def save_as(self, path: Path | None = None) -> bool:
        """Write it to another file."""
        path = path or self.window.ask_save("Save the field", _SAVE_TYPES, SUFFIX, name=self.editor.title)
        if path is None:
            return False
        self._take_picture_along(path)
        try:
            write_whole(path, self.editor.text)
        except OSError as error:
            self.window.complain(
                "The field cannot be saved", f"{path}: {error.strerror}; choose another place"
            )
            return False
        self.editor.saved_as(path)
        self._autosave.discard()
        self.window.hint(f"saved as {path}")
        return True

    def export(self, suffix: str) -> None:
        """As topo.def, or as Avrora's rows."""
        try:
            text = topo_def(self.editor.document) if suffix == ".def" else avrora_rows(self.editor.document)
        except UsageError as error:
            self.window.complain("This field cannot be exported so", str(error))
            return
        name = "topo.def" if suffix == ".def" else f"{self.editor.document.name}.top"
        types = [("Topologies", f"*{suffix}"), ("All files", "*")]
        path = self.window.ask_save("Export the field", types, suffix, name=name)
        if path is not None:
            self.window.write(path, lambda to: to.write_text(text, encoding="utf-8"))

    def choose_picture(self) -> None:
        """Ask for one, and lay it below what is seen."""
        path = self.window.ask_open("A picture below the plan", _PICTURE_TYPES)
        if path is not None:
            self.lay_picture(path)

    def lay_picture(self, path: Path) -> None:
        """As large as what is seen; a person says then how large it is."""
        plan = self.page.plan
        assert plan is not None
        name = _from_folder(path, self.editor.path)
        left_m, top_m = plan.camera.to_m(0, 0)
        width_m = plan.winfo_width() / plan.camera.px_per_m
        try:
            from PIL import Image

            with Image.open(path) as image:
                m_per_px = _PICTURE_SHARE * width_m / image.width
        except OSError as error:
            self.window.complain("This picture cannot be read", f"{path}: {error}; choose another one")
            return
        picture = Background(name, m_per_px, edits.rounded_m(left_m), edits.rounded_m(top_m))
        self.editor.do(replace(self.editor.document, background=picture), "picture")

    def _take_picture_along(self, path: Path) -> None:
        """The path of the picture is from the folder of the field's file, which may be another now."""
        picture = self.editor.document.background
        if picture is not None and (self.editor.path is None or self.editor.path.parent != path.parent):
            old = Path(picture.image) if self.editor.path is None else self.editor.path.parent / picture.image
            moved = replace(picture, image=_from_folder(old, path))
            self.editor.do(replace(self.editor.document, background=moved), "save")

    def _open_unsaved(self, text: str) -> None:
        """What a run that crashed had not saved."""
        if not self._may_leave():
            return
        try:
            document = read_field(text, "the field of the last run")
        except DescriptionError as error:
            self.window.complain("This field cannot be recovered", str(error))
            return
        self.editor.open(document, None, is_saved=False)
        self.show()

    def _may_leave(self) -> bool:
        """Whether what is not saved may go; a person is asked."""
        if not self.editor.is_dirty:
            return True
        answer = ask_unsaved(self.window, self.editor.title)
        if answer == "save":
            return self.save()
        if answer == "discard":
            self._autosave.discard()
        return answer == "discard"

    # --- what goes on ------------------------------------------------------------------------------------

    def _heed(self) -> None:
        document = self.editor.document
        if self.editor.is_dirty and document is not self._kept:
            self._kept = document
            self._autosave.write(self.editor.text)
        elif not self.editor.is_dirty and self._kept is not None:
            self._kept = None
            self._autosave.discard()
        if self.page.winfo_ismapped():
            self._entitle()

    def _entitle(self) -> None:
        dot = "● " if self.editor.is_dirty else ""
        self.window.header.set_title(f"{dot}{self.editor.title}")
        self.window.root.title(f"{dot}{self.editor.title} – Treering")

    def _give_title_back(self) -> None:
        session = self.window.session
        title = "" if session is None else session.source.title
        self.window.header.set_title(title)
        self.window.root.title(f"{title} – Treering" if title else "Treering")

    # --- what is done ------------------------------------------------------------------------------------

    def simulate(self) -> None:
        """Run the field as it is drawn."""
        from desktop.simulate.source import SimulationSource

        try:
            scenario = load_scenario(self.editor.text, self.editor.title)
        except DescriptionError as error:
            self.window.complain("This field cannot be simulated", f"{error.problem}; {error.remedy}")
            return
        self.window.start(SimulationSource(scenario, title=f"Simulated {self.editor.document.name}"))

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
        if self.page.plan is not None:
            self.page.plan.fit()

    def _insert(self) -> None:
        """A new node in the middle of what is seen, beside one that is there."""
        plan = self.page.plan
        assert plan is not None
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
        plan = self.page.plan
        assert plan is not None
        step_m = _COPY_SHIFT * plan.snap_m
        self._try(lambda: self.editor.duplicate(step_m, step_m))

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
            self.window.hint(f"{chosen.fix_text}: done; {self._undo_key} takes it back")
            self.editor.mend(chosen)

    @property
    def _undo_key(self) -> str:
        return next(action.shown_key for action in self.actions if action.label == "Undo")

    def _toggle_snap(self) -> None:
        plan = self.page.plan
        assert plan is not None
        plan.snaps = not plan.snaps
        self.window.hint("nodes snap to the grid" if plan.snaps else "nodes stand wherever they are put")

    def _export_obstacle(self) -> str | None:
        return None if self.editor.document.nodes else "there is no node yet; double-click on the plan"

    def _selection_obstacle(self) -> str | None:
        return None if self.editor.selection else "nothing is selected; click a node"

    def _pair_obstacle(self) -> str | None:
        return None if len(self.editor.selection) > 1 else "select two nodes or more"

    def _settled_pair_obstacle(self) -> str | None:
        return self._pair_obstacle() or (None if self.editor.is_settled else "wait a moment")

    def _order_obstacle(self) -> str | None:
        from protocol.packets import Network

        if self.editor.document.network is Network.TREE:
            return "a tree has no order; make it a ring under “Field and radio”"
        return None

    def _picture_obstacle(self) -> str | None:
        return None if self.editor.document.background else "there is no picture below the plan yet"

    def _actions(self) -> list[Action]:
        page, editor = self.page, self.editor
        selected, several = self._selection_obstacle, self._pair_obstacle

        def plan_do(name: str, *values: object) -> object:
            assert page.plan is not None
            return getattr(page.plan, name)(*values)

        def edit(function: Edit, text: str) -> Callable[[], None]:
            return lambda: self._edit_selected(function, text)

        undo = Action(
            "Edit", "Undo", "z", editor.undo, obstacle=lambda: None if editor.undoable else "nothing to undo",
            page=page,
        )  # fmt: skip
        redo = Action(
            "Edit", "Redo", "Shift+z", editor.redo,
            obstacle=lambda: None if editor.redoable else "nothing to redo", page=page,
        )  # fmt: skip
        redo_too = Action("Edit", "Redo (other key)", "y", editor.redo, obstacle=redo.obstacle, page=page)
        modes = {
            mode: Action(
                "Field", mode.value, "", partial(editor.set_mode, mode), page=page, group=2,
                obstacle={Mode.ORDER: self._order_obstacle, Mode.SCALE: self._picture_obstacle}.get(
                    mode, nothing
                ),
            )
            for mode in Mode
        }  # fmt: skip
        grid = Action("Field", "Place a grid …", "", lambda: self._generate(GridDialog), page=page, group=1)
        scatter = Action(
            "Field", "Place at random …", "", lambda: self._generate(RandomDialog), page=page, group=1
        )
        insert = Action("Field", "New node", "Insert", self._insert, page=page, group=1)
        delete = Action(
            "Edit", "Delete nodes", "Delete", editor.delete, obstacle=selected, page=page, group=1
        )
        fit = Action("View", "See the whole field", "0", lambda: plan_do("fit"), page=page)
        simulate = Action(
            "Simulate", "Simulate this field", "F10", self.simulate, obstacle=self._export_obstacle, page=page
        )
        self.page.toolbar = (
            ((undo, "arrow-counterclockwise", ""), (redo, "arrow-clockwise", "")),
            (
                (modes[Mode.SELECT], "cursor", ""),
                (modes[Mode.ORDER], "arrow-repeat", ""),
                (modes[Mode.LINKS], "bezier2", ""),
            ),
            (
                (insert, "plus-lg", ""),
                (grid, "grid-3x3-gap", ""),
                (scatter, "dice-5", ""),
                (delete, "trash", ""),
            ),
            ((fit, "arrows-fullscreen", ""),),
            ((simulate, "play-fill", "Simulate"),),
        )
        return [
            Action("File", "New field", "n", self.new),
            Action("File", "Open field …", "", self.open_field),
            Action("File", "Save field", "s", self.save, page=page),
            Action("File", "Save field as …", "Shift+s", self.save_as, page=page),
            Action("File", "Export as topo.def …", "", lambda: self.export(".def"),
                   obstacle=self._export_obstacle, page=page, group=1),
            Action("File", "Export as Avrora rows …", "", lambda: self.export(".top"),
                   obstacle=self._export_obstacle, page=page, group=1),
            undo,
            redo,
            redo_too,
            Action("Edit", "Select all nodes", "a", lambda: editor.select(editor.document.by_key), page=page,
                   group=1),
            Action("Edit", "Duplicate nodes", "Shift+d", self._duplicate, obstacle=selected, page=page,
                   group=1),
            delete,
            Action("Edit", "Fix the chosen problem", "period", self._fix_first, page=page, group=2),
            Action("Field", "Show the field", "Shift+n", self.show, icon="pencil-square", button="Field"),
            insert,
            grid,
            scatter,
            *modes.values(),
            Action("Field", "Find an order", "", self._find_order, obstacle=self._order_obstacle, page=page,
                   group=2),
            Action("Field", "Restrict links between selected", "", lambda: self._permit(permitted=False),
                   obstacle=self._settled_pair_obstacle, page=page, group=3),
            Action("Field", "Permit links between selected", "", lambda: self._permit(permitted=True),
                   obstacle=self._settled_pair_obstacle, page=page, group=3),
            Action("Field", "Align in a row", "", edit(edits.align_row, "align"),
                   obstacle=several, page=page, group=4),
            Action("Field", "Align in a column", "", edit(edits.align_column, "align"),
                   obstacle=several, page=page, group=4),
            Action("Field", "Space evenly", "", edit(edits.space_evenly, "space"),
                   obstacle=several, page=page, group=4),
            Action("Field", "Snap to the grid, or not", "Shift+g", self._toggle_snap, page=page, group=4),
            Action("Field", "Picture below the plan …", "", self.choose_picture, page=page, group=5),
            Action("Field", "Edit the selected nodes", "Return", lambda: self._to_form(0), obstacle=selected,
                   page=page, group=5),
            Action("Field", "Edit field and radio", "Shift+f", lambda: self._to_form(1), page=page, group=5),
            fit,
            Action("View", "Nearer", "plus", lambda: plan_do("zoom", 1.25), page=page),
            Action("View", "Farther", "minus", lambda: plan_do("zoom", 0.8), page=page),
            simulate,
        ]  # fmt: skip

    def _to_form(self, index: int) -> None:
        """With the keys to the first entry of that form."""
        self.page.show_form(index)
        row = (self.page.node_form.id, self.page.field_form.name)[index]
        row.entry.focus_set()
        row.entry.selection_range(0, "end")


def ask_unsaved(window: Window, title: str) -> str:
    """What is to become of a field that is not saved: "save", "discard", or "" for none of it."""
    answer = ""
    dialog = dialogs.Dialog(window.root, "Treering")

    def choose(chosen: str) -> None:
        nonlocal answer
        answer = chosen
        dialog.destroy()

    dialog.add_heading(f"Save {title}?")
    dialog.add_text("It has been changed, and not been saved.")
    dialog.add_button("Save", lambda: choose("save"), is_default=True)
    dialog.add_button("Discard", lambda: choose("discard"))
    dialog.add_button("Cancel", dialog.destroy)
    dialog.open()
    window.root.wait_window(dialog)
    return answer


def _from_folder(path: Path, field: Path | None) -> str:
    """The path as seen from the folder of the field's file; whole where that has none, or another drive."""
    if field is None:
        return str(path.absolute())
    try:
        return Path(os.path.relpath(path.absolute(), field.parent.absolute())).as_posix()
    except ValueError:
        return str(path.absolute())
