"""What a list of lines shows, whatever shows it; no tkinter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list; it is at least so many em wide, and those that stretch share what is left."""

    title: str
    width_em: float
    anchor: Literal["w", "e", "center"] = "w"
    stretches: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One line; the tag decides icon and colour."""

    values: Sequence[str]
    tag: str = ""
