"""The field: drawn, kept in a file, simulated, and built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from desktop.actions import Action
from desktop.editor.building import Building
from desktop.editor.drawing import Drawing
from desktop.editor.editor import Editor
from desktop.editor.exchange import is_packet_log
from desktop.editor.files import FieldFiles
from desktop.editor.page import FieldPage
from desktop.feature import Feature

if TYPE_CHECKING:
    from desktop.window import Window


class EditorFeature(Feature):
    """One field at a time."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.editor = Editor()
        self._told: str | None = None
        self.page = FieldPage(window.root, self.editor, window.perform, window.hint)
        window.add_page(self.page)
        self.files = FieldFiles(window, self.editor, self.page, self.show)
        drawing = Drawing(window, self.editor, self.page)
        self.building = Building(window, self.editor, self.page, self.files, self.show)
        self.page.toolbar = (*drawing.tools, *self.building.tools)
        self.page.choose_picture = self.files.choose_picture
        show = Action("Field", "Show the field", "Shift+w", self.show, icon="pencil-square", button="Field")
        self.actions = [*self.files.actions, show, *drawing.actions, *self.building.actions]
        self.page.bind("<Map>", lambda event: self._entitle(), add=True)
        self.page.bind("<Unmap>", lambda event: self._give_title_back(), add=True)
        self.editor.subscribe(self._heed)

    def open_file(self, path: Path) -> bool:
        """See desktop.feature.Feature.open_file: whatever is no packet log is taken for a field."""
        if is_packet_log(path):
            return False
        self.files.open(path)
        return True

    def show(self) -> None:
        """Bring the page to the front."""
        self.window.show_page(self.page)
        if self.page.plan is not None:
            self.page.plan.fit()

    def refresh(self) -> None:
        """See desktop.feature.Feature.refresh."""
        problem, self._told = self._told, self.files.problem
        if self._told is not None and self._told != problem:
            self.window.hint(f"the field would not outlive a crash: {self._told}")

    def may_close(self) -> bool:
        """See desktop.feature.Feature.may_close."""
        return self.files.may_leave()

    def close(self) -> None:
        """See desktop.feature.Feature.close."""
        self.editor.finder.close()
        self.files.close()

    def _heed(self) -> None:
        if self.page.winfo_ismapped():
            self._entitle()

    def _entitle(self) -> None:
        """A dot tells that something is not saved."""
        title = f"{'● ' if self.editor.is_dirty else ''}{self.editor.title}"
        self.window.header.set_title(title)
        self.window.root.title(f"{title} – Treering")

    def _give_title_back(self) -> None:
        session = self.window.session
        title = "" if session is None else session.source.title
        self.window.header.set_title(title)
        self.window.root.title(f"{title} – Treering" if title else "Treering")
