"""One sealed frame, and the sealed body of one letter (PROTOCOL.md 10.1 and 14.1).

A number here is a long counter (protocol.long_counter).
"""

from __future__ import annotations

import struct
from binascii import crc_hqx

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from protocol.keys import check_key
from protocol.long_counter import LONG_COUNTER_BYTES
from protocol.packets import (
    CRC_BYTES,
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    SEALED_BIT,
    TAG_BYTES,
    TYPE_MASK,
    WIRE_VERSION,
    DropReason,
    FrameType,
)

LIFE_BYTES = 4
# Sealed under the node key of their source; all others under the network key (10.4).
HOST_TYPES = frozenset({FrameType.RESULT, FrameType.HEARD, FrameType.BOOT})
# They show their life: the four bytes after the header stay clear.
LIFE_TYPES = frozenset({FrameType.CHALLENGE, FrameType.RESPONSE})

_VERSION_SHIFT, _VERSION_BITS = 5, 0x60
_CLEAR_BYTES = [
    HEADER_BYTES + (LIFE_BYTES if first & SEALED_BIT and first & TYPE_MASK in LIFE_TYPES else 0)
    for first in range(256)
]
# Of a sealed frame of this wire version that begins so; more than any frame for what is none.
_LEAST_BYTES = [
    _CLEAR_BYTES[first] + TAG_BYTES
    if first & SEALED_BIT and first & _VERSION_BITS == WIRE_VERSION << _VERSION_SHIFT
    else MAX_FRAME_BYTES + 1
    for first in range(256)
]
_OPEN_TYPES = [bytes([first & ~SEALED_BIT]) for first in range(256)]
_pack_nonce = struct.Struct(">HQ3x").pack  # source, long counter and the first of four zeros, the others
_pack_u16 = struct.Struct(">H").pack


def shown_number(frame: bytes) -> int | None:
    """The whole long counter of a sealed CHALLENGE or RESPONSE, which show their life; None for others.

    The frame is at least as long as what is clear of it.
    """
    if _CLEAR_BYTES[frame[0]] == HEADER_BYTES:
        return None
    return int.from_bytes(frame[HEADER_BYTES : HEADER_BYTES + LIFE_BYTES] + frame[5:HEADER_BYTES], "big")


def is_sealed(frame: bytes) -> bool:
    """Whether these bytes begin as a sealed frame does."""
    return len(frame) > 0 and frame[0] & SEALED_BIT != 0


def unfit(frame: bytes) -> DropReason | None:
    """Why these bytes cannot be a sealed frame, whatever the key (length, wire version, open), or None."""
    size_bytes = len(frame)
    if size_bytes > MAX_FRAME_BYTES:
        return DropReason.OVERSIZED
    if size_bytes < HEADER_BYTES + CRC_BYTES:
        return DropReason.TRUNCATED
    if size_bytes >= _LEAST_BYTES[frame[0]]:
        return None
    if frame[0] & _VERSION_BITS != WIRE_VERSION << _VERSION_SHIFT:
        return DropReason.WIRE_VERSION
    if not frame[0] & SEALED_BIT:
        return DropReason.OPEN
    return DropReason.TRUNCATED


class SealingKey:
    """One key of 16 bytes, ready for use. Raises ValueError for another length."""

    def __init__(self, key: bytes) -> None:
        check_key(key)
        cipher = AESCCM(key, tag_length=TAG_BYTES)
        self._encrypt, self._decrypt = cipher.encrypt, cipher.decrypt

    def seal(self, frame: bytes, number: int) -> bytes:
        """The open frame as a sealed one; its counter becomes the lower 24 bits of the number."""
        first = frame[0] | SEALED_BIT
        clear_bytes = _CLEAR_BYTES[first]
        long_counter = number.to_bytes(LONG_COUNTER_BYTES, "big")
        header = bytes([first]) + frame[1:5] + long_counter[LIFE_BYTES:]
        clear = header + frame[HEADER_BYTES:clear_bytes]
        nonce = _pack_nonce(frame[1] << 8 | frame[2], number << 8)
        return clear + self._encrypt(nonce, frame[clear_bytes:-CRC_BYTES], clear)

    def open(self, frame: bytes, number: int) -> bytes | None:
        """The sealed frame as an open one with its CRC, or None if the tag is wrong.

        `number` is the whole long counter, whose lower 24 bits are the frame's. The frame is at least as
        long as what is clear of it and the tag.
        """
        first = frame[0]
        clear_bytes = _CLEAR_BYTES[first]
        nonce = _pack_nonce(frame[1] << 8 | frame[2], number << 8)
        try:
            plain = self._decrypt(nonce, frame[clear_bytes:], frame[:clear_bytes])
        except InvalidTag:
            return None
        body = _OPEN_TYPES[first] + frame[1:clear_bytes] + plain
        return body + _pack_u16(crc_hqx(body, 0xFFFF))

    def seal_letter(self, origin: int, addressee: int, number: int, clear: bytes) -> bytes:
        """The sealed body of a letter."""
        nonce, associated = _letter_names(origin, addressee, number)
        return self._encrypt(nonce, clear, associated)

    def open_letter(self, origin: int, addressee: int, number: int, body: bytes) -> bytes | None:
        """The clear body of a letter, None if the tag is wrong."""
        nonce, associated = _letter_names(origin, addressee, number)
        try:
            return self._decrypt(nonce, body, associated)
        except InvalidTag:
            return None


def _letter_names(origin: int, addressee: int, number: int) -> tuple[bytes, bytes]:
    """Nonce and associated data (14.1)."""
    names = _pack_u16(origin) + _pack_u16(addressee) + number.to_bytes(LONG_COUNTER_BYTES, "big")
    return _pack_nonce(origin, number << 8), names
