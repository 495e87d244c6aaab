"""Rows of a form: a label, what is entered, and below it what is wrong with it and what mends it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.editor.validation import Problem
from desktop.shell.focus import focused
from protocol.packets import MAX_NODE_ID

_ENTRY_EM = 9
_TEXT_EM = 19


class Form(ttk.Frame):
    """Rows, one below the other. `on_mend` does what a problem offers."""

    def __init__(self, master: tk.Misc, on_mend: Callable[[Problem], object]) -> None:
        self.em = theme.em_px()
        super().__init__(master, padding=(self.em, self.em // 2))
        self.columnconfigure(1, weight=1)
        self._on_mend = on_mend
        self._rows = 0

    def add_text(self, label: str, commit: Callable[[str], None], hint: str = "") -> TextRow:
        """A line to write in; `commit` raises ValueError for what makes no sense."""
        return TextRow(self, self._next(), label, commit, hint)

    def add_choice(self, label: str, names: Sequence[str], commit: Callable[[str], None]) -> ChoiceRow:
        """One of these names."""
        return ChoiceRow(self, self._next(), label, names, commit)

    def add_checks(
        self, label: str, names: Sequence[tuple[str, str]], commit: Callable[[str, bool], None]
    ) -> ChecksRow:
        """Any of these (name, text)."""
        return ChecksRow(self, self._next(), label, names, commit)

    def add_heading(self, text: str) -> ttk.Label:
        """What the next rows are of."""
        label = ttk.Label(self, text=text, style="Title.TLabel")
        label.grid(row=self._next(), column=0, columnspan=2, sticky="w", pady=(self.em // 2, self.em // 4))
        return label

    def add_wide(self, widget: tk.Widget) -> None:
        """Something as wide as the form."""
        widget.grid(row=self._next(), column=0, columnspan=2, sticky="ew", pady=self.em // 4)

    def mend(self, problem: Problem) -> None:
        """Do what it offers."""
        self._on_mend(problem)

    def _next(self) -> int:
        self._rows += 1
        return 2 * self._rows  # each row has one below it for what is wrong


class Row:
    """`show_problems` says below the row what is wrong; with nothing there it takes no room."""

    def __init__(self, form: Form, row: int, label: str) -> None:
        self.form = form
        self._row = row
        self._label = ttk.Label(form, text=label[:1].upper() + label[1:])
        self._label.grid(row=row, column=0, sticky="nw", padx=(0, form.em // 2), pady=form.em // 4)
        self._below = ttk.Frame(form)
        self._text = ttk.Label(
            self._below, style="Problem.TLabel", wraplength=_TEXT_EM * form.em, justify="left"
        )
        self._text.pack(anchor="w")
        self._button: ttk.Button | None = None
        self._told: tuple[str, Problem | None] | None = None
        self._parts: list[ttk.Widget] = [self._label]

    @property
    def problem(self) -> str:
        """What is said to be wrong."""
        return str(self._text.cget("text")) if self._below.winfo_manager() else ""

    def show_problems(self, problems: Sequence[Problem], text: str = "") -> None:
        """Say what is wrong: `text`, or else the first of the problems, with a button that mends it."""
        problem = None if text or not problems else problems[0]
        text = text or (problem.text if problem else "")
        if (text, problem) == self._told:
            return
        self._told = text, problem
        self._text.configure(text=text)
        if self._button is not None:
            self._button.destroy()
            self._button = None
        if problem is not None and problem.fix is not None:
            self._button = ttkbootstrap.Button(
                self._below,
                text=problem.fix_text,
                command=lambda: self.form.mend(problem),
                bootstyle="primary-outline",
            )
            self._button.pack(anchor="w", pady=(self.form.em // 4, 0))
        if text:
            self._below.grid(
                row=self._row + 1, column=0, columnspan=2, sticky="w", pady=(0, self.form.em // 2)
            )
        else:
            self._below.grid_remove()

    def set_shown(self, shown: bool) -> None:
        """Whether the row is there at all."""
        for part in self._parts:
            if shown:
                part.grid()
            else:
                part.grid_remove()
        if not shown:
            self._below.grid_remove()
            self._told = None


class TextRow(Row):
    """Takes what is written with Return, or when a person goes on to something else."""

    def __init__(
        self, form: Form, row: int, label: str, commit: Callable[[str], None], hint: str = ""
    ) -> None:
        super().__init__(form, row, label)
        self._commit = commit
        self._shown = ""
        self.entry = ttk.Entry(form, width=_ENTRY_EM)
        self.entry.grid(row=row, column=1, sticky="ew", pady=form.em // 4)
        self._parts.append(self.entry)
        self.entry.bind("<Return>", lambda event: self.take())
        self.entry.bind("<KP_Enter>", lambda event: self.take())
        self.entry.bind("<FocusOut>", lambda event: self.take())
        self.entry.bind("<Escape>", self._give_up)
        if hint:
            ttkbootstrap.ToolTip(self.entry, text=hint)

    def show(self, text: str, problems: Sequence[Problem] = (), *, enabled: bool = True) -> None:
        """Show that, unless a person is writing something else."""
        if text != self._shown and (self.entry.get() == self._shown or not self._has_focus()):
            self._put(text)
        elif self.entry.get() == self._shown:
            self._shown = text
        state = "normal" if enabled else "disabled"
        if str(self.entry.cget("state")) != state:
            self.entry.configure(state=state)
        if self.entry.get() == self._shown:
            self.show_problems(problems)

    def take(self) -> None:
        """Hand over what is written, if it is new; say what is wrong with it."""
        text = self.entry.get().strip()
        if text == self._shown:
            if self.entry.get() != self._shown:
                self._put(self._shown)
            return
        try:
            self._commit(text)
        except ValueError as error:
            self.show_problems((), str(error))
        else:
            self._shown = self.entry.get()

    def _put(self, text: str) -> None:
        self._shown = text
        state = str(self.entry.cget("state"))
        self.entry.configure(state="normal")
        self.entry.delete(0, "end")
        self.entry.insert(0, text)
        self.entry.configure(state=state)

    def _give_up(self, event: tk.Event[tk.Misc]) -> str | None:
        if self.entry.get() == self._shown:
            return None
        self._put(self._shown)
        self.show_problems(())
        return "break"

    def _has_focus(self) -> bool:
        return focused(self.entry) is self.entry if self.entry.winfo_viewable() else False


class ChoiceRow(Row):
    """One of a few names."""

    def __init__(
        self, form: Form, row: int, label: str, names: Sequence[str], commit: Callable[[str], None]
    ) -> None:
        super().__init__(form, row, label)
        self.box = ttk.Combobox(form, values=list(names), state="readonly", width=_ENTRY_EM)
        self.box.grid(row=row, column=1, sticky="ew", pady=form.em // 4)
        self._parts.append(self.box)

        def choose(event: tk.Event[tk.Misc]) -> None:
            self.box.selection_clear()
            commit(self.box.get())

        self.box.bind("<<ComboboxSelected>>", choose)

    def show(self, name: str, problems: Sequence[Problem] = ()) -> None:
        """Show that."""
        if self.box.get() != name:
            self.box.set(name)
        self.show_problems(problems)


class ChecksRow(Row):
    """Any of a few names; one that some of the selected nodes have, and others not, is shown between."""

    def __init__(
        self,
        form: Form,
        row: int,
        label: str,
        names: Sequence[tuple[str, str]],
        commit: Callable[[str, bool], None],
    ) -> None:
        super().__init__(form, row, label)
        frame = ttk.Frame(form)
        frame.grid(row=row, column=1, sticky="ew", pady=form.em // 4)
        self._parts.append(frame)
        self.checks: dict[str, ttk.Checkbutton] = {}
        self._values: dict[str, tk.BooleanVar] = {}
        for i, (name, text) in enumerate(names):
            value = tk.BooleanVar(form)
            check = ttkbootstrap.Checkbutton(
                frame,
                text=text,
                variable=value,
                command=lambda name=name: commit(name, self._values[name].get()),
            )
            check.grid(row=i // 2, column=i % 2, sticky="w", padx=(0, form.em // 2), pady=form.em // 8)
            self.checks[name], self._values[name] = check, value

    def show(self, given: dict[str, bool | None], problems: Sequence[Problem] = ()) -> None:
        """Which are given; None: by some."""
        for name, value in self._values.items():
            is_given = given.get(name, False)
            value.set(bool(is_given))
            self.checks[name].state(["alternate" if is_given is None else "!alternate"])
        self.show_problems(problems)


# --- what people write -----------------------------------------------------------------------------------


def parse_metres(text: str, *, least: float | None = None) -> float:
    """Raises ValueError."""
    value = parse_number(text.removesuffix("m").strip())
    if least is not None and value <= least:
        raise ValueError(f"{text} is too small; write a number of metres above {least:g}")
    return value


def parse_number(text: str) -> float:
    """With a comma or a point. Raises ValueError."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise ValueError(f"{text!r} is no number; write one such as 12.5") from None
    if not abs(value) <= 1e9:
        raise ValueError(f"{text} is out of reach; write a smaller number")
    return value


def parse_whole(text: str, least: int, most: int) -> int:
    """Raises ValueError."""
    if not text.isascii() or not text.isdecimal() or not least <= int(text[:9]) <= most:
        raise ValueError(f"{text!r} is none of them; write a whole number from {least} to {most}")
    return int(text)


def parse_ids(text: str, known: Sequence[int]) -> tuple[int, ...]:
    """Ids, between commas or blanks. Raises ValueError."""
    ids = [parse_whole(part, 0, MAX_NODE_ID) for part in text.replace(",", " ").split()]
    for node_id in ids:
        if node_id not in known:
            raise ValueError(f"there is no node {node_id}; name nodes of the field")
        if ids.count(node_id) > 1:
            raise ValueError(f"node {node_id} is named twice; name each once")
    return tuple(ids)


def ids_text(ids: Sequence[int]) -> str:
    """As `parse_ids` reads it."""
    return ", ".join(map(str, ids))


def number_text(value: float | None) -> str:
    """As people write it; nothing for None."""
    return "" if value is None else f"{value:.10g}"
