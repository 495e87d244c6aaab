"""A board that prints its readings as text becomes a node of the network.

[[text]]
port = "/dev/ttyUSB0"
node = 42
columns = ["temperature", { metric = "soil moisture", scale = 0.1 }, "-"]
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import serial

from bridge.access import OPEN, Access
from bridge.driver import node_driver, timing_of
from bridge.link import LinkState, OnFrames, OnState
from bridge.plugged_port import PluggedPort
from bridge.ports import PortInfo, list_ports
from bridge.quantities import quantity
from bridge.sensors import Readings
from bridge.text_lines import BadLine, Column, LineReader
from bridge.units import TIMES_S
from protocol.aggregate import METRICS, Metric
from protocol.packets import MAX_NODE_ID, DropReason, Network
from protocol.simulator.toml_tables import Table

TEXT_BAUD = 9600  # of most sketches
MAX_COLUMNS = 32
# A reading is used for so many rounds without a newer one: a line may be lost, a sketch slower than we are.
FRESH_PERIODS = 3
READ_BYTES = 4096
SHOWN_BYTES = 40
WORTH_TELLING = 0.01  # of all lines: a single bad one is no news for ever
UNUSED = "-"

_log = logging.getLogger(__name__)
_METRICS = {metric.name: metric for metric in METRICS.values()}


@dataclass(frozen=True, slots=True)
class TextSettings:
    """One [[text]]; a column that is None is not used. `max_age_s` None: FRESH_PERIODS rounds."""

    port: str
    node: int
    columns: tuple[Column | None, ...]
    baud: int = TEXT_BAUD
    separator: str = ","
    max_age_s: float | None = None

    @classmethod
    def from_table(cls, table: Table) -> TextSettings:
        """Raises DescriptionError."""
        table.expect(("port", "baud", "node", "columns", "separator", "max_age"))
        table.need("port", "node", "columns")
        has_age = "max_age" in table.values
        return cls(
            table.text("port", ""),
            table.whole("node", 0, 0, MAX_NODE_ID),
            _columns_in(table),
            table.whole("baud", TEXT_BAUD, 50, 4_000_000),
            table.text("separator", ","),
            quantity(table, "max_age", "", TIMES_S, least=0.001) if has_age else None,
        )

    @property
    def metrics(self) -> tuple[int, ...]:
        """Ids of what is measured."""
        return tuple(column.metric.id for column in self.columns if column is not None)


def _columns_in(table: Table) -> tuple[Column | None, ...]:
    given = table.values["columns"]
    if not isinstance(given, list) or not 0 < len(given) <= MAX_COLUMNS:
        raise table.error("columns", "columns is no list of columns", 'write columns = ["temperature"]')
    columns: list[Column | None] = []
    for index, item in enumerate(given):
        if isinstance(item, str):
            columns.append(None if item == UNUSED else Column(_metric_named(table, "columns", item)))
        elif isinstance(item, dict):
            columns.append(_column_in(table.element("columns", index, item)))
        else:
            raise table.error("columns", f"columns has {item!r}", 'write "temperature" or { metric = ... }')
    names = [column.metric.name for column in columns if column is not None]
    if not names:
        raise table.error("columns", "columns names no metric", f"name one of {', '.join(_METRICS)}")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise table.error("columns", f"columns names {twice[0]} twice", f'write "{UNUSED}" for one of them')
    return tuple(columns)


def _column_in(table: Table) -> Column:
    table.expect(("metric", "scale", "offset"))
    if "metric" not in table.values:
        raise table.error(None, "a column has no metric", f"name one of {', '.join(_METRICS)}")
    scale = table.number("scale", 1.0, least=-1e9, most=1e9)
    if scale == 0:
        raise table.error("scale", "scale is 0", "write what one step of the number means")
    offset = table.number("offset", 0.0, least=-1e9, most=1e9)
    return Column(_metric_named(table, "metric", table.text("metric", "")), scale, offset)


def _metric_named(table: Table, key: str, name: str) -> Metric:
    """Blanks and capitals are as good as the name's own."""
    metric = _METRICS.get("_".join(name.lower().split()))
    if metric is None:
        raise table.error(key, f"unknown metric {name!r}", f"known are {', '.join(_METRICS)}")
    return metric


