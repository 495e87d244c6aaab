"""A line for each long work: how far it is, a way to cancel it, and in the end what was made."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

import ttkbootstrap

from desktop import theme
from desktop.keep.job import Job, Outcome

Choice = tuple[str, Callable[[], object]]


class JobBar(ttk.Frame):
    """`on_end` hears how it went; after a success `choices` are offered until a person has read the line."""

    def __init__(
        self,
        master: tk.Misc,
        what: str,
        job: Job,
        choices: Sequence[Choice],
        on_end: Callable[[Outcome], object],
    ) -> None:
        em = theme.em_px()
        super().__init__(master, style="Card.TFrame", padding=(em, em // 2))
        self.job = job
        self.is_done = False
        self._what = what
        self._choices = choices
        self._on_end = on_end
        self._cancel = self._button("Cancel", job.cancel)
        self._progress = ttk.Progressbar(self, maximum=1.0, length=16 * em)
        self._progress.pack(side="right", padx=em // 2)
        self._text = ttk.Label(self)
        self._text.pack(side="left")  # last: in a narrow window it is what is cut
        self.look()

    def look(self) -> None:
        """Show how far it is; called often."""
        if self.is_done:
            return
        outcome = self.job.poll()
        if outcome is not None:
            self._end(outcome)
            return
        doing = "cancelling" if self.job.is_cancelled else f"{self.job.share:.0%}"
        self._say(f"{self._what}: {doing}  {self.job.text}")
        self._progress.configure(value=self.job.share)

    def close(self) -> None:
        """End the work, if it goes on."""
        if not self.is_done:
            self.job.cancel()
            self.job.close()

    def _end(self, outcome: Outcome) -> None:
        self.is_done = True
        self._cancel.destroy()
        self._progress.destroy()
        if outcome.is_well:
            self._button("Close", self.destroy)
            for at, (words, run) in reversed(list(enumerate(self._choices))):
                self._button(words, run, is_first=not at)
            self._say(f"{self._what}: saved, {outcome.text}")
            self._text.pack_forget()
            self._text.pack(side="left")
        else:
            self.destroy()
        self._on_end(outcome)

    def _button(self, text: str, run: Callable[[], object], *, is_first: bool = False) -> ttkbootstrap.Button:
        style = "primary" if is_first else "secondary-outline"
        button = ttkbootstrap.Button(self, text=text, command=run, bootstyle=style)
        button.pack(side="right", padx=(theme.em_px() // 2, 0))
        return button

    def _say(self, text: str) -> None:
        if self._text.cget("text") != text:
            self._text.configure(text=text)
