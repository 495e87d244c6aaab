"""What is being edited: the document and its history, what is selected, where it is kept. No tkinter.

Views subscribe and look for themselves what has changed: documents and findings are other objects then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import Enum
from pathlib import Path

from desktop.editor import edits
from desktop.editor.document import FieldDocument, PlanNode
from desktop.editor.field_text import SUFFIX, write_field
from desktop.editor.findings import Finder, Findings, find
from desktop.editor.history import History
from desktop.editor.validation import Problem


class Mode(Enum):
    """What a click on the plan does."""

    SELECT = "Select and move"
    ORDER = "Draw the order"
    LINKS = "Restrict links"
    SCALE = "Measure the picture"


class Editor:
    """One field at a time."""

    def __init__(self) -> None:
        self._history = History(FieldDocument())
        self._saved = self._history.now
        self.path: Path | None = None
        self.selection: frozenset[int] = frozenset()
        self.copied: tuple[PlanNode, ...] = ()
        self.mode = Mode.SELECT
        self.findings = find(self._history.now)
        self.finder = Finder(self._take)
        self._subscribers: list[Callable[[], None]] = []

    def subscribe(self, on_change: Callable[[], None]) -> None:
        """Call that after every change of anything."""
        self._subscribers.append(on_change)

    # --- what there is -----------------------------------------------------------------------------------

    @property
    def document(self) -> FieldDocument:
        """The document as it is."""
        return self._history.now

    @property
    def selected(self) -> list[PlanNode]:
        """The nodes that are selected, in the order of the document."""
        return [node for node in self.document.nodes if node.key in self.selection]

    @property
    def is_settled(self) -> bool:
        """Whether the findings are of the document as it is."""
        return self.findings.document is self.document

    @property
    def is_dirty(self) -> bool:
        """Whether something is not saved."""
        return self.document is not self._saved and self.document != self._saved

    @property
    def undoable(self) -> str:
        """What `undo` takes back; "" if there is nothing."""
        return self._history.undoable

    @property
    def redoable(self) -> str:
        """What `redo` does again; "" if there is nothing."""
        return self._history.redoable

    @property
    def title(self) -> str:
        """The field's name for people: that of its file."""
        return self.path.name if self.path else f"{self.document.name}{SUFFIX}"

    @property
    def text(self) -> str:
        """The document as its file will have it."""
        return write_field(self.document)

    def problems_at(self, keys: Collection[int], where: str) -> list[Problem]:
        """Those of these nodes, or without keys of the whole field, that belong to that entry of a form."""
        return [
            problem
            for problem in self.findings.problems
            if problem.where == where and (not keys or not problem.keys or set(problem.keys) & set(keys))
        ]

    # --- what is done ------------------------------------------------------------------------------------

    def do(self, document: FieldDocument, text: str, group: object = None) -> None:
        """Take that document; `text` says what was done. Edits of one `group` in a row are undone as one."""
        if self._history.do(document, text, group):
            self._settle()

    def end_group(self) -> None:
        """What comes next is undone by itself."""
        self._history.end_group()

    def undo(self) -> None:
        """Take back what was done last."""
        if self._history.undo():
            self._settle()

    def redo(self) -> None:
        """Do again what was taken back."""
        if self._history.redo():
            self._settle()

    def select(self, keys: Iterable[int]) -> None:
        """Select these, and no others."""
        selection = frozenset(keys) & self.document.by_key.keys()
        if selection != self.selection:
            self.selection = selection
            self._tell()

    def set_mode(self, mode: Mode) -> None:
        """Let clicks do that; the same again goes back to selecting."""
        self.mode = Mode.SELECT if mode is self.mode else mode
        self._tell()

    def open(self, document: FieldDocument, path: Path | None, *, is_saved: bool = True) -> None:
        """Edit that one instead; `path` is where it is kept."""
        self._history = History(document)
        self._saved = document if is_saved else FieldDocument()
        self.path = path
        self.selection = frozenset()
        self.mode = Mode.SELECT
        self._settle()

    def saved_as(self, path: Path) -> None:
        """It is on file, there."""
        self.path = path
        self._saved = self.document
        self._tell()

    # --- what is done to nodes ---------------------------------------------------------------------------

    def add(self, places: Iterable[tuple[float, float]], text: str = "add") -> None:
        """New nodes at these places, selected. Raises ValueError if there is no id left."""
        document, keys = edits.add_nodes(self.document, places)
        self.do(document, text)
        self.select(keys)

    def delete(self) -> None:
        """Take what is selected away."""
        if self.selection:
            self.do(edits.remove_nodes(self.document, self.selection), "delete")

    def copy(self) -> None:
        """Keep what is selected for `paste`."""
        self.copied = tuple(self.selected)

    def paste(self, nodes: Iterable[PlanNode], dx_m: float, dy_m: float) -> None:
        """Copies of these beside them, which are selected then. Raises ValueError if no id is left."""
        document, keys = edits.paste(self.document, nodes, dx_m, dy_m)
        self.do(document, "paste")
        self.select(keys)

    def change(self, text: str, **values: object) -> None:
        """Give what is selected these values."""
        self.do(edits.change_nodes(self.document, self.selection, **values), text)

    def mend(self, problem: Problem) -> None:
        """Do what the problem offers, unless the document is another by now."""
        if problem.fix is not None and self.is_settled:
            self.do(problem.fix(self.document), problem.fix_text.lower())

    def _settle(self) -> None:
        self.selection &= self.document.by_key.keys()
        self.finder.want(self.document)
        self._tell()

    def _take(self, findings: Findings) -> None:
        self.findings = findings
        self._tell()

    def _tell(self) -> None:
        for on_change in self._subscribers:
            on_change()