class TextLink:
    """A `bridge.link.Link` to a node whose sensor is the board on `settings.port`: the node is a member like
    any other, with the keys that `access` gives it, and what the board prints are its readings.

    In a tree the network's period is learned from the root: `period_s` then only says how long readings hold.
    A port that is not there at the start is an error, one that goes later is looked for.
    Raises UsageError for another member's keys.
    """

    is_tap = False
    fill = 0.0

    def __init__(
        self,
        settings: TextSettings,
        network: Network,
        period_s: float,
        *,
        order: Sequence[int] = (),
        access: Access = OPEN,
        list_ports: Callable[[], list[PortInfo]] = list_ports,
    ) -> None:
        self.name = f"text:{settings.port}"
        self.node_id = settings.node
        self.reader = LineReader(settings.columns, settings.separator, self._tell_bad)
        self._max_age_s = settings.max_age_s or FRESH_PERIODS * period_s
        self._is_stale = False
        self._port = PluggedPort(settings.port, settings.baud, list_ports)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.node = node_driver(
            network,
            self.name,
            settings.node,
            self,
            timing=timing_of(network, period_s),
            metrics=settings.metrics,
            order=order,
            access=access,
        )

    @property
    def drops(self) -> Counter[DropReason]:
        """None: no frames come in on the line. Bad lines are in `reader.bad`."""
        return self.node.drops

    @property
    def unsent(self) -> int:
        """See bridge.link.Link.unsent."""
        return self.node.unsent

    @property
    def warnings(self) -> list[str]:
        """What people should know of the board now."""
        found = []
        if self._is_stale:
            found.append(
                f"{self.name}: no reading for {self._max_age_s:g} s; node {self.node_id} goes on without"
            )
        reader, worth_telling = self.reader, WORTH_TELLING * self.reader.lines
        if reader.bad.total() > worth_telling:
            reasons = ", ".join(f"{count} {reason}" for reason, count in reader.bad.items())
            found.append(f"{self.name}: of {reader.lines} lines some gave no reading: {reasons}")
        if reader.clamped > worth_telling:
            found.append(
                f"{self.name}: {reader.clamped} numbers were beyond what their metric holds;"
                " look at scale and offset of the columns"
            )
        return found

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """See bridge.link.Link.start; the states are those of the port."""
        self._loop = asyncio.get_running_loop()
        self._on_state = on_state
        self._began_s = time.monotonic()
        port = await asyncio.to_thread(self._port.open)
        self._thread = threading.Thread(target=self._run, args=(port,), name=self.name, daemon=True)
        self._thread.start()
        await self.node.start(on_frames, lambda state: None)

    def send(self, frame: bytes) -> None:
        """See bridge.link.Link.send."""
        self.node.send(frame)

    async def close(self) -> None:
        """See bridge.link.Link.close. The node says goodbye: what is to carry that must still be open."""
        await self.node.close()
        self._closing.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def read(self, version: int) -> Readings:
        """The node's sensor (bridge.sensors.Sensor): the latest readings, without those that are too old."""
        since_s = time.monotonic() - self._max_age_s
        readings = self.reader.readings(since_s)
        if self._is_stale == bool(readings) and self._began_s < since_s:
            self._is_stale = not readings
            if readings:
                _log.info("%s: readings come again", self.name)
            else:
                _log.warning(
                    "%s: no reading for %g s; node %d goes on without; look whether the board prints,"
                    " at this baud rate",
                    *(self.name, self._max_age_s, self.node_id),
                )
        return readings

    # --- the reader's thread -----------------------------------------------------------------------------

    def _run(self, port: serial.Serial) -> None:
        found: serial.Serial | None = port
        while found:
            self._tell(is_up=True)
            self.reader.restart()
            reason = self._read(found)
            with contextlib.suppress(OSError):
                found.close()
            if not self._closing.is_set():
                self._tell(is_up=False, reason=reason)
            found = self._port.open_again(self._closing, lambda why: self._tell(is_up=False, reason=why))

    def _read(self, port: serial.Serial) -> str:
        """Until the link is closed, or the port fails: why."""
        while not self._closing.is_set():
            try:
                data = port.read(min(port.in_waiting, READ_BYTES) or 1)
            except OSError as error:
                return f"unplugged, or out of order ({error})"
            self.reader.feed(data, time.monotonic())
        return ""

    def _tell(self, *, is_up: bool, reason: str = "") -> None:
        self._loop.call_soon_threadsafe(self._on_state, LinkState(self.name, is_up, reason))

    def _tell_bad(self, reason: BadLine, line: bytes) -> None:
        """The first of its kind is shown; all are counted."""
        if self.reader.bad[reason] == 1:
            shown = f": {line[:SHOWN_BYTES]!r}" if line else ""
            _log.warning(
                "%s: a line gave no reading, %s%s; further ones are counted", self.name, reason, shown
            )
