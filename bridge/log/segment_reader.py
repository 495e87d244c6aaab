"""One segment as its blocks lie on the disk: read from the beginning, as far as it is written."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Self

from protocol.capture import (
    EMPTY_BLOCK_BYTES,
    ENHANCED_PACKET,
    MAX_BLOCK_BYTES,
    CaptureError,
    CaptureReader,
    Record,
)

READ_BYTES = 1 << 17  # some thousand frames
_HEAD = struct.Struct("<II")
_TIME = struct.Struct("<II")
_TIME_AT = 12  # in an enhanced packet block


class SegmentReader:
    """Gives the records of a segment in pieces. `offset_bytes` is where the next record, if any, begins.

    Raises OSError. What is no block of ours ends the segment: `damage` says what is wrong there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset_bytes = 0
        self.damage: str | None = None
        self._file = FileIO(path, "rb")
        self._rest = bytearray()
        self._reader = CaptureReader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file free; harmless when it is."""
        self._file.close()

    @property
    def rest_bytes(self) -> int:
        """What was read, and is no whole block, as far as it is known."""
        return len(self._rest)

    def read(self, until_bytes: int | None = None) -> tuple[list[Record], int]:
        """The next records, and how many bytes their blocks have: 0 at `until_bytes`, at the end of what is
        written, and at damage. `until_bytes` is where a block begins."""
        blocks = self._whole_blocks(until_bytes)
        if not blocks:
            return [], 0
        records = self._reader.feed(blocks)
        try:
            self._reader.finish()
        except CaptureError as error:
            self.damage = str(error)
        self.offset_bytes += len(blocks)
        return records, len(blocks)

    def block_heads(self) -> Iterator[tuple[int, int | None]]:
        """Type of every block that is left, and the time of those that hold a packet, in microseconds."""
        while blocks := self._whole_blocks(None):
            self.offset_bytes += len(blocks)
            at = 0
            while at < len(blocks):
                block_type, size_bytes = _HEAD.unpack_from(blocks, at)
                if block_type == ENHANCED_PACKET:
                    high, low = _TIME.unpack_from(blocks, at + _TIME_AT)
                    yield block_type, high << 32 | low
                else:
                    yield block_type, None
                at += size_bytes

    def _whole_blocks(self, until_bytes: int | None) -> bytes:
        while self.damage is None:
            at = self.offset_bytes + len(self._rest)
            wanted = READ_BYTES if until_bytes is None else min(READ_BYTES, until_bytes - at)
            data = self._file.read(wanted) if wanted > 0 else b""
            self._rest += data
            end = self._end_of_whole()
            if end:
                blocks = bytes(self._rest[:end])
                del self._rest[:end]
                return blocks
            if not data:
                break
        return b""

    def _end_of_whole(self) -> int:
        """Where the last whole block of the rest ends."""
        at, rest = 0, self._rest
        while at + EMPTY_BLOCK_BYTES <= len(rest):
            _, size_bytes = _HEAD.unpack_from(rest, at)
            if size_bytes < EMPTY_BLOCK_BYTES or size_bytes % 4 or size_bytes > MAX_BLOCK_BYTES:
                if not at:
                    self.damage = f"byte {self.offset_bytes}: a block of {size_bytes} bytes"
                break
            if at + size_bytes > len(rest):
                break
            at += size_bytes
        return at


@dataclass(frozen=True, slots=True)
class Survey:
    """What a segment holds, without reading its frames; `newest_us` is None without a record."""

    records: int
    newest_us: int | None


def survey(path: Path) -> Survey:
    """Count that segment's records. Raises OSError."""
    records, newest_us = 0, None
    with SegmentReader(path) as reader:
        for _, timestamp_us in reader.block_heads():
            if timestamp_us is not None:
                records += 1
                newest_us = timestamp_us
    return Survey(records, newest_us)
