"""A packet's line says what its frame does, and how it is to be seen."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from bridge.access import OPEN, RecordOpener
from desktop.packets.lines import COLUMNS, Look, as_hex, as_json, lines_of
from desktop.packets.opening import FrameOpener
from protocol.capture import Direction, Record
from protocol.sealing import SealingKey
from tests.desktop.packets.test_filter import written
from tests.protocol import vectors

GOOD = vectors.frames()["data_one_metric"][0]
SEALED = SealingKey(bytes(16)).seal(GOOD, 5)
RECORDS = [
    Record(1_000_000, "udp", Direction.INBOUND, GOOD),
    Record(2_500_000, "serial", Direction.OUTBOUND, SEALED),
    Record(3_000_000, "udp", Direction.INBOUND, GOOD[:-1] + b"!"),
    Record(3_000_000, "udp", Direction.INBOUND, b"\x05"),
]


def test_each_packet_has_a_line(tmp_path: Path) -> None:
    with closing(written(tmp_path, RECORDS)) as index:
        lines = lines_of(index, FrameOpener(RecordOpener(OPEN), index, {}), range(len(RECORDS)))
    assert all(len(line.values) == len(COLUMNS) for line in lines)
    assert [line.look for line in lines] == [Look.GOOD, Look.SHUT, Look.BAD, Look.BAD]
    assert [line.values[:4] for line in lines[:2]] == [
        ("1", "0.000000", "udp", "←"),
        ("2", "1.500000", "serial", "→"),
    ]
    assert lines[0].values[4:8] == ("DATA", "7", "3", str(len(GOOD)))
    assert "temperature max" in lines[0].values[8]
    assert lines[1].values[4:6] == ("DATA", "7"), "the header of a sealed frame is open"
    assert lines[2].values[8].startswith("checksum")
    assert lines[3].values[4:7] == ("?", "", "")


def test_packets_are_copied_as_the_command_line_tells_them() -> None:
    assert bytes.fromhex(as_hex(RECORDS[:1])) == GOOD
    assert len(as_hex(RECORDS).splitlines()) == len(RECORDS)
    told = [json.loads(line) for line in as_json(RECORDS, [None, GOOD, None, None]).splitlines()]
    assert told[0]["type"] == told[1]["type"] == "DATA"
    assert told[0]["payload"]["items"]["aggregates"]
    assert told[1]["payload"] == told[0]["payload"]
    assert told[2]["dropped"] == "checksum"
