"""How well frames come in: good, bad by reason, lost by gaps of the counters, heard twice. No tkinter.

The nodes and their gaps are counted by the bridge's own rules (bridge.peers): what the app shows of a log is
what a bridge would tell of the same frames.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bridge.peers import Peer, Peers
from protocol.capture import Record
from protocol.packets import HEADER_BYTES, DropReason, Frame, FrameType, peek_header

EXPECTED_S = 5.0  # the period, for a node that was heard once
_GOODBYE = FrameType.GOODBYE  # looked up once


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """What came on one link."""

    link: str
    good: int
    bad: dict[DropReason, int]


class LinkHealth:
    """Counts from `since_us` on, the first record."""

    def __init__(self) -> None:
        self.since_us: int | None = None
        self.duplicates: Counter[int] = Counter()  # by node: frames heard before
        self._good: Counter[str] = Counter()
        self._bad: Counter[tuple[str, DropReason]] = Counter()
        self._peers = Peers(EXPECTED_S)

    def hear(self, record: Record, frame: Frame) -> None:
        """A good frame, heard for the first time, as it came and as it was read."""
        now_us = record.timestamp_us
        if self.since_us is None:
            self.since_us = now_us
        self._good[record.link] += 1
        is_goodbye = frame.type is _GOODBYE
        self._peers.hear(frame.source, frame.counter, record.link, None, now_us, is_goodbye=is_goodbye)

    def note_bad(self, timestamp_us: int, link: str, reason: DropReason) -> None:
        """A record that holds no frame."""
        if self.since_us is None:
            self.since_us = timestamp_us
        self._bad[link, reason] += 1

    def note_duplicate(self, record: Record) -> None:
        """A good frame that was heard before, on another link or from a relay."""
        if len(record.frame) >= HEADER_BYTES:
            self.duplicates[peek_header(record.frame)[1]] += 1

    def age(self, now_us: int) -> None:
        """Who is silent is late, and lost; to be called every second or so."""
        self._peers.age(now_us)

    @property
    def nodes(self) -> list[Peer]:
        """All that were heard, by id."""
        return self._peers.rows()

    @property
    def links(self) -> list[LinkCounts]:
        """All links that anything came on, by name."""
        bad: dict[str, dict[DropReason, int]] = {name: {} for name in self._good}
        for (name, reason), count in self._bad.items():
            bad.setdefault(name, {})[reason] = count
        return [LinkCounts(name, self._good[name], bad[name]) for name in sorted(bad)]


def lost_share(peer: Peer) -> float:
    """The part of a node's frames that was not heard, by the gaps of its counter; 0 to 1."""
    sent = peer.frames + peer.lost_frames
    return max(0, peer.lost_frames) / sent if sent > 0 else 0.0
