"""The nodes that a bridge hears: who is there, late, lost or left, where, and how much of them was not heard.

Any frame is a sign of life, and in a tree so is a link item (PROTOCOL.md 6.5), by which a parent tells of a
child that the bridge itself may never hear. What comes again and again, a heartbeat, is: a tree's DATA every
round, or the link item every 16th; in a ring the SIGN of every visit; in a polled network the READING of each
round, and the primary's BEAT; HELLO while nobody has turned to a node; BOOT of a board every minute. GOODBYE
ends it.

One rule for all: of every node the **interval** between signs is measured, a mean over time in which a gap
weighs by its length (so bursts count as one), over some MEMORY intervals. A node is late after LATE_AFTER
intervals of silence, and lost after LOST_AFTER.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp

from bridge.copies import OLD_FOR_US, OLD_FRAMES
from bridge.datagrams import Address
from protocol.capture import Direction, Record
from protocol.packets import BROADCAST, FrameError, FrameType, Letter, Report, Result, decode
from protocol.wire_format import COUNTER_MODULUS

MEMORY = 8
LATE_AFTER, LOST_AFTER = 3, 8
# However short the interval is, a busy computer or a call of the radio is no loss.
LEAST_LATE_S, LEAST_LOST_S = 2.0, 8.0
LEAST_INTERVAL_S, MOST_INTERVAL_S = 0.1, 16 * 7200.0  # 16 rounds of the longest period
# A node that starts again does so at a random counter: one in 4096 then seems to have sent frames unheard.
MAX_GAP_FRAMES = 4096
WINDOW_FRAMES = 64  # a frame that is later than that is no longer taken for one that was missed
MOVED_AFTER = 2  # frames running from another place, and none from the former: copies come from several
MAX_PEERS = 1024
_WINDOW_MASK = (1 << WINDOW_FRAMES) - 1
_US = 1_000_000
# What a bridge sends as well that takes part in no round: that makes nobody a peer, who would then be lost.
_OF_WATCHERS = (FrameType.CHALLENGE, FrameType.RESPONSE, FrameType.LETTER, FrameType.GOODBYE)
_BEAR_LINKS = (FrameType.DATA, FrameType.HELP_ACK_DATA, FrameType.RESULT)


class PeerState(StrEnum):
    """What is known of a node now."""

    ALIVE = "alive"
    LATE = "late"
    LOST = "lost"
    LEFT = "left"


_ALIVE, _LEFT = PeerState.ALIVE, PeerState.LEFT  # looked up once


class Change(StrEnum):
    """What happened to a node."""

    APPEARED = "appeared"
    LATE = "late"
    LOST = "lost"
    BACK = "back"
    LEFT = "left"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Peer:
    """A node as it is now; times in microseconds since 1970.

    `address` is empty where a link has none. `lost_frames` are gaps in the counter: frames that got lost, or
    that the node sent to somebody else where the bridge could not hear it. `interval_s` None: heard once.
    """

    node: int
    link: str
    address: str
    state: PeerState
    first_seen_us: int
    last_heard_us: int
    frames: int
    lost_frames: int
    interval_s: float | None
    address_changes: int


@dataclass(frozen=True, slots=True)
class PeerChange:
    """What happened to `peer`, as it is after that; `before` is its former place, where it moved."""

    time_us: int
    change: Change
    peer: Peer
    before: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    link: str
    address: Address | None

    @property
    def address_text(self) -> str:
        return f"{self.address[0]}:{self.address[1]}" if self.address else ""

    def __str__(self) -> str:
        return f"{self.link} {self.address_text}".rstrip()


class _Counter:
    """Which frames of a node were heard: the newest counter, and bit i for the one i before it.

    A bit is also set for what was sent before the first frame heard, and before a restart.
    """

    __slots__ = ("bits", "lost", "newest")

    def __init__(self) -> None:
        self.newest: int | None = None
        self.bits = 0
        self.lost = 0

    def take(self, counter: int, *, begins: bool, silence_us: int) -> bool:
        """Whether the frame is new, after that silence; `begins`: it is of a node that has just started.

        As for the relay, what is far behind was heard before, and waited somewhere (bridge.copies).
        """
        if self.newest is None:
            return self._restart(counter)
        ahead = (counter - self.newest) % COUNTER_MODULUS
        if ahead == 1 and not begins:  # as nearly all are
            self.bits = (self.bits << 1 | 1) & _WINDOW_MASK
            self.newest = counter
            return True
        behind = COUNTER_MODULUS - ahead
        if ahead == 0 or (behind < WINDOW_FRAMES and self.bits >> behind & 1):
            return False
        if behind < WINDOW_FRAMES:
            self.bits |= 1 << behind
            self.lost -= 1
        elif behind <= OLD_FRAMES and silence_us < OLD_FOR_US and not begins:
            return False
        elif ahead > MAX_GAP_FRAMES or begins:
            self._restart(counter)
        else:
            self.bits = (self.bits << min(ahead, WINDOW_FRAMES) | 1) & _WINDOW_MASK
            self.newest = counter
            self.lost += ahead - 1
        return True

    def excuse(self, counter: int) -> None:
        """No frame had that counter: it was used for something else."""
        behind = -1 if self.newest is None else (self.newest - counter) % COUNTER_MODULUS
        if 0 < behind < WINDOW_FRAMES and not self.bits >> behind & 1:
            self.bits |= 1 << behind
            self.lost -= 1

    def _restart(self, counter: int) -> bool:
        self.newest, self.bits = counter, _WINDOW_MASK
        return True


class _Watch:
    """A peer while it is watched."""

    __slots__ = (
        *("node", "place", "state", "first_us", "last_us", "frames", "counter", "interval_s", "moves"),
        *("is_measured", "_other", "_others", "_since_us"),
    )

    def __init__(self, node: int, place: _Place, now_us: int, interval_s: float) -> None:
        self.node = node
        self.place = place
        self.state = PeerState.ALIVE
        self.first_us = self.last_us = self._since_us = now_us
        self.frames = 0
        self.counter = _Counter()
        self.interval_s = interval_s
        self.is_measured = False
        self.moves = 0
        self._other: _Place | None = None  # where it may have moved
        self._others = 0

    def row(self) -> Peer:
        """As others see it."""
        return Peer(
            self.node,
            self.place.link,
            self.place.address_text,
            self.state,
            self.first_us,
            self.last_us,
            self.frames,
            self.counter.lost,
            self.interval_s if self.is_measured else None,
            self.moves,
        )

    def note_sign(self, now_us: int) -> None:
        """It lives. Silence after a goodbye is no gap; one that made it late or lost counts as LATE_AFTER."""
        gap_us = self._silence_us(now_us)
        if gap_us <= 0:
            return
        if self.state is not _LEFT:
            before_s, gap_s = self.interval_s, gap_us / _US
            if gap_s > LATE_AFTER * before_s:
                gap_s = LATE_AFTER * before_s
            interval_s = before_s + (1 - exp(-gap_s / (MEMORY * before_s))) * (gap_s - before_s)
            if not LEAST_INTERVAL_S <= interval_s <= MOST_INTERVAL_S:
                interval_s = min(MOST_INTERVAL_S, max(LEAST_INTERVAL_S, interval_s))
            self.interval_s = interval_s
            self.is_measured = True
        self.last_us = now_us

    def recall(self, row: Peer, now_us: int) -> None:
        """It was known so before the bridge was started: what it did meanwhile is no silence."""
        self._since_us = now_us
        self.first_us, self.last_us = row.first_seen_us, row.last_heard_us
        self.state, self.frames, self.counter.lost = row.state, row.frames, row.lost_frames
        self.moves = row.address_changes
        if row.interval_s is not None:
            self.interval_s, self.is_measured = row.interval_s, True

    def _silence_us(self, now_us: int) -> int:
        return now_us - max(self.last_us, self._since_us)

    def is_at_home(self) -> None:
        """A frame, or a copy of one, came from its place."""
        self._others = 0

    def has_moved_to(self, place: _Place) -> bool:
        """A new frame came from another place: whether it is there now, and not where it was."""
        self._others = self._others + 1 if place == self._other else 1
        self._other = place
        return self._others == MOVED_AFTER

    def move(self, place: _Place) -> None:
        """It is there now."""
        self.place, self._others = place, 0
        self.moves += 1

    def aged(self, now_us: int) -> PeerState:
        """The state that its silence leads to."""
        silence_s = self._silence_us(now_us) / _US
        if self.state is PeerState.LEFT or silence_s <= max(LEAST_LATE_S, LATE_AFTER * self.interval_s):
            return self.state
        is_lost = silence_s > max(LEAST_LOST_S, LOST_AFTER * self.interval_s)
        return PeerState.LOST if is_lost or self.state is PeerState.LOST else PeerState.LATE


def _address(text: str) -> Address | None:
    host, colon, port = text.rpartition(":")
    return (host, int(port)) if colon and port.isdecimal() else None


class Peers:
    """All nodes that are heard. Time is passed in, in microseconds since 1970; it may be set back.

    `changes` is called with what happens. Of more than MAX_PEERS the one unheard for longest is forgotten.
    """

    def __init__(self, expected_s: float = 5.0, changes: Callable[[PeerChange], None] | None = None) -> None:
        """`expected_s`: the network's period, for the interval of a node that was heard once."""
        self.forgotten = 0
        self._expected_s = min(MOST_INTERVAL_S, max(LEAST_INTERVAL_S, expected_s))
        self._changes = changes
        self._watched: dict[int, _Watch] = {}  # the one heard last stands last

    def rows(self) -> list[Peer]:
        """All of them by id; may be called in any thread."""
        return sorted((watch.row() for watch in list(self._watched.values())), key=lambda peer: peer.node)

    def recall(self, rows: Iterable[Peer], now_us: int) -> None:
        """What was known of nodes before the bridge was started; those heard by now stay as they are."""
        for row in sorted(rows, key=lambda row: row.last_heard_us)[-MAX_PEERS:]:
            if row.node not in self._watched and len(self._watched) < MAX_PEERS:
                watch = _Watch(row.node, _Place(row.link, _address(row.address)), now_us, self._expected_s)
                watch.recall(row, now_us)
                self._watched[row.node] = watch

    def knows(self, node: int) -> bool:
        """Whether it was heard, and is not forgotten."""
        return node in self._watched

    def hear(
        self,
        node: int,
        counter: int,
        link: str,
        address: Address | None,
        now_us: int,
        *,
        begins: bool = False,
        is_goodbye: bool = False,
    ) -> None:
        """A whole frame of that node came in; `begins`: only a node that has just started sends such."""
        watch = self._watched.get(node) or self._appear(node, _Place(link, address), now_us)
        is_new = watch.counter.take(counter, begins=begins, silence_us=now_us - watch.last_us)
        known = watch.place
        if known.link == link and known.address == address:
            watch.is_at_home()
        elif is_new and watch.has_moved_to(place := _Place(link, address)):
            watch.move(place)
            self._tell(now_us, Change.MOVED, watch, str(known))
        if not is_new:
            return
        watch.frames += 1
        if watch.state is _LEFT and counter != watch.counter.newest:
            return  # sent before the goodbye
        self._note_sign(watch, now_us)
        if is_goodbye:
            self._turn(watch, _LEFT, now_us)

    def hear_of(self, node: int, link: str, now_us: int) -> None:
        """Another node told that it has heard this one lately."""
        watch = self._watched.get(node) or self._appear(node, _Place(link, None), now_us)
        if watch.state is not PeerState.LEFT:  # that may have been told before its goodbye
            self._note_sign(watch, now_us)

    def hear_letter(self, node: int, number: int) -> None:
        """A frame that was heard holds a letter of its sender: letters are numbered as frames are, and before
        each of its answers a node draws a session (PROTOCOL.md 14.1, 14.2)."""
        for counter in (number, number - 1):
            self._watched[node].counter.excuse(counter % COUNTER_MODULUS)

    def age(self, now_us: int) -> None:
        """To be called every second or so."""
        for watch in list(self._watched.values()):
            self._turn(watch, watch.aged(now_us), now_us)

    def _appear(self, node: int, place: _Place, now_us: int) -> _Watch:
        if len(self._watched) == MAX_PEERS:
            del self._watched[next(iter(self._watched))]
            self.forgotten += 1
        watch = self._watched[node] = _Watch(node, place, now_us, self._expected_s)
        self._tell(now_us, Change.APPEARED, watch)
        return watch

    def _note_sign(self, watch: _Watch, now_us: int) -> None:
        watch.note_sign(now_us)
        self._watched[watch.node] = self._watched.pop(watch.node)
        if watch.state is not _ALIVE:
            self._turn(watch, _ALIVE, now_us)

    def _turn(self, watch: _Watch, state: PeerState, now_us: int) -> None:
        if state is not watch.state:
            watch.state = state
            self._tell(now_us, _CHANGES[state], watch)

    def _tell(self, now_us: int, change: Change, watch: _Watch, before: str = "") -> None:
        if self._changes is not None:
            self._changes(PeerChange(now_us, change, watch.row(), before))


