"""The relay: carries frames between segments, and hands every one to those who listen (PROTOCOL.md 15.4).

Rules: a frame never goes back to the link it came from, nor anywhere twice. A frame for a node that was heard
goes to that node's link; one for all, or for a stranger, to every other link; one for the host to none where
nodes are. A link that is a tap has a host at its other end, who gets every frame, those for the host as well.
A frame that does not decode is recorded and goes no further.

In a sealed network a frame goes on only if it opens and is not a replay; else it is counted, by reason, among
the drops of the link that it came from. (It is a record all the same.)

A frame is one record where it came in, and one more for every link on which it goes out. No two records have
one time: a fact of the log is known by it (18.4).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from bridge.copies import HeardCounters
from bridge.link import Link, OnFrames
from protocol.capture import Direction, Record
from protocol.packets import HOST, DropReason, FrameError, decode, peek_header
from protocol.replay_window import Refusal, Senders
from protocol.sealed_reader import SealedReader
from protocol.sealing import unfit

# More nodes than a field has; beyond it the source unheard for longest is forgotten.
MAX_SOURCES = 1024

# Records in the order of their times; at least one.
OnRecords = Callable[[Sequence[Record]], None]


class _Source:
    """Where a node lives, and the counters it used last."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.heard = HeardCounters()


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
        self._last_us = -1
        self._links: list[Link] = []
        self._sources: dict[int, _Source] = {}  # the one heard last stands last
        self._subscribers: list[OnRecords] = []

    def subscribe(self, on_records: OnRecords) -> None:
        """Have `on_records` called with every frame, in and out, in order, before it goes on."""
        self._subscribers.append(on_records)

    def attach(self, link: Link) -> OnFrames:
        """Make `link` one of the segments, at any time; the result is for its `start`."""
        self._links.append(link)
        return partial(self._receive, link)

    def detach(self, link: Link) -> None:
        """Leave out `link`, which is closed: what it still hands over is of no segment, and dropped."""
        self._links.remove(link)
        for source in self._sources.values():
            if source.link is link:
                source.link = None

    def _receive(self, link: Link, frames: Sequence[bytes]) -> None:
        if link not in self._links:
            return
        name, inbound, outbound = link.name, Direction.INBOUND, Direction.OUTBOUND
        others = [segment for segment in self._links if segment is not link]
        is_alone = not others and self._reader is None  # where a node is matters to nobody yet
        records: list[Record] = []
        to_send: list[tuple[Link, bytes]] = []
        # The clock may stand or be set back while we run; the times of the log grow.
        time_us = max(self._last_us + 1, self._clock_us())
        for frame in frames:
            records.append(Record(time_us, name, inbound, frame))
            time_us += 1
            if is_alone:
                continue
            for segment in self._ways_of(link, frame, others, time_us):
                records.append(Record(time_us, segment.name, outbound, frame))
                time_us += 1
                to_send.append((segment, frame))
        self._last_us = time_us - 1
        for on_records in self._subscribers:
            on_records(records)
        for segment, frame in to_send:
            segment.send(frame)

    def _ways_of(self, link: Link, frame: bytes, others: list[Link], time_us: int) -> list[Link]:
        """On which of the other links that frame goes on."""
        if self._reader is not None:
            checked = self._opened(link, frame, self._reader)
            if checked is None:
                return []
            source_id, destination, counter = checked
        else:
            try:
                got = decode(frame)
            except FrameError as error:
                link.drops[error.reason] += 1
                return []
            source_id, destination, counter = got.source, got.destination, got.counter
        source = self._sources.pop(source_id, None) or self._new_source()
        self._sources[source_id] = source
        if not source.heard.take(counter, time_us):
            return []
        source.link = link
        known = None if destination == HOST else self._sources.get(destination)
        if not others or (destination != HOST and (known is None or known.link is None)):
            return others
        return [segment for segment in others if segment.is_tap or (known and segment is known.link)]

    def _opened(self, link: Link, frame: bytes, reader: SealedReader) -> tuple[int, int, int] | None:
        """Source, destination and counter of a member's frame, if it is one and not a replay."""
        is_for_host = unfit(frame) is None and peek_header(frame)[2] == HOST
        if is_for_host and not any(segment.is_tap for segment in self._links):
            return None
        found = reader.read(frame)
        if is_for_host and isinstance(found, DropReason):
            return None  # sealed for its host with the node's own key, as a rule: these keys need not open it
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

    def _new_source(self) -> _Source:
        if len(self._sources) == MAX_SOURCES:
            del self._sources[next(iter(self._sources))]
        return _Source()
