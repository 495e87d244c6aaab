"""Where the packets of a log are and what their headers tell: whole pieces of the log at once, with numpy.

`protocol.capture.CaptureReader` is the definition. What is ordinary (an enhanced packet block with no option
but its flags, in microseconds) is gathered here as columns; every other block is read by such a reader.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol.capture import (
    BYTE_ORDER_MAGIC,
    CRC_ERROR_FLAG,
    DIRECTION_MASK,
    EMPTY_BLOCK_BYTES,
    ENHANCED_PACKET,
    EPB_FLAGS,
    INTERFACE_DESCRIPTION,
    LINK_TYPE_USER0,
    MAX_BLOCK_BYTES,
    OPT_END,
    SECTION_HEADER,
    SIMPLE_PACKET,
    CaptureError,
    CaptureReader,
    Direction,
    Record,
)
from protocol.packets import (
    CRC_BYTES,
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    NO_ID,
    SEALED_BIT,
    TYPE_MASK,
    WIRE_VERSION,
    has_wrong_checksum,
    peek_header,
)

FRAME_OFFSET = 28  # in an enhanced packet block
UNREADABLE = 255  # the kind of what is too short for a header
COLUMNS: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(kind)
    for name, kind in {
        "time_us": "i8",
        "offset": "u8",
        "size": "u4",
        "counter": "u4",
        "link": "u2",
        "source": "u2",
        "destination": "u2",
        "kind": "u1",
        "is_inbound": "?",
        "is_sealed": "?",
        "is_bad": "?",
        "has_comment": "?",
    }.items()
}
Column = NDArray[Any]
Columns = dict[str, Column]
Row = tuple[int | bool, ...]

_VERSION_MASK = 0x60
_FRAME_WORD = FRAME_OFFSET // 4
_MAX_LINK = (1 << 16) - 1  # names beyond so many share the last number
_MAX_PLAIN_HIGH = 1 << 30  # times beyond do not fit a column: such a one is odd, and told as the latest
_LATEST_US = np.iinfo(np.int64).max
_ODD = -1  # instead of a link's number: its packets are no ordinary ones


class Scanner:
    """Goes through a log piece by piece. `damage` is set where CaptureReader would give up: there it ends.

    `sections` has, of each, how many packets were before it and the blocks that describe it and its links.
    """

    def __init__(self) -> None:
        self.links: list[str] = []
        self.sections: list[tuple[int, bytes]] = []
        self.damage: CaptureError | None = None
        self.packets = 0
        self._skipped = 0  # by the scanner before this one
        self._order = ""
        self._reader = CaptureReader()
        self._number_of: dict[str, int] = {}
        self._plain: list[int] = []  # link numbers of the section's interfaces, or _ODD

    @property
    def skipped(self) -> int:
        """Packets that hold no frame of ours."""
        return self._skipped + self._reader.skipped

    def resume(self, sections: list[tuple[int, bytes]], packets: int, skipped: int) -> None:
        """Go on where another scanner stood."""
        for first, blocks in sections:
            self.packets = first
            self.scan(blocks, 0)
        self.packets, self._skipped = packets, skipped

    def scan(self, data: bytes, offset: int) -> tuple[Columns, int]:
        """The packets of the whole blocks that `data` begins with, and how many bytes those are.

        `data` is the log from `offset`, MAX_BLOCK_BYTES or more of it unless the log ends there. What is left
        must come again; nothing is taken of what is damaged.
        """
        begun = self._begin_section(data, offset) if not self._order or _begins_section(data) else 0
        if not begun and (not self._order or _begins_section(data)):
            return _nothing(), 0
        words = np.frombuffer(data, self._order + "u4", len(data) // 4)
        words = np.ascontiguousarray(words, np.uint32)
        starts = _block_starts(words.data, begun // 4)
        whole = self._whole(words, starts)
        end = 4 * int(starts[whole]) if whole < len(starts) else 4 * _end_of(words, starts, begun // 4)
        starts = starts[:whole]
        runs = np.split(starts, np.flatnonzero(words[starts] == INTERFACE_DESCRIPTION))
        found = [self._run(data, words, run, offset) for run in runs if len(run) and not self.damage]
        if self.damage:
            end = self.damage.offset - offset
        else:
            self._judge(data[end : end + MAX_BLOCK_BYTES], offset + end)
        columns = {name: np.concatenate([part[name] for part in (_nothing(), *found)]) for name in COLUMNS}
        self.packets += len(columns["offset"])
        return columns, end

    def tail_error(self, tail: bytes, offset: int) -> CaptureError | None:
        """What CaptureReader says of a log that ends with this part of a block, which begins at `offset`."""
        if self.damage or (offset and not tail):
            return self.damage
        reader = CaptureReader()
        reader.feed(self.sections[-1][1] if self.sections else b"")
        reader.feed(tail)
        try:
            reader.finish()
        except CaptureError as error:
            return type(error)(offset, error.cause, error.remedy)
        return None

    # --- blocks ------------------------------------------------------------------------------------------

    def _begin_section(self, data: bytes, offset: int) -> int:
        """Take the section header that `data` begins with; its size, 0 if it is damaged or not all there."""
        head = data[:EMPTY_BLOCK_BYTES]
        order = "<" if head[8:] == BYTE_ORDER_MAGIC.to_bytes(4, "little") else ">"
        size_bytes = int.from_bytes(head[4:8], "little" if order == "<" else "big")
        if len(head) < EMPTY_BLOCK_BYTES or len(data) < size_bytes <= MAX_BLOCK_BYTES:
            return 0
        self._define(data[: max(size_bytes, EMPTY_BLOCK_BYTES)][:MAX_BLOCK_BYTES], offset)
        if self.damage:
            return 0
        self._order = order
        self._plain.clear()
        self.sections.append((self.packets, data[:size_bytes]))
        return size_bytes

    def _whole(self, words: Column, starts: Column) -> int:
        """How many of these blocks are sound, all there and of this section, before one that is not."""
        sizes = words[starts + 1].astype(np.int64)
        good = (sizes >= EMPTY_BLOCK_BYTES) & (sizes % 4 == 0) & (sizes <= MAX_BLOCK_BYTES)
        good &= starts + sizes // 4 <= len(words)
        good &= words[np.where(good, starts + sizes // 4 - 1, 0)] == sizes
        good &= words[starts] != SECTION_HEADER
        return len(starts) if good.all() else int(good.argmin())

    def _judge(self, rest: bytes, offset: int) -> None:
        """What follows the whole blocks: more of the log, another section, or damage."""
        if len(rest) >= EMPTY_BLOCK_BYTES and not _begins_section(rest):
            size_bytes: int = struct.unpack_from(self._order + "I", rest, 4)[0]
            if not EMPTY_BLOCK_BYTES <= size_bytes <= MAX_BLOCK_BYTES or size_bytes % 4:
                self._define(rest[:EMPTY_BLOCK_BYTES], offset)
            elif size_bytes <= len(rest):  # it states two sizes
                self._define(rest[:size_bytes], offset)

    def _define(self, block: bytes, offset: int) -> list[Record]:
        """What the definition says of the block at that byte of the log."""
        records = self._reader.feed(block)
        try:
            self._reader.finish()
        except CaptureError as error:
            self.damage = CaptureError(offset, error.cause, error.remedy)
        return records

    def _describe(self, block: bytes, offset: int) -> None:
        """Take the description of an interface."""
        self._define(block, offset)
        if not self.damage:
            first, blocks = self.sections[-1]
            self.sections[-1] = first, blocks + block
            interface = self._reader.interfaces[-1]
            number = self._number(interface.link)
            is_plain = (interface.link_type, interface.ticks_per_second, interface.offset_s) == _PLAIN
            self._plain.append(number if is_plain else _ODD)

    def _number(self, link: str) -> int:
        if link not in self._number_of:
            self._number_of[link] = min(len(self.links), _MAX_LINK)
            if len(self.links) <= _MAX_LINK:
                self.links.append(link)
        return self._number_of[link]

    # --- packets -----------------------------------------------------------------------------------------

    def _run(self, data: bytes, words: Column, starts: Column, offset: int) -> Columns:
        """The packets of blocks of which the first alone may describe an interface."""

        def block(start: int) -> bytes:
            return data[4 * start : 4 * start + int(words[start + 1])]

        if words[starts[0]] == INTERFACE_DESCRIPTION:
            self._describe(block(starts[0]), offset + 4 * int(starts[0]))
            starts = starts[1:]
        if self.damage or not len(starts):
            return _nothing()
        is_ordinary, option = self._ordinary(words, starts)
        columns = self._gathered(data, words, starts[is_ordinary], option[is_ordinary], offset)
        types = words[starts]
        is_odd = ((types == ENHANCED_PACKET) & ~is_ordinary) | (types == SIMPLE_PACKET)
        rows: list[Row] = []
        for start in starts[is_odd].tolist():
            at = offset + 4 * start
            rows += [self._row(record, at) for record in self._define(block(start), at)]
            if self.damage:
                columns = {name: column[columns["offset"] < at] for name, column in columns.items()}
                break
        return _joined(columns, rows) if rows else columns

    def _ordinary(self, words: Column, starts: Column) -> tuple[Column, Column]:
        """Which blocks are such packets as CaptureWriter writes, and the word of their options."""
        last = len(words) - 1
        sizes = words[starts + 1] // 4
        captured_bytes = words[np.minimum(starts + 5, last)].astype(np.int64)
        option = _FRAME_WORD + (captured_bytes + 3) // 4
        good = (words[starts] == ENHANCED_PACKET) & (option + 3 <= sizes)
        option = np.where(good, option, 0)
        flags_option, end_mask = _OPTION_WORDS[self._order]
        good &= words[starts + option] == flags_option
        good &= (option + 3 == sizes) | (words[np.minimum(starts + option + 2, last)] & end_mask == OPT_END)
        interface = words[np.minimum(starts + 2, last)]
        good &= interface < len(self._plain)
        good &= self._links(np.where(good, interface, 0)) != _ODD
        good &= words[np.minimum(starts + 3, last)] < _MAX_PLAIN_HIGH
        return good, option

    def _links(self, interface: Column) -> Column:
        return np.array(self._plain or [_ODD])[interface]

    def _gathered(self, data: bytes, words: Column, starts: Column, option: Column, offset: int) -> Columns:
        """The columns of ordinary packets."""
        octets = np.frombuffer(data, np.uint8)
        size, flags = words[starts + 5], words[starts + option + 1]
        has_header = size >= HEADER_BYTES
        # Of less than a header the bytes of its options are read, and then left out.
        header = [octets[4 * (starts + _FRAME_WORD) + i].astype(np.uint32) for i in range(HEADER_BYTES)]
        first, source = header[0], header[1] << 8 | header[2]
        is_bad = (flags & CRC_ERROR_FLAG != 0) | (size < HEADER_BYTES + CRC_BYTES) | (size > MAX_FRAME_BYTES)
        columns = {
            "time_us": words[starts + 3].astype(np.int64) << 32 | words[starts + 4],
            "offset": offset + 4 * starts,
            "size": size,
            "counter": np.where(has_header, header[5] << 16 | header[6] << 8 | header[7], 0),
            "link": self._links(words[starts + 2]),
            "source": np.where(has_header, source, NO_ID),
            "destination": np.where(has_header, header[3] << 8 | header[4], NO_ID),
            "kind": np.where(has_header, first & TYPE_MASK, UNREADABLE),
            "is_inbound": flags & DIRECTION_MASK != Direction.OUTBOUND,
            "is_sealed": has_header & (first & SEALED_BIT != 0),
            "is_bad": is_bad | (first & _VERSION_MASK != WIRE_VERSION << 5),
            "has_comment": np.zeros(len(starts), bool),
        }
        return {name: column.astype(COLUMNS[name]) for name, column in columns.items()}

    def _row(self, record: Record, offset: int) -> Row:
        """One packet's values, in the order of COLUMNS."""
        frame = record.frame
        first, source, destination, counter = UNREADABLE, NO_ID, NO_ID, 0
        is_sealed, is_bad = False, not HEADER_BYTES + CRC_BYTES <= len(frame) <= MAX_FRAME_BYTES
        kind = UNREADABLE
        if len(frame) >= HEADER_BYTES:
            first, source, destination, counter = peek_header(frame)
            kind, is_sealed = first & TYPE_MASK, first & SEALED_BIT != 0
            is_bad = is_bad or first & _VERSION_MASK != WIRE_VERSION << 5 or has_wrong_checksum(frame)
        return (
            *(min(record.timestamp_us, _LATEST_US), offset, len(frame), counter, self._number(record.link)),
            *(source, destination, kind, record.direction is Direction.INBOUND, is_sealed, is_bad),
            record.comment is not None,
        )


