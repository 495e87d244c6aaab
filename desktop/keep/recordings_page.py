"""All recordings: what they are, what they take of the disk, and what a person can do with them."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk

import ttkbootstrap

from bridge.errors import UsageError
from bridge.status_view import size_text
from desktop import theme
from desktop.actions import Action
from desktop.card import Card
from desktop.dialogs import Dialog
from desktop.keep.file_manager import reveal
from desktop.keep.recordings import Recording, Recordings
from desktop.lists.lines import LineList
from desktop.lists.table import Column, Line
from desktop.model.words import duration_label, plural
from desktop.page import Page

_COLUMNS = (
    Column("date", 11.5, stretches=False),
    Column("recording", 16),
    Column("source", 12),
    Column("length", 6, "e", stretches=False),
    Column("size", 7, "e", stretches=False),
    Column("kept", 5, "center", stretches=False),
    Column("notes", 14),
)
_EMPTY = "Nothing is recorded yet. Every session is: start the demo, or connect a field."


@dataclass(frozen=True, slots=True)
class Commands:
    """What the page asks of the app. `limit_bytes` is of the ring; `open_logs` are read or written now."""

    open: Callable[[Path], object]
    complain: Callable[[str, str], object]
    limit_bytes: Callable[[], int]
    open_logs: Callable[[], set[Path]]


class RecordingsPage(Page):
    """A line each; what is deleted can be brought back. `actions` are all that can be done here."""

    title = "Recordings"

    def __init__(self, master: tk.Misc, recordings: Recordings, commands: Commands) -> None:
        em = theme.em_px()
        super().__init__(master, style="Ground.TFrame", padding=em // 2)
        self._commands = commands
        self.recordings = recordings
        self._found: Sequence[Recording] = ()
        self._card = Card(self, "Recordings")
        self._card.pack(fill="both", expand=True)
        self._totals = ttk.Label(self._card.body, style="Muted.TLabel", padding=(em, 0, em, em // 2))
        self._totals.pack(fill="x")
        self.actions = [
            Action("File", label, key, run, page=self, obstacle=obstacle)
            for label, key, run, obstacle in (
                ("Open recording", "Return", self.open, self._unchosen),
                ("Keep recording", "Shift+k", self.keep, self._kept),
                ("Rename recording …", "F2", self.rename, self._not_free),
                ("Delete recording", "Delete", self.delete, self._not_free),
                ("Show recording in its folder", "", self.reveal, self._unchosen),
                ("Undo delete of a recording", "z", self.undo, self._nothing_deleted),
                ("Empty deleted recordings", "", self.empty, self._nothing_deleted),
            )
        ]
        self.buttons: dict[str, ttkbootstrap.Button] = {}
        self._fill_buttons(ttk.Frame(self._card.body, padding=em))
        self.lines = LineList(self._card.body, _COLUMNS)
        self.lines.pack(fill="both", expand=True, padx=(em // 2, 0))
        table = self.lines.table
        table.bind("<<TreeviewSelect>>", lambda event: self._fit_buttons())
        table.bind("<Double-1>", lambda event: self.open())
        self.bind("<Map>", lambda event: self._on_map())

    # --- what is shown -----------------------------------------------------------------------------------

    def show(self) -> None:
        """What is in the folder now."""
        chosen = self.chosen
        self._found = self.recordings.found()
        open_logs = self._commands.open_logs()
        self.lines.show(_line(recording, open_logs) for recording in self._found)
        ring = [recording for recording in self._found if not recording.is_kept]
        kept_bytes = sum(recording.size_bytes for recording in self._found if recording.is_kept)
        deleted = self.recordings.deleted()
        parts = [
            f"{size_text(sum(log.size_bytes for log in ring))} of {size_text(self._commands.limit_bytes())}"
            " in the ring, whose oldest go first",
            f"{size_text(kept_bytes)} kept for good",
            f"{size_text(sum(log.size_bytes for log in deleted))} deleted" if deleted else "",
            f"{size_text(self.recordings.free_bytes())} free in {self.recordings.folder}",
        ]
        self._totals.configure(text="  ·  ".join(filter(None, parts)))
        self._card.set_summary(plural(len(self._found), "recording") if self._found else _EMPTY)
        self._choose(chosen.path if chosen else None)

    @property
    def chosen(self) -> Recording | None:
        """The selected one."""
        lines, selected = self.lines.table.get_children(), self.lines.table.selection()
        at = lines.index(selected[0]) if selected else len(self._found)
        return self._found[at] if at < len(self._found) else None

    def _on_map(self) -> None:
        self.show()
        self.lines.table.focus_set()

    def _choose(self, path: Path | None) -> None:
        """That one, or the first."""
        lines = self.lines.table.get_children()
        at = next((i for i, recording in enumerate(self._found) if recording.path == path), 0)
        if at < len(lines):
            self.lines.table.selection_set(lines[at])
            self.lines.table.focus(lines[at])
        self._fit_buttons()

    def _fill_buttons(self, row: ttk.Frame) -> None:
        row.pack(side="bottom", fill="x")
        em = theme.em_px()
        for text, run in (
            ("Open", self.open),
            ("Keep", self.keep),
            ("Rename …", self.rename),
            ("Delete", self.delete),
            ("Show in folder", self.reveal),
        ):
            style = "primary" if text == "Open" else "secondary-outline"
            self.buttons[text] = ttkbootstrap.Button(row, text=text, command=run, bootstyle=style)
            self.buttons[text].pack(side="left", padx=(0, em // 2))
        for text, run in (("Empty deleted", self.empty), ("Undo delete", self.undo)):
            button = ttkbootstrap.Button(row, text=text, command=run, bootstyle="secondary-outline")
            button.pack(side="right", padx=(em // 2, 0))
            self.buttons[text] = button

    def _fit_buttons(self) -> None:
        """Only what can be done can be pressed."""
        can = {
            "Open": self._unchosen,
            "Show in folder": self._unchosen,
            "Rename …": self._not_free,
            "Delete": self._not_free,
            "Keep": self._kept,
            "Undo delete": self._nothing_deleted,
            "Empty deleted": self._nothing_deleted,
        }
        for text, obstacle in can.items():
            self.buttons[text].configure(state="disabled" if obstacle() else "normal")

    # --- what a person does ------------------------------------------------------------------------------

    def open(self) -> None:
        """Show it in the workspace."""
        if self.chosen is not None:
            self._commands.open(self.chosen.path)

    def keep(self) -> None:
        """The ring leaves it alone from now on."""
        self._try("This recording cannot be kept", lambda log: self.recordings.keep(log.path))

    def delete(self) -> None:
        """Away with it; "Undo delete" brings it back."""
        if self._not_free() is None:
            self._try("This recording cannot be deleted", lambda log: self.recordings.trash(log.path))

    def undo(self) -> None:
        """Bring back what was deleted last."""
        if deleted := self.recordings.deleted():
            self._attempt(
                "This recording cannot be brought back", lambda: self.recordings.restore(deleted[0])
            )

    def empty(self) -> None:
        """What was deleted is gone for good."""
        self._attempt("What was deleted cannot be removed", self.recordings.empty_trash)

    def rename(self) -> None:
        """Ask for another name."""
        chosen = self.chosen
        if chosen is not None and self._not_free() is None:
            _ask_name(self, chosen.path.stem, lambda name: self._rename(chosen, name))

    def reveal(self) -> None:
        """Show it in the system's own window of files."""
        if self.chosen is not None:
            reveal(self.chosen.path, self._commands.complain)

    def _rename(self, recording: Recording, name: str) -> None:
        renamed: list[Path] = []
        self._attempt(
            "This recording cannot be renamed",
            lambda: renamed.append(self.recordings.rename(recording.path, name)),
        )
        self._choose(next(iter(renamed), recording.path))

    def _unchosen(self) -> str | None:
        return None if self.chosen is not None else "there is no recording yet: start the demo, or connect"

    def _kept(self) -> str | None:
        return "it is kept already" if self.chosen is not None and self.chosen.is_kept else self._unchosen()

    def _not_free(self) -> str | None:
        """What is read or written now stays where it is."""
        if self.chosen is not None and self.chosen.path.absolute() in self._commands.open_logs():
            return "it is open now: close its session first"
        return self._unchosen()

    def _nothing_deleted(self) -> str | None:
        return None if self.recordings.deleted() else "nothing was deleted"

    def _try(self, heading: str, act: Callable[[Recording], object]) -> None:
        if (chosen := self.chosen) is not None:
            self._attempt(heading, lambda: act(chosen))

    def _attempt(self, heading: str, act: Callable[[], object]) -> None:
        try:
            act()
        except (UsageError, OSError) as error:
            self._commands.complain(heading, str(error))
        self.show()


