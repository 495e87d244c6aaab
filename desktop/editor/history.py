"""What a person did, to be undone and done again."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.editor.document import FieldDocument

MAX_STEPS = 1_000  # documents share what did not change between them


@dataclass(frozen=True, slots=True)
class _Step:
    """A document and what led to it."""

    document: FieldDocument
    text: str


class History:
    """The documents in order; `now` is the one that is shown."""

    def __init__(self, document: FieldDocument) -> None:
        self._steps = [_Step(document, "")]
        self._at = 0
        self._group: object = None

    @property
    def now(self) -> FieldDocument:
        """The document as it is."""
        return self._steps[self._at].document

    @property
    def undoable(self) -> str:
        """What `undo` takes back, for people; "" if there is nothing."""
        return self._steps[self._at].text

    @property
    def redoable(self) -> str:
        """What `redo` does again; "" if there is nothing."""
        return self._steps[self._at + 1].text if self._at + 1 < len(self._steps) else ""

    def do(self, document: FieldDocument, text: str, group: object = None) -> bool:
        """Take that document; whether it is another.

        Edits of one `group` in a row, as those of a drag, are one; back at its beginning it leaves no step.
        """
        if document == self.now:
            return False
        is_more = group is not None and group == self._group and self._at > 0
        del self._steps[self._at + (not is_more) :]
        if is_more and document == self._steps[-1].document:
            self._at, self._group = len(self._steps) - 1, None
            return True
        self._steps.append(_Step(document, text))
        del self._steps[: -MAX_STEPS - 1]
        self._at, self._group = len(self._steps) - 1, group
        return True

    def end_group(self) -> None:
        """What comes next is a step of its own."""
        self._group = None

    def undo(self) -> bool:
        """Go back by one; whether there was one."""
        return self._go(-1)

    def redo(self) -> bool:
        """Go forth again by one; whether there was one."""
        return self._go(1)

    def _go(self, step: int) -> bool:
        self._group = None
        if not 0 <= self._at + step < len(self._steps):
            return False
        self._at += step
        return True
