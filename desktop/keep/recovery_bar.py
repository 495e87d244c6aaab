"""What a crash has left, offered above everything until a person has chosen; it hinders nobody."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from tkinter import ttk

import ttkbootstrap

from desktop import theme

MOST_LINES = 3  # of unsaved work; when one is answered, the next is shown


@dataclass(frozen=True, slots=True)
class Salvage:
    """One thing that was found; each choice is a word and what it does: whether that ends the offer."""

    text: str
    choices: Sequence[tuple[str, Callable[[], bool]]]
    is_recording: bool = False


class RecoveryBar(ttk.Frame):
    """A line each, but one for all recordings: of the newest, and `show_recordings` has the others.

    The first choice is the one to take.
    """

    def __init__(self, master: tk.Misc, show_recordings: Callable[[], object]) -> None:
        super().__init__(master, style="Card.TFrame", padding=theme.em_px() // 2)
        self._show_recordings = show_recordings
        self._found: list[Salvage] = []
        self._icons: list[ttk.Label] = []

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        for icon in self._icons:
            icon.configure(image=ttkbootstrap.Icon("life-preserver", size=16, color=theme.current().seeking))

    def add(self, found: Iterable[Salvage]) -> None:
        """These as well."""
        self._found.extend(found)
        self._fill()

    def _fill(self) -> None:
        for child in self.winfo_children():
            child.destroy()
        self._icons = []
        works = [salvage for salvage in self._found if not salvage.is_recording]
        recordings = [salvage for salvage in self._found if salvage.is_recording]
        for salvage in works[:MOST_LINES]:
            self._add_line(salvage)
        if recordings:
            self._add_line(recordings[0], len(recordings) - 1)
        self.repaint()

    def _add_line(self, salvage: Salvage, more: int = 0) -> None:
        em = theme.em_px()
        line = ttk.Frame(self, padding=(em // 2, em // 4))
        line.pack(fill="x")
        icon = ttk.Label(line)
        icon.pack(side="left", padx=(0, em // 2))
        self._icons.append(icon)
        if more:
            button = ttkbootstrap.Button(
                line, text=f"and {more} more …", command=self._show_recordings, bootstyle="ghost"
            )
            button.pack(side="right", padx=(em // 2, 0))
        for at, (words, run) in reversed(list(enumerate(salvage.choices))):
            button = ttkbootstrap.Button(
                line,
                text=words,
                command=lambda run=run: self._choose(salvage, run),
                bootstyle="secondary-outline" if at else "primary",
            )
            button.pack(side="right", padx=(em // 2, 0))
        ttk.Label(line, text=salvage.text).pack(side="left")  # last: in a narrow window it is what is cut

    def _choose(self, salvage: Salvage, run: Callable[[], bool]) -> None:
        if run():
            self._found.remove(salvage)
            if self._found:
                self._fill()
            else:
                self.destroy()