_CHANGES = {
    PeerState.ALIVE: Change.BACK,
    PeerState.LATE: Change.LATE,
    PeerState.LOST: Change.LOST,
    PeerState.LEFT: Change.LEFT,
}


class PeerTap:
    """Feeds `peers` from the records of a relay; those of a sealed network opened before (bridge.access).

    `address_of` gives a node's address on a link, None where the link has none.
    """

    def __init__(self, peers: Peers, address_of: Callable[[str, int], Address | None]) -> None:
        self._peers = peers
        self._address_of = address_of

    def take(self, records: Sequence[Record]) -> None:
        """The next records."""
        for record in records:
            if record.direction is Direction.INBOUND:
                self._take_frame(record.link, record.frame, record.timestamp_us)

    def _take_frame(self, link: str, data: bytes, now_us: int) -> None:
        try:
            frame = decode(data)
        except FrameError:
            return
        if frame.type in _OF_WATCHERS and not self._peers.knows(frame.source):
            return
        self._peers.hear(
            frame.source,
            frame.counter,
            link,
            self._address_of(link, frame.source),
            now_us,
            begins=frame.type is FrameType.CHALLENGE and frame.destination == BROADCAST,
            is_goodbye=frame.type is FrameType.GOODBYE,
        )
        if frame.type is FrameType.LETTER:
            assert isinstance(frame.payload, Letter)
            if frame.payload.origin == frame.source:
                self._peers.hear_letter(frame.source, frame.payload.origin_counter)
        if frame.type in _BEAR_LINKS:
            assert isinstance(frame.payload, Report | Result)
            for item in frame.payload.items.links:
                if item.quality:
                    self._peers.hear_of(item.child, link, now_us)
