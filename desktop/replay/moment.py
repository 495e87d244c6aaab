"""What a log has told up to one of its records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bridge.access import Access, RecordOpener
from bridge.log.decoder import StateError
from bridge.log.plain import dump, load
from desktop.model.model import Model, Past
from protocol.capture import Record
from protocol.sealed_reader import HeardSenders


class Moment:
    """A model, and the opener of its records, after the first `records` of a log."""

    def __init__(self, opener: RecordOpener) -> None:
        self.records = 0
        self.opener = opener
        self.model = Model()

    def feed(self, records: Sequence[Record]) -> None:
        """Go on with the records that follow."""
        self.records += len(records)
        if self.opener.access.keys is None:
            self.model.feed(records)  # the usual way, and all as it is
            return
        opened = (self.opener.open(record) for record in records)
        self.model.feed(record for record in opened if record is not None)

    def state(self) -> dict[str, Any]:
        """All that the records to come are read by, for `restored`: values for JSON, no key."""
        return {
            "heard": dump(self.opener.heard()),
            "unread": dump(self.opener.unread),
            "model": self.model.state(),
        }

    @classmethod
    def restored(cls, state: dict[str, Any], records: int, access: Access, past: Past) -> Moment:
        """The moment that had this state, after so many records. Raises StateError."""
        moment = cls(RecordOpener(access))
        try:
            heard, unread = load(state["heard"]), load(state["unread"])
            model = Model.restored(state["model"], past)
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(str(error)) from error
        if not isinstance(heard, HeardSenders | None) or not isinstance(unread, Counter):
            raise StateError("not the state of an opener")
        moment.opener.recall(heard)
        moment.opener.unread = unread
        moment.model = model
        moment.records = records
        return moment
