"""How a packet log's folder is kept: `[log]` of bridge.toml (PROTOCOL.md 18.1, 18.2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.quantities import quantity
from bridge.units import SIZES_BYTES, TIMES_S
from protocol.simulator.toml_tables import Table

LEAST_SEGMENT_BYTES = 64_000  # below it a log is mostly names of segments
_KEYS = ("folder", "segment_size", "segment_age", "keep_size", "keep_age", "least_free")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """A segment ends at `segment_bytes` or `segment_age_s`; older ones go beyond the `keep` limits, or when
    the disk has less than `least_free_bytes`."""

    folder: Path
    segment_bytes: float = 16e6
    segment_age_s: float = 3_600
    keep_bytes: float = 4e9
    keep_age_s: float = 90 * 86_400
    least_free_bytes: float = 200e6

    @classmethod
    def from_table(cls, table: Table, folder: Path) -> LogSettings:
        """What `[log]` says; a folder that it names is seen from where `folder`, the default, stands.

        Raises DescriptionError.
        """
        table.expect(_KEYS)
        segment_bytes = quantity(table, "segment_size", "16 MB", SIZES_BYTES, least=LEAST_SEGMENT_BYTES)
        return cls(
            folder.parent / table.text("folder", folder.name),
            segment_bytes,
            quantity(table, "segment_age", "1 h", TIMES_S, least=1),
            quantity(table, "keep_size", "4 GB", SIZES_BYTES, least=2 * segment_bytes),
            quantity(table, "keep_age", "90 days", TIMES_S, least=1),
            quantity(table, "least_free", "200 MB", SIZES_BYTES),
        )
