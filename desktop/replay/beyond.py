"""What a replay has found out ahead of the analysis."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from desktop.model.words import EventLine
from desktop.replay.overview import Told
from protocol.observer import RoundRow


class Beyond:
    """What records behind the trail's end have told, and how many of them there were by then."""

    def __init__(self) -> None:
        self.records = 0
        self.told = Told()
        self.row_records: list[int] = []
        self._event_records: list[int] = []

    def add(self, records: int, rows: Sequence[RoundRow], events: Sequence[EventLine]) -> None:
        """The last of so many records told that."""
        self.records = records
        self.told.add_rows(rows)
        self.told.add_events(events)
        self.row_records += [records] * len(rows)
        self._event_records += [records] * len(events)

    def forget(self, records: int) -> None:
        """What the first so many told is known otherwise."""
        self.records = max(records, self.records)
        events, rows = bisect_right(self._event_records, records), bisect_right(self.row_records, records)
        self.told.forget(events, rows)
        del self._event_records[:events], self.row_records[:rows]
