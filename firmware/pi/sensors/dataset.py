"""A data set played back as a sensor, at its own times or at a rate.

CSV with a heading, a JSON array of objects, or JSON lines: columns or keys are metrics by name, in their
units, and `time`: seconds, or ISO 8601. An empty cell or null is no reading.
"""

from __future__ import annotations

import csv
import json
import logging
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from bridge.descriptions import read_text
from bridge.errors import UsageError
from firmware.pi.sensors.source import Clock
from protocol.aggregate import METRICS

KIND = "dataset"
TIME = "time"
MAX_TOLD = 5  # bad rows named one by one
_METRIC_IDS = {metric.name: metric.id for metric in METRICS.values()}
_KNOWN = ", ".join(_METRIC_IDS)
_TOO_MUCH = "\0"  # a key that no file has
_Record = tuple[int, object]  # line, and what stands there
_log = logging.getLogger(__name__)


class AtEnd(Enum):
    """What follows the last row."""

    STOP = "stop"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Row:
    """Values by metric id, at `time_s` since the first row; None where the file gives no times."""

    time_s: float | None
    values: Mapping[int, float]


class DataSet:
    """A Source. A row stands until the next one's time; the last, for as long as the one before.

    With `row_s` a row comes every so many seconds, whatever the file's times; without, the file needs times,
    and they pass `speed` times as fast. Raises UsageError if the rows do not allow that.
    """

    def __init__(
        self,
        name: str,
        rows: Sequence[Row],
        *,
        row_s: float | None = None,
        speed: float = 1.0,
        at_end: AtEnd = AtEnd.STOP,
        metrics: tuple[int, ...] = (),
        clock: Clock = time.monotonic,
    ) -> None:
        self.name = f"{KIND} {name}"
        found = sorted({metric for row in rows for metric in row.values})
        self.metrics = metrics or tuple(found)
        if missing := [METRICS[metric].name for metric in self.metrics if metric not in found]:
            raise UsageError(f"{name}: it has no {', '.join(missing)}; name metrics that it has")
        self._rows = rows
        self._starts_s, self._length_s = _schedule(name, rows, row_s, speed)
        self._at_end = at_end
        self._clock = clock
        self._began_s: float | None = None

    def measure(self) -> Mapping[int, float]:
        """See Source.measure; the first call starts the play. Raises OSError at its end, and in its gaps."""
        now_s = self._clock()
        if self._began_s is None:
            self._began_s = now_s
        time_s = now_s - self._began_s
        if time_s >= self._length_s:
            if self._at_end is AtEnd.STOP:
                raise OSError("the data set is at its end")
            time_s = math.fmod(time_s, self._length_s)
        row = self._rows[bisect_right(self._starts_s, time_s) - 1]
        values = {metric: value for metric, value in row.values.items() if metric in self.metrics}
        if not values:
            raise OSError("the data set has no reading here")
        return values


def _schedule(name: str, rows: Sequence[Row], row_s: float | None, speed: float) -> tuple[list[float], float]:
    """When each row begins, and when the last ends."""
    if row_s is not None:
        return [i * row_s for i in range(len(rows))], len(rows) * row_s
    times_s = [row.time_s / speed for row in rows if row.time_s is not None]
    if len(times_s) < 2:
        raise UsageError(
            f"{name}: it has fewer than two rows with a time; give row_s, the seconds between rows"
        )
    return times_s, 2 * times_s[-1] - times_s[-2]


