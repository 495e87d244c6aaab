"""`treering decode`: every field of a frame, or of a log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.capture_file import CaptureFile
from desktop.command import main
from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.packets import (
    BROADCAST,
    HOST,
    Ack,
    Depth,
    Empty,
    Frame,
    FrameType,
    Help,
    Items,
    Link,
    Payload,
    Report,
    Result,
    Sync,
    encode,
)

Capsys = pytest.CaptureFixture[str]
SYNC = Sync(version=9, age=120, hop_count=2, period_ms=5000)
SYNC_TEXT = "round 9 began 120 ms ago, hop count 2, period 5000 ms"
ITEMS = Items(
    ((0, Aggregate(9, 125, 12, 240, 2)), (1, Aggregate.empty(9))), links=(Link(12, 2, 250),), doubt=1
)
ITEMS_TEXT = (
    "round 9 temperature max 125 (22.5 degC) at 12, total 240, count 2; round 9 humidity no reading;"
    " 12 under 2, quality 250; 1 in doubt"
)
CASES: list[tuple[FrameType, int, Payload, str]] = [
    (FrameType.DISCOVERY, BROADCAST, SYNC, f"DISCOVERY 3 -> all, counter 77: {SYNC_TEXT}"),
    (FrameType.DISC_ACK, 2, Empty(), "DISC_ACK 3 -> 2, counter 77"),
    (FrameType.DEPTH, 2, Depth(4), "DEPTH 3 -> 2, counter 77: depth 4"),
    (FrameType.DATA, 2, Report(1, ITEMS), f"DATA 3 -> 2, counter 77: depth 1; {ITEMS_TEXT}"),
    (FrameType.DATA_ACK, 2, Ack(8, SYNC), f"DATA_ACK 3 -> 2, counter 77: acks round 8; {SYNC_TEXT}"),
    (FrameType.HELP, BROADCAST, Help(9, 255), "HELP 3 -> all, counter 77: round 9, hop count 255"),
    (
        FrameType.HELP_ACK_DATA,
        2,
        Report(0, Items()),
        "HELP_ACK_DATA 3 -> 2, counter 77: depth 0; no items",
    ),
    (FrameType.RESULT, HOST, Result(812, ITEMS), f"RESULT 3 -> host, counter 77: after 812 ms; {ITEMS_TEXT}"),
]


def frame_of(case: tuple[FrameType, int, Payload, str]) -> bytes:
    frame_type, destination, payload, _ = case
    return encode(Frame(frame_type, 3, destination, 77, payload))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].name)
def test_a_frame_as_text(case: tuple[FrameType, int, Payload, str], capsys: Capsys) -> None:
    assert main(["decode", frame_of(case).hex()]) == 0
    assert capsys.readouterr().out == case[3] + "\n"


def test_a_frame_as_json_has_every_field(capsys: Capsys) -> None:
    assert main(["decode", "--json", frame_of(CASES[4]).hex(":")]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "type": "DATA_ACK",
        "source": 3,
        "destination": 2,
        "counter": 77,
        "payload": {
            "acked_version": 8,
            "sync": {"version": 9, "age": 120, "hop_count": 2, "period_ms": 5000},
        },
    }


def test_hex_may_have_blanks(capsys: Capsys) -> None:
    assert main(["decode", frame_of(CASES[1]).hex(" ").upper()]) == 0
    assert capsys.readouterr().out == CASES[1][3] + "\n"


def test_the_largest_frame_may_be_written_with_colons(capsys: Capsys) -> None:
    """It is longer than a file name may be."""
    everything = Items(
        tuple((metric, Aggregate(9, 125, 12, 240, 2)) for metric in range(5)),
        links=tuple(Link(child, 2, 250) for child in range(12, 17)),
        doubt=1,
    )
    largest = encode(Frame(FrameType.RESULT, 1, HOST, 77, Result(812, everything)))
    assert main(["decode", largest.hex(":")]) == 0
    assert capsys.readouterr().out.startswith("RESULT 1 -> host, counter 77: after 812 ms; ")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (frame_of(CASES[1]).hex()[:-2] + "00", "checksum: CRC-16 differs; check that no byte is missing"),
        ("0102", "truncated: 2 bytes"),
        ("none.pcapng", "none.pcapng: neither a file nor hex"),
        ("012", "012: neither a file nor hex"),
    ],
)
def test_what_is_no_frame_is_bad_input(what: str, says: str, capsys: Capsys) -> None:
    assert main(["decode", what]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = CaptureFile(tmp_path / "field.pcapng")
    file.write(Record(5_000_000, "serial:uno", Direction.INBOUND, frame_of(CASES[2])))
    file.write(Record(5_250_000, "udp", Direction.OUTBOUND, b"\xff" * 12))
    file.write(Record(2**63, "host", Direction.OUTBOUND, frame_of(CASES[7]), '{"alive":2}'))
    file.close()
    return file.path


def test_a_log_as_text_is_a_line_a_record(log: Path, capsys: Capsys) -> None:
    assert main(["decode", str(log)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"  0.000000  serial:uno <  {CASES[2][3]}"
    assert lines[1].startswith("  0.250000  udp >  dropped, wire version: wire version 3: ffff")
    assert lines[2].endswith(f"host >  {CASES[7][3]}")


def test_a_log_as_json_keeps_what_is_bad(log: Path, capsys: Capsys) -> None:
    assert main(["decode", "--json", str(log)]) == 0
    good, bad, commented = map(json.loads, capsys.readouterr().out.splitlines())
    assert (good["timestamp_us"], good["link"], good["direction"]) == (5_000_000, "serial:uno", "inbound")
    assert (good["type"], good["payload"]) == ("DEPTH", {"depth": 4})
    assert good["frame"] == frame_of(CASES[2]).hex()
    assert (bad["dropped"], bad["frame"]) == ("wire version", "ff" * 12)
    assert commented["comment"] == '{"alive":2}'
