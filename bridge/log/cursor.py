"""Reads a log's records from one of its segments on, over the ends of segments (PROTOCOL.md 18.1)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.errors import UsageError
from bridge.log.facts import Position
from bridge.log.folder import LogFolder
from bridge.log.segment_reader import SegmentReader
from protocol.capture import Record

_log = logging.getLogger(__name__)


class Cursor:
    """`position` is where the next record, if any, begins. `gaps` counts the times when segments were gone
    that were not read yet; `on_notice` gets a line for what cannot be read.
    """

    def __init__(
        self, folder: LogFolder, segment: int, on_notice: Callable[[str], None] = _log.warning
    ) -> None:
        self.position = Position(segment, 0)
        self.gaps = 0
        self._folder = folder
        self._on_notice = on_notice
        self._reader: SegmentReader | None = None

    def read(self, limit: Position | None = None) -> list[Record]:
        """The next records up to `limit`, which stands between two records: some thousand at most. An empty
        list: none are left, up to there or, without a limit, to where the log ends now. Raises OSError.
        """
        while limit is None or self.position < limit:
            if self._reader is None:
                if self._open(limit):
                    continue
                break
            is_last = limit is not None and limit.segment == self.position.segment
            following = None if is_last else self._folder.after(self.position.segment)
            records, size_bytes = self._reader.read(limit.offset_bytes if limit and is_last else None)
            self.position = Position(self.position.segment, self._reader.offset_bytes)
            if records:
                return records
            if not size_bytes and (is_last or not self._end_segment(following, limit)):
                break
        return []

    def tell_rest(self) -> None:
        """Say what is left of the segment at hand, whose writer was killed, or which is damaged."""
        reader = self._reader
        if reader is not None and reader.damage is not None:
            self._on_notice(f"{reader.path}: {reader.damage}; the rest of this segment is passed over")
        elif reader is not None and reader.rest_bytes:
            self._on_notice(
                f"{reader.path}: ends {reader.rest_bytes} bytes into a record, which is passed over"
            )

    def close(self) -> None:
        """Give the file free; harmless when there is none."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _open(self, limit: Position | None) -> bool:
        """Open the segment of `position`, or go on to the one that is the oldest now."""
        number = self.position.segment
        try:
            self._reader = SegmentReader(self._folder.segment(number))
            return True
        except FileNotFoundError:
            following = self._folder.after(number)
            was_removed = number > 0 and following == self._folder.oldest()
            return self._go_to(following, limit, is_gap=was_removed)

    def _end_segment(self, following: int | None, limit: Position | None) -> bool:
        """The segment at hand holds no more: whether there is a next. (`following` was there before its end
        was found: so nothing is written to it any more.)"""
        assert self._reader is not None
        number = self.position.segment
        if following is None and (limit is None or limit.segment == number):
            return False
        self.tell_rest()
        self.close()
        was_removed = following != number + 1 and not self._folder.segment(number).exists()
        return self._go_to(following, limit, is_gap=was_removed)

    def _go_to(self, number: int | None, limit: Position | None, *, is_gap: bool) -> bool:
        """To that segment's beginning, or to the limit if that stands before it: whether there is more."""
        if limit is not None and (number is None or number > limit.segment):
            self.position = limit
            return False
        if number is None:
            return False
        self.gaps += is_gap
        self.position = Position(number, 0)
        return True


def read_log(path: Path, on_notice: Callable[[str], None] = _log.warning) -> Iterator[Record]:
    """The records of the log in that folder, as far as it is written now; `on_notice` gets a line for each
    place that cannot be read. Raises UsageError if it holds no log, or cannot be read."""
    folder = LogFolder(path)
    oldest = folder.oldest()
    if oldest is None:
        raise UsageError(f"{path}: no segment of a log (treering-*.pcapng) is there; name another folder")
    cursor = Cursor(folder, oldest, on_notice)
    try:
        while records := cursor.read():
            yield from records
        cursor.tell_rest()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a log's folder that you may read") from error
    finally:
        cursor.close()
