"""All that is wrong with the field, in a list: who is concerned, what to do, and a button that does it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.card import Card
from desktop.editor.editor import Editor
from desktop.editor.validation import Problem, Severity
from desktop.model.words import plural

_ROWS = 3
_NOTHING = "What is wrong with a field is told here, and what to do about it."
_FINE = "Nothing is wrong: this field can be built and simulated."


class ProblemList(Card):
    """`go_to` shows the nodes of a problem, and the place of the form where it is mended."""

    def __init__(self, master: tk.Misc, editor: Editor, go_to: Callable[[Problem], object]) -> None:
        super().__init__(master, "Problems")
        self._editor = editor
        self._go_to = go_to
        self._problems: tuple[Problem, ...] = ()
        self._icons: dict[Severity, object] = {}
        em = theme.em_px()
        self._button = ttkbootstrap.Button(self.head, command=self.mend, bootstyle="primary-outline")
        self.table = ttk.Treeview(
            self.body, show="tree", style="Lines.Treeview", height=_ROWS, selectmode="browse"
        )
        self.table.pack(fill="both", expand=True)
        self._remedy = ttk.Label(
            self.body, style="Muted.TLabel", padding=(em, em // 4, em, em // 2), wraplength=20 * em
        )
        self._remedy.pack(fill="x")
        self.body.bind(
            "<Configure>", lambda event: self._remedy.configure(wraplength=max(1, event.width - 3 * em))
        )
        self.table.bind("<<TreeviewSelect>>", lambda event: self._choose())
        self.table.bind("<Double-Button-1>", lambda event: self.mend())
        self.table.bind("<Return>", lambda event: self.mend())
        self.repaint()
        self.show()

    def show(self) -> None:
        """The problems that are known now."""
        problems = self._editor.findings.problems
        if [p.text for p in problems] != [p.text for p in self._problems]:
            chosen = self.chosen
            self._problems = problems
            self._fill(chosen)
        self._problems = problems  # what mends them is of the document as it is
        errors = sum(problem.severity is Severity.ERROR for problem in problems)
        warnings = len(problems) - errors
        counts = [
            *([plural(errors, "error")] if errors else []),
            *([plural(warnings, "warning")] if warnings else []),
        ]
        self.set_summary(", ".join(counts))
        if problems and not self.table.winfo_manager():
            self.table.pack(fill="both", expand=True, before=self._remedy)
        elif not problems:
            self.table.pack_forget()
        self._describe()

    @property
    def chosen(self) -> Problem | None:
        """The problem that is selected, or else the first."""
        selected = self.table.selection()
        if selected and (index := self.table.index(selected[0])) < len(self._problems):
            return self._problems[index]
        return self._problems[0] if self._problems else None

    def mend(self) -> str:
        """Do what the chosen one offers; no other binding does more."""
        chosen = self.chosen
        if chosen is not None:
            self._editor.mend(chosen)
        return "break"

    def repaint(self) -> None:
        """Take the colours of the theme in use."""
        palette = theme.current()
        self._icons = {
            Severity.ERROR: ttkbootstrap.Icon("x-octagon-fill", size=14, color=palette.maximum),
            Severity.WARNING: ttkbootstrap.Icon("exclamation-triangle", size=14, color=palette.doubt),
        }
        self._fill(self.chosen)

    def _fill(self, chosen: Problem | None) -> None:
        self.table.delete(*self.table.get_children())
        for problem in self._problems:
            item = self.table.insert(
                "", "end", text=f" {problem.cause}", image=str(self._icons[problem.severity])
            )
            if chosen is not None and problem.text == chosen.text and chosen is not self._problems[0]:
                self.table.selection_set(item)

    def _choose(self) -> None:
        if self.table.selection() and self.chosen is not None:
            self._go_to(self.chosen)
        self._describe()

    def _describe(self) -> None:
        chosen = self.chosen
        is_empty = not self._editor.document.nodes
        fine = _NOTHING if is_empty else _FINE
        text = fine if chosen is None else chosen.text[:1].upper() + chosen.text[1:] + "."
        if str(self._remedy.cget("text")) != text:
            self._remedy.configure(text=text)
        if chosen is not None and chosen.fix is not None:
            self._button.configure(text=chosen.fix_text)
            if not self._button.winfo_manager():
                self.pack_control(self._button)
        else:
            self._button.pack_forget()