# --- reading files ---------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[Row]:
    """The rows of a .csv, .json or .jsonl file. Bad ones are named, with file and line, and left out.

    Raises UsageError if the file cannot be read, or holds no good row.
    """
    records = _READERS.get(path.suffix.lower())
    if records is None:
        raise UsageError(f"{path}: a data set is a file that ends in {', '.join(_READERS)}")
    rows: list[Row] = []
    bad = 0
    first_s = 0.0
    for line, record in records(read_text(path, "name a file that can be read"), path):
        try:
            time_s, values = _row_of(record)
            _check_time(time_s, first_s, rows)
        except ValueError as error:
            bad += 1
            if bad <= MAX_TOLD:
                _log.warning("%s:%d: %s; this row is left out", path, line, error)
            continue
        if time_s is not None and not rows:
            first_s = time_s
        rows.append(Row(None if time_s is None else time_s - first_s, values))
    if bad > MAX_TOLD:
        _log.warning("%s: %d more bad rows are left out", path, bad - MAX_TOLD)
    if not any(row.values for row in rows):
        raise UsageError(f"{path}: no row with a reading; give rows with any of {_KNOWN}")
    return rows


def _csv_records(text: str, path: Path) -> Iterator[_Record]:
    reader = csv.DictReader(text.splitlines(keepends=True), restkey=_TOO_MUCH)
    for name in reader.fieldnames or []:
        if name not in (TIME, *_METRIC_IDS):
            raise UsageError(f"{path}:1: unknown column {name!r}; known are {TIME}, {_KNOWN}")
    for record in reader:
        yield reader.line_num, record


def _json_records(text: str, path: Path) -> Iterator[_Record]:
    """The objects of an array, with the lines that they begin in."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: {error.msg}; write an array of objects") from error
    if not isinstance(whole, list):
        raise UsageError(
            f"{path}:1: no array; write an array of objects, or objects line by line in a .jsonl"
        )
    decoder, at, line = json.JSONDecoder(), text.index("[") + 1, 1
    counted = 0
    for _ in whole:
        while text[at] in " \t\r\n,":
            at += 1
        line += text.count("\n", counted, at)
        counted = at
        record, at = decoder.raw_decode(text, at)
        yield line, record


def _json_line_records(text: str, path: Path) -> Iterator[_Record]:
    for line, record in enumerate(text.split("\n"), 1):
        if record.strip():
            try:
                yield line, json.loads(record)
            except ValueError:
                yield line, record  # a string, and so a bad row


_READERS: Mapping[str, Callable[[str, Path], Iterator[_Record]]] = {
    ".csv": _csv_records,
    ".json": _json_records,
    ".jsonl": _json_line_records,
}


def _row_of(record: object) -> tuple[float | None, Mapping[int, float]]:
    """Time and values. Raises ValueError for what is no row."""
    if not isinstance(record, Mapping):
        raise ValueError("it is no object")
    if _TOO_MUCH in record:
        raise ValueError("it has more cells than the heading")
    values = {}
    for name, value in record.items():
        if name != TIME and name not in _METRIC_IDS:
            raise ValueError(f"unknown key {name!r}, known are {TIME}, {_KNOWN}")
        if name != TIME and value not in (None, ""):
            values[_METRIC_IDS[name]] = _number(name, value)
    given = record.get(TIME)
    return None if given in (None, "") else _time_s(given), values


def _check_time(time_s: float | None, first_s: float, rows: Sequence[Row]) -> None:
    """Raises ValueError unless all rows have a time, or none, and times grow."""
    if not rows:
        return
    last_s = rows[-1].time_s
    if (time_s is None) != (last_s is None):
        raise ValueError(
            "it has no time" if time_s is None else "it has a time, and the rows before have none"
        )
    if time_s is not None and last_s is not None and time_s - first_s <= last_s:
        raise ValueError("its time is not after that of the row before")


def _number(name: str, value: object) -> float:
    is_number = isinstance(value, str | int | float) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else math.nan  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value!r}, which is no number")
    return number


def _time_s(value: object) -> float:
    """Seconds, or ISO 8601; without a time zone it is UTC, since only differences matter."""
    try:
        return _number(TIME, value)
    except ValueError:
        if not isinstance(value, str):
            raise
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{TIME} is {value!r}, which is neither seconds nor ISO 8601") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
