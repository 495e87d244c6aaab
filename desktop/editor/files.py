"""The file of the field: new, open, save, export, and what a crash would take."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import UsageError
from desktop import dialogs
from desktop.actions import Action
from desktop.editor import edits
from desktop.editor.document import Background, FieldDocument
from desktop.editor.editor import Editor
from desktop.editor.exchange import avrora_rows, is_kept_here, open_field, topo_def, write_whole
from desktop.editor.field_text import SUFFIX, read_field
from desktop.editor.page import FieldPage
from desktop.keep.autosave import Autosave
from desktop.keep.feature import KeepFeature
from protocol.simulator.toml_tables import DescriptionError

if TYPE_CHECKING:
    from desktop.window import Window

FIELD_TYPES = [
    ("Fields", f"*{SUFFIX} *.toml *.def *.top"),
    ("All files", "*"),
]
_SAVE_TYPES = [("Fields", f"*{SUFFIX}"), ("All files", "*")]
_PICTURE_TYPES = [("Pictures", "*.png *.jpg *.jpeg *.gif *.bmp *.webp *.tif *.tiff"), ("All files", "*")]
_GATHER_MS = 200
_PICTURE_SHARE = 0.9  # of what is seen, that a new picture fills


class FieldFiles:
    """`show` brings the page to the front."""

    def __init__(self, window: Window, editor: Editor, page: FieldPage, show: Callable[[], object]) -> None:
        self._window = window
        self._editor = editor
        self._page = page
        self._show = show
        self._autosave = Autosave("field")
        self._kept: FieldDocument | None = None
        self._is_gathering = False
        editor.subscribe(self._heed)
        window.feature(KeepFeature).recovery.offer_unsaved("field", self._autosave, self._open_unsaved)
        self.actions = self._make_actions()

    @property
    def problem(self) -> str | None:
        """Why what is not saved would not outlive a crash; None if it would."""
        return self._autosave.problem if self._editor.is_dirty else None

    def close(self) -> None:
        """The app ends, as it should."""
        self._autosave.discard()

    def open(self, path: Path) -> None:
        """Edit the field in that file."""
        if not self.may_leave():
            return
        try:
            document = open_field(path)
        except UsageError as error:
            self._window.complain("This is no packet log, and cannot be opened as a field", str(error))
            return
        self._editor.open(document, path if is_kept_here(path) else None)
        self._show()

    def new(self) -> None:
        """An empty field."""
        if self.may_leave():
            self._editor.open(FieldDocument(), None)
            self._show()

    def open_field(self) -> None:
        """Ask which."""
        path = self._window.ask_open("Open a field", FIELD_TYPES)
        if path is not None:
            self.open(path)

    def save(self) -> bool:
        """Write it to its file, which is asked for if there is none; whether it is written."""
        return self.save_as(self._editor.path) if self._editor.path else self.save_as(None)

    def save_as(self, path: Path | None = None) -> bool:
        """Write it to another file."""
        path = path or self._window.ask_save("Save the field", _SAVE_TYPES, SUFFIX, name=self._editor.title)
        if path is None:
            return False
        self._take_picture_along(path)
        try:
            write_whole(path, self._editor.text)
        except OSError as error:
            self._window.complain(
                "The field cannot be saved", f"{path}: {error.strerror}; choose another place"
            )
            return False
        self._editor.saved_as(path)
        self._autosave.discard()
        self._window.hint(f"saved as {path}")
        return True

    def export(self, suffix: str) -> None:
        """As topo.def, or as Avrora's rows."""
        try:
            text = topo_def(self._editor.document) if suffix == ".def" else avrora_rows(self._editor.document)
        except UsageError as error:
            self._window.complain("This field cannot be exported so", str(error))
            return
        name = "topo.def" if suffix == ".def" else f"{self._editor.document.name}.top"
        types = [("Topologies", f"*{suffix}"), ("All files", "*")]
        path = self._window.ask_save("Export the field", types, suffix, name=name)
        if path is not None:
            self._window.write(path, lambda to: to.write_text(text, encoding="utf-8"))

    def choose_picture(self) -> None:
        """Ask for one, and lay it below what is seen."""
        path = self._window.ask_open("A picture below the plan", _PICTURE_TYPES)
        if path is not None:
            self.lay_picture(path)

    def lay_picture(self, path: Path) -> None:
        """As large as what is seen; a person says then how large it is."""
        plan = self._page.plan
        assert plan is not None
        name = _from_folder(path, self._editor.path)
        left_m, top_m = plan.camera.to_m(0, 0)
        width_m = plan.winfo_width() / plan.camera.px_per_m
        try:
            from PIL import Image

            with Image.open(path) as image:
                m_per_px = _PICTURE_SHARE * width_m / image.width
        except OSError as error:
            self._window.complain("This picture cannot be read", f"{path}: {error}; choose another one")
            return
        picture = Background(name, m_per_px, edits.rounded_m(left_m), edits.rounded_m(top_m))
        self._editor.do(replace(self._editor.document, background=picture), "picture")

    def _take_picture_along(self, path: Path) -> None:
        """The path of the picture is from the folder of the field's file, which may be another now."""
        picture = self._editor.document.background
        if picture is not None and (self._editor.path is None or self._editor.path.parent != path.parent):
            moved = replace(picture, image=_from_folder(picture.path(self._editor.path), path))
            self._editor.do(replace(self._editor.document, background=moved), "save")

    def _open_unsaved(self, text: str) -> bool:
        """What a run that crashed had not saved; whether it is shown now."""
        if not self.may_leave():
            return False
        try:
            document = read_field(text, "the field of the last run")
        except DescriptionError as error:
            self._window.complain("This field cannot be recovered", str(error))
            return False
        self._editor.open(document, None, is_saved=False)
        self._show()
        return True

    def may_leave(self) -> bool:
        """Whether what is not saved may go; a person is asked."""
        if not self._editor.is_dirty:
            return True
        answer = ask_unsaved(self._window, self._editor.title)
        if answer == "save":
            return self.save()
        if answer == "discard":
            self._autosave.discard()
        return answer == "discard"

    def _heed(self) -> None:
        """A copy of what is not saved is on disk half a second later; to write it at every step of a drag
        would take longer than the step."""
        if not self._editor.is_dirty:
            if self._kept is not None:
                self._kept = None
                self._autosave.discard()
        elif self._editor.document is not self._kept and not self._is_gathering:
            self._is_gathering = True
            self._window.root.after(_GATHER_MS, self._keep)

    def _keep(self) -> None:
        self._is_gathering = False
        if self._editor.is_dirty and self._editor.document is not self._kept:
            self._kept = self._editor.document
            self._autosave.write(self._editor.text)

    def _make_actions(self) -> list[Action]:
        page = self._page

        def has_nodes() -> str | None:
            return None if self._editor.document.nodes else "there is no node yet; double-click on the plan"

        def export(suffix: str) -> Callable[[], None]:
            return lambda: self.export(suffix)

        return [
            Action("File", "New field", "n", self.new),
            Action("File", "Open field …", "Shift+n", self.open_field),
            Action("File", "Save field", "s", self.save, page=page),
            Action("File", "Save field as …", "Shift+s", self.save_as, page=page),
            Action(
                "File", "Export as topo.def …", "", export(".def"), obstacle=has_nodes, page=page, group=1
            ),
            Action(
                "File", "Export as Avrora rows …", "", export(".top"), obstacle=has_nodes, page=page, group=1
            ),
        ]


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
