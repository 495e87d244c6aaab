"""The Wireshark dissector, run by the real tshark: it names every field and judges as the codec does."""

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from protocol.aggregate import METRICS, Aggregate, metric_of
from protocol.capture import CaptureWriter, Direction, Record
from protocol.packets import (
    CRC_BYTES,
    HEADER_BYTES,
    TOKEN_ASKED,
    TOKEN_MORE,
    Ack,
    Beat,
    Boot,
    Challenge,
    Claim,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameError,
    FrameType,
    Heard,
    Hello,
    Help,
    Items,
    Letter,
    Network,
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
    crc16,
    decode,
)
from protocol.way import age_unit_ms
from tests.protocol import vectors

TSHARK = shutil.which("tshark")
SCRIPT = Path(__file__).parents[2] / "protocol" / "wireshark" / "treering.lua"
TIMEOUT_S = 50

pytestmark = pytest.mark.skipif(
    TSHARK is None and "CI" not in os.environ, reason="tshark is not installed (Debian: apt install tshark)"
)

FIELDS = (
    *("sealed", "wire_version", "type", "src", "dst", "counter", "payload", "tag", "crc", "drop_reason"),
    *("depth", "acked_version", "duration_ms", "help.version", "help.hop_count", "item.kind", "doubt"),
    *("sync.version", "sync.age", "sync.age_ms", "sync.hop_count", "sync.period_ms"),
    *("aggregate.metric", "aggregate.version", "aggregate.max", "aggregate.max_id", "aggregate.total"),
    *("aggregate.count", "aggregate.max_value", "aggregate.average", "aggregate.unit", "aggregate.saturated"),
    *("link.child", "link.parent", "link.quality"),
    *("token.epoch", "token.generator", "token.sequence", "token.fork", "token.home", "token.follows"),
    *("token.version", "token.next_version", "token.age_ms", "token.period_ms", "token.turn", "token.flags"),
    *("token.asked", "token.more", "sign.epoch", "sign.generator", "sign.sequence", "sign.version"),
    *("sign.passed_over", "sign.hold_ms", "claim.epoch", "claim.version"),
    *("hello.network", "hello.epoch", "hello.version", "poll.epoch", "poll.version", "poll.attempt"),
    *("reading.epoch", "reading.version", "reading.attempt", "reading.node", "reading.metric", "reading.raw"),
    *("reading.value", "beat.epoch", "beat.version", "beat.age_ms", "beat.period_ms", "beat.lease_ms"),
    *("beat.heir", "life", "challenged.life", "challenged.counter", "letter.hops", "letter.origin"),
    *("letter.addressee", "letter.origin_life", "letter.origin_counter", "letter.body", "heard.source"),
    *(
        "heard.counter",
        "heard.quality",
        "boot.life",
        "boot.counter",
        "boot.cause",
        "boot.flags",
        "boot.settings_crc",
    ),
    *("pair.step", "pair.body"),
)
FRAMES = vectors.frames()
MALFORMED = vectors.malformed()

Row = dict[str, list[str]]