def _begins_section(data: bytes) -> bool:
    return data[:4] == SECTION_HEADER.to_bytes(4, "big")


def _block_starts(words: memoryview, at: int) -> Column:
    """The words where blocks begin, as far as their sizes tell: the last ones may be none."""
    starts: list[int] = []
    append, end = starts.append, len(words) - 2
    while at < end:
        append(at)
        step = words[at + 1] >> 2
        if step < 3:  # less than an empty block
            break
        at += step
    return np.array(starts, np.int64)


def _end_of(words: Column, starts: Column, begun: int) -> int:
    """The word after the last of these blocks."""
    return int(starts[-1]) + int(words[starts[-1] + 1]) // 4 if len(starts) else begun


def _nothing() -> Columns:
    return {name: np.empty(0, kind) for name, kind in COLUMNS.items()}


def _joined(columns: Columns, rows: list[Row]) -> Columns:
    """Both, in the order of the log."""
    added = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    joined = {
        name: np.concatenate([column, np.array(added[name], COLUMNS[name])])
        for name, column in columns.items()
    }
    order = np.argsort(joined["offset"])
    return {name: column[order] for name, column in joined.items()}


def _option_words(order: str) -> tuple[int, int]:
    """The word that `epb_flags` begins with, and the bits of such a word that name an option."""
    flags: int = struct.unpack(order + "I", struct.pack(order + "HH", EPB_FLAGS, 4))[0]
    mask: int = struct.unpack(order + "I", struct.pack(order + "HH", 0xFFFF, 0))[0]
    return flags, mask


_OPTION_WORDS = {order: _option_words(order) for order in "<>"}
_PLAIN = (LINK_TYPE_USER0, 1_000_000, 0)
