"""A board that prints text on a real pseudo-terminal, as a member of a network."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.access import OPEN, Access
from bridge.driver import node_driver, timing_of
from bridge.errors import UsageError
from bridge.keys_file import NetworkKeys
from bridge.link import Link, LinkCounts, LinkState
from bridge.link_set import run_bridge
from bridge.sensors import ConstantSensor
from bridge.text_lines import Column
from bridge.text_link import TEXT_BAUD, TextLink, TextSettings
from protocol.aggregate import HUMIDITY, SOIL_MOISTURE, TEMPERATURE
from protocol.capture import Record
from protocol.observer import Observer, RoundRow
from protocol.packets import Network
from protocol.simulator.toml_tables import DescriptionError, Table
from tests.bridge.rig import Line, run, until

PERIOD_S = 0.25
ROOT, NODE = 1, 42
ROOT_RAW = TEMPERATURE.raw(20.0)

needs_a_terminal = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


def settings_of(text: str) -> TextSettings:
    table = Table.parse(text, "bridge.toml", "write TOML")
    return TextSettings.from_table(table.tables("text")[0])


# --- settings ---


def test_three_lines_are_enough() -> None:
    assert settings_of(
        '[[text]]\nport = "/dev/ttyUSB0"\nnode = 42\ncolumns = ["temperature"]\n'
    ) == TextSettings("/dev/ttyUSB0", 42, (Column(TEMPERATURE),), TEXT_BAUD, ",", None)


def test_columns_are_named_scaled_or_left_out() -> None:
    settings = settings_of(
        '[[text]]\nport = "COM3"\nnode = 42\nbaud = 115200\nseparator = ";"\nmax_age = "1 min"\n'
        'columns = ["-", {metric = "Soil Moisture", scale = 0.1, offset = -5}, "humidity"]\n'
    )
    assert settings.columns == (None, Column(SOIL_MOISTURE, 0.1, -5.0), Column(HUMIDITY))
    assert (settings.baud, settings.separator, settings.max_age_s) == (115_200, ";", 60)
    assert settings.metrics == (SOIL_MOISTURE.id, HUMIDITY.id)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ('["pressure"]', "5: unknown metric 'pressure'; known are temperature, humidity, soil_moisture"),
        ('[{metric = "heat"}]', "5: unknown metric 'heat'; known are temperature"),
        ("[{scale = 2}]", "5: a column has no metric; name one of temperature"),
        ('[{metric = "humidity", scale = 0}]', "5: scale is 0; write what one step of the number means"),
        ('[{metric = "humidity", unit = "%"}]', "5: unknown key 'unit'; known are metric, scale, offset"),
        ('["humidity", "humidity"]', '5: columns names humidity twice; write "-" for one of them'),
        ('["-"]', "5: columns names no metric; name one of temperature"),
        ("[]", '5: columns is no list of columns; write columns = ["temperature"]'),
        ("[3]", '5: columns has 3; write "temperature" or { metric = ... }'),
    ],
)
def test_bad_columns_are_one_line_with_the_remedy(columns: str, says: str) -> None:
    with pytest.raises(DescriptionError) as raised:
        settings_of(f'\n[[text]]\nport = "COM3"\nnode = 42\ncolumns = {columns}\n')
    assert str(raised.value).startswith(f"bridge.toml:{says}")


# --- on a line ---


class Field:
    """A root in this process, and the board on its line; the newest results."""

    def __init__(self, line: Line, network: Network = Network.TREE, access: Access = OPEN) -> None:
        settings = TextSettings(str(line.link), NODE, (Column(SOIL_MOISTURE, 0.1), Column(TEMPERATURE)))
        self.text = TextLink(settings, network, PERIOD_S, access=access)
        root = node_driver(
            network,
            "root",
            ROOT,
            ConstantSensor({TEMPERATURE.id: 20.0}),
            root=True,
            timing=timing_of(network, PERIOD_S),
            access=access,
        )
        self.rows: dict[int, RoundRow] = {}  # the newest, by metric
        self.states: list[LinkState] = []
        self._observer = Observer()
        self._stop = asyncio.Event()
        links: list[Link] = [root, self.text]
        self._bridge = asyncio.create_task(
            run_bridge(links, self._take, self._take_status, self._stop, access)
        )
        self._reader = access.reader()

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            if self._reader is not None:
                opened = self._reader.open(record.frame)
                if not isinstance(opened, bytes):
                    continue
                record = Record(record.timestamp_us, record.link, record.direction, opened)
            for seen in self._observer.observe(record):
                if isinstance(seen, RoundRow):
                    self.rows[seen.metric_id] = seen

    def _take_status(self, status: LinkState | LinkCounts) -> None:
        if isinstance(status, LinkState) and status.link == self.text.name:
            self.states.append(status)

    def total(self, metric: int) -> int | None:
        """Sum of the raw readings of the newest result; None without that metric."""
        row = self.rows.get(metric)
        return row.aggregate.total if row else None

    async def close(self) -> None:
        self._stop.set()
        await self._bridge


@needs_a_terminal
@pytest.mark.parametrize("network", list(Network))
def test_what_a_board_prints_is_counted_in_the_networks_results(line: Line, network: Network) -> None:
    async def main() -> None:
        field = Field(line, network)

        def counted() -> bool:
            line.write(b"512,23.40\r\n")
            return field.total(TEMPERATURE.id) == ROOT_RAW + TEMPERATURE.raw(23.4)

        await until(counted, 15.0)
        await until(lambda: field.total(SOIL_MOISTURE.id) == SOIL_MOISTURE.raw(51.2))
        assert field.rows[SOIL_MOISTURE.id].max_id == NODE
        await field.close()

    run(main(), timeout_s=25)


@needs_a_terminal
def test_in_a_sealed_network_it_is_a_member_with_keys_of_its_own(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    access = Access(NetworkKeys("garden", 0, frozenset({ROOT}), ROOT, bytes(range(16))))

    async def main() -> None:
        field = Field(line, access=access)

        def counted() -> bool:
            line.write(b"512,23.40\r\n")
            return field.total(TEMPERATURE.id) == ROOT_RAW + TEMPERATURE.raw(23.4)

        await until(counted, 25.0)
        await field.close()

    run(main(), timeout_s=35)


def test_another_members_keys_are_refused(tmp_path: Path) -> None:
    keys = NetworkKeys("garden", 0, frozenset({ROOT}), ROOT, bytes(16)).for_member(7)
    with pytest.raises(UsageError, match="those of node 7, not of node 42"):
        TextLink(TextSettings("any", NODE, (Column(TEMPERATURE),)), Network.TREE, 5.0, access=Access(keys))


@needs_a_terminal
def test_bad_lines_are_counted_and_told_once_and_a_silent_board_is_left_out(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bridge.text_link")

    async def main() -> None:
        field = Field(line)
        expected = ROOT_RAW + TEMPERATURE.raw(20.0)

        def counted() -> bool:
            line.write(b"moisture,temp\n512,20\n512\n\xff\xff\n")
            return field.total(TEMPERATURE.id) == expected

        await until(counted, 15.0)
        await until(lambda: field.total(TEMPERATURE.id) == ROOT_RAW)
        assert field.text.reader.bad.keys() == {"another number of columns", "not text (wrong baud rate?)"}
        stale, bad = field.text.warnings
        assert stale == f"{field.text.name}: no reading for 0.75 s; node 42 goes on without"
        assert "lines some gave no reading: " in bad
        await until(counted)
        assert len(field.text.warnings) == 1
        await field.close()

    run(main(), timeout_s=30)
    told = [record.message for record in caplog.records]
    assert sum("another number of columns: b'512'" in message for message in told) == 1
    assert any("no reading for 0.75 s; node 42 goes on without" in message for message in told)
    assert told[-1].endswith("readings come again")


def test_numbers_without_their_scale_are_warned_of() -> None:
    link = TextLink(TextSettings("any", NODE, (Column(SOIL_MOISTURE),)), Network.TREE, PERIOD_S)
    link.reader.feed(b"\n512\n513\n", 0.0)
    (warning,) = link.warnings
    assert warning == (
        "text:any: 2 numbers were beyond what their metric holds; look at scale and offset of the columns"
    )


@needs_a_terminal
def test_it_comes_back_after_it_was_unplugged(line: Line) -> None:
    async def main() -> None:
        field = Field(line)
        await until(lambda: field.states and field.states[-1].is_up)
        line.write(b"\n1")  # it is torn out within a line
        await until(lambda: field.text.reader._cutter._rest)
        line.unplug()
        await until(lambda: not field.states[-1].is_up)
        assert "unplugged" in field.states[-1].reason
        line.plug()
        await until(lambda: field.states[-1].is_up)
        line.write(b"00,20\n100,20\n")
        await until(lambda: field.text.reader.lines)
        assert field.text.reader.readings(0)[SOIL_MOISTURE.id] == SOIL_MOISTURE.raw(10)
        assert field.text.reader.lines == 1
        await field.close()

    run(main())


@needs_a_terminal
def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    link = TextLink(TextSettings(str(tmp_path / "none"), NODE, (Column(TEMPERATURE),)), Network.TREE, 5.0)

    async def main() -> None:
        with pytest.raises(UsageError, match=r"none: no such serial port; `treering ports` lists"):
            await link.start(lambda frames: None, lambda state: None)
        await link.close()

    run(main())
