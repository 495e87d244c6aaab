"""Writes the constants that the C core shares with protocol/ to firmware/core/tr_constants.h.

python -m firmware.generate_constants    (or: make constants)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any

from protocol import (
    aggregate,
    children,
    letter_box,
    letters,
    long_counter,
    parent_link,
    polling_lease,
    polling_primary,
    polling_round,
    proofs,
    replay_window,
    ring_parts,
    ring_watch,
    settings,
    timing,
    tree_joining,
    way,
    wire_format,
)
from protocol.payloads import DropReason, FrameType, Network

HEADER = Path(__file__).parent / "core" / "tr_constants.h"

_NUMBERS = (
    "WIRE_VERSION",
    "HEADER_BYTES",
    "CRC_BYTES",
    "MAX_PAYLOAD_BYTES",
    "MAX_FRAME_BYTES",
    "MAX_AGGREGATES",
    "MAX_LINKS",
    "MAX_PAIRS",
    "MAX_HEIRS",
    "TOKEN_ASKED",
    "TOKEN_MORE",
)
_PATTERNS = (
    "SEALED_BIT",
    "BROADCAST",
    "HOST",
    "MAX_NODE_ID",
    "NO_HOP_COUNT",
    "MUSTER",
    "MAX_U24",
    "METRIC_MASK",
    "ITEM_READINGS",
    "ITEM_LINK",
    "ITEM_DOUBT",
)
_PARENT_LINK = ("ETX_ONE", "HYSTERESIS_ETX16", "LOOK_ROUNDS", "_MOST_TRIES")
_STRUCTS = ("SYNC", "AGGREGATE", "LINK", "DOUBT", "ACK", "DEPTH", "HELP", "DURATION")
_PEER_STRUCTS = ("PAIR", "TOKEN_ID", "TOKEN_HEAD", "SIGN", "CLAIM", "HELLO", "POLL", "BEAT_HEAD")
_RING = ("FORGET_VISITS", "MUSTER_AFTER", "UNVISITED_ROUNDS")
_LEASE = ("NO_EPOCH", "MAX_SKIP", "LISTEN_STAGGERS")
_PRIMARY = ("LONE_BEATS", "CALM_ROUNDS", "ABSENT_MISSES")
_STORE = (
    "COPY_BYTES",
    "MAX_SETTINGS_BYTES",
    "SLOTS",
    "SLOT_BYTES",
    "SLOTS_ADDRESS",
    "ORIGIN_ADDRESS",
    "EEPROM_BYTES",
)
_PROOFS = (
    *(
        "INTRODUCTION_MS",
        "INTRODUCTION_SPREAD_MS",
        "RESPONSE_SPREAD_MS",
        "ANSWER_WAIT_MS",
        "LONGEST_PAUSE_MS",
    ),
    "PAUSE_SPREAD_DIVISOR",
)
_POLLED_ROUND = ("DOUBTFUL_MISSES", "CROWD", "SUSPECT_HOLD_DIVISOR")


def generate() -> str:
    """The text of tr_constants.h."""
    return "\n".join(
        [
            "/* Generated from protocol/ by `make constants`; do not edit. */",
            "#ifndef TR_CONSTANTS_H",
            "#define TR_CONSTANTS_H",
            "",
            "#include <stdint.h>",
            "",
            "/* PROTOCOL.md sections 1 and 2. */",
            *(_define(name, getattr(wire_format, name)) for name in _NUMBERS),
            *(_define(name, getattr(wire_format, name), "#x") for name in _PATTERNS),
            *(
                _define(f"{name}_BYTES", getattr(wire_format, name).sizeof())
                for name in _STRUCTS + _PEER_STRUCTS
            ),
            _define("SATURATED", aggregate.SATURATED, "#x"),
            _define("NO_NODE", aggregate.NO_NODE, "#x"),
            *(_define(f"METRIC_{m.name.upper()}", m.id) for m in aggregate.METRICS.values()),
            "",
            *_enum("frame_type", "", FrameType),
            _define("LAST_FRAME_TYPE", max(FrameType)),
            "",
            *_enum("network", "NETWORK_", Network),
            "",
            "/* PROTOCOL.md section 8. */",
            *_enum("drop_reason", "DROP_", DropReason),
            "",
            "/* PROTOCOL.md 5.2, 5.4, 5.5, 6.5 and section 7. */",
            _define("VAIN_CALLS", tree_joining.VAIN_CALLS),
            *(
                _define(name, getattr(way, name))
                for name in ("FRESH_PERIODS", "FORGET_PERIODS", "CLOCK_ERROR_MS", "DRIFT_SHIFT")
            ),
            *(
                _define(name, getattr(children, name))
                for name in ("HISTORY_ROUNDS", "FULL_QUALITY", "RENEWAL_ROUNDS")
            ),
            *(_define(name.lstrip("_"), getattr(parent_link, name)) for name in _PARENT_LINK),
            _define("LEAST_MARGIN_MS", timing.Timing().ack_timeouts.least_margin_ms),
            *(_define(name, getattr(timing, name)) for name in ("SPREAD_GROWTH", "MAX_PERIOD_MS")),
            *(_define(f"DEFAULT_{name.upper()}", value) for name, value in asdict(timing.Timing()).items()),
            "",
            "/* PROTOCOL.md section 11 and 12.7: networks of peers, the ring. */",
            *(_define(f"RING_{name}", getattr(ring_parts, name)) for name in _RING),
            _define("RING_LONGEST_DELAY_MS", ring_watch.LONGEST_DELAY_MS),
            *_defaults("PEERS", asdict(timing.PeerTiming())),
            *_defaults("RING", asdict(timing.RingTiming())),
            "",
            "/* PROTOCOL.md section 13. */",
            *(_define(f"POLLING_{name}", getattr(polling_lease, name)) for name in _LEASE),
            *(_define(f"POLLING_{name}", getattr(polling_primary, name)) for name in _PRIMARY),
            *(_define(f"POLLING_{name}", getattr(polling_round, name)) for name in _POLLED_ROUND),
            *_defaults("POLLING", asdict(timing.PollingTiming())),
            "",
            "/* PROTOCOL.md sections 10 and 14. */",
            _define("RESERVED_NUMBERS", long_counter.RESERVED_AHEAD),
            _define("WINDOW_FRAMES", replay_window.WINDOW_FRAMES),
            *(_define(name, getattr(proofs, name)) for name in _PROOFS),
            _define("FIRST_HOPS", letters.FIRST_HOPS),
            _define("PASS_ON_JITTER_MS", letter_box.PASS_ON_JITTER_MS),
            *_enum("letter_kind", "LETTER_", letters.Kind),
            *_enum("letter_status", "STATUS_", letters.Status),
            *_enum("actuator_cause", "CAUSE_", letters.Cause),
            "",
            "/* PROTOCOL.md section 16. */",
            *(_define(name, getattr(settings, name)) for name in _STORE),
            *_enum("setting", "SETTING_", settings.Key),
            *_enum("role", "ROLE_", settings.Roles),
            *_enum("sensor", "SENSOR_", settings.Sensors),
            "",
            "#endif",
            "",
        ]
    )


def _define(name: str, value: int, style: str = "d") -> str:
    """Unsigned, and as wide as it must be where an int has 16 bits."""
    digits = format(value, style)
    return f"#define TR_{name} {f'UINT32_C({digits})' if value > 0xFFFF else digits + 'u'}"


def _defaults(prefix: str, numbers: Mapping[str, Any]) -> Iterator[str]:
    """A network's timers; how nodes make themselves known is the same in all networks of peers."""
    for name, value in numbers.items():
        if name == "ack_timeouts":
            ack_timeouts = {f"ack_timeout_{part}": number for part, number in value.items()}
            yield from _defaults(prefix, ack_timeouts)
        elif name != "peers":
            yield _define(f"{prefix}_DEFAULT_{name.upper()}", value)


def _enum(name: str, prefix: str, members: type[IntEnum] | type[IntFlag]) -> Iterator[str]:
    yield f"enum tr_{name} {{"
    for member in members:
        yield f"    TR_{prefix}{member.name} = {member.value},"
    yield "};"


if __name__ == "__main__":
    HEADER.write_text(generate(), encoding="ascii", newline="\n")
