"""The table of gaps: how long a ring of eight stood still after a death, measured and documented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.sink_tree.claims import print_table, quantile


@dataclass(frozen=True, slots=True)
class Gaps:
    """A row: `measured_s` holds a gap for each kill, `documented_s` what the source promises, if anything."""

    what: str
    measured_s: Sequence[float] = ()
    documented_s: float | None = None

    def cells(self) -> tuple[str, ...]:
        """As `print_gaps` shows it."""
        measured = ("-", "-", "-", "-")
        if self.measured_s:
            median, p99, most = (f"{quantile(self.measured_s, share):.2f}" for share in (0.5, 0.99, 1))
            measured = (str(len(self.measured_s)), median, p99, most)
        documented = "-" if self.documented_s is None else f"{self.documented_s:.2f}"
        return (self.what, *measured, documented)


# The scripts of the lab that Treering replaces, by the timeouts in them; nobody measured them.
LAB_SCRIPT = (
    Gaps("lab script: dead successor", documented_s=10),
    Gaps("lab script: lost token", documented_s=30),
)


def print_gaps(rows: Iterable[Gaps]) -> None:
    """Seconds; p99 is the largest as long as there are fewer than 100 kills."""
    print_table([("gap, s", "kills", "median", "p99", "max", "documented"), *(row.cells() for row in rows)])
