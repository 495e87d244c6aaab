"""All that sinks hand on, into InfluxDB 1.x or 2.x: `[[influx]]` in bridge.toml (docs/sinks.md)."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bridge.entries import ActuatorState, Entry, Reading, entries_of
from bridge.quantities import quantity
from bridge.sinks.influx_http import BadPointsError, Influx1, Influx2, InfluxConnection
from bridge.sinks.line_protocol import actuator_line, change_line, event_line, reading_line, round_line
from bridge.sinks.live_sink import LiveSink
from bridge.sinks.rule_board import RuleChange
from bridge.sinks.settings import DELIVERY_KEYS, Delivery, Secret, secret_place
from bridge.sinks.sink import Offsets
from bridge.sinks.tls import TLS_KEYS, Tls
from bridge.units import TIMES_S
from protocol.observations import Observation, RoundRow
from protocol.simulator.toml_tables import Table

_1_KEYS = ("database", "retention_policy", "user", "password_from", "create")
_2_KEYS = ("organisation", "bucket", "token_from")
KEYS = ("url", *_1_KEYS, *_2_KEYS, "timeout", *TLS_KEYS, *DELIVERY_KEYS)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InfluxSettings:
    """One `[[influx]]`."""

    delivery: Delivery
    url: str
    target: Influx1 | Influx2
    secret_place: str | None
    timeout_s: float
    tls: Tls

    @classmethod
    def from_table(cls, table: Table, folder: Path) -> InfluxSettings:
        """As people wrote it, with files beside the table's own in `folder`. Raises DescriptionError."""
        table.expect((*KEYS, "password", "token"))
        url = table.text("url", "http://127.0.0.1:8086")
        _check_url(table, url)
        is_2 = any(key in table.values for key in _2_KEYS)
        for key in _1_KEYS if is_2 else ():
            if key in table.values:
                raise table.error(key, f"{key} is of InfluxDB 1, bucket of InfluxDB 2", "remove one of them")
        secret = secret_place(table, "token" if is_2 else "password", folder)
        if secret is not None and not is_2:
            table.need("user")
        return cls(
            Delivery.from_table(table, name="influx", batch_rows=5_000, batch_age="1 s"),
            url,
            _target_2(table) if is_2 else _target_1(table),
            secret,
            quantity(table, "timeout", "10 s", TIMES_S, least=0.1, most=300),
            Tls.from_table(table, folder, is_used=url.startswith("https:")),
        )


def _check_url(table: Table, url: str) -> None:
    remedy = 'write url = "http://localhost:8086"'
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment:
        raise table.error("url", f"url is {url!r}", remedy)
    if parts.username is not None:
        raise table.error("url", "url holds a user", "write user and password_from, or token_from, instead")


def _target_1(table: Table) -> Influx1:
    return Influx1(
        table.text("database", "treering"),
        table.text("retention_policy", None),
        table.text("user", None),
        table.flag("create", True),
    )


def _target_2(table: Table) -> Influx2:
    table.need("organisation", "bucket", "token_from")
    return Influx2(table.text("organisation", ""), table.text("bucket", ""))


class InfluxSink(LiveSink[str]):
    """A row is a line of the line protocol."""

    def __init__(self, settings: InfluxSettings, network: str, offsets: Offsets) -> None:
        """Raises UsageError for a secret or a certificate that cannot be read."""
        super().__init__("influx", settings.delivery, offsets)
        self._network = network
        self._connection = InfluxConnection(
            settings.url,
            settings.target,
            Secret(settings.secret_place),
            timeout_s=settings.timeout_s,
            tls=_context(settings.tls),
        )

    def rows_of(self, fact: Observation) -> Iterable[str]:
        """Its points."""
        return [self._line(entry) for entry in entries_of(fact)]

    def rows_of_change(self, change: RuleChange) -> Iterable[str]:
        """Its point."""
        return [change_line(self._network, change)]

    def _line(self, entry: Entry) -> str:
        if isinstance(entry, Reading):
            return reading_line(self._network, entry)
        if isinstance(entry, RoundRow):
            return round_line(self._network, entry)
        if isinstance(entry, ActuatorState):
            return actuator_line(self._network, entry)
        return event_line(self._network, entry)

    def send(self, rows: Sequence[str]) -> None:
        """Write them; the ones that the server will never take are counted, told, and passed over."""
        try:
            self._connection.write(rows)
        except BadPointsError as error:
            if error.dropped is not None:
                self._refuse(error.dropped, f"of the {len(rows)} from {rows[0]!r}", error)
            elif len(rows) == 1:
                self._refuse(1, repr(rows[0]), error)
            else:  # which of them it is, the halves tell
                self.send(rows[: len(rows) // 2])
                self.send(rows[len(rows) // 2 :])

    def close(self) -> None:
        """Write the rest if that goes at once, and let the connection go."""
        super().close()
        self._connection.close()

    def _refuse(self, count: int, which: str, error: BadPointsError) -> None:
        self.refused += count
        _log.warning("%s: %d points are passed over (%s): %s", self.name, count, which, error)


def _context(tls: Tls) -> ssl.SSLContext | None:
    return tls.context() if tls.is_used else None
