"""The relay: carries frames between segments, and hands every one to those who listen at the tap.

Rules: a frame never goes back to the link it came from, nor anywhere twice. A frame for a node that was heard
goes to that node's link only; one for all, or for a stranger, to every other link; one for the host to none:
the tap is where the host listens. A frame that does not decode is recorded and goes no further.

A frame is one record where it came in, and one more for every link on which it goes out.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from bridge.link import Link, OnFrame
from protocol.capture import Direction, Record
from protocol.packets import HOST, FrameError, decode

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

    def __init__(self, clock_us: Callable[[], int] = wall_clock_us) -> None:
        self._clock_us = clock_us
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
        try:
            header = decode(frame)
        except FrameError:
            return
        source = self._source(header.source)
        if header.counter in source.recent:
            return
        source.recent.append(header.counter)
        source.link = link
        for segment in self._segments_for(header.destination):
            if segment is not link:
                self._record(segment, Direction.OUTBOUND, frame)
                segment.send(frame)

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
