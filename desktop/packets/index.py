"""An index over a packet log: where each frame is and what its header tells, kept beside the log."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bridge.errors import UsageError
from desktop.packets.folder import folder_of
from desktop.packets.scan import COLUMNS, FRAME_OFFSET, Scanner
from desktop.packets.storage import ColumnFiles
from protocol.capture import BYTE_ORDER_MAGIC, MAX_BLOCK_BYTES, CaptureReader, Record

_PIECE_BYTES = MAX_BLOCK_BYTES  # of the log at a time: some milliseconds
_PROBE_BYTES = 4096  # of the log's begin, and of the end of what is indexed: by them it is known again
# It is saved when it has grown by an eighth, and so much at least.
_SAVED_SHARE, _SAVED_BYTES = 8, 1 << 20


class PacketIndex:
    """Where each frame of a packet log is, and what its header tells. Any thread may read; one extends.

    Arrays are of len(self) as it is when they are asked for, and not to be written. The log may grow; one
    that is replaced by another is indexed anew. `close` keeps what is known for the next time.
    """

    def __init__(self, path: Path) -> None:
        """Of that log; nothing is opened yet."""
        self.path = path
        self._problem: str | None = None
        self._scanner = Scanner()
        self._columns: ColumnFiles | None = None
        self._log: BinaryIO | None = None
        self._folder: Path | None = None
        self._scanned_bytes = self._saved_bytes = 0
        self._is_complete = False
        self._reading = threading.Lock()
        self._reader: tuple[bytes, CaptureReader] = b"", CaptureReader()  # what it was fed, and it

    def __len__(self) -> int:
        return self._columns.rows if self._columns else 0

    @property
    def scanned_share(self) -> float:
        """Of the file as it is now, 0 to 1; 1 where a problem forbids to go on."""
        size_bytes = os.fstat(self._log.fileno()).st_size if self._log else 0
        if self._is_complete:
            return 1.0
        return min(1.0, self._scanned_bytes / size_bytes) if size_bytes else 0.0

    @property
    def problem(self) -> str | None:
        """Where the log is cut short or damaged, and the remedy; None if all that was read is whole."""
        return self._problem

    @property
    def skipped(self) -> int:
        """Packets of the log that hold no frame of ours."""
        return self._scanner.skipped

    @property
    def links(self) -> Sequence[str]:
        """Their names, by the numbers in `link`."""
        return self._scanner.links

    @property
    def time_us(self) -> NDArray[np.int64]:
        """Since 1970, or the start of a simulation; the greatest number for what is later than that."""
        return self._view("time_us")

    @property
    def offset(self) -> NDArray[np.uint64]:
        """Of the packet's block in the file."""
        return self._view("offset")

    @property
    def size(self) -> NDArray[np.uint32]:
        """Of the frame, in bytes."""
        return self._view("size")

    @property
    def link(self) -> NDArray[np.uint16]:
        """Which of `links`."""
        return self._view("link")

    @property
    def is_inbound(self) -> NDArray[np.bool_]:
        """Whether the frame came in."""
        return self._view("is_inbound")

    @property
    def kind(self) -> NDArray[np.uint8]:
        """The number of the frame's type; scan.UNREADABLE for what is too short for a header."""
        return self._view("kind")

    @property
    def source(self) -> NDArray[np.uint16]:
        """Who sent it."""
        return self._view("source")

    @property
    def destination(self) -> NDArray[np.uint16]:
        """Whom it is for."""
        return self._view("destination")

    @property
    def counter(self) -> NDArray[np.uint32]:
        """The 24 bits of the sender's counter."""
        return self._view("counter")

    @property
    def is_sealed(self) -> NDArray[np.bool_]:
        """Whether it says that it is sealed."""
        return self._view("is_sealed")

    @property
    def is_bad(self) -> NDArray[np.bool_]:
        """Whether it is damaged by its CRC, its size or its wire version."""
        return self._view("is_bad")

    @property
    def has_comment(self) -> NDArray[np.bool_]:
        """Whether the log says more of it."""
        return self._view("has_comment")

    def extend(self, budget_s: float | None = None) -> int:
        """Scan what is new in the file, all of it or for about so long; how many packets were added.

        Raises UsageError if the log cannot be read, or there is no room for the index.
        """
        deadline_s = None if budget_s is None else time.monotonic() + budget_s
        try:
            self._ready()
            before = len(self)
            while self._scan_piece():
                if deadline_s is not None and time.monotonic() > deadline_s:
                    break
            if self._scanned_bytes - self._saved_bytes > _SAVED_BYTES + self._saved_bytes // _SAVED_SHARE:
                self._save()
            return max(0, len(self) - before)
        except OSError as error:
            self._let_go()  # what was read is as it was saved last
            where = error.filename or self.path
            raise UsageError(
                f"{where}: {error.strerror}; see that the log can be read and the disk has room"
            ) from error

    def record(self, i: int) -> Record:
        """That packet, read from the file. Raises IndexError, OSError."""
        if not 0 <= i < len(self):
            raise IndexError(f"packet {i} of {len(self)}")
        return self.records(i, i + 1)[0]

    def records(self, first: int, last: int) -> list[Record]:
        """The packets from `first` on, before `last`, by one read of the file. Raises OSError."""
        return self.records_at(range(first, min(last, len(self))))

    def records_at(self, rows: Sequence[int]) -> list[Record]:
        """These packets, in rising order; those near to each other by one read. Raises OSError."""
        firsts = [first for first, _ in self._scanner.sections]
        found: list[Record] = []
        begin = 0
        while begin < len(rows):
            number = bisect_right(firsts, rows[begin])
            end = bisect_left(rows, firsts[number]) if number < len(firsts) else len(rows)
            found += self._read(self._scanner.sections[number - 1][1], rows[begin:end])
            begin = end
        return found

    def frames_at(self, rows: Sequence[int]) -> list[bytes]:
        """The frames of these packets, in rising order, as `records_at` reads them. Raises OSError."""
        begins = self.offset[rows].astype(np.int64) + FRAME_OFFSET
        return self._pieces(begins.tolist(), (begins + self.size[rows]).tolist())

    def close(self) -> None:
        """Keep what is known beside the log, and let go of it. `extend` takes it up again."""
        with contextlib.suppress(OSError):  # it is made anew then
            if self._columns is not None and self._scanned_bytes != self._saved_bytes:
                self._save()
        self._let_go()
        if self._folder is not None and not self.path.exists():  # a recording without a packet
            shutil.rmtree(self._folder, ignore_errors=True)

    # --- the log -----------------------------------------------------------------------------------------

    def _ready(self) -> None:
        """Have files open: those of the log as it is now."""
        if self._log is not None and self._is_replaced():
            self._let_go()
        if self._log is None or self._columns is None:
            self._log = open(self.path, "rb")  # noqa: SIM115  (until `close`)
            self._folder = folder_of(self.path)
            self._columns = ColumnFiles(self._folder)
            kept = self._columns.load()
            if kept is None or not self._take_up(kept):
                self._columns.clear()

    def _is_replaced(self) -> bool:
        assert self._log is not None
        now, known = os.stat(self.path), os.fstat(self._log.fileno())
        return (now.st_dev, now.st_ino) != (known.st_dev, known.st_ino) or now.st_size < self._scanned_bytes

    def _scan_piece(self) -> bool:
        """Scan some of the log; whether there may be more."""
        assert self._log is not None
        assert self._columns is not None
        data = b"" if self._scanner.damage else self._bytes_at(self._scanned_bytes, _PIECE_BYTES)
        columns, used_bytes = self._scanner.scan(data, self._scanned_bytes) if data else ({}, 0)
        self._scanned_bytes += used_bytes  # before: who reads the last packet reads up to there
        if columns:
            self._columns.append(columns)
        self._is_complete = not used_bytes or self._scanner.damage is not None
        if self._is_complete:
            error = self._scanner.tail_error(data[used_bytes:], self._scanned_bytes)
            self._problem = None if error is None else str(error)
        return not self._is_complete

    def _bytes_at(self, offset: int, size_bytes: int) -> bytes:
        assert self._log is not None
        with self._reading:
            self._log.seek(offset)
            return self._log.read(size_bytes)

    def _pieces(self, begins: Sequence[int], ends: Sequence[int]) -> list[bytes]:
        """The bytes of the log between these places, which rise."""
        pieces: list[bytes] = []
        while len(pieces) < len(begins):
            first = len(pieces)
            last = max(first + 1, bisect_left(ends, begins[first] + _PIECE_BYTES))
            data = self._bytes_at(begins[first], ends[last - 1] - begins[first])
            places = zip(begins[first:last], ends[first:last], strict=True)
            pieces += [data[begin - begins[first] : end - begins[first]] for begin, end in places]
        return pieces

    def _read(self, blocks: bytes, rows: Sequence[int]) -> list[Record]:
        """Packets of the section that those blocks describe."""
        is_little = blocks[8:12] == BYTE_ORDER_MAGIC.to_bytes(4, "little")
        offsets, after = self.offset, np.asarray(rows) + 1
        is_last = after == len(offsets)
        ends = np.where(is_last, self._scanned_bytes, offsets[np.where(is_last, 0, after)])
        packets = []
        for data in self._pieces(offsets[rows].tolist(), ends.tolist()):
            size_bytes = int.from_bytes(data[4:8], "little" if is_little else "big")
            packets.append(data[:size_bytes])
        with self._reading:
            fed, reader = self._reader
            if fed != blocks:
                reader = CaptureReader()
                reader.feed(blocks)
                self._reader = blocks, reader
            return reader.feed(b"".join(packets))

    # --- what is kept ------------------------------------------------------------------------------------

    def _save(self) -> None:
        assert self._log is not None
        assert self._columns is not None
        stat = os.fstat(self._log.fileno())
        self._columns.save(
            {
                "size": stat.st_size,
                "mtime_ns": stat.st_mtime_ns,
                "scanned": self._scanned_bytes,
                "probes": self._probes(self._scanned_bytes),
                "sections": [[first, blocks.hex()] for first, blocks in self._scanner.sections],
                "skipped": self._scanner.skipped,
            }
        )
        self._saved_bytes = self._scanned_bytes

    def _take_up(self, kept: dict[str, Any]) -> bool:
        """Go on from what was kept; False if it is of another log."""
        assert self._log is not None
        assert self._columns is not None
        stat, scanned_bytes = os.fstat(self._log.fileno()), int(kept["scanned"])
        if stat.st_size == kept["size"]:
            is_same = stat.st_mtime_ns == kept["mtime_ns"]
        else:  # it may have grown
            is_same = stat.st_size >= scanned_bytes
        if not is_same or self._probes(scanned_bytes) != kept["probes"]:
            return False
        sections = [(int(first), bytes.fromhex(blocks)) for first, blocks in kept["sections"]]
        self._scanner.resume(sections, self._columns.rows, int(kept["skipped"]))
        self._scanned_bytes = self._saved_bytes = scanned_bytes
        return True

    def _probes(self, scanned_bytes: int) -> list[int]:
        """What the log is known by."""
        size_bytes = min(_PROBE_BYTES, scanned_bytes)
        return [zlib.crc32(self._bytes_at(at, size_bytes)) for at in (0, scanned_bytes - size_bytes)]

    def _let_go(self) -> None:
        """Close all files, and know nothing."""
        if self._columns is not None:
            self._columns.close()
        if self._log is not None:
            self._log.close()
        self._columns = self._log = None
        self._scanner = Scanner()
        self._scanned_bytes = self._saved_bytes = 0
        self._is_complete = False
        self._problem = None

    def _view(self, name: str) -> NDArray[Any]:
        return self._columns.view(name) if self._columns else np.empty(0, COLUMNS[name])
