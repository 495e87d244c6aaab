"""What must hold of the logs of bridges that are joined: every frame once, and one picture."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.observer import Observer, RoundRow
from protocol.packets import FrameError, decode

Transmission = tuple[int, int]  # source and counter


class Picture:
    """What one bridge's log shows, record by record."""

    def __init__(self) -> None:
        self.rows: list[RoundRow] = []
        self._observer = Observer()
        self._sent: Counter[tuple[str, Transmission]] = Counter()
        self._came: defaultdict[Transmission, list[str]] = defaultdict(list)
        self.returned: list[tuple[str, Transmission]] = []

    def take(self, record: Record) -> None:
        """The next record."""
        try:
            frame = decode(record.frame)
        except FrameError:
            return
        transmission = frame.source, frame.counter
        if record.direction is Direction.INBOUND:
            self._came[transmission].append(record.link)
        else:
            self._sent[record.link, transmission] += 1
            if record.link in self._came[transmission]:
                self.returned.append((record.link, transmission))
        self.rows += (seen for seen in self._observer.observe(record) if isinstance(seen, RoundRow))

    def take_all(self, records: Iterable[Record]) -> None:
        """The next records."""
        for record in records:
            self.take(record)

    @property
    def frames(self) -> int:
        """Different frames."""
        return len(self._came)

    @property
    def sent_twice(self) -> list[tuple[str, Transmission]]:
        """Frames that went out on one link more than once."""
        return [sent for sent, times in self._sent.items() if times > 1]

    @property
    def came_again(self) -> list[Transmission]:
        """Frames that came in more than once: in a circle of bridges they do."""
        return [transmission for transmission, links in self._came.items() if len(links) > 1]

    @property
    def told_twice(self) -> list[tuple[int, int]]:
        """Rounds (metric and version) with more than one result."""
        told = Counter((row.metric_id, row.version) for row in self.rows)
        return [round_ for round_, times in told.items() if times > 1]

    @property
    def results(self) -> dict[tuple[int, int], tuple[Aggregate, int]]:
        """Aggregate and doubt by metric and version."""
        return {(row.metric_id, row.version): (row.aggregate, row.doubt) for row in self.rows}

    @property
    def parents(self) -> dict[int, int]:
        """Who is whose child."""
        return {child: parent for child, parent in self._observer.parents.items() if parent is not None}
