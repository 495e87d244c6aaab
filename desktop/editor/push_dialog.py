"""What the live nodes would be told, to be looked at before it is sent; then what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from tkinter import ttk
from typing import TYPE_CHECKING

from desktop.dialogs import Dialog
from desktop.editor.push import Outcomes, Review
from desktop.model.words import plural

if TYPE_CHECKING:
    from desktop.sources.live import LiveSource
    from desktop.window import Window

_WIDTH_EM = 44
_ROWS = 10
_POLL_MS = 100


class PushDialog(Dialog):
    """`obstacle` says why nothing can be sent to these nodes; the review is shown all the same."""

    def __init__(
        self, window: Window, review: Review, source: LiveSource | None, obstacle: str | None
    ) -> None:
        super().__init__(window.root, "Push to the live nodes")
        self._review = review
        self._source = source
        self.outcomes: Outcomes | None = None
        self.add_heading("Push to the live nodes")
        count = plural(len({setting.node_id for setting in review.settings}), "board")
        self.add_text(
            f"{plural(len(review.settings), 'setting')} for {count}, by letters over the air. Keys, ids,"
            " networks and radios are not sent: flash boards for these, and provision Pis."
        )
        self.table = ttk.Treeview(self.body, show="tree", style="Lines.Treeview", height=_ROWS)
        self.table.column("#0", width=_WIDTH_EM * self.em)
        self.table.pack(fill="both", expand=True, pady=(self.em, 0))
        self._list("What differs", review.differences or ("nothing that is heard",))
        self._list("What is sent", [f"node {s.node_id}: {s.text}" for s in review.settings] or ("nothing",))
        if review.not_told:
            self._list("What is not sent", review.not_told)
        self.told = ttk.Label(self.body, wraplength=_WIDTH_EM * self.em, justify="left")
        self.told.pack(anchor="w", pady=(self.em, 0))
        if obstacle is None and review.settings:
            self.add_button("Send", self.push, is_default=True)
        elif obstacle is not None:
            self._tell(f"Nothing can be sent from here: {obstacle}", is_problem=True)
        self.add_button("Close", self.destroy)
        self.open()

    def push(self) -> None:
        """Send it all, once."""
        if self.outcomes is not None or self._source is None:
            return
        while not self._source.answers.empty():  # to what an earlier push has asked
            self._source.answers.get()
        self.outcomes = Outcomes(self._review.settings)
        for setting in self._review.settings:
            self._source.change_setting(setting.node_id, setting.key, setting.value)
        self._poll()

    def _poll(self) -> None:
        assert self.outcomes is not None
        assert self._source is not None
        if not self.winfo_exists():
            return
        while not self._source.answers.empty():
            self.outcomes.take(self._source.answers.get())
        outcomes = self.outcomes
        text = f"{outcomes.done} of {outcomes.total} done"
        failures = "; ".join(outcomes.failures[:4]) + ("; ..." if len(outcomes.failures) > 4 else "")
        self._tell(f"{text}; {failures}" if failures else text, is_problem=bool(failures))
        if not outcomes.is_over:
            self.after(_POLL_MS, self._poll)

    def _list(self, heading: str, lines: Sequence[str]) -> None:
        parent = self.table.insert("", "end", text=heading, open=True)
        for line in lines:
            self.table.insert(parent, "end", text=line)

    def _tell(self, text: str, *, is_problem: bool = False) -> None:
        self.told.configure(text=text, style="Problem.TLabel" if is_problem else "TLabel")
