"""What every sink's table in bridge.toml may hold, and where a sink's secrets are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge import keyring_store
from bridge.errors import MissingError, UsageError
from bridge.keyring_store import KEYRING
from bridge.log.facts import RetryError
from bridge.private_file import read_private
from bridge.quantities import quantity
from bridge.units import RATES_PER_S, TIMES_S
from protocol.simulator.toml_tables import Table

MAX_BATCH_ROWS = 10_000
_KEYS = ("name", "batch", "batch_age", "backoff")
DELIVERY_KEYS = (*_KEYS, "rate")
FILE_KEYS = ("folder", *_KEYS)  # of sinks that write files


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a sink hands on its rows."""

    name: str
    batch_rows: int  # so many go at once
    batch_age_s: float  # a row waits so long for others
    rate_per_s: float | None  # not more rows than that; None for no limit
    backoff_most_s: float  # between attempts during an outage: it doubles up to this

    @classmethod
    def from_table(
        cls,
        table: Table,
        *,
        name: str,
        batch_rows: int,
        batch_age: str,
        most_rows: int = MAX_BATCH_ROWS,
    ) -> Delivery:
        """The keys of `DELIVERY_KEYS`, with these defaults. Raises DescriptionError."""
        is_limited = "rate" in table.values
        return cls(
            table.text("name", name),
            table.whole("batch", batch_rows, 1, most_rows),
            quantity(table, "batch_age", batch_age, TIMES_S, most=86_400),
            quantity(table, "rate", "", RATES_PER_S, least=1 / 3_600) if is_limited else None,
            quantity(table, "backoff", "1 min", TIMES_S, least=1, most=86_400),
        )


def secret_place(table: Table, key: str, folder: Path) -> str | None:
    """Where a secret is, as `key`_from tells: `keyring:NAME`, or a file, beside the table's own in `folder`.

    Raises DescriptionError if the table holds the secret itself.
    """
    if key in table.values:
        remedy = f"put it into a file that only you may read, and write {key}_from = its name"
        raise table.error(key, f"{key}: secrets do not belong here, where others read", remedy)
    place = table.text(f"{key}_from", None)
    return place if place is None or place.startswith(KEYRING) else str(folder / place)


class Secret:
    """What is at a `secret_place`, if there is one: read anew each time, since people mend it."""

    def __init__(self, place: str | None) -> None:
        """Raises UsageError, MissingError if there should be one and it cannot be read."""
        self._place = place
        self._read()

    def text(self) -> str | None:
        """The secret, None if there is no place. Raises RetryError if it cannot be read now."""
        try:
            return self._read()
        except UsageError as error:
            raise RetryError(str(error)) from error

    def _read(self) -> str | None:
        return None if self._place is None else _read_secret(self._place)


def _read_secret(place: str) -> str:
    """The first line of an owner-only file, or of `keyring:NAME`; it is in no message."""
    remedy = "write the password or token there, alone in the first line"
    if place.startswith(KEYRING):
        name = place.removeprefix(KEYRING)
        text = keyring_store.fetch(name)
        if text is None:
            raise MissingError(f"{place}: no such secret; run `keyring set treering {name}`, or name a file")
    else:
        text = read_private(Path(place), "it holds a secret", remedy)
    secret, _, _ = text.partition("\n")
    if not secret.strip():
        raise UsageError(f"{place}: the first line is empty; {remedy}")
    return secret.strip()
