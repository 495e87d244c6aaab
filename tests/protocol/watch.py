"""An observer that hears what a test says."""

from collections.abc import Iterable
from dataclasses import replace

from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.observer import (
    Observation,
    Observer,
    RoundRow,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    Ack,
    Frame,
    FrameType,
    Help,
    Items,
    Link,
    Payload,
    Report,
    Result,
    Sync,
    encode,
)

ROOT = 0
DATA = Aggregate(12, 61, 9, 200, 4)


class Watch:
    """An observer, and the air that it listens to: every frame has its own counter and a later time."""

    def __init__(self) -> None:
        self.observer = Observer()
        self.sent = 0

    def hear(
        self,
        frame_type: FrameType,
        source: int,
        destination: int,
        payload: Payload,
        comment: str | None = None,
    ) -> list[Observation]:
        self.sent += 1
        frame = encode(Frame(frame_type, source, destination, 1000 + self.sent, payload))
        return self.observer.observe(Record(self.sent, "air", Direction.INBOUND, frame, comment))

    def discovery(self, source: int, hop_count: int) -> list[Observation]:
        return self.hear(FrameType.DISCOVERY, source, BROADCAST, sync(hop_count))

    def confirms(self, parent: int, child: int, hop_count: int = 1) -> list[Observation]:
        return self.hear(FrameType.DATA_ACK, parent, child, Ack(12, sync(hop_count)))

    def help(self, source: int) -> list[Observation]:
        return self.hear(FrameType.HELP, source, BROADCAST, Help(12, 2))

    def data(self, source: int, destination: int, *links: Link) -> list[Observation]:
        return self.hear(FrameType.DATA, source, destination, Report(1, Items(((0, DATA),), links)))

    def result(
        self,
        version: int,
        *links: Link,
        aggregates: Iterable[Aggregate] = (DATA,),
        doubt: int = 0,
        comment: str | None = None,
    ) -> list[Observation]:
        entries = tuple((metric, replace(a, version=version)) for metric, a in enumerate(aggregates))
        payload = Result(840, Items(entries, links, doubt))
        return self.hear(FrameType.RESULT, ROOT, HOST, payload, comment)

    def row(self, version: int, *links: Link, doubt: int = 0, comment: str | None = None) -> RoundRow:
        """The row of a result of one metric."""
        rows = rows_of(self.result(version, *links, doubt=doubt, comment=comment))
        assert len(rows) == 1
        return rows[0]


def sync(hop_count: int) -> Sync:
    return Sync(12, 250, hop_count, 5000)


def rows_of(observations: Iterable[Observation]) -> list[RoundRow]:
    return [seen for seen in observations if isinstance(seen, RoundRow)]
