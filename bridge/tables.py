"""Rows of figures as a table for people, as JSON lines and as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_DECIMALS = 6
_Row = TypeVar("_Row")


@dataclass(frozen=True)  # a generic one with slots cannot be made in Python 3.11
class Column(Generic[_Row]):
    """Two lines of heading, and what stands below them; `gap` spaces before it. Words stand to the left."""

    heading: tuple[str, str]
    text: Callable[[_Row], str]
    gap: int = 1
    is_words: bool = False


def text_table(columns: Sequence[Column[_Row]], rows: Iterable[_Row]) -> str:
    """The headings and a line a row."""
    lines = [[column.heading[line] for column in columns] for line in (0, 1)]
    lines += [[column.text(row) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join(
        "".join(
            " " * column.gap + (cell.ljust(width) if column.is_words else cell.rjust(width))
            for column, cell, width in zip(columns, line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def values_of(row: DataclassInstance) -> dict[str, object]:
    """Its fields, with no more decimals than mean something."""
    return {
        name: round(value, _DECIMALS) if isinstance(value, float) else value
        for name, value in asdict(row).items()
    }


def json_text(values: Mapping[str, object]) -> str:
    """One JSON object in a line."""
    return json.dumps(values, separators=(",", ":"))


def csv_text(names: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    """All rows with a heading."""
    out = StringIO()
    writer = csv.DictWriter(out, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def short(number: float, decimals: int = 2) -> str:
    """With so many decimals below 10, and a decimal less for each power of ten."""
    for limit in (10, 100, 1_000):
        if number < limit or not decimals:
            break
        decimals -= 1
    return f"{number:.{decimals}f}"


def percent(share: float) -> str:
    """Cut off, not rounded, so that what stands there is not more than was reached."""
    return f"{int(1_000 * share) / 10:.1f}"
