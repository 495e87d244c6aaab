"""`treering bridge status`: asks a running bridge, and prints what it says."""

from __future__ import annotations

import argparse
import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from bridge.addresses import Address, address_text
from bridge.errors import TreeringError
from bridge.status import BridgeStatus

TIMEOUT_S = 5.0
MAX_STATUS_BYTES = 1 << 24

_LENGTHS: Mapping[Literal["length", "littles_length", "mm1_length"], str] = {
    "length": "waiting",
    "littles_length": "by Little",
    "mm1_length": "by M/M/1",
}


def fetch_status(address: Address) -> BridgeStatus:
    """What the bridge that answers there says. Raises TreeringError if none does."""
    where = address_text(address)
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/status", headers={"Host": f"localhost:{address.port}"})
        answer = connection.getresponse()
        body = answer.read(MAX_STATUS_BYTES)
        status = json.loads(body) if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise TreeringError(
            f"no bridge answers at {where} ({reason}); is `treering bridge` running, and its [status] listen"
            " this address?"
        ) from error
    finally:
        connection.close()
    if not isinstance(status, dict) or "segments" not in status:
        raise TreeringError(f"{where} is no Treering bridge; give --at HOST:PORT of one")
    return cast(BridgeStatus, status)


def show_status(args: argparse.Namespace) -> int:
    """Print it, as JSON if asked."""
    status = fetch_status(args.at)
    print(json.dumps(status) if args.json else "\n".join(status_lines(status)))
    return 0


def status_lines(status: BridgeStatus) -> Iterator[str]:
    """The status as people read it."""
    who = f"{status['name']}: {'sealed' if status['is_sealed'] else 'OPEN'} {status['network']}"
    own = "" if status["node"] is None else f", node {status['node']}"
    yield f"{who}{own}, up {span_text(status['up_s'])}, treering {status['version']}"
    yield from (f"warning: {warning}" for warning in status["warnings"])
    yield from _segments(status)
    yield from _peers(status)
    yield from _log(status)
    yield from _consumers(status)
    yield from _flow(status)
    yield from _rules(status)


def _segments(status: BridgeStatus) -> Iterator[str]:
    head = ("segment", "state", "in", "out", "in/s", "out/s", "dropped", "unsent", "queue")
    rows = [
        (
            segment["link"],
            "up" if segment["is_up"] else f"DOWN: {segment['reason']}",
            segment["frames_in"],
            segment["frames_out"],
            f"{segment['rate_in']:.1f}",
            f"{segment['rate_out']:.1f}",
            ", ".join(f"{count} {reason}" for reason, count in segment["drops"].items()) or 0,
            segment["unsent"],
            f"{segment['fill']:.0%}",
        )
        for segment in status["segments"]
    ]
    return _table(head, rows)


def _peers(status: BridgeStatus) -> Iterator[str]:
    head = ("peer", "state", "heard", "every", "segment", "address", "frames", "lost")
    rows = [
        (
            f"node {peer['node']}",
            peer["state"],
            f"{span_text((status['now_us'] - peer['last_heard_us']) / 1e6)} ago",
            "?" if peer["interval_s"] is None else span_text(peer["interval_s"]),
            peer["link"],
            peer["address"] or "-",
            peer["frames"],
            peer["lost_frames"],
        )
        for peer in status["peers"]
    ]
    return _table(head, rows)


def _log(status: BridgeStatus) -> Iterator[str]:
    log = status["log"]
    size, free = size_text(log["size_bytes"]), size_text(log["free_bytes"])
    yield ""
    yield f"log {log['folder']}: {log['segments']} segments, {size}, {free} free;"
    yield f"    {log['records']} records, {log['lost_records']} not kept"


def _consumers(status: BridgeStatus) -> Iterator[str]:
    head = ("consumer", "state", "behind", *_LENGTHS.values(), "facts", "retries", "last error")
    rows = [
        (
            one["name"],
            one["state"],
            f"{one['lag_records']} records, {span_text(one['lag_s'])}",
            *(_known(one["queue"][length]) for length in _LENGTHS),
            one["taken"],
            one["retries"],
            one["last_error"] or "-",
        )
        for one in status["consumers"]
    ]
    return _table(head, rows)


def _flow(status: BridgeStatus) -> Iterator[str]:
    latencies = [
        (stage["stage"], f"{stage['p50_ms']:.1f}", f"{stage['p99_ms']:.1f}", f"{stage['max_ms']:.1f}")
        for stage in status["latencies"]
    ]
    yield from _table(("latency", "p50 ms", "p99 ms", "max ms"), latencies)


def _rules(status: BridgeStatus) -> Iterator[str]:
    rules = [(rule["name"], "active" if rule["is_active"] else "-", rule["text"]) for rule in status["rules"]]
    yield from _table(("rule", "now", "says"), rules)
    actuators = [
        (one["name"], f"{one['node']}.{one['actuator']}", one["state"], _known(one["value"]))
        for one in status["actuators"]
    ]
    yield from _table(("actuator", "node", "state", "value"), actuators)
    streams = [
        (stream["name"], f"{_known(stream['value'])} {stream['unit']}".rstrip())
        for stream in status["streams"]
    ]
    yield from _table(("stream", "newest"), streams)


def _known(value: float | None) -> str:
    return "?" if value is None else f"{value:.4g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Columns as wide as what stands in them; nothing without rows."""
    if not rows:
        return
    texts = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    yield ""
    for row in texts:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def span_text(seconds: float) -> str:
    """A time as people read it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{max(seconds, 0):.1f} s"


def size_text(count_bytes: float) -> str:
    """A size as people read it."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count_bytes >= size:
            return f"{count_bytes / size:.1f} {unit}"
    return f"{count_bytes:.0f} B"
