"""What the list of packets says of each, a line a packet; no tkinter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from bridge.decode import json_text, payload_text, record_json
from desktop.lists.table import Column
from desktop.packets.dissect import node_name, type_name
from desktop.packets.index import PacketIndex
from desktop.packets.opening import FrameOpener
from desktop.packets.scan import UNREADABLE
from protocol.capture import Record
from protocol.packets import DropReason, FrameError, decode

COLUMNS = (
    Column("no.", 6, "e"),
    Column("seconds", 7.6, "e"),
    Column("link", 5),
    Column("↔", 2, "center"),
    Column("type", 8.6),
    Column("from", 3.4, "e"),
    Column("to", 3.4, "e"),
    Column("bytes", 3.4, "e"),
    Column("says", 14),
)
LINK, DIRECTION, SAYS = 2, 3, 8  # columns with colours of their own


class Look(Enum):
    """How a packet is to be seen."""

    GOOD = "good"
    BAD = "bad"
    SHUT = "sealed, and not opened"


@dataclass(frozen=True, slots=True)
class PacketLine:
    """A row of the list."""

    values: Sequence[str]
    look: Look
    link: int
    is_inbound: bool


def lines_of(index: PacketIndex, opener: FrameOpener, rows: Sequence[int]) -> list[PacketLine]:
    """The lines of these packets, which are in rising order. Raises OSError."""
    return [_line(index, opener, row, frame) for row, frame in zip(rows, index.frames_at(rows), strict=True)]


def _line(index: PacketIndex, opener: FrameOpener, row: int, frame: bytes) -> PacketLine:
    has_header = index.kind[row] != UNREADABLE
    is_inbound, link = bool(index.is_inbound[row]), int(index.link[row])
    says, look = _says(frame, opener.open(row, frame))
    values = (
        f"{row + 1:,}",
        f"{(int(index.time_us[row]) - int(index.time_us[0])) / 1e6:.6f}",
        index.links[link],
        "←" if is_inbound else "→",
        type_name(int(index.kind[row])) if has_header else "?",
        str(index.source[row]) if has_header else "",
        node_name(int(index.destination[row])) if has_header else "",
        str(index.size[row]),
        says,
    )
    return PacketLine(values, look, link, is_inbound)


def _says(frame: bytes, opened: bytes | None) -> tuple[str, Look]:
    try:
        return payload_text(decode(opened or frame).payload), Look.GOOD
    except FrameError as error:
        if error.reason is DropReason.SEALED:
            return "sealed", Look.SHUT
        return str(error), Look.BAD


def as_hex(records: Sequence[Record]) -> str:
    """The frames, a line each, as `treering decode` reads them."""
    return "\n".join(record.frame.hex(" ") for record in records)


def as_json(records: Sequence[Record], opened: Sequence[bytes | None]) -> str:
    """An object a line, as `treering decode --json` prints them."""
    shown = (
        record if frame is None else replace(record, frame=frame)
        for record, frame in zip(records, opened, strict=True)
    )
    return "\n".join(json_text(record_json(record)) for record in shown)
