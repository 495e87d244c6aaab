"""Must show: a log is opened, sought in and filtered; what is exported of it reads the same."""

from __future__ import annotations

from pathlib import Path

from bridge.capture_file import read_records
from desktop.packets.feature import PacketsFeature
from desktop.replay.feature import ReplayFeature
from protocol.capture import Record
from protocol.packets import FrameType, decode
from tests.desktop.conftest import DEMO_ROUNDS
from tests.desktop.journeys.person import Person

FILTER = "type == data and src == 7"


def test_a_log_is_opened_sought_filtered_and_exported(
    person: Person, demo_log: Path, demo_records: list[Record], tmp_path: Path
) -> None:
    person.names_file(demo_log, lambda: person.click_on("Open a log …"))
    person.until("log read to its end")
    events, last = person.window.workspace.events, f"round {DEMO_ROUNDS - 1}:"
    person.until(last, events)
    strip = person.window.feature(ReplayFeature).transport.strip
    person.until_true(lambda: strip.find_withtag("head"), "the time of the log")
    person.click(strip, (strip.winfo_width() / 4, strip.winfo_height() / 2))
    person.until_true(lambda: last not in person.reads(events), "an earlier time")
    assert "round 2:" in person.reads(events)

    meant = [record for record in demo_records if is_meant(record)]
    person.press("Control-f")
    person.types(FILTER)
    person.press("Return")
    person.until(f"{len(meant)} of {len(demo_records):,} packets")

    table = person.window.feature(PacketsFeature).view.table.sheet
    person.click(table.MT, (60, 8))
    person.press("Control-Home", "Shift-Down", "Shift-Down")
    copy = tmp_path / "node-7.pcapng"
    person.names_file(copy, lambda: person.commands("Export chosen packets"))
    person.until_true(copy.exists, "the export")
    assert list(read_records(copy)) == meant[:3]
    person.picture("log")


def is_meant(record: Record) -> bool:
    """As the filter says."""
    frame = decode(record.frame)
    return frame.type is FrameType.DATA and frame.source == 7
