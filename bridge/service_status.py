"""What the parts of a running bridge say of themselves, as bridge.status shows it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from bridge.link_set import Segment
from bridge.log.consumer_queue import QueueFigures
from bridge.log.fact_log import FactLog
from bridge.log.runner import ConsumerState, Runner
from bridge.peers import Peer
from bridge.status import (
    ConsumerStatus,
    LatencyStatus,
    LogStatus,
    PeerStatus,
    QueueStatus,
    Rates,
    SegmentStatus,
)
from bridge.stream.buffers import Pressure
from bridge.stream.latency import Stage, Summary
from bridge.text_link import TextLink
from protocol.capture import Direction

_FULL = (Pressure.CRITICAL, Pressure.HIGH)


def rate_name(link: str, direction: Direction) -> str:
    """The counter of a link's frames of that direction, in Rates."""
    return f"{direction.name} {link}"


def segment_status(segment: Segment, frames: Counter[tuple[str, Direction]], rates: Rates) -> SegmentStatus:
    """A link."""
    link = segment.link
    return {
        "link": link.name,
        "is_up": segment.is_up,
        "reason": segment.reason,
        "frames_in": frames[link.name, Direction.INBOUND],
        "frames_out": frames[link.name, Direction.OUTBOUND],
        "rate_in": rates.of(rate_name(link.name, Direction.INBOUND)),
        "rate_out": rates.of(rate_name(link.name, Direction.OUTBOUND)),
        "drops": {reason.label: count for reason, count in link.drops.items()},
        "unsent": link.unsent,
        "fill": link.fill,
    }


def segment_warnings(segments: Iterable[Segment]) -> Iterator[str]:
    """What people must know of the links."""
    for segment in segments:
        link = segment.link
        if segment.reason:
            yield f"{link.name}: {segment.reason}"
        level = next((level for level in _FULL if 100 * link.fill >= level), None)
        if level is not None:
            yield f"{link.name}: its queue is {level:d}% full or more; it takes less than there is"
        if isinstance(link, TextLink):
            yield from link.warnings


def peer_status(peer: Peer) -> PeerStatus:
    """A node that is heard."""
    return {
        "node": peer.node,
        "link": peer.link,
        "address": peer.address,
        "state": peer.state.value,
        "first_seen_us": peer.first_seen_us,
        "last_heard_us": peer.last_heard_us,
        "frames": peer.frames,
        "lost_frames": peer.lost_frames,
        "interval_s": peer.interval_s,
        "address_changes": peer.address_changes,
    }


def log_status(facts: FactLog) -> LogStatus:
    """The packet log."""
    log = facts.log
    return {
        "folder": str(log.folder.path),
        "segments": log.segments,
        "size_bytes": log.size_bytes,
        "free_bytes": log.free_bytes,
        "records": facts.records,
        "lost_records": log.lost + log.unrecorded,
    }


def consumer_status(runner: Runner) -> ConsumerStatus:
    """Who reads the log."""
    status = runner.status()
    return {
        "name": status.name,
        "state": status.state.value,
        "lag_records": status.lag_records,
        "lag_s": status.lag_s,
        "queue": queue_status(runner.queue.figures()),
        "taken": status.taken,
        "retries": status.retries,
        "last_error": status.last_error,
    }


def queue_status(figures: QueueFigures) -> QueueStatus:
    """What waits for it; JSON has no NaN, nor what is infinite."""
    rate, wait, length, littles, mm1 = (figure if math.isfinite(figure) else None for figure in figures)
    return {
        "rate_per_s": rate,
        "wait_s": wait,
        "length": length,
        "littles_length": littles,
        "mm1_length": mm1,
    }


def latency_statuses(summaries: Mapping[Stage, Summary]) -> list[LatencyStatus]:
    """How long facts take to each stage."""
    return [
        {
            "stage": stage.value,
            "p50_ms": 1000 * summary.p50_s,
            "p99_ms": 1000 * summary.p99_s,
            "max_ms": 1000 * summary.max_s,
        }
        for stage, summary in summaries.items()
    ]


def consumer_warnings(runners: list[Runner]) -> Iterator[str]:
    """What people must know of those who read the log."""
    for runner in runners:
        if runner.state in (ConsumerState.RETRYING, ConsumerState.FAILED):
            yield f"{runner.consumer.name} is {runner.state}: {runner.last_error}"
        if runner.gaps:
            yield f"{runner.consumer.name} missed {runner.gaps} segments, which had to make room"
