"""The settings, in groups, each with what it means; what is changed holds at once."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from tkinter import ttk
from typing import Any

import ttkbootstrap

from desktop import theme
from desktop.shell.settings import Settings, problem_with
from desktop.shell.side_page import SidePage

_WORDS_EM, _LEAST_WORDS_EM, _FIELD_EM = 40, 16, 22


@dataclass(frozen=True, slots=True)
class Item:
    """A setting; `choices` are its values with their words. A folder is chosen; others go by their type."""

    name: str
    title: str
    text: str
    choices: Mapping[str, str] | None = None
    unit: str = ""
    is_folder: bool = False


GROUPS: Mapping[str, tuple[Item, ...]] = {
    "Look": (
        Item(
            "theme",
            "Theme",
            "“As the system” changes with it, also while the app runs.",
            {"system": "As the system", "light": "Light", "dark": "Dark"},
        ),
        Item(
            "time",
            "Times",
            "In plots and lists: since the session began, or by the clock.",
            {"relative": "Since the beginning", "clock": "By the clock"},
        ),
    ),
    "Recording": (
        Item(
            "recording",
            "Record every session",
            "Packets are written as they come, so that even a crash loses nothing. Without it, what is not"
            " saved goes with the session.",
        ),
        Item("recording_folder", "Folder", "Where recordings are kept.", is_folder=True),
        Item(
            "recording_limit_mb",
            "Room for recordings",
            "When they take more, the oldest go. Those that you keep for good stay, and do not count.",
            unit="MB",
        ),
    ),
    "Live fields": (
        Item("period_s", "Time between rounds", "What the connect dialog begins with.", unit="seconds"),
    ),
    "Closing": (
        Item("confirm_close", "Ask before closing", "While a session runs, closing the window asks first."),
    ),
}


class SettingsPage(SidePage):
    """`change` keeps a setting; it raises ValueError for what is no value of it."""

    def __init__(
        self,
        master: tk.Misc,
        settings: Settings,
        change: Callable[..., object],
        ask_folder: Callable[[str], object],
        leave: Callable[[], object],
        usual_folder: str,
    ) -> None:
        super().__init__(master, "Settings", leave)
        em = theme.em_px()
        self._settings = settings
        self._change = change
        self._ask_folder = ask_folder
        self._usual_folder = usual_folder
        usual = ttkbootstrap.Button(
            self.card.head, text="Restore defaults", command=self._reset, bootstyle="ghost"
        )
        self.card.pack_control(usual)
        self._scroller = ttkbootstrap.ScrolledFrame(self.card.body, auto_hide=False)
        self._scroller.pack(fill="both", expand=True)
        self._variables: dict[str, tk.Variable] = {}
        self._problems: dict[str, ttk.Label] = {}
        self._words: list[ttk.Label] = []
        room = ttk.Frame(self._scroller, padding=(2 * em, 0, 2 * em, 2 * em))
        room.pack(anchor="w")
        for title, items in GROUPS.items():
            ttk.Label(room, text=title, style="Title.TLabel").pack(anchor="w", pady=(2 * em, em // 2))
            for item in items:
                self._add(room, item)
        self.show(settings)
        self.bind("<Configure>", self._fit, add=True)
        self.bind_all("<FocusIn>", self._follow_focus, add="+")

    def show(self, settings: Settings) -> None:
        """Bring all to these."""
        self._settings = settings
        for name, variable in self._variables.items():
            value = getattr(settings, name)
            text = f"{value:g}" if isinstance(value, float) else value
            if str(variable.get()) != str(text):  # type: ignore[no-untyped-call]
                variable.set(text)

    def _add(self, master: ttk.Frame, item: Item) -> None:
        em = theme.em_px()
        row = ttk.Frame(master)
        row.pack(fill="x", pady=(0, em))
        row.columnconfigure(0, minsize=_FIELD_EM * em)
        left = ttk.Frame(row)
        left.grid(row=0, column=0, sticky="nw")
        words = ttk.Label(row, text=item.text, style="Muted.TLabel", justify="left")
        words.grid(row=0, column=1, sticky="nw", padx=(2 * em, 0))
        self._words.append(words)
        if isinstance(getattr(self._settings, item.name), bool):
            self._add_toggle(left, item)
            return
        ttk.Label(left, text=item.title).pack(anchor="w", pady=(0, em // 4))
        if item.choices:
            self._add_choices(left, item, item.choices)
        elif item.is_folder:
            self._add_folder(left, item)
        else:
            self._add_entry(left, item)
        self._problems[item.name] = ttk.Label(left, style="Problem.TLabel", wraplength=_FIELD_EM * em)

    def _add_toggle(self, master: ttk.Frame, item: Item) -> None:
        variable = tk.BooleanVar(self)
        self._variables[item.name] = variable
        ttkbootstrap.Checkbutton(
            master,
            text=item.title,
            variable=variable,
            command=lambda: self._take(item.name, variable.get()),
            bootstyle="round-toggle",
        ).pack(anchor="w")

    def _add_choices(self, master: ttk.Frame, item: Item, choices: Mapping[str, str]) -> None:
        variable = tk.StringVar(self)
        self._variables[item.name] = variable
        for value, words in choices.items():
            ttkbootstrap.Radiobutton(
                master,
                text=words,
                value=value,
                variable=variable,
                command=lambda: self._take(item.name, variable.get()),
                bootstyle="primary",
            ).pack(anchor="w", pady=(0, theme.em_px() // 4))

    def _add_folder(self, master: ttk.Frame, item: Item) -> None:
        em = theme.em_px()
        variable = tk.StringVar(self)
        self._variables[item.name] = variable
        shown = ttk.Label(master, style="Muted.TLabel", wraplength=_FIELD_EM * em)
        variable.trace_add("write", lambda *_: shown.configure(text=variable.get() or self._usual_folder))
        shown.configure(text=self._usual_folder)
        shown.pack(anchor="w", pady=(0, em // 4))
        ttkbootstrap.Button(
            master, text="Choose …", command=lambda: self._choose_folder(item), bootstyle="secondary-outline"
        ).pack(anchor="w")

    def _choose_folder(self, item: Item) -> None:
        if chosen := self._ask_folder(item.title):
            self._take(item.name, str(chosen))

    def _add_entry(self, master: ttk.Frame, item: Item) -> None:
        em = theme.em_px()
        variable = tk.StringVar(self)
        self._variables[item.name] = variable
        line = ttk.Frame(master)
        line.pack(anchor="w")
        entry = ttk.Entry(line, textvariable=variable, width=10)
        entry.pack(side="left")
        ttk.Label(line, text=item.unit, style="Muted.TLabel").pack(side="left", padx=(em // 2, 0))
        entry.bind("<KeyRelease>", lambda event: self._take_text(item.name, variable.get()))

    def _take_text(self, name: str, text: str) -> None:
        kind = type(getattr(self._settings, name))
        try:
            value: Any = kind(text)
        except ValueError:
            value = text
        if value != getattr(self._settings, name):
            self._take(name, value)
        else:
            self._problems[name].pack_forget()

    def _take(self, name: str, value: object) -> None:
        label = self._problems.get(name)
        if problem := problem_with(name, value):
            if label is not None:
                label.configure(text=problem.replace(name, "it", 1))
                label.pack(anchor="w")
            return
        if label is not None:
            label.pack_forget()
        self._change(**{name: value})

    def _reset(self) -> None:
        usual = Settings()
        self._change(**{name: getattr(usual, name) for name in self._variables})

    def _fit(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self:
            em = theme.em_px()
            room_px = event.width - (_FIELD_EM + 10) * em
            for words in self._words:
                words.configure(wraplength=max(_LEAST_WORDS_EM * em, min(room_px, _WORDS_EM * em)))

    def _follow_focus(self, event: tk.Event[tk.Misc]) -> None:
        """What the Tab key reaches is seen."""
        if isinstance(event.widget, tk.Misc) and str(event.widget).startswith(f"{self._scroller}."):
            top_px = event.widget.winfo_rooty() - self._scroller.winfo_rooty()
            height_px = max(1, self._scroller.winfo_height())
            first, last = self._scroller.yview() or (0.0, 1.0)
            share = top_px / height_px
            if not first <= share <= last - 0.05:
                self._scroller.yview_moveto(max(0.0, share - (last - first) / 2))
