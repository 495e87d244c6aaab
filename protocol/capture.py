"""The packet log: pcapng blocks as bytes (PROTOCOL.md section 9, draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from protocol.packets import MAX_FRAME_BYTES, has_wrong_checksum
from protocol.values import value_class

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
SIMPLE_PACKET = 3
ENHANCED_PACKET = 6
BYTE_ORDER_MAGIC = 0x1A2B3C4D
LINK_TYPE_USER0 = 147

OPT_END = 0
OPT_COMMENT = 1
SHB_USER_APPLICATION = 4
IF_NAME = 2
IF_TIME_RESOLUTION = 9
IF_TIME_OFFSET = 14
EPB_FLAGS = 2

CRC_ERROR_FLAG = 1 << 24
DIRECTION_MASK = 0x3
MICROSECONDS = 6  # if_tsresol: a power of ten
BINARY_RESOLUTION = 0x80  # if_tsresol: a power of two

EMPTY_BLOCK_BYTES = 12
MAX_BLOCK_BYTES = 1 << 20  # far above any block of ours: a longer one is damage, and would fill the memory
MAX_LINKS = 1 << 16  # as above, for a log that describes interfaces without end
MAX_OPTION_BYTES = 0xFFFF
MAX_CAPTURED_BYTES = 0xFFFF  # the largest datagram


class Direction(IntEnum):
    """Which way a frame crossed its link; the values of `epb_flags`."""

    INBOUND = 1
    OUTBOUND = 2


@value_class(frozen=True, slots=True)
class Record:
    """One frame as it crossed a link; microseconds since 1970, or since the start of a simulation."""

    timestamp_us: int
    link: str
    direction: Direction
    frame: bytes
    comment: str | None = None


class CaptureError(ValueError):
    """A packet log that cannot be read on; `offset` is the byte where the first unusable block begins."""

    def __init__(self, offset: int, cause: str, remedy: str) -> None:
        super().__init__(f"byte {offset}: {cause}; {remedy}")
        self.offset = offset
        self.cause = cause
        self.remedy = remedy


class CutShortError(CaptureError):
    """The log ends within a block, as it does when its writer was killed."""


# --- writing ---------------------------------------------------------------------------------------------


class CaptureWriter:
    """Blocks of one packet log; the caller writes each result whole."""

    def __init__(self, application: str = "treering") -> None:
        self._application = application
        self._link_ids: dict[str, int] = {}

    def header(self) -> bytes:
        """The section header, first of a log. Called again it begins a new section."""
        self._link_ids.clear()
        fixed = struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1)
        return _block(SECTION_HEADER, fixed + _options((SHB_USER_APPLICATION, self._application.encode())))

    def encode(self, record: Record) -> bytes:
        """The block of `record`, after one that describes its link if the link is new.

        Raises ValueError for a frame, a time or a text that has no place in a block.
        """
        return self.encode_all((record,))

    def encode_all(self, records: Iterable[Record]) -> bytes:
        """The blocks of `records`, as `encode` makes them."""
        link_ids, blocks = self._link_ids, []
        for record in records:
            frame, timestamp_us = record.frame, record.timestamp_us
            link_id, size_bytes = link_ids.get(record.link), len(frame)
            is_plain = link_id is not None and record.comment is None
            if not is_plain or size_bytes > MAX_FRAME_BYTES or timestamp_us >> 64:
                blocks.append(self._encode_any(record))
                continue
            pack, block_bytes = _PACKETS[size_bytes]
            flags: int = record.direction
            if crc_hqx(frame, 0xFFFF) and has_wrong_checksum(frame):  # of an open frame that is right it is 0
                flags |= CRC_ERROR_FLAG
            high, low = timestamp_us >> 32, timestamp_us & 0xFFFFFFFF
            # fmt: off
            blocks.append(pack(
                ENHANCED_PACKET, block_bytes, link_id, high, low, size_bytes, size_bytes, frame,
                EPB_FLAGS, 4, flags, OPT_END, 0, block_bytes,
            ))
            # fmt: on
        return b"".join(blocks)

    def _encode_any(self, record: Record) -> bytes:
        """The definition of what `encode_all` writes of one."""
        if len(record.frame) > MAX_CAPTURED_BYTES:
            raise ValueError(f"a record holds {MAX_CAPTURED_BYTES} bytes, not {len(record.frame)}")
        if not 0 <= record.timestamp_us < 1 << 64:
            raise ValueError(f"a time of {record.timestamp_us} us has no place in a log")
        flags = record.direction | (CRC_ERROR_FLAG if has_wrong_checksum(record.frame) else 0)
        packet_options = [(EPB_FLAGS, struct.pack("<I", flags))]
        if record.comment is not None:
            packet_options.append((OPT_COMMENT, record.comment.encode()))
        options = _options(*packet_options)
        described = b"" if record.link in self._link_ids else self._describe(record.link)
        high, low = divmod(record.timestamp_us, 1 << 32)
        size_bytes = len(record.frame)
        fixed = struct.pack("<IIIII", self._link_ids[record.link], high, low, size_bytes, size_bytes)
        return described + _block(ENHANCED_PACKET, fixed + _padded(record.frame) + options)

    def _describe(self, link: str) -> bytes:
        options = _options((IF_NAME, link.encode()), (IF_TIME_RESOLUTION, bytes([MICROSECONDS])))
        self._link_ids[link] = len(self._link_ids)
        return _block(INTERFACE_DESCRIPTION, struct.pack("<HHI", LINK_TYPE_USER0, 0, 0) + options)


def _block(block_type: int, body: bytes) -> bytes:
    size = struct.pack("<I", EMPTY_BLOCK_BYTES + len(body))
    return struct.pack("<I", block_type) + size + body + size


def _options(*options: tuple[int, bytes]) -> bytes:
    parts = []
    for code, value in options:
        if len(value) > MAX_OPTION_BYTES:
            raise ValueError(f"a text of the log holds {MAX_OPTION_BYTES} bytes, not {len(value)}")
        parts.append(struct.pack("<HH", code, len(value)) + _padded(value))
    return b"".join(parts) + struct.pack("<HH", OPT_END, 0)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _packet(frame_bytes: int) -> tuple[Callable[..., bytes], int]:
    """Packs the block of a frame of that size without a comment; the size of that block."""
    layout = struct.Struct(f"<7I{frame_bytes + -frame_bytes % 4}s2HI2HI")
    return layout.pack, layout.size


_PACKETS = [_packet(frame_bytes) for frame_bytes in range(MAX_FRAME_BYTES + 1)]


# --- reading ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interface:
    """What a log tells of a link: its name, and how the times of its packets count."""

    link: str
    link_type: int
    ticks_per_second: int
    offset_s: int

    def timestamp_us(self, ticks: int) -> int:
        """The time of a packet, microseconds since 1970."""
        return ticks * 1_000_000 // self.ticks_per_second + self.offset_s * 1_000_000


class _DamageError(Exception):
    """What is wrong with the block at hand."""


class CaptureReader:
    """Takes a packet log in pieces of any size; either byte order, any time resolution, several sections.

    `skipped` counts packets that hold no frame of ours: of another link type, or without time and link.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()
        self._offset = 0  # of the buffer in the log
        self._order = ""
        self._interfaces: list[Interface] = []
        self._error: CaptureError | None = None

    @property
    def interfaces(self) -> Sequence[Interface]:
        """Those of the section at hand, in the order of their numbers."""
        return self._interfaces

    def feed(self, data: bytes) -> list[Record]:
        """The records that `data` completes. Never raises: damage ends them, and `finish` tells."""
        if self._error:
            return []
        self._buffer += data
        records: list[Record] = []
        at = 0
        try:
            while size_bytes := self._whole_block(at):
                record = self._read_block(bytes(self._buffer[at : at + size_bytes]))
                if record:
                    records.append(record)
                at += size_bytes
        except _DamageError as damage:
            self._error = CaptureError(self._offset + at, str(damage), _remedy(self._offset + at))
        del self._buffer[:at]
        self._offset += at
        return records

    def finish(self) -> None:
        """Raises CaptureError if the log was damaged, CutShortError if it ends within a block."""
        if self._error:
            raise self._error
        if self._buffer:
            cause = f"the log ends {len(self._buffer)} bytes into a block"
            raise CutShortError(self._offset, cause, "every record before it is whole: go on with those")
        if not self._offset:
            raise CutShortError(
                0, "the log is empty", "its writer ended before the first record: record again"
            )

    def _whole_block(self, at: int) -> int:
        """Size of the block that begins at `at` in the buffer; 0 while it is not all there."""
        head = bytes(self._buffer[at : at + EMPTY_BLOCK_BYTES])
        if not self._order:
            _check_magic(head)
        if len(head) < EMPTY_BLOCK_BYTES:
            return 0
        if head[:4] == SECTION_HEADER.to_bytes(4, "big"):  # a palindrome: the same in either byte order
            self._order = _byte_order(head)
        size_bytes: int = struct.unpack_from(self._order + "I", head, 4)[0]
        if size_bytes < EMPTY_BLOCK_BYTES or size_bytes % 4 or size_bytes > MAX_BLOCK_BYTES:
            raise _DamageError(f"a block of {size_bytes} bytes")
        return size_bytes if len(self._buffer) - at >= size_bytes else 0

    def _read_block(self, block: bytes) -> Record | None:
        if block[4:8] != block[-4:]:
            raise _DamageError("a block that states two sizes")
        (block_type,) = struct.unpack_from(self._order + "I", block)
        body = block[8:-4]
        try:
            if block_type == SECTION_HEADER:
                self._begin_section(body)
            elif block_type == INTERFACE_DESCRIPTION:
                self._describe(body)
            elif block_type == ENHANCED_PACKET:
                return self._read_packet(body)
            elif block_type == SIMPLE_PACKET:
                self.skipped += 1
        except struct.error as error:
            raise _DamageError("a block too short for its type") from error
        return None

    def _begin_section(self, body: bytes) -> None:
        major, _minor = struct.unpack_from(self._order + "HH", body, 4)
        if major != 1:
            raise _DamageError(f"pcapng of version {major}, not 1")
        self._interfaces.clear()

    def _describe(self, body: bytes) -> None:
        if len(self._interfaces) == MAX_LINKS:
            raise _DamageError(f"more than {MAX_LINKS} interfaces")
        link_type, _, _ = struct.unpack_from(self._order + "HHI", body)
        link, ticks_per_second, offset_s = f"interface {len(self._interfaces)}", 1_000_000, 0
        for code, value in self._options(body, 8):
            if code == IF_NAME:
                link = value.decode(errors="replace")
            elif code == IF_TIME_RESOLUTION:
                (resolution,) = struct.unpack("B", value)
                base = 2 if resolution & BINARY_RESOLUTION else 10
                ticks_per_second = base ** (resolution & ~BINARY_RESOLUTION)
            elif code == IF_TIME_OFFSET:
                (offset_s,) = struct.unpack(self._order + "q", value)
        self._interfaces.append(Interface(link, link_type, ticks_per_second, offset_s))

    def _read_packet(self, body: bytes) -> Record | None:
        interface_id, high, low, captured_bytes, _ = struct.unpack_from(self._order + "IIIII", body)
        if interface_id >= len(self._interfaces):
            raise _DamageError(f"a packet of interface {interface_id}, which no block describes")
        frame = body[20 : 20 + captured_bytes]
        if len(frame) < captured_bytes:
            raise _DamageError("a packet longer than its block")
        interface = self._interfaces[interface_id]
        if interface.link_type != LINK_TYPE_USER0:
            self.skipped += 1
            return None
        direction, comment = Direction.INBOUND, None
        for code, value in self._options(body, 20 + captured_bytes + -captured_bytes % 4):
            if code == EPB_FLAGS:
                (flags,) = struct.unpack(self._order + "I", value)
                outbound = flags & DIRECTION_MASK == Direction.OUTBOUND
                direction = Direction.OUTBOUND if outbound else Direction.INBOUND
            elif code == OPT_COMMENT and comment is None:  # later ones are remarks that someone added
                comment = value.decode(errors="replace")
        return Record(interface.timestamp_us(high << 32 | low), interface.link, direction, frame, comment)

    def _options(self, body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
        while at < len(body):
            code, size_bytes = struct.unpack_from(self._order + "HH", body, at)
            if code == OPT_END:
                return
            at += 4
            if at + size_bytes > len(body):
                raise _DamageError("an option longer than its block")
            yield code, body[at : at + size_bytes]
            at += size_bytes + -size_bytes % 4


def _check_magic(head: bytes) -> None:
    magic = SECTION_HEADER.to_bytes(4, "big")
    if not magic.startswith(head[:4]):
        raise _DamageError("not a packet log: it does not begin with a pcapng section header")


def _byte_order(head: bytes) -> str:
    for order in "<>":
        if struct.unpack_from(order + "I", head, 8) == (BYTE_ORDER_MAGIC,):
            return order
    raise _DamageError("a section header of no known byte order")


def _remedy(offset: int) -> str:
    if offset:
        return "every record before it is whole: go on with those, or cut the file there"
    return "open a .pcapng file (`editcap -F pcapng IN OUT` converts an older capture)"
