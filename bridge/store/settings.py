"""`[store]` of the bridge's settings: where the store is, and how long what is kept."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.quantities import quantity
from bridge.units import SIZES_BYTES, TIMES_S
from protocol.simulator.toml_tables import Table

_DEFAULTS = {
    "keep_readings": "30 days",
    "keep_minutes": "365 days",
    "keep_hours": "3650 days",
    "keep_rounds": "730 days",
    "keep_events": "365 days",
}
_LEAST_S = {"keep_readings": 3_600.0, "keep_minutes": 86_400.0}


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """`file` None: where the bridge keeps its state. Ages count from the newest record of the log."""

    file: str | None = None
    keep_readings_s: float = 30 * 86_400
    keep_minutes_s: float = 365 * 86_400
    keep_hours_s: float = 3_650 * 86_400
    keep_rounds_s: float = 730 * 86_400
    keep_events_s: float = 365 * 86_400
    keep_size_bytes: float = 4e9

    @classmethod
    def from_table(cls, table: Table) -> StoreSettings:
        """What was written. Raises DescriptionError."""
        table.expect(["file", *_DEFAULTS, "keep_size"])
        ages_s = {
            key: quantity(table, key, default, TIMES_S, least=_LEAST_S.get(key, 0))
            for key, default in _DEFAULTS.items()
        }
        for shorter, longer in (("keep_readings", "keep_minutes"), ("keep_minutes", "keep_hours")):
            if ages_s[shorter] > ages_s[longer]:
                given = longer if longer in table.values else shorter
                problem = f"{shorter} is longer than {longer}"
                raise table.error(
                    given, problem, f"keep the coarser longer: {longer} is made of what {shorter} says"
                )
        return cls(
            file=table.text("file", None),
            keep_readings_s=ages_s["keep_readings"],
            keep_minutes_s=ages_s["keep_minutes"],
            keep_hours_s=ages_s["keep_hours"],
            keep_rounds_s=ages_s["keep_rounds"],
            keep_events_s=ages_s["keep_events"],
            keep_size_bytes=quantity(table, "keep_size", "4 GB", SIZES_BYTES, least=10e6),
        )
