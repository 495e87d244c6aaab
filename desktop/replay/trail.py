"""What the analysis of a log leaves beside it: checkpoints to go on from, and all that the model told.

A checkpoint is written last: what stands before it in the other tables is whole. Nothing here is code, and
nothing that is read here runs any; a trail that somebody else made is not sealed here, and is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.access import Access
from bridge.log.decoder import StateError, reader_name, unpacked
from bridge.log.plain import attributes
from bridge.private_file import own_private_folder
from desktop.model.history import NodeHistories, Series
from desktop.model.model import Model, Past
from desktop.packets.seal import unsealed
from desktop.replay.entries import (
    BYTE,
    CHECKPOINT,
    EVENT,
    KINDS,
    READING,
    ROW,
    SAMPLE,
    Events,
    Rows,
    series_of,
)
from desktop.replay.moment import Moment
from desktop.replay.tables import Table
from protocol.aggregate import metric_of

FOLDER = "replay"  # within the log's index
_FORMAT = 2
BEGIN_BYTES = 1 << 16  # of the log, by which it is known again
HEAD = "head.json"


class Trail:
    """What has been found out so far; `refresh` reads what is new. Empty if there is none, or a stale one."""

    def __init__(self, folder: Path, log: Path, access: Access, *, learns: bool) -> None:
        self.folder = folder
        self._log = log
        self.access = access
        self._about = about(access, learns=learns)
        self._begin("")

    @property
    def records(self) -> int:
        """How many records of the log it covers."""
        return int(self._checkpoints.values["records"][-1]) if len(self._checkpoints) else 0

    @property
    def round_records(self) -> NDArray[np.int64]:
        """After how many records each of the rows was there."""
        found: NDArray[np.int64] = self._rows.values["record"]
        return found

    @property
    def row_columns(self) -> NDArray[Any]:
        """The rows, as columns that are named as those of RoundRow and Aggregate."""
        return self._rows.values

    @property
    def event_columns(self) -> NDArray[Any]:
        """The events: record, timestamp_us, and kind by its place among EventKind."""
        return self._events.values

    @property
    def events(self) -> Events:
        """All events."""
        return Events(self._events.values, self._texts.values)

    def refresh(self) -> bool:
        """Read what was added since; whether there was anything. One that is damaged is begun anew."""
        try:
            head = read_head(self.folder)
            if head.get("id") != self._id:
                self._begin(str(head["id"]) if self._is_fit(head) else "")
            if not self._id:
                return False
            return self._read_on()
        except (OSError, KeyError, ValueError, TypeError):  # StateError and TableError are ValueErrors
            self._begin("")
            return False

    def records_before(self, record: int) -> tuple[int, int]:
        """The last checkpoint up to that record: its number of records, and the log's newest time there."""
        place = self._place_before(record)
        if place < 0:
            return 0, 0
        entry = self._checkpoints.values[place]
        return int(entry["records"]), int(entry["newest_us"])

    def moment_before(self, record: int) -> Moment | None:
        """The last moment of a checkpoint up to that record; None if there is none.

        Raises OSError, StateError, TableError.
        """
        place = self._place_before(record)
        if place < 0:
            return None
        entry, state = self._checkpoints.values[place], self._state(place)
        try:
            past = self._past(entry, state)
            return Moment.restored(state["moment"], int(entry["records"]), self.access, past)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StateError(str(error)) from error

    def end(self) -> tuple[int, dict[str, int], dict[str, Any]]:
        """How many checkpoints there are, and the last of them with its state. Raises OSError, StateError."""
        count = len(self._checkpoints)
        entry = self._checkpoints.values[-1]
        return count, {name: int(entry[name]) for name in CHECKPOINT.names or ()}, self._state(count - 1)

    def discard(self) -> None:
        """It is not of this log, or damaged: the next analysis begins anew."""
        with contextlib.suppress(OSError):
            (self.folder / HEAD).unlink()
        self._begin("")

    def _begin(self, id_: str) -> None:
        self._id = id_
        table = self._table
        self._checkpoints, self._states = table("checkpoints", CHECKPOINT), table("states", BYTE)
        self._rows, self._events = table("rows", ROW), table("events", EVENT)
        self._texts, self._readings = table("texts", BYTE), table("readings", READING)
        self._series: dict[int, Series] = {}
        self._nodes = NodeHistories()
        self._read_readings = 0

    def _table(self, name: str, dtype: np.dtype[Any]) -> Table:
        return Table(self.folder / f"{name}.table", dtype)

    def _is_fit(self, head: dict[str, Any]) -> bool:
        """Whether it is of this log as it is now, of these keys and of this version of the program."""
        if head["about"] != self._about:
            return False
        status = self._log.stat()
        if status.st_size < head["size"]:
            return False
        if head["mtime_ns"] and status.st_size == head["size"] and status.st_mtime_ns != head["mtime_ns"]:
            return False
        return bool(begin_digest(self._log, int(head["begin_bytes"])) == head["begin"])

    def _read_on(self) -> bool:
        size_bytes = self._checkpoints.path.stat().st_size
        count = size_bytes // CHECKPOINT.itemsize
        if count <= len(self._checkpoints):
            return False
        self._checkpoints.read_to(count)
        last = self._checkpoints.values[-1]
        self._rows.read_to(int(last["rows"]))
        self._events.read_to(int(last["events"]))
        self._texts.read_to(int(last["texts"]))
        self._take_readings(int(last["readings"]))
        for metric_id, (samples, _) in series_of(self._state(count - 1)):
            self._take_samples(metric_id, samples)
        return True

    def _take_readings(self, count: int) -> None:
        new = self._readings.read(self._read_readings, count)
        self._read_readings = count
        keys = new["node"].astype(np.int64) << 16 | new["metric_id"]
        order = np.argsort(keys, kind="stable")
        start = 0
        for end in (np.flatnonzero(np.diff(keys[order], append=-1)) + 1).tolist():
            part = new[order[start:end]]
            node, metric_id = int(part["node"][0]), int(part["metric_id"][0])
            self._nodes.extend(node, metric_id, part["time_s"], part["value"])
            start = end

    def _take_samples(self, metric_id: int, count: int) -> None:
        """The new ones; the last that was known may have been completed since."""
        series = self._series.setdefault(metric_id, Series(metric_of(metric_id)))
        known = series.forgotten + len(series)
        again = min(known, 1)
        new = self._table(f"series-{metric_id}", SAMPLE).read(known - again, count)
        if again and len(new):
            _complete(series, [float(new[name][0]) for name in Series.COLUMNS])
        new = new[again:]
        series.extend(new["time_s"], *(new[name] for name in Series.COLUMNS))

    def _place_before(self, record: int) -> int:
        return int(np.searchsorted(self._checkpoints.values["records"], record, side="right")) - 1

    def _state(self, place: int) -> dict[str, Any]:
        ends = self._checkpoints.values["state"]
        first = int(ends[place - 1]) if place else 0
        state = json.loads(unpacked(self._states.read(first, int(ends[place])).tobytes()))
        if not isinstance(state, dict):
            raise StateError("not the state of a moment")
        return state

    def _past(self, entry: NDArray[Any], state: dict[str, Any]) -> Past:
        """What had been told there."""
        events = self._events.values[: int(entry["events"])]
        past = Past(Rows(self._rows.values[: int(entry["rows"])]), Events(events, self._texts.values))
        for metric_id, (count, last) in series_of(state):
            series = past.series[metric_id] = self._series[metric_id].prefix(count)
            _complete(series, last)
        for node, metric_id, count in state["nodes"]:
            past.node_series.put(node, metric_id, self._nodes[node, metric_id].prefix(count))
        return past


