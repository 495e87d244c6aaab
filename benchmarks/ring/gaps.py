"""The table of gaps: how long a ring of eight stood still after a death, measured and documented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.claims import print_table, quantile


@dataclass(frozen=True, slots=True)
class Gaps:
    """A row: `measured_s` holds a gap for each kill, `documented_s` what the source promises, if anything.

    Of a run that was made before only its `summary` is left: kills, and the median, p99 and longest gap.
    """

    what: str
    measured_s: Sequence[float] = ()
    documented_s: float | None = None
    summary: tuple[int, float, float, float] | None = None

    def cells(self) -> tuple[str, ...]:
        """As `print_gaps` shows it."""
        measured = ["-"] * 4
        if summary := self._summary():
            kills, *times_s = summary
            measured = [str(kills), *map(_ms, times_s)]
        return (self.what, *measured, "-" if self.documented_s is None else _ms(self.documented_s))

    def _summary(self) -> tuple[int, float, float, float] | None:
        if not self.measured_s:
            return self.summary
        median, p99, most = (quantile(self.measured_s, share) for share in (0.5, 0.99, 1))
        return len(self.measured_s), median, p99, most


def _ms(time_s: float) -> str:
    return f"{1000 * time_s:.0f}"


# What corosync.py found (README.md), for tables of runs that do not measure it again.
COROSYNC = (
    Gaps("Corosync 3.1.7, default: ring closed", summary=(10, 14.61, 15.17, 15.17), documented_s=6.95),
    Gaps("Corosync 3.1.7, token 1000 ms: ring closed", summary=(16, 2.14, 2.22, 2.22), documented_s=1.05),
)

# The scripts of the lab that Treering replaces, by the timeouts in them; nobody measured them.
LAB_SCRIPT = (
    Gaps("lab script: dead successor", documented_s=10),
    Gaps("lab script: lost token", documented_s=30),
)


def print_gaps(rows: Iterable[Gaps]) -> None:
    """Milliseconds; p99 is the largest as long as there are fewer than 100 kills."""
    print_table([("gap, ms", "kills", "median", "p99", "max", "documented"), *(row.cells() for row in rows)])
