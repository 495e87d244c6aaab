"""The entries of a trail's tables, and the objects that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from desktop.model.history import Series
from desktop.model.words import EventKind, EventLine
from desktop.replay.tables import NONE, TableError, bounded
from protocol.aggregate import Aggregate
from protocol.observer import RoundRow

KINDS = list(EventKind)
CHECKPOINT = np.dtype([
    (name, "i8") for name in ("records", "newest_us", "state", "rows", "events", "texts", "readings")
])  # fmt: skip
_ROW_NUMBERS = (
    "timestamp_us", "round", "metric_id", "version", "max", "max_id", "total", "count", "doubt",
    "duration_ms", "frames", "bytes", "repairs", "alive", "reachable",
)  # fmt: skip
ROW = np.dtype([(name, "i8") for name in ("record", *_ROW_NUMBERS)])
EVENT = np.dtype([("record", "i8"), ("timestamp_us", "i8"), ("kind", "u1"), ("text_end", "i8")])
READING = np.dtype([("time_s", "f8"), ("node", "u2"), ("metric_id", "u2"), ("value", "f4")])
SAMPLE = np.dtype([("time_s", "f8"), *((name, "f4") for name in Series.COLUMNS)])
BYTE = np.dtype("u1")


class Rows(Sequence[RoundRow]):
    """Rows of a table, made into objects when asked for."""

    def __init__(self, values: NDArray[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> RoundRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[RoundRow]: ...
    def __getitem__(self, index: int | slice) -> RoundRow | list[RoundRow]:
        if isinstance(index, slice):
            return [_row(entry) for entry in self._values[index].tolist()]
        return _row(self._values[index].item())


class Events(Sequence[EventLine]):
    """Events of a table, made into objects when asked for."""

    def __init__(self, values: NDArray[Any], texts: NDArray[Any]) -> None:
        self._values = values
        self._texts = texts

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> EventLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[EventLine]: ...
    def __getitem__(self, index: int | slice) -> EventLine | list[EventLine]:
        if isinstance(index, slice):
            return [self._event(place) for place in range(len(self))[index]]
        return self._event(range(len(self))[index])

    def _event(self, index: int) -> EventLine:
        _, timestamp_us, kind, end = self._values[index].item()
        start = int(self._values["text_end"][index - 1]) if index else 0
        text = self._texts[max(0, start) : max(0, end)].tobytes().decode(errors="replace")
        return EventLine(timestamp_us, KINDS[kind % len(KINDS)], text)


def row_entry(record: int, row: RoundRow) -> tuple[int, ...]:
    """The entry of a row that was there after so many records."""
    found = row.aggregate
    numbers = (
        row.timestamp_us, row.round, row.metric_id, found.version, found.max, found.max_id, found.total,
        found.count, row.doubt, row.duration_ms, row.frames, row.bytes, row.repairs, row.alive, row.reachable,
    )  # fmt: skip
    return record, *map(bounded, numbers)


def _row(entry: tuple[int, ...]) -> RoundRow:
    _, timestamp_us, round_, metric_id, *aggregate, doubt, duration_ms, frames, size_bytes = entry[:13]
    known = (None if number == NONE else number for number in entry[14:])
    found = Aggregate(*aggregate)
    return RoundRow(
        timestamp_us, round_, metric_id, found, doubt, duration_ms, frames, size_bytes, entry[13], *known
    )


def series_of(state: dict[str, Any]) -> Iterator[tuple[int, tuple[int, list[float]]]]:
    """By metric how many samples there were, and the last as it was then. Raises TableError."""
    found = state["series"]
    if not isinstance(found, dict):
        raise TableError("no state of a moment")
    for metric_id, (count, last) in found.items():
        yield int(metric_id), (int(count), list(last))
