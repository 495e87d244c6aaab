"""Asks what a deed needs to know: which node, which link, how much."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Mapping
from tkinter import ttk

import ttkbootstrap

from desktop.dialogs import Dialog
from desktop.simulate.hurts import AnswerError, Answers, Ask, Hurt
from desktop.simulate.source import SimulatedSource

_USUAL = {Ask.STEP_S: "10", Ask.LOSS: "20", Ask.GROUP: ""}
_PROBLEM_EM = 30


class HurtDialog(Dialog):
    """Does it when its button is pressed; what is wrong with an answer is told below the fields."""

    def __init__(
        self, parent: tk.Misc, source: SimulatedSource, hurt: Hurt, known: Mapping[Ask, str]
    ) -> None:
        super().__init__(parent, hurt.name)
        self._source = source
        self._hurt = hurt
        self._answers = {ask: tk.StringVar(self, known.get(ask, _USUAL.get(ask, ""))) for ask in hurt.asks}
        self.add_heading(hurt.name)
        form = ttk.Frame(self.body)
        form.pack(fill="x", pady=(self.em, 0))
        form.columnconfigure(1, weight=1)
        fields = []
        for row, ask in enumerate(hurt.asks):
            ttk.Label(form, text=ask.value).grid(row=row, column=0, sticky="w", pady=(self.em // 2, 0))
            field = self._field(form, ask)
            field.grid(row=row, column=1, sticky="ew", padx=(self.em, 0), pady=(self.em // 2, 0))
            fields.append(field)
        self._problem = ttk.Label(self.body, style="Problem.TLabel", wraplength=_PROBLEM_EM * self.em)
        self.add_button(hurt.verb, self._do, is_default=True)
        self.add_button("Cancel", self.destroy)
        self.open()
        open_question = (field for ask, field in zip(hurt.asks, fields, strict=True) if not known.get(ask))
        next(open_question, fields[0]).focus_set()

    def _field(self, form: ttk.Frame, ask: Ask) -> tk.Widget:
        variable = self._answers[ask]
        if ask is Ask.NODE:
            nodes = sorted(self._hurt.candidates(self._source))
            return ttk.Combobox(form, textvariable=variable, values=[str(node) for node in nodes])
        if ask is Ask.OTHER:
            box = ttk.Combobox(form, textvariable=variable)
            box.configure(postcommand=lambda: box.configure(values=self._neighbours()))
            return box
        if ask is Ask.LOSS:
            return ttkbootstrap.Spinbox(form, textvariable=variable, from_=0, to=100, increment=5)
        return ttk.Entry(form, textvariable=variable)

    def _neighbours(self) -> list[str]:
        """Who hears the node that was named; all if none of the field was."""
        named = self._answers[Ask.NODE].get().strip()
        node = int(named) if named.isdecimal() else 0
        near = self._source.neighbours(node) if node in self._source.places else self._source.places
        return [str(other) for other in sorted(near)]

    def _do(self) -> None:
        answers: Answers = {ask: variable.get() for ask, variable in self._answers.items()}
        try:
            self._source.hurt(self._hurt.make(self._source, answers))
        except AnswerError as error:
            self._problem.configure(text=str(error))
            self._problem.pack(anchor="w", pady=(self.em, 0))
        else:
            self.destroy()