def tshark(*arguments: str, config: Path) -> str:
    """What tshark prints, with the dissector and no one's own settings; fails on any Lua error."""
    assert TSHARK is not None, "tshark is not installed (Debian: apt install tshark)"
    done = subprocess.run(
        [TSHARK, *arguments, "-X", f"lua_script:{SCRIPT}"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        env=os.environ | {"WIRESHARK_CONFIG_DIR": str(config), "LC_ALL": "C.UTF-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "lua:" not in done.stderr.lower(), done.stderr
    assert "lua error" not in done.stdout.lower()
    return done.stdout


def rows_of(log: Path, config: Path) -> list[Row]:
    """The dissector's fields of every frame, each with all its values, without `treering.`."""
    wanted = [word for field in FIELDS for word in ("-e", f"treering.{field}")]
    printed = tshark("-r", str(log), "-T", "fields", "-E", "aggregator=|", *wanted, config=config)
    lines = [line.split("\t") for line in printed.split("\n")[:-1]]
    return [
        {field: values.split("|") for field, values in zip(FIELDS, line, strict=True) if values}
        for line in lines
    ]


def infos_of(log: Path, config: Path) -> list[str]:
    """The Info column of every frame."""
    column = 'gui.column.format:"Info","%i"'
    return tshark("-r", str(log), "-o", column, config=config).split("\n")[:-1]


def write_log(path: Path, frames: Iterable[bytes]) -> Path:
    writer = CaptureWriter()
    blocks = [writer.encode(Record(0, "air", Direction.INBOUND, frame)) for frame in frames]
    path.write_bytes(writer.header() + b"".join(blocks))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dissector")


@pytest.fixture(scope="module")
def log(folder: Path) -> Path:
    """Every vector, good ones first."""
    return write_log(folder / "vectors.pcapng", [data for data, _ in (*FRAMES.values(), *MALFORMED.values())])


@pytest.fixture(scope="module")
def rows(log: Path, folder: Path) -> dict[str, Row]:
    """The fields of every vector by its name."""
    return dict(zip((*FRAMES, *MALFORMED), rows_of(log, folder), strict=True))


@pytest.fixture(scope="module")
def infos(log: Path, folder: Path) -> dict[str, str]:
    return dict(zip((*FRAMES, *MALFORMED), infos_of(log, folder), strict=True))


# --- what the fields of a frame should be ------------------------------------------------------------------


def sync_row(sync: Sync) -> Row:
    numbers = {
        "sync.version": sync.version,
        "sync.age": sync.age,
        "sync.age_ms": sync.age * age_unit_ms(sync.period_ms),
        "sync.hop_count": sync.hop_count,
        "sync.period_ms": sync.period_ms,
    }
    return {key: [str(number)] for key, number in numbers.items()}


def items_row(items: Items) -> Row:
    found: Row = {"doubt": [str(items.doubt)]} if items.doubt else {}
    kinds = ["0xc0"] * len(items.links) + ["0xc1"] * bool(items.doubt)
    entries = [aggregate_fields(metric, aggregate) for metric, aggregate in items.aggregates]
    entries += [
        {"link.child": str(link.child), "link.parent": str(link.parent), "link.quality": str(link.quality)}
        for link in items.links
    ]
    for entry in entries:
        for key, value in entry.items():
            found.setdefault(key, []).append(value)
    return found | ({"item.kind": kinds} if kinds else {})


def aggregate_fields(metric_id: int, aggregate: Aggregate) -> dict[str, str]:
    metric, average = metric_of(metric_id), aggregate.average_raw
    found = {
        "aggregate.metric": str(metric_id),
        "aggregate.version": str(aggregate.version),
        "aggregate.max": str(aggregate.max),
        "aggregate.max_id": str(aggregate.max_id),
        "aggregate.total": str(aggregate.total),
        "aggregate.count": str(aggregate.count),
        "aggregate.unit": metric.unit,
        "aggregate.saturated": str(int(aggregate.saturated)),
    }
    if average is not None:
        found["aggregate.max_value"] = f"{metric.scaled(aggregate.max):.15g}"
        if not aggregate.saturated:
            found["aggregate.average"] = f"{metric.scaled(average):.15g}"
    return found


def numbers_row(head: str, numbers: dict[str, Any]) -> Row:
    return {f"{head}.{key}": [str(number)] for key, number in numbers.items() if isinstance(number, int)}


def token_row(token: Token) -> Row:
    found = numbers_row("token", asdict(token) | asdict(token.id)) | items_row(Items(token.aggregates))
    found["token.flags"] = [f"0x{token.flags:02x}"]
    found["token.asked"] = [str(int(bool(token.flags & TOKEN_ASKED)))]
    found["token.more"] = [str(int(bool(token.flags & TOKEN_MORE)))]
    if token.readings:
        found["item.kind"] = [f"0x{0x80 + len(pairs):02x}" for _, pairs in token.readings]
        found["reading.node"] = [str(node) for node, _ in token.readings]
    return found | pairs_row([pair for _, pairs in token.readings for pair in pairs])


def pairs_row(pairs: Sequence[tuple[int, int]]) -> Row:
    columns = {
        "reading.metric": [str(metric) for metric, _ in pairs],
        "reading.raw": [str(raw) for _, raw in pairs],
        "reading.value": [f"{metric_of(metric).scaled(raw):.15g}" for metric, raw in pairs],
    }
    return {key: values for key, values in columns.items() if values}


def payload_row(payload: Payload) -> Row:
    match payload:
        case Sync():
            return sync_row(payload)
        case Ack(acked_version, sync):
            return {"acked_version": [str(acked_version)]} | sync_row(sync)
        case Help(version, hop_count):
            return {"help.version": [str(version)], "help.hop_count": [str(hop_count)]}
        case Depth(depth):
            return {"depth": [str(depth)]}
        case Report(depth, items):
            return {"depth": [str(depth)]} | items_row(items)
        case Result(duration_ms, items):
            return {"duration_ms": [str(duration_ms)]} | items_row(items)
        case Empty():
            return {}
        case Token():
            return token_row(payload)
        case Sign():
            return numbers_row("sign", asdict(payload) | asdict(payload.id))
        case Reading():
            return numbers_row("reading", asdict(payload)) | pairs_row(payload.pairs)
        case Claim() | Hello() | Poll() | Beat():
            heirs = [str(heir) for heir in payload.heirs] if isinstance(payload, Beat) else []
            numbers = numbers_row(type(payload).__name__.lower(), asdict(payload))
            return numbers | ({"beat.heir": heirs} if heirs else {})
        case _:
            return sealing_row(payload)


def sealing_row(payload: Payload) -> Row:
    """Of the frames of PROTOCOL.md sections 10, 14 and 15."""
    match payload:
        case Challenge(life):
            return {"life": [str(life)]}
        case Response(life, challenged_life, challenged_counter):
            challenged = {"life": challenged_life, "counter": challenged_counter}
            return {"life": [str(life)]} | numbers_row("challenged", challenged)
        case Letter():
            return numbers_row("letter", asdict(payload)) | {"letter.body": [payload.body.hex()]}
        case Heard(source, counter, quality):
            return numbers_row("heard", {"source": source, "counter": counter, "quality": quality})
        case Boot(life, counter, cause, flags, settings_crc):
            patterns = {"boot.flags": [f"0x{flags:02x}"], "boot.settings_crc": [f"0x{settings_crc:04x}"]}
            return numbers_row("boot", {"life": life, "counter": counter, "cause": cause}) | patterns
        case Pair(step, body):
            return {"pair.step": [str(step)]} | ({"pair.body": [body.hex()]} if body else {})
    raise AssertionError(payload)


def frame_row(data: bytes, frame: Frame) -> Row:
    payload = data[HEADER_BYTES:-CRC_BYTES]
    return {
        "sealed": ["0"],
        "wire_version": ["0"],
        "type": [str(int(frame.type))],
        "src": [str(frame.source)],
        "dst": [str(frame.destination)],
        "counter": [str(frame.counter)],
        "crc": [f"0x{data[-CRC_BYTES:].hex()}"],
        **({"payload": [payload.hex()]} if payload else {}),
        **payload_row(frame.payload),
    }


# --- vectors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FRAMES)
def test_every_field_of_a_frame_has_its_name_and_value(rows: dict[str, Row], name: str) -> None:
    # A double is printed with 15 or 17 digits, which depends on the version of tshark.
    shown = {key: [tidy(key, value) for value in values] for key, values in rows[name].items()}
    assert shown == frame_row(*FRAMES[name])


def tidy(key: str, value: str) -> str:
    if key in ("aggregate.max_value", "aggregate.average", "reading.value"):
        return f"{float(value):.15g}"
    return {"True": "1", "False": "0"}.get(value, value)


@pytest.mark.parametrize("name", MALFORMED)
def test_what_a_receiver_drops_is_flagged_with_its_reason(
    rows: dict[str, Row], infos: dict[str, str], name: str
) -> None:
    _, reason = MALFORMED[name]
    assert rows[name]["drop_reason"] == [str(reason)]
    assert f"[{DropReason(reason).label}: " in infos[name]


@pytest.mark.parametrize(
    ("name", "info"),
    [
        ("discovery_root", "DISCOVERY 0 > all round 0: hop count 0"),
        ("discovery_largest", "DISCOVERY 65533 > all round 65535: no way to the root"),
        ("disc_ack", "DISC_ACK 7 > 3"),
        ("disc_ack_ack", "DISC_ACK_ACK 3 > 7 round 12: hop count 1"),
        ("depth_leaf", "DEPTH 7 > 3: depth 0"),
        ("data_one_metric", "DATA 7 > 3 round 12: temperature max 61 (-9.5 degC) at 9, count 4"),
        ("data_empty_aggregate", "DATA 7 > 3 round 12: temperature no reading"),
        (
            "data_saturated",
            "DATA 7 > 3 round 65535: metric_63 max 255 (255 raw) at 65533, count 65535, saturated",
        ),
        (
            "data_with_links_and_doubt",
            "DATA 3 > 0 round 12: temperature max 61 (-9.5 degC) at 9, count 6, 2 links, 4 in doubt",
        ),
        ("data_ack", "DATA_ACK 3 > 7 acks 12, round 12: hop count 1"),
        ("help", "HELP 9 > all round 12: hop count 3"),
        ("look", "LOOK 9 > all round 12: hop count 3"),
        ("help_never_joined", "HELP 9 > all: never joined"),
        ("help_ack", "HELP_ACK 8 > 9 round 13: hop count 2"),
        ("help_ack_data_without_items", "HELP_ACK_DATA 9 > 8"),
        ("help_confirm", "HELP_CONFIRM 8 > 9 acks 13, round 13: hop count 2"),
        ("result", "RESULT 0 > host round 12: temperature max 61 (-9.5 degC) at 9, count 6, after 840 ms"),
        (
            "token_of_one_aggregate",
            "TOKEN 3 > 7 round 12: token 4/3/1000, turn 0, home 3,"
            " temperature max 61 (-9.5 degC) at 9, count 6",
        ),
        ("token_with_readings", "TOKEN 3 > 7 round 12: token 4/3/1000, turn 2, home 3, readings of 3 nodes"),
        ("sign", "SIGN 3 > all round 12: token 4/3/1000, the next sign within 750 ms"),
        ("sign_to_a_sender_of_an_old_token", "SIGN 9 > 3 round 12: token 4/3/1000"),
        (
            "sign_passed_over",
            "SIGN 3 > all round 12: token 5/3/1001, the next sign within 750 ms, passed over 7",
        ),
        ("sign_muster", "SIGN 3 > all round 12: token 7/3/1003, the next sign within 750 ms, muster"),
        ("claim", "CLAIM 9 > all round 12: epoch 5"),
        ("hello_ring", "HELLO 9 > all round 12: ring, epoch 4"),
        ("hello_polling", "HELLO 9 > all round 12: polling, epoch 4"),
        ("hello_of_an_unknown_network", "HELLO 65533 > all round 65535: network 255, epoch 65535"),
        ("poll", "POLL 1 > 9 round 12: epoch 4, attempt 1"),
        (
            "reading",
            "READING 9 > 1 round 12: epoch 4, attempt 1, temperature 61 (-9.5 degC), humidity 120 (60 %)",
        ),
        ("reading_of_nothing", "READING 9 > 1 round 12: epoch 4, attempt 2, no reading"),
        ("beat", "BEAT 1 > all round 12: began 250 ms ago, epoch 4, lease 900 ms"),
        (
            "beat_with_heirs",
            "BEAT 1 > all round 12: began 250 ms ago, epoch 4, lease 900 ms, heirs 2, 3, 5",
        ),
        ("goodbye", "GOODBYE 9 > all"),
        ("challenge", "CHALLENGE 9 > 3 in life 0x5eed0001"),
        ("response", "RESPONSE 3 > 9 in life 0x5eed0002, to challenge 4115"),
        ("letter", "LETTER 3 > all letter 4118 of 1 for 9, 15 hops left"),
        ("heard", "HEARD 3 > host frame 4114 of 9, link quality 247"),
        ("boot", "BOOT 3 > host 0x5eed0002/4096 after power on"),
        ("pair", "PAIR 9 > all step 1"),
        ("token_node_twice", "TOKEN 3 > 7 round 12: token 4/3/1000, turn 0, home 3, readings of 3 nodes"
         " [malformed: a node twice]"),
        ("reading_metric_64", "READING 3 > 7 round 12: epoch 4, attempt 1, no reading"
         " [malformed: a metric above 63]"),
        ("sealed", "DATA 7 > 3 [sealed: readable with the key only]"),
        ("one_byte", "[truncated: 1 bytes, at least 10]"),
        ("crc_last_bit", "DATA 7 > 3 [checksum: CRC-16 is 0x53a4 of these bytes]"),
        ("data_doubt_0", "DATA 7 > 3 round 12: temperature max 61 (-9.5 degC) at 9, count 4, 0 in doubt"
         " [malformed: a doubt of 0]"),
    ],
)  # fmt: skip
def test_the_info_column_is_read_by_people(infos: dict[str, str], name: str, info: str) -> None:
    assert infos[name].strip() == info


@pytest.mark.parametrize(
    ("filter_", "reasons"),
    [
        ("treering.crc.bad", {DropReason.CHECKSUM}),
        ("treering.malformed", {DropReason.OVERSIZED, DropReason.TRUNCATED, DropReason.MALFORMED}),
        ("treering.undecoded", {DropReason.WIRE_VERSION, DropReason.SEALED, DropReason.UNKNOWN_TYPE}),
        ("!treering.drop_reason", {None}),
    ],
)
def test_a_filter_finds_what_is_wrong(
    log: Path, folder: Path, filter_: str, reasons: set[DropReason | None]
) -> None:
    every_reason = [None for _ in FRAMES] + [reason for _, reason in MALFORMED.values()]
    found = tshark("-r", str(log), "-Y", filter_, "-T", "fields", "-e", "frame.number", config=folder)
    expected = [number for number, reason in enumerate(every_reason, 1) if reason in reasons]
    assert list(map(int, found.split())) == expected


# --- against the codec -----------------------------------------------------------------------------------


def test_the_names_of_types_metrics_and_reasons_are_those_of_the_protocol(folder: Path) -> None:
    names: dict[str, dict[int, str]] = {}
    for line in tshark("-G", "values", config=folder).split("\n"):
        if line.startswith("V\ttreering."):
            _, field, number, name = line.split("\t")
            names.setdefault(field, {})[int(number, 0)] = name
    assert names["treering.type"] == {int(frame_type): frame_type.name for frame_type in FrameType}
    assert names["treering.aggregate.metric"] == {id_: metric_of(id_).name for id_ in range(64)}
    of_bytes = [reason for reason in DropReason if DropReason.OVERSIZED <= reason <= DropReason.MALFORMED]
    assert names["treering.reading.metric"] == names["treering.aggregate.metric"]
    assert names["treering.hello.network"] == {int(network): network.name.lower() for network in Network}
    assert names["treering.drop_reason"] == {int(reason): reason.label for reason in of_bytes}


def with_crc(body: bytes) -> bytes:
    return body + crc16(body).to_bytes(CRC_BYTES, "big")


def test_raw_readings_of_every_metric_mean_the_same(folder: Path) -> None:
    entries = [
        (metric_id, Aggregate(1, raw, 7, 3 * raw, 3)) for metric_id in (*METRICS, 5) for raw in (0, 101, 255)
    ]
    frames = [
        with_crc(bytes.fromhex("0500070003000001" + "00") + bytes([metric_id]) + packed(aggregate))
        for metric_id, aggregate in entries
    ]
    shown = rows_of(write_log(folder / "metrics.pcapng", frames), folder)
    for (metric_id, aggregate), row in zip(entries, shown, strict=True):
        metric = metric_of(metric_id)
        assert float(row["aggregate.max_value"][0]) == metric.scaled(aggregate.max)
        assert float(row["aggregate.average"][0]) == metric.scaled(aggregate.max)
        assert row["aggregate.unit"] == [metric.unit]


def packed(aggregate: Aggregate) -> bytes:
    fields = (aggregate.version, aggregate.max, aggregate.max_id, aggregate.total, aggregate.count)
    return struct.pack(">HBHHH", *fields)


def damaged(rng: random.Random) -> bytes:
    """A vector with a few bytes changed, cut or added, mostly under a right CRC."""
    data = bytearray(rng.choice([data for data, _ in FRAMES.values()])[:-CRC_BYTES])
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.choice(
                    [0, 1, 0x3F, 0x40, 0x80, 0x81, 0x85, 0x86, 0xC0, 0xC1, 0xC2, 0xFF, rng.randrange(256)]
                )
            case 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                del data[rng.randrange(1, len(data) + 1) :]
            case _:
                data[at:at] = rng.randbytes(rng.choice([1, 2, 3, 6, 10, 40]))
    return with_crc(bytes(data)) if rng.random() < 0.9 else bytes(data)


def test_damaged_frames_and_noise_are_judged_as_by_the_codec(folder: Path) -> None:
    seed = 1
    rng = random.Random(seed)
    frames = [damaged(rng) for _ in range(3000)] + [rng.randbytes(rng.randrange(120)) for _ in range(500)]
    shown = rows_of(write_log(folder / "damaged.pcapng", frames), folder)
    judged = [judgement(data) for data in frames]
    assert set(judged) >= {None, *range(DropReason.OVERSIZED, DropReason.MALFORMED + 1)}
    for data, row, reason in zip(frames, shown, judged, strict=True):
        expected = None if reason is None else [str(int(reason))]
        assert row.get("drop_reason") == expected, f"seed={seed} frame={data.hex()}"


def judgement(data: bytes) -> DropReason | None:
    """Why the codec drops it, or that it does not."""
    try:
        decode(data)
    except FrameError as error:
        return error.reason
    return None


# --- UDP -------------------------------------------------------------------------------------------------


def test_frames_on_the_udp_port_are_dissected_too(folder: Path) -> None:
    data, frame = FRAMES["data_one_metric"]
    udp = struct.pack(">HHHH", 40000, 28539, 8 + len(data), 0) + data
    loopback, group = bytes([127, 0, 0, 1]), bytes([239, 84, 82, 71])
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 1, 17, 0, loopback, group)
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    capture = folder / "udp.pcap"
    capture.write_bytes(header + struct.pack("<IIII", 0, 0, len(ip + udp), len(ip + udp)) + ip + udp)
    (row,) = rows_of(capture, folder)
    assert row["src"] == [str(frame.source)]
    assert row["aggregate.max"] == ["61"]
    assert "drop_reason" not in row


def test_a_sealed_challenge_shows_its_life(folder: Path) -> None:
    sealed = {name: vectors.unhex(words[-1]) for name, *words in vectors.rows("sealed", "frame")}
    log = write_log(folder / "lives.pcapng", [sealed["challenge"], sealed["response"], sealed["disc_ack"]])
    challenge, response, other = rows_of(log, folder)
    assert (int(challenge["life"][0], 0), int(response["life"][0], 0)) == (0x5EED0001, 0x5EED0002)
    assert "payload" not in challenge
    assert len(response["payload"][0]) == 2 * 7
    assert "life" not in other
    assert infos_of(log, folder)[0].startswith("CHALLENGE 9 > 3 in life 0x5eed0001 [sealed")
