"""Which segments of a log go (PROTOCOL.md 18.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.log.folder import SegmentFile
from bridge.log.settings import LogSettings


@dataclass(frozen=True, slots=True)
class Room:
    """What the disk has: `free_bytes`. `needed` is the oldest segment that a consumer has not passed."""

    free_bytes: int
    needed: int | None
    now_s: float


def superfluous(
    ended: Sequence[SegmentFile], open_bytes: int, settings: LogSettings, room: Room
) -> list[int]:
    """The numbers of those segments that go, of all that have ended, oldest first.

    Only the oldest go: a log has no holes. What is too old waits for consumers; what is too much does not.
    """
    total_bytes = open_bytes + sum(segment.size_bytes for segment in ended)
    free_bytes = room.free_bytes
    found = []
    for segment in ended:
        is_too_much = total_bytes > settings.keep_bytes or free_bytes < settings.least_free_bytes
        is_too_old = segment.changed_s < room.now_s - settings.keep_age_s
        is_needed = room.needed is not None and segment.number >= room.needed
        if not is_too_much and (not is_too_old or is_needed):
            break
        found.append(segment.number)
        total_bytes -= segment.size_bytes
        free_bytes += segment.size_bytes
    return found
