"""`[store]` of the bridge's settings: where the store is, and how long what is kept."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.quantities import quantity
from bridge.units import SIZES_BYTES, TIMES_S, parse
from protocol.simulator.toml_tables import Table

# The ages, and the least of each: a slice of what is dropped at once (upkeep).
_AGES = {
    "keep_readings": ("30 days", "1 h"),
    "keep_minutes": ("365 days", "1 d"),
    "keep_hours": ("3650 days", "1 d"),
    "keep_rounds": ("730 days", "1 h"),
    "keep_events": ("365 days", "1 h"),
}
_SIZE = "4 GB"
_LEAST_BYTES = 10e6


def _default_s(key: str) -> float:
    return parse(_AGES[key][0], TIMES_S)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """`file` None: where the bridge keeps its state. Ages count from the newest record of the log.

    Readings are summed up by minute and hour before they are dropped, and so are results. Over
    `keep_size_bytes` the oldest goes before its time.
    """

    file: str | None = None
    keep_readings_s: float = _default_s("keep_readings")
    keep_minutes_s: float = _default_s("keep_minutes")
    keep_hours_s: float = _default_s("keep_hours")
    keep_rounds_s: float = _default_s("keep_rounds")
    keep_events_s: float = _default_s("keep_events")
    keep_size_bytes: float = parse(_SIZE, SIZES_BYTES)

    @classmethod
    def from_table(cls, table: Table) -> StoreSettings:
        """What was written. Raises DescriptionError."""
        table.expect(["file", *_AGES, "keep_size"])
        ages_s = {
            key: quantity(table, key, default, TIMES_S, least=parse(least, TIMES_S))
            for key, (default, least) in _AGES.items()
        }
        for shorter, longer in (("keep_readings", "keep_minutes"), ("keep_minutes", "keep_hours")):
            if ages_s[shorter] > ages_s[longer]:
                key = longer if longer in table.values else shorter
                raise table.error(
                    key, f"{shorter} is longer than {longer}", f"raise {longer}, or lower {shorter}"
                )
        return cls(
            file=table.text("file", None),
            **{f"{key}_s": age_s for key, age_s in ages_s.items()},
            keep_size_bytes=quantity(table, "keep_size", _SIZE, SIZES_BYTES, least=_LEAST_BYTES),
        )
