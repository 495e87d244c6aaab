"""Numbers in lines of text, as sketches print them: `450`, `512,23.40`, `23.4 C`, `temp:23.4,hum:45`.

A column becomes readings of a metric: `offset + scale x number` in the metric's unit, then the nearest raw
value. A line in which nothing begins as a number does (a header of names, "ready") is a remark, and passed
over. What is bad is counted by reason, and the rest of its line is used.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from protocol.aggregate import MAX_RAW, Metric

# Longer than any line of readings: what has no end by then is no text.
MAX_LINE_BYTES = 256
_LINE_END = re.compile(rb"[\r\n]+")
# A label as Arduino's plotter has it, the number, a unit without digits.
_FIELD = re.compile(
    r"(?:[^\W\d][^:=]{0,40}[:=])?\s*"
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)"
    r"\s*(?:[^\d\s.,+-][^\d]{0,15})?"
)
# Begins as a number does; the words are what Arduino's Print writes for what is none.
_NUMERIC = re.compile(r"[+-]?(?:\.?\d|(?:nan|inf|ovf)$)", re.IGNORECASE)


class BadLine(StrEnum):
    """Why a line, or one of its columns, gave no reading."""

    TOO_LONG = "longer than a line of readings"
    NO_TEXT = "not text (wrong baud rate?)"
    COLUMNS = "another number of columns"
    NO_NUMBER = "no number in a column"


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers that are readings of `metric`, in its unit after `offset + scale x number`."""

    metric: Metric
    scale: float = 1.0
    offset: float = 0.0

    def exact_raw(self, number: float) -> float:
        """Where the number lies on the raw scale, which ends at 0 and 255."""
        return (self.offset + self.scale * number - self.metric.offset) / self.metric.scale


class LineCutter:
    """Cuts a byte stream into lines, however it is split, and holds no more than MAX_LINE_BYTES.

    A stream is entered within a line, as a rule: what comes before its first line end is no line.
    """

    def __init__(self, on_too_long: Callable[[], None]) -> None:
        self._on_too_long = on_too_long
        self.restart()

    def restart(self) -> None:
        """Another stream begins."""
        self._rest = b""
        self._skips = True  # up to the next line end

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends and without empty ones."""
        *ended, rest = _LINE_END.split(self._rest + data)
        lines = []
        for line in ended:
            if not self._skips and self._fits(line) and line:
                lines.append(line)
            self._skips = False
        if not self._skips and not self._fits(rest):
            self._skips = True
        self._rest = b"" if self._skips else rest
        return lines

    def _fits(self, line: bytes) -> bool:
        if len(line) > MAX_LINE_BYTES:
            self._on_too_long()
        return len(line) <= MAX_LINE_BYTES


class LineReader:
    """Keeps the latest reading of every column. `columns` has None for one that is of no use.

    A separator of blanks alone stands for any number of blanks.
    """

    def __init__(
        self,
        columns: Sequence[Column | None],
        separator: str = ",",
        on_bad: Callable[[BadLine, bytes], None] = lambda reason, line: None,
    ) -> None:
        self.lines = 0
        self.remarks = 0
        self.clamped = 0  # readings beyond what the metric's raw values reach
        self.bad: Counter[BadLine] = Counter()
        self._columns = columns
        self._separator = separator.strip(" ") or None
        self._on_bad = on_bad
        self._cutter = LineCutter(lambda: self._refuse(BadLine.TOO_LONG, b""))
        self._latest: dict[int, tuple[int, float]] = {}  # raw value and time, by metric

    def restart(self) -> None:
        """The line was opened again; the readings stay."""
        self._cutter.restart()

    def feed(self, data: bytes, now_s: float) -> None:
        """Bytes that have come."""
        for line in self._cutter.feed(data):
            self.lines += 1
            self._take(line, now_s)

    def readings(self, since_s: float) -> dict[int, int]:
        """Raw readings by metric id, without those from before that time."""
        return {metric: raw for metric, (raw, time_s) in self._latest.copy().items() if time_s >= since_s}

    def _take(self, line: bytes, now_s: float) -> None:
        try:
            text = line.decode().strip()
        except UnicodeDecodeError:
            self._refuse(BadLine.NO_TEXT, line)
            return
        fields = [field.strip() for field in text.split(self._separator)]
        if len(fields) == len(self._columns) + 1 and not fields[-1]:
            fields.pop()  # a separator after the last column, too
        numbers = [_number(field) for field in fields]
        if all(number is None for number in numbers) and not any(map(_NUMERIC.match, fields)):
            self.remarks += 1
        elif len(fields) != len(self._columns):
            self._refuse(BadLine.COLUMNS, line)
        else:
            self._take_numbers(numbers, line, now_s)

    def _take_numbers(self, numbers: Sequence[float | None], line: bytes, now_s: float) -> None:
        for column, number in zip(self._columns, numbers, strict=True):
            if column is None:
                continue
            exact = math.inf if number is None else column.exact_raw(number)
            if not math.isfinite(exact):
                self._refuse(BadLine.NO_NUMBER, line)
                continue
            raw = min(MAX_RAW, max(0, round(exact)))
            self.clamped += raw != round(exact)
            self._latest[column.metric.id] = raw, now_s

    def _refuse(self, reason: BadLine, line: bytes) -> None:
        self.bad[reason] += 1
        self._on_bad(reason, line)


def _number(field: str) -> float | None:
    found = _FIELD.fullmatch(field)
    return float(found[1]) if found else None
