"""Facts read from a log's segments: offline, and by consumers that are behind (PROTOCOL.md 18.3)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.log.cursor import Cursor
from bridge.log.decoder import Decoder, MakeOpener, StateError, unpacked
from bridge.log.facts import Checkpoint, FactBatch, Position
from bridge.log.folder import LogFolder

# Read at most before a place whose segment has no state: after an update, or a kill at a segment's beginning.
WARM_BYTES = 32_000_000

_log = logging.getLogger(__name__)


class FactReader:
    """Reads facts from a place of the log on. What is known there is as if it had read all before."""

    def __init__(
        self,
        folder: LogFolder,
        make_opener: MakeOpener,
        at: Position | None,
        on_notice: Callable[[str], None] = _log.info,
    ) -> None:
        """Begins at `at`, or with the oldest record, as soon as it is warm. `on_notice` gets a line for what
        cannot be read."""
        self._folder = folder
        self._make_opener = make_opener
        self._at = at or Position(folder.oldest() or 0, 0)
        first, self.decoder = self._warm_start(self._at.segment)
        self._cursor = Cursor(folder, first, on_notice)

    def warm_up(self) -> bool:
        """Read on in what was before its place, a piece at a time; False: there is more. Raises OSError."""
        records = self._cursor.read(self._at)
        self.decoder.facts(records)
        return not records

    @property
    def position(self) -> Position:
        """Where the next record, if any, begins."""
        return self._cursor.position

    @property
    def gaps(self) -> int:
        """How often segments that were not read yet were gone."""
        return self._cursor.gaps

    def read(self, limit: Position | None = None) -> FactBatch | None:
        """The next facts up to `limit`, which stands between two records; None if there are none.

        To be called when it is warm. Raises OSError.
        """
        gaps = self._cursor.gaps
        records = self._cursor.read(limit)
        if self._cursor.gaps > gaps:  # what is not known of what is gone was written down
            self.decoder = self._known_before(self._cursor.position.segment) or self.decoder
        if not records:
            return None
        facts = self.decoder.facts(records)
        return FactBatch(facts, Checkpoint(self.position), self.decoder.newest_us, len(records))

    def close(self) -> None:
        """Give files free."""
        self._cursor.close()

    def _warm_start(self, segment: int) -> tuple[int, Decoder]:
        """Where to begin to read so that all is known at the beginning of that segment, and with what."""
        if (decoder := self._known_before(segment)) is not None:
            return segment, decoder
        first, read_bytes = segment, 0
        for found in reversed([found for found in self._folder.segments() if found.number <= segment]):
            first = found.number
            if (decoder := self._known_before(first)) is not None:
                return first, decoder
            read_bytes += found.size_bytes
            if read_bytes > WARM_BYTES:
                break
        return first, Decoder(self._make_opener())

    def _known_before(self, segment: int) -> Decoder | None:
        return known_before(self._folder, segment, self._make_opener)


def known_before(folder: LogFolder, segment: int, make_opener: MakeOpener) -> Decoder | None:
    """What is known before that segment's first record; None if that was not written down."""
    path = folder.state(segment)
    decoder = Decoder(make_opener())
    try:
        decoder.restore(unpacked(path.read_bytes()))
    except (OSError, StateError) as error:
        _log.debug("%s: %s", path, error)
        return None
    return decoder


def read_facts(folder: Path, make_opener: MakeOpener, from_: Checkpoint | None = None) -> Iterator[FactBatch]:
    """All facts of a log from `from_` or from its oldest record on, as consumers get them. Raises OSError."""
    reader = FactReader(LogFolder(folder), make_opener, None if from_ is None else from_.at, _log.warning)
    try:
        while not reader.warm_up():
            pass
        while (batch := reader.read()) is not None:
            yield batch
    finally:
        reader.close()
