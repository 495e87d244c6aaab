"""The codec of open frames (PROTOCOL.md sections 1, 2 and 4), and all that a frame is made of.

Frames are values (protocol.payloads) and bytes (protocol.wire_format, protocol.payload_codec); `encode` and
`decode` lead from one to the other, and everybody else needs this module alone.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from functools import lru_cache

from protocol.payload_codec import CODECS, write_letter
from protocol.payloads import (
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
    Link,
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
    malformed,
)
from protocol.wire_format import (
    BROADCAST,
    COUNTER_MODULUS,
    CRC_BYTES,
    HEADER,
    HEADER_BYTES,
    HOST,
    ITEM_DOUBT,
    ITEM_LINK,
    ITEM_READINGS,
    MAX_AGGREGATES,
    MAX_FRAME_BYTES,
    MAX_HEIRS,
    MAX_LINKS,
    MAX_NODE_ID,
    MAX_PAIRS,
    MAX_PAYLOAD_BYTES,
    MAX_U24,
    METRIC_MASK,
    MUSTER,
    NO_HOP_COUNT,
    NO_ID,
    SEALED_BIT,
    TAG_BYTES,
    TOKEN_ASKED,
    TOKEN_MORE,
    TYPE_MASK,
    WIRE_VERSION,
    FixedStruct,
)

# fmt: off
__all__ = [
    "BROADCAST", "COUNTER_MODULUS", "CRC_BYTES", "HEADER_BYTES", "HOST", "ITEM_DOUBT", "ITEM_LINK",
    "ITEM_READINGS", "MAX_AGGREGATES", "MAX_FRAME_BYTES", "MAX_HEIRS", "MAX_LINKS", "MAX_NODE_ID",
    "MAX_PAIRS", "MAX_PAYLOAD_BYTES", "MAX_U24", "METRIC_MASK", "MUSTER", "NO_HOP_COUNT", "NO_ID",
    "SEALED_BIT", "TAG_BYTES", "TOKEN_ASKED", "TOKEN_MORE", "TYPE_MASK", "WIRE_VERSION", "Ack", "Beat",
    "Boot", "Challenge", "Claim", "Depth", "DropReason", "Empty", "Frame", "FrameError", "FrameType", "Heard",
    "Hello", "Help", "Items", "Letter", "Link", "Network", "Pair", "Pairs", "Payload", "Poll", "Reading",
    "Report", "Response", "Result", "Sign", "Sync", "Token", "TokenId", "crc16", "decode", "encode",
    "has_wrong_checksum", "peek_header", "write_letter",
]
# fmt: on

_HEADER = FixedStruct(HEADER)
_PEEKED = struct.Struct(">BHHBH")  # the header, for those who read of every frame nothing else
_LEAST_BYTES = HEADER_BYTES + CRC_BYTES
# By the type's number: the type, and how its payload is read (payload_codec.Codec).
_READERS = [(FrameType(number), *CODECS[number][1:4]) if number in CODECS else None for number in range(32)]
_NEEDS_AGGREGATE = (FrameType.DATA, FrameType.RESULT)


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE over `data`."""
    return crc_hqx(data, 0xFFFF)


def _check_frame(frame: Frame) -> None:
    if frame.source > MAX_NODE_ID:
        raise malformed(f"source 0x{frame.source:04x} is no node id")
    if frame.type in _NEEDS_AGGREGATE:
        assert isinstance(frame.payload, Report | Result)
        if not frame.payload.items.aggregates:
            raise malformed(f"{frame.type.name} without an aggregate")


def encode(frame: Frame) -> bytes:
    """The bytes of an open frame. Raises FrameError (malformed) for a value that does not fit its field."""
    payload_class, _, _, _, write = CODECS[frame.type]
    if type(frame.payload) is not payload_class:
        raise malformed(
            f"{frame.type.name} bears {payload_class.__name__}, not {type(frame.payload).__name__}"
        )
    _check_frame(frame)
    try:
        head = _HEADER.pack(WIRE_VERSION << 5 | frame.type, frame.source, frame.destination, frame.counter)
        body = head + write(frame.payload)
    except (struct.error, OverflowError) as error:
        raise malformed(f"{frame.type.name}: {error}") from error
    return body + crc16(body).to_bytes(CRC_BYTES, "big")


# A frame is read by everybody who hears it: the nodes of a simulation; link, relay, observer and node of a
# bridge, a batch of links after the other. Frames are values, so all of them may have the same one.
@lru_cache(maxsize=1024)
def decode(data: bytes) -> Frame:
    """The open frame in `data`. Raises FrameError; checked in the order of PROTOCOL.md section 4."""
    if len(data) > MAX_FRAME_BYTES:
        raise FrameError(DropReason.OVERSIZED, f"{len(data)} bytes, at most {MAX_FRAME_BYTES}")
    if len(data) < _LEAST_BYTES:
        raise FrameError(DropReason.TRUNCATED, f"{len(data)} bytes, at least {_LEAST_BYTES}")
    first, source, destination, high, low = _PEEKED.unpack_from(data)
    if first >> 5 & 0x3 != WIRE_VERSION:
        raise FrameError(DropReason.WIRE_VERSION, f"wire version {first >> 5 & 0x3}")
    if first & SEALED_BIT:
        raise FrameError(DropReason.SEALED, "a sealed frame, and no key")
    if crc_hqx(data, 0xFFFF):  # crc16; over a frame and its CRC it is 0
        raise FrameError(DropReason.CHECKSUM, "CRC-16 differs")
    reader = _READERS[first & TYPE_MASK]
    if reader is None:
        raise FrameError(DropReason.UNKNOWN_TYPE, f"type {first & TYPE_MASK}")
    frame_type, least_bytes, is_exact, read = reader
    size_bytes = len(data) - _LEAST_BYTES
    if size_bytes < least_bytes or (is_exact and size_bytes > least_bytes):
        raise malformed(f"{frame_type.name} with a payload of {size_bytes} bytes")
    payload = read(data[HEADER_BYTES:-CRC_BYTES])
    frame = Frame(frame_type, source, destination, high << 16 | low, payload)
    if source > MAX_NODE_ID or frame_type in _NEEDS_AGGREGATE:
        _check_frame(frame)
    return frame


def has_wrong_checksum(data: bytes) -> bool:
    """Whether that is what `decode` says of these bytes."""
    return (
        crc_hqx(data, 0xFFFF) != 0
        and _LEAST_BYTES <= len(data) <= MAX_FRAME_BYTES
        and not data[0] & SEALED_BIT
        and data[0] >> 5 & 0x3 == WIRE_VERSION
    )


def peek_header(data: bytes) -> tuple[int, int, int, int]:
    """(type byte, source, destination, counter), nothing else checked. Raises FrameError (truncated)."""
    if len(data) < HEADER_BYTES:
        raise FrameError(DropReason.TRUNCATED, f"{len(data)} bytes, at least {HEADER_BYTES}")
    first, source, destination, high, low = _PEEKED.unpack_from(data)
    return first, source, destination, high << 16 | low
