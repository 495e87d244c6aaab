"""`treering decode`: every field of a frame, or of a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from bridge.capture_file import CaptureFile
from desktop.command import main
from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.letters import Cause, StateUpdate, encode_update
from protocol.packets import (
    BROADCAST,
    HOST,
    Ack,
    Beat,
    Boot,
    Challenge,
    Claim,
    Depth,
    Empty,
    Frame,
    FrameType,
    Heard,
    Hello,
    Help,
    Items,
    Letter,
    Link,
    Pair,
    Payload,
    Poll,
    Reading,
    Report,
    Response,
    Result,
    Sign,
    Sync,
    Token,
    TokenId,
    encode,
)

Capsys = pytest.CaptureFixture[str]
SYNC = Sync(version=9, age=120, hop_count=2, period_ms=5000)
SYNC_TEXT = "round 9 began 120 ms ago, hop count 2, period 5000 ms"
ROUND_TEXT = "round 9 began 120 ms ago"
TOKEN_ID = TokenId(4, 3, 100)
ITEMS = Items(
    ((0, Aggregate(9, 125, 12, 240, 2)), (1, Aggregate.empty(9))), links=(Link(12, 2, 250),), doubt=1
)
ITEMS_TEXT = (
    "round 9 temperature max 125 (22.5 degC) at 12, total 240, count 2; round 9 humidity no reading;"
    " 12 under 2, quality 250; 1 in doubt"
)
UPDATE = Letter(6, 1, 1, 0xBEEF, 5, encode_update(StateUpdate(7, 2, 200, Cause.SILENCE)))
LETTER = Letter(6, 7, 9, 0xBEEF, 5, b"\x01\xff")
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
    (
        FrameType.TOKEN,
        2,
        Token(TOKEN_ID, 98, 3, 5, 9, 10, 120, 5000, 0, 0, ITEMS.aggregates[:1]),
        f"TOKEN 3 -> 2, counter 77: token 4/3/100, fork 98, home 3, then 5, {ROUND_TEXT}, turn 0,"
        " next round 10, period 5000 ms; round 9 temperature max 125 (22.5 degC) at 12, total 240, count 2",
    ),
    (
        FrameType.TOKEN,
        2,
        Token(
            TOKEN_ID, 98, 3, 0xFFFF, 9, 10, 120, 5000, 2, 3, (), ((7, ((0, 61), (1, 120))), (3, ((9, 1),)))
        ),
        f"TOKEN 3 -> 2, counter 77: token 4/3/100, fork 98, home 3, {ROUND_TEXT}, turn 2, next round 10,"
        " period 5000 ms; node 7: temperature 61 (-9.5 degC), humidity 120 (60 %);"
        " node 3: metric_9 1 (1 raw); readings asked for; readings wait for room",
    ),
    (
        FrameType.SIGN,
        BROADCAST,
        Sign(TOKEN_ID, 9, 0xFFFF, 750),
        "SIGN 3 -> all, counter 77: token 4/3/100, round 9, the next sign within 750 ms",
    ),
    (
        FrameType.SIGN,
        BROADCAST,
        Sign(TOKEN_ID, 9, 7, 750),
        "SIGN 3 -> all, counter 77: token 4/3/100, round 9, the next sign within 750 ms, passed over 7",
    ),
    (
        FrameType.SIGN,
        BROADCAST,
        Sign(TOKEN_ID, 9, 0xFFFE, 0),
        "SIGN 3 -> all, counter 77: token 4/3/100, round 9, muster",
    ),
    (
        FrameType.CLAIM,
        BROADCAST,
        Claim(5, 9),
        "CLAIM 3 -> all, counter 77: epoch 5, round 9",
    ),
    (FrameType.HELLO, BROADCAST, Hello(1, 4, 9), "HELLO 3 -> all, counter 77: ring, epoch 4, round 9"),
    (FrameType.HELLO, BROADCAST, Hello(7, 4, 9), "HELLO 3 -> all, counter 77: network 7, epoch 4, round 9"),
    (FrameType.POLL, 2, Poll(4, 9, 2), "POLL 3 -> 2, counter 77: epoch 4, round 9, attempt 2"),
    (
        FrameType.READING,
        2,
        Reading(4, 9, 2, ((0, 61), (1, 120))),
        "READING 3 -> 2, counter 77: epoch 4, round 9, attempt 2;"
        " temperature 61 (-9.5 degC), humidity 120 (60 %)",
    ),
    (
        FrameType.READING,
        2,
        Reading(4, 9, 2, ()),
        "READING 3 -> 2, counter 77: epoch 4, round 9, attempt 2; no reading",
    ),
    (
        FrameType.BEAT,
        BROADCAST,
        Beat(4, 9, 120, 5000, 900),
        f"BEAT 3 -> all, counter 77: epoch 4, {ROUND_TEXT}, period 5000 ms, lease 900 ms",
    ),
    (
        FrameType.BEAT,
        BROADCAST,
        Beat(4, 9, 120, 5000, 900, (2, 5)),
        f"BEAT 3 -> all, counter 77: epoch 4, {ROUND_TEXT}, period 5000 ms, lease 900 ms, heirs 2, 5",
    ),
    (FrameType.GOODBYE, BROADCAST, Empty(), "GOODBYE 3 -> all, counter 77"),
    (FrameType.CHALLENGE, 2, Challenge(0xBEEF), "CHALLENGE 3 -> 2, counter 77: life 0x0000beef"),
    (
        FrameType.RESPONSE,
        2,
        Response(0xBEEF, 0xCAFE, 76),
        "RESPONSE 3 -> 2, counter 77: life 0x0000beef, answers 0x0000cafe/76",
    ),
    (
        FrameType.LETTER,
        BROADCAST,
        LETTER,
        "LETTER 3 -> all, counter 77: 7 to 9, number 0x0000beef/5, 6 hops left: 01ff",
    ),
    (
        FrameType.LETTER,
        BROADCAST,
        UPDATE,
        "LETTER 3 -> all, counter 77: 1 to all, number 0x0000beef/5, 6 hops left:"
        " actuator 2 of node 7 is 200 (silence)",
    ),
    (
        FrameType.HEARD,
        HOST,
        Heard(9, 1_000, 250),
        "HEARD 3 -> host, counter 77: counter 1000 of 9, quality 250",
    ),
    (
        FrameType.BOOT,
        HOST,
        Boot(0xBEEF, 5, 4, 0b01001, 0x1A2B),
        "BOOT 3 -> host, counter 77: 0x0000beef/5 after watchdog, sealed, counter was lost,"
        " settings CRC 0x1a2b",
    ),
    (
        FrameType.BOOT,
        HOST,
        Boot(0xBEEF, 5, 9, 0, 0),
        "BOOT 3 -> host, counter 77: 0x0000beef/5 after cause 9, settings CRC 0x0000",
    ),
    (FrameType.PAIR, BROADCAST, Pair(1, b"\x02\xfe"), "PAIR 3 -> all, counter 77: step 1: 02fe"),
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


def test_a_token_as_json_has_every_field(capsys: Capsys) -> None:
    assert main(["decode", "--json", frame_of(CASES[9]).hex()]) == 0
    assert json.loads(capsys.readouterr().out)["payload"] == {
        "id": {"epoch": 4, "generator": 3, "sequence": 100},
        "fork": 98,
        "home": 3,
        "follows": 65535,
        "version": 9,
        "next_version": 10,
        "age_ms": 120,
        "period_ms": 5000,
        "turn": 2,
        "flags": 3,
        "aggregates": [],
        "readings": [[7, [[0, 61], [1, 120]]], [3, [[9, 1]]]],
    }


def test_what_a_letter_bears_is_hex_as_json(capsys: Capsys) -> None:
    assert main(["decode", "--json", frame_of((FrameType.LETTER, BROADCAST, LETTER, "")).hex()]) == 0
    payload = json.loads(capsys.readouterr().out)["payload"]
    assert (payload["origin"], payload["body"]) == (7, "01ff")


def test_every_type_of_payload_has_a_text() -> None:
    assert {type(payload) for _, _, payload, _ in CASES} == set(get_args(Payload))


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
