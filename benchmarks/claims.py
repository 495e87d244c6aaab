"""What a proof prints: a line for each claim, its figure, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """`holds` is None where a figure stands for comparison only."""

    what: str
    figure: str
    holds: bool | None = None

    @property
    def verdict(self) -> str:
        """As people read it."""
        return "-" if self.holds is None else "holds" if self.holds else "FAILS"


def report(title: str, claims: Iterable[Claim]) -> int:
    """Print them as a table; the exit code, 1 if any claim fails."""
    claims = list(claims)
    print(title)
    print_table([("claim", "figure", ""), *((c.what, c.figure, c.verdict) for c in claims)])
    return int(any(claim.holds is False for claim in claims))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they must be; the first row is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def quantile(values: Iterable[float], share: float) -> float:
    """The value that this share of them does not exceed; `values` has at least one."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 10_000) * len(ordered) // 10_000) - 1)]


def mean(values: Sequence[float]) -> float:
    """The mean of at least one."""
    return sum(values) / len(values)