def _line(recording: Recording, open_logs: Collection[Path]) -> Line:
    notes = recording.notes
    source = "" if notes is None else notes.source or ""
    length_s = recording.length_s()
    length = "–" if length_s is None else duration_label(length_s)
    return Line(
        (
            f"{recording.written_at:%Y-%m-%d %H:%M}",
            recording.path.stem,
            source,
            length,
            size_text(recording.size_bytes),
            "open" if recording.path.absolute() in open_logs else "kept" if recording.is_kept else "",
            _notes_text(recording),
        )
    )


def _notes_text(recording: Recording) -> str:
    if recording.notes is None:
        return "its notes cannot be read"
    count = len(recording.notes.bookmarks)
    return "; ".join(filter(None, [recording.notes.note, plural(count, "bookmark") if count else ""]))


def _ask_name(master: tk.Misc, name: str, rename: Callable[[str], object]) -> Dialog:
    dialog = Dialog(master, "Rename")
    dialog.add_heading("Another name for this recording")
    text = tk.StringVar(dialog, name)
    entry = ttk.Entry(dialog.body, textvariable=text, width=40)
    entry.pack(fill="x", pady=(dialog.em, 0))

    def done() -> None:
        dialog.destroy()
        rename(text.get())

    dialog.add_button("Rename", done, is_default=True)
    dialog.add_button("Cancel", dialog.destroy)
    dialog.open()
    entry.focus_set()
    entry.select_range(0, "end")
    return dialog
