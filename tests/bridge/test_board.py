"""A real firmware image on the bridge's serial line: reset as the port opens, unplugged, plugged in again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.driver import sink_tree_driver
from bridge.link import Link, LinkCounts, LinkState
from bridge.link_set import run_bridge
from bridge.sensors import ConstantSensor
from bridge.serial_link import SerialLink
from protocol.aggregate import TEMPERATURE
from protocol.capture import Record
from protocol.observer import Observer, RoundRow
from protocol.timing import Timing
from tests.bridge.rig import run, until
from tests.firmware.board import BOOTLOADER, EmulatedBoard

PERIOD_MS = 500
JOINED_WITHIN_S = 20.0  # the bootloader's second, listening, and a call for help; on a busy machine
BOARD_ID = 2


@pytest.mark.usefixtures("built_board")
def test_a_board_behind_its_bootloader_joins_and_joins_again_after_it_was_replugged(tmp_path: Path) -> None:
    observer = Observer()
    counts: list[int] = []

    def on_records(records: Sequence[Record]) -> None:
        told = [seen for record in records for seen in observer.observe(record)]
        rows = [seen for seen in told if isinstance(seen, RoundRow)]
        counts.extend(row.aggregate.count for row in rows if row.metric == TEMPERATURE)

    def board() -> EmulatedBoard:
        return EmulatedBoard(tmp_path, "--bootloader", str(BOOTLOADER), node_id=BOARD_ID)

    async def main() -> None:
        first = board()
        statuses: list[LinkState | LinkCounts] = []
        stop = asyncio.Event()
        timing = Timing(period_ms=PERIOD_MS)
        links: list[Link] = [
            SerialLink(first.port),
            sink_tree_driver("root", 1, ConstantSensor({0: 20.0}), root=True, timing=timing),
        ]
        bridge = asyncio.create_task(run_bridge(links, on_records, statuses.append, stop))
        await until(lambda: counts and counts[-1] == 2, JOINED_WITHIN_S)
        assert observer.parents[BOARD_ID] == 1

        await asyncio.to_thread(first.close)
        await until(lambda: counts[-1] == 1)
        with board():
            await until(lambda: counts[-1] == 2, JOINED_WITHIN_S)
            stop.set()
            await bridge
        states = [
            status.is_up for status in statuses if isinstance(status, LinkState) and "serial" in status.link
        ]
        assert (states[0], states[-1]) == (True, True)
        assert False in states

    run(main(), timeout_s=55)
