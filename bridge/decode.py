"""`treering decode`: the fields of one frame in hex, or of every frame of a packet log."""

from __future__ import annotations

import argparse
import json
import logging
import os
from dataclasses import asdict

from bridge.access import RecordOpener, add_reading_arguments, reading_access_of, unread_text
from bridge.capture_file import read_records
from bridge.errors import UsageError
from bridge.report import log_to_stderr
from protocol.aggregate import Aggregate, metric_of
from protocol.capture import Direction, Record
from protocol.letters import Cause, update_in
from protocol.long_counter import LIFE_SHIFT
from protocol.packets import (
    BROADCAST,
    HOST,
    MUSTER,
    NO_ID,
    TOKEN_ASKED,
    TOKEN_MORE,
    TYPE_MASK,
    Ack,
    Beat,
    Boot,
    Challenge,
    Claim,
    Depth,
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
    Pairs,
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
    decode,
    peek_header,
)
from protocol.sealing import shown_number, unfit
from protocol.way import age_unit_ms

HELP = "print the fields of a frame, or of every frame of a log"
_log = logging.getLogger(__name__)
_NAMED = {BROADCAST: "all", HOST: "host"}
# PROTOCOL.md 15.3
_BOOT_CAUSES = {0: "unknown", 1: "power on", 2: "reset", 3: "brown-out", 4: "watchdog"}
_BOOT_FLAGS = ("sealed", "root", "two ports", "counter was lost", "settings were lost")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering decode`."""
    parser.add_argument(
        "what", metavar="HEX|FILE", help="a frame in hex (blanks and colons allowed), or a packet log"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a frame")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the fields. Raises UsageError for what is neither a frame nor a log."""
    log_to_stderr()
    if os.path.isfile(args.what):  # Path.is_file raises for hex that is longer than a file name may be
        return _print_log(args)
    if args.keys is not None:
        raise UsageError("--keys opens the frames of a log: one frame does not tell its life; name a log")
    try:
        frame = decode(_bytes_of(args.what))
    except FrameError as error:
        raise UsageError(f"{args.what}: {error}; check that no byte is missing or changed") from error
    print(json_text(_frame_json(frame)) if args.json else _frame_text(frame))
    return 0


def _print_log(args: argparse.Namespace) -> int:
    opener = RecordOpener(reading_access_of(args))
    if args.keys is not None:
        opener.learn(read_records(args.what))
    first_us = None
    for record in read_records(args.what):
        first_us = record.timestamp_us if first_us is None else first_us
        shown = opener.open(record) or record
        print(json_text(record_json(shown)) if args.json else _record_text(shown, first_us))
    if remark := unread_text(opener, {}):
        _log.warning("%s", remark)
    return 0


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text.replace(":", " "))
    except ValueError:
        raise UsageError(
            f"{text}: neither a file nor hex; give a packet log, or a frame as hex digits"
        ) from None


# --- JSON ------------------------------------------------------------------------------------------------


def json_text(found: dict[str, object]) -> str:
    """As one line; what a letter or a pairing bears is opaque here, and stands in hex."""
    return json.dumps(found, default=bytes.hex)


def _frame_json(frame: Frame) -> dict[str, object]:
    return asdict(frame) | {"type": frame.type.name}


def record_json(record: Record) -> dict[str, object]:
    """The record, and what its frame says; of a sealed one its header."""
    head: dict[str, object] = {
        "timestamp_us": record.timestamp_us,
        "link": record.link,
        "direction": record.direction.name.lower(),
        "frame": record.frame.hex(),
    }
    if record.comment is not None:
        head["comment"] = record.comment
    try:
        return head | _frame_json(decode(record.frame))
    except FrameError as error:
        return head | _sealed_json(record.frame) | {"dropped": error.reason.label, "detail": str(error)}


def _sealed_json(frame: bytes) -> dict[str, object]:
    """What can be read of a sealed frame without keys: its header."""
    if unfit(frame) is not None:
        return {}
    first, source, destination, counter = peek_header(frame)
    return {
        "type": _type_name(first),
        "source": source,
        "destination": destination,
        "counter": counter,
    }


def _type_name(first: int) -> str:
    number = first & TYPE_MASK
    return FrameType(number).name if number in list(FrameType) else f"type {number}"


# --- text ------------------------------------------------------------------------------------------------


def _record_text(record: Record, first_us: int) -> str:
    """Seconds since the first record, link and direction, frame."""
    arrow = "<" if record.direction is Direction.INBOUND else ">"
    head = f"{(record.timestamp_us - first_us) / 1e6:10.6f}  {record.link} {arrow}"
    try:
        return f"{head}  {_frame_text(decode(record.frame))}"
    except FrameError as error:
        if unfit(record.frame) is None:
            return f"{head}  {_sealed_text(record.frame)}"
        return f"{head}  dropped, {error}: {record.frame.hex()}"


def _sealed_text(frame: bytes) -> str:
    first, source, destination, counter = peek_header(frame)
    to = _NAMED.get(destination, str(destination))
    shown = shown_number(frame)
    life = "" if shown is None else f", life 0x{shown >> LIFE_SHIFT:08x}"
    return f"{_type_name(first)} {source} -> {to}, counter {counter}{life}: sealed"


def _frame_text(frame: Frame) -> str:
    to = _NAMED.get(frame.destination, str(frame.destination))
    payload = payload_text(frame.payload)
    head = f"{frame.type.name} {frame.source} -> {to}, counter {frame.counter}"
    return f"{head}: {payload}" if payload else head


def payload_text(payload: Payload) -> str:
    """What it says, in a line."""
    match payload:
        case Sync(version, age, hop_count, period_ms):
            age_ms = age * age_unit_ms(period_ms)
            return f"round {version} began {age_ms} ms ago, hop count {hop_count}, period {period_ms} ms"
        case Ack(acked_version, sync):
            return f"acks round {acked_version}; {payload_text(sync)}"
        case Help(version, hop_count):
            return f"round {version}, hop count {hop_count}"
        case Depth(depth):
            return f"depth {depth}"
        case Report(depth, items):
            return f"depth {depth}; {_items_text(items)}"
        case Result(duration_ms, items):
            return f"after {duration_ms} ms; {_items_text(items)}"
        case Empty():
            return ""
        case Token() | Sign() | Claim():
            return _ring_text(payload)
        case Hello(network, epoch, version):
            name = Network(network).name.lower() if network in list(Network) else f"network {network}"
            return f"{name}, epoch {epoch}, round {version}"
        case Poll() | Reading() | Beat():
            return _polling_text(payload)
        case Challenge() | Response() | Letter() | Heard() | Boot() | Pair():
            return _service_text(payload)


def _ring_text(payload: Token | Sign | Claim) -> str:
    match payload:
        case Token():
            return _token_text(payload)
        case Sign(id=token, version=version, passed_over=passed_over, hold_ms=hold_ms):
            held = f", the next sign within {hold_ms} ms" if hold_ms else ""
            passed = {NO_ID: "", MUSTER: ", muster"}.get(passed_over, f", passed over {passed_over}")
            return f"{_token_id_text(token)}, round {version}{held}{passed}"
        case Claim(epoch, version):
            return f"epoch {epoch}, round {version}"


def _polling_text(payload: Poll | Reading | Beat) -> str:
    match payload:
        case Poll(epoch, version, attempt):
            return f"epoch {epoch}, round {version}, attempt {attempt}"
        case Reading(epoch, version, attempt, pairs):
            return f"epoch {epoch}, round {version}, attempt {attempt}; {_pairs_text(pairs)}"
        case Beat(epoch, version, age_ms, period_ms, lease_ms, heirs):
            began = f"epoch {epoch}, round {version} began {age_ms} ms ago"
            named = f", heirs {', '.join(map(str, heirs))}" if heirs else ""
            return f"{began}, period {period_ms} ms, lease {lease_ms} ms{named}"


def _service_text(payload: Challenge | Response | Letter | Heard | Boot | Pair) -> str:
    """What serves any network: trust, letters, gateways."""
    match payload:
        case Challenge(life):
            return f"life 0x{life:08x}"
        case Response(life, challenged_life, challenged_counter):
            return f"life 0x{life:08x}, answers {_long_counter_text(challenged_life, challenged_counter)}"
        case Letter(hops, origin, addressee, life, counter):
            number = _long_counter_text(life, counter)
            whom = "all" if addressee == origin else str(addressee)
            return f"{origin} to {whom}, number {number}, {hops} hops left: {_letter_text(payload)}"
        case Pair(step, body):
            return f"step {step}: {body.hex()}"
        case Heard(source, counter, quality):
            return f"counter {counter} of {source}, quality {quality}"
        case Boot(life, counter, cause, flags, settings_crc):
            started = f"{_long_counter_text(life, counter)} after {_BOOT_CAUSES.get(cause, f'cause {cause}')}"
            told = [name for bit, name in enumerate(_BOOT_FLAGS) if flags >> bit & 1]
            return ", ".join([started, *told, f"settings CRC 0x{settings_crc:04x}"])


def _letter_text(letter: Letter) -> str:
    """What it tells all; of letters to one node, which are sealed once more, the bytes."""
    update = update_in(letter)
    if update is None:
        return letter.body.hex()
    cause = Cause(update.cause).label if update.cause in list(Cause) else f"cause {update.cause}"
    return f"actuator {update.actuator} of node {update.node} is {update.value} ({cause})"


def _long_counter_text(life: int, counter: int) -> str:
    return f"0x{life:08x}/{counter}"


def _token_text(token: Token) -> str:
    follows = "" if token.follows == NO_ID else f", then {token.follows}"
    head = (
        f"{_token_id_text(token.id)}, fork {token.fork}, home {token.home}{follows},"
        f" round {token.version} began {token.age_ms} ms ago, turn {token.turn},"
        f" next round {token.next_version}, period {token.period_ms} ms"
    )
    parts = [_aggregate_text(metric, aggregate) for metric, aggregate in token.aggregates]
    parts += [f"node {node}: {_pairs_text(pairs)}" for node, pairs in token.readings]
    if token.flags & TOKEN_ASKED:
        parts.append("readings asked for")
    if token.flags & TOKEN_MORE:
        parts.append("readings wait for room")
    return "; ".join([head, *parts])


def _token_id_text(token: TokenId) -> str:
    return f"token {token.epoch}/{token.generator}/{token.sequence}"


def _pairs_text(pairs: Pairs) -> str:
    return ", ".join(_reading_text(metric_id, raw) for metric_id, raw in pairs) or "no reading"


def _reading_text(metric_id: int, raw: int) -> str:
    metric = metric_of(metric_id)
    return f"{metric.name} {raw} ({metric.scaled(raw):g} {metric.unit})"


def _items_text(items: Items) -> str:
    parts = [_aggregate_text(metric, aggregate) for metric, aggregate in items.aggregates]
    parts += [f"{link.child} under {link.parent}, quality {link.quality}" for link in items.links]
    if items.doubt:
        parts.append(f"{items.doubt} in doubt")
    return "; ".join(parts) or "no items"


def _aggregate_text(metric_id: int, aggregate: Aggregate) -> str:
    metric = metric_of(metric_id)
    head = f"round {aggregate.version} {metric.name}"
    if not aggregate.count:
        return f"{head} no reading"
    value = f"{metric.scaled(aggregate.max):g} {metric.unit}"
    return (
        f"{head} max {aggregate.max} ({value}) at {aggregate.max_id},"
        f" total {aggregate.total}, count {aggregate.count}"
    )
