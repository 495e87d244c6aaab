"""The relay: carries frames between segments, and hands every one to those who listen at the tap.

Rules: a frame never goes back to the link it came from, nor anywhere twice. A frame for a node that was heard
goes to that node's link only; one for all, or for a stranger, to every other link; one for the host to none:
the tap is where the host listens. A frame that does not decode is recorded and goes no further.

In a sealed network a frame goes on only if it opens and is not a replay; else it is counted, by reason, among
the drops of the link that it came from. (It is a record all the same.)

A frame is one record where it came in, and one more for every link on which it goes out.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from bridge.link import Link, OnFrame
from protocol.capture import Direction, Record
from protocol.packets import HOST, DropReason, FrameError, decode, peek_header
from protocol.replay_window import Refusal, Senders
from protocol.sealed_reader import SealedReader
from protocol.sealing import unfit

# Copies of a frame come within a second or so, in which a node sends far fewer frames than this.
RECENT_FRAMES = 64
# More nodes than a field has; beyond it the source unheard for longest is forgotten.
MAX_SOURCES = 1024

OnRecord = Callable[[Record], None]


class _Source:
    """Where a node lives, and the counters it used last."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.recent: deque[int] = deque(maxlen=RECENT_FRAMES)


def wall_clock_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Relay:
    """Belongs to the event loop's thread, as its links do. `subscribe` before frames flow."""

    def __init__(
        self,
        clock_us: Callable[[], int] = wall_clock_us,
        reader: SealedReader | None = None,
        ask: Callable[[int], None] = lambda source: None,
    ) -> None:
        """With a `reader` the network is sealed; `ask` is to have a source prove its counter."""
        self._clock_us = clock_us
        self._reader = reader
        self._ask = ask
        self._windows = Senders(MAX_SOURCES)
        self._last_us = 0
        self._links: list[Link] = []
        self._sources: dict[int, _Source] = {}  # the one heard last stands last
        self._subscribers: list[OnRecord] = []

    def subscribe(self, on_record: OnRecord) -> None:
        """Have `on_record` called with every frame, in and out, in order."""
        self._subscribers.append(on_record)

    def attach(self, link: Link) -> OnFrame:
        """Make `link` one of the segments; the result is for its `start`."""
        self._links.append(link)
        return partial(self._receive, link)

    def _receive(self, link: Link, frame: bytes) -> None:
        self._record(link, Direction.INBOUND, frame)
        checked = self._checked(frame) if self._reader is None else self._opened(link, frame, self._reader)
        if checked is None:
            return
        source_id, destination, counter = checked
        source = self._source(source_id)
        if counter in source.recent:
            return
        source.recent.append(counter)
        source.link = link
        for segment in self._segments_for(destination):
            if segment is not link:
                self._record(segment, Direction.OUTBOUND, frame)
                segment.send(frame)

    def _checked(self, frame: bytes) -> tuple[int, int, int] | None:
        """Source, destination and counter of an open frame, if it is one."""
        try:
            got = decode(frame)
        except FrameError:
            return None
        return got.source, got.destination, got.counter

    def _opened(self, link: Link, frame: bytes, reader: SealedReader) -> tuple[int, int, int] | None:
        """The same of a member's frame that is not a replay. Those for the host go nowhere anyway."""
        if unfit(frame) is None and peek_header(frame)[2] == HOST:
            return None
        found = reader.read(frame)
        if isinstance(found, DropReason):
            link.drops[found] += 1
            if found is DropReason.UNPROVEN:
                self._ask(peek_header(frame)[1])
            return None
        number, _ = found
        _, source, destination, counter = peek_header(frame)
        judged = self._windows.judge(source, number)
        if judged == Refusal.TOO_OLD:
            link.drops[DropReason.REPLAYED] += 1
        elif judged == Refusal.UNPROVEN:
            self._windows.prove(source, number)
        elif judged != Refusal.SEEN:
            self._windows.take(source, number)
        return None if judged in (Refusal.TOO_OLD, Refusal.SEEN) else (source, destination, counter)

    def _source(self, node_id: int) -> _Source:
        source = self._sources.pop(node_id, None) or _Source()
        if len(self._sources) == MAX_SOURCES:
            del self._sources[next(iter(self._sources))]
        self._sources[node_id] = source
        return source

    def _segments_for(self, destination: int) -> list[Link]:
        if destination == HOST:
            return []
        known = self._sources.get(destination)
        return [known.link] if known and known.link else self._links

    def _record(self, link: Link, direction: Direction, frame: bytes) -> None:
        """The clock may be set back while we run; the times of the log are not."""
        self._last_us = max(self._last_us, self._clock_us())
        record = Record(self._last_us, link.name, direction, frame)
        for on_record in self._subscribers:
            on_record(record)