def _complete(series: Series, last: list[float]) -> None:
    """Have these values in the last sample; what is the same is not written, as memory may be shared."""
    for name, value in zip(Series.COLUMNS, last, strict=True):
        column = series.column(name)
        if not np.array_equal(np.float32(value), column.values[-1], equal_nan=True):
            column.put(-1, value)


def read_head(folder: Path) -> dict[str, Any]:
    """Raises OSError, ValueError for one of another hand, such as came along with the log."""
    try:
        return unsealed((folder / HEAD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"id": ""}


def about(access: Access, *, learns: bool) -> dict[str, Any]:
    """What a trail depends on, beside the log: whose keys, and which version of the program."""
    fresh = Model()
    parts = [fresh, *(value for value in vars(fresh).values() if hasattr(value, "__dict__"))]
    shape = [[type(part).__qualname__, sorted(attributes(part))] for part in parts]
    return {
        "format": _FORMAT,
        "reader": reader_name(access),
        "learns": learns,
        "kinds": [kind.value for kind in KINDS],
        "columns": list(Series.COLUMNS),
        "shape": shape,
    }


def begin_digest(log: Path, size_bytes: int) -> str:
    with log.open("rb") as file:
        return hashlib.sha256(file.read(min(size_bytes, BEGIN_BYTES))).hexdigest()


def private_folder(index_folder: Path) -> Path:
    """The trail's folder, made if it is not there. Raises UsageError if there can be none."""
    folder = index_folder / FOLDER
    own_private_folder(folder)
    return folder
