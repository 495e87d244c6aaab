"""The links of a bridge while it runs: opened, watched, closed, and others opened in their place."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bridge.access import OPEN, Access
from bridge.datagrams import Address
from bridge.driver import NodeDriver
from bridge.errors import UsageError
from bridge.event_loop import end, failures_raised, in_background, wait_for_stop
from bridge.link import Link, LinkCounts, LinkError, LinkState, OnFrames
from bridge.relay import OnRecords, Relay
from bridge.text_link import TextLink
from bridge.udp_link import UdpLink
from protocol.capture import Direction, Record

RETRY_S = 2.0
COUNTS_PERIOD_S = 1.0

OnStatus = Callable[[LinkState | LinkCounts], None]


@dataclass(slots=True)
class Segment:
    """A link, and what is known of it; `reason` says why it is not up."""

    link: Link
    is_up: bool = False
    reason: str = "not open yet"
    told: LinkCounts | None = None
    opening: asyncio.Task[None] | None = field(default=None, repr=False)


class LinkSet:
    """The relay and its links. All methods belong to the event loop's thread.

    Every frame becomes a record; what changes of a link, a status. `frames` counts by link and direction;
    `addresses` tells where a node is on a link that has addresses.
    """

    def __init__(self, on_records: OnRecords, on_status: OnStatus, access: Access = OPEN) -> None:
        self.segments: list[Segment] = []
        self.frames: Counter[tuple[str, Direction]] = Counter()
        self.addresses: dict[str, Callable[[int], Address | None]] = {}
        self._on_status = on_status
        self._relay = Relay(reader=access.reader(), ask=self._ask)
        self._relay.subscribe(self._count)
        self._relay.subscribe(on_records)

    async def open(self, link: Link, *, is_patient: bool = False, place: str = "") -> None:
        """Attach and start `link`. Raises LinkError or UsageError if it does not open.

        A patient one waits for what is not there yet, and says so once; `place` is where it is configured.
        """
        receive = self.attach(link)
        try:
            await link.start(receive, self.tell)
        except (LinkError, UsageError) as error:
            if not is_patient:
                self.detach(link)
                raise
            cause = f"{place}: {error}" if place else str(error)
            self.tell(LinkState(link.name, False, f"{cause}; waiting for it"))
            self._segment(link).opening = in_background(self._open_later(link, receive))
        except BaseException:
            self.detach(link)
            raise

    async def close(self, link: Link) -> None:
        """Stop and detach `link`."""
        await end(self._segment(link).opening)
        await link.close()
        self.detach(link)

    async def close_all(self) -> None:
        """The bridge's own nodes first: their goodbyes go out on the others."""
        nodes = [segment.link for segment in self.segments if isinstance(segment.link, NodeDriver | TextLink)]
        try:
            for node in nodes:
                await self.close(node)
        finally:
            await asyncio.gather(*(self.close(segment.link) for segment in list(self.segments)))

    def attach(self, link: Link) -> OnFrames:
        """Make `link`, which somebody else starts and closes, one of the segments."""
        self.segments.append(Segment(link))
        if isinstance(link, UdpLink):
            self.addresses[link.name] = link.address_of
        return self._relay.attach(link)

    def detach(self, link: Link) -> None:
        """Leave it out again."""
        segment = self._segment(link)
        self._tell_counts_of(segment)
        self.segments.remove(segment)
        self.addresses.pop(link.name, None)
        self._relay.detach(link)

    def tell(self, state: LinkState) -> None:
        """A link is up, or down."""
        for segment in self.segments:
            if segment.link.name == state.link:
                segment.is_up, segment.reason = state.is_up, state.reason
        self._on_status(state)

    def tell_counts(self) -> None:
        """Tell what each link has not carried, if that has changed."""
        for segment in self.segments:
            self._tell_counts_of(segment)

    def _tell_counts_of(self, segment: Segment) -> None:
        link = segment.link
        counts = LinkCounts(link.name, dict(link.drops), link.unsent)
        if counts != (segment.told or LinkCounts(link.name, {}, 0)):
            segment.told = counts
            self._on_status(counts)

    def _segment(self, link: Link) -> Segment:
        return next(segment for segment in self.segments if segment.link is link)

    def _ask(self, source: int) -> None:
        for segment in self.segments:
            if isinstance(segment.link, NodeDriver):
                segment.link.ask(source)

    def _count(self, records: Sequence[Record]) -> None:
        for record in records:
            self.frames[record.link, record.direction] += 1

    async def _open_later(self, link: Link, receive: OnFrames) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            try:
                await link.start(receive, self.tell)
                return
            except (LinkError, UsageError) as error:
                self._segment(link).reason = f"{error}; waiting for it"


async def run_bridge(
    links: Sequence[Link],
    on_records: OnRecords,
    on_status: OnStatus,
    stop: asyncio.Event,
    access: Access = OPEN,
) -> None:
    """Relay between the links until `stop`. Every frame becomes a record; what changes of a link, a status.

    Raises LinkError or UsageError if a link does not open, and what the callbacks raise.
    """
    link_set = LinkSet(on_records, on_status, access)
    with failures_raised(stop):
        try:
            for link in links:
                await link_set.open(link)
            while not stop.is_set():
                await wait_for_stop(stop, COUNTS_PERIOD_S)
                link_set.tell_counts()
        finally:
            await link_set.close_all()
