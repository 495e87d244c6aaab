"""What the panel of the links shows: tables of words, and what each number means. No tkinter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from bridge.peers import Peer
from bridge.status_view import span_text
from bridge.stream.queueing import QueueMeasure
from desktop.lists.table import Column, Line
from desktop.model.links import LinkHealth, lost_share
from desktop.model.words import plural

NODE_COLUMNS = (
    Column("node", 3.9, "e", stretches=False),
    Column("state", 4.6),
    Column("frames", 5, "e"),
    Column("lost", 4.4, "e"),
    Column("share", 4.6, "e"),
    Column("twice", 4.4, "e"),
    Column("silent", 5, "e"),
    Column("every", 5, "e"),
    Column("link", 7),
)
NODE_HINTS = (
    "the node's id",
    "late after 3 of its usual intervals without a sign of it, lost after 8",
    "good frames of it, each counted once",
    "gaps in the counter of its frames: sent, and not heard here",
    "of all that it has sent, the part that was not heard",
    "frames heard again, on another link or from a relay: they are not counted anew",
    "how long ago it was heard",
    "how often it is heard, as a mean over the last 8 intervals",
    "where it was heard",
)
MOST_LINKS = 40  # told one by one
FIGURE_COLUMNS = (
    Column("figure", 9, stretches=False),
    Column("value", 5.5, "e", stretches=False),
    Column("which means", 16),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue of a bridge, in words: how many wait, and by Little's law and M/M/1 would wait."""

    name: str
    length: str
    littles_length: str
    mm1_length: str


def node_line(peer: Peer, health: LinkHealth, now_us: int) -> Line:
    """One node."""
    values = (
        str(peer.node),
        str(peer.state),
        f"{peer.frames:,}",
        f"{max(0, peer.lost_frames):,}",
        f"{lost_share(peer):.1%}",
        f"{health.duplicates[peer.node]:,}",
        span_text(max(0, now_us - peer.last_heard_us) / 1e6),
        "–" if peer.interval_s is None else span_text(peer.interval_s),
        peer.link,
    )
    return Line(values, str(peer.state))


def figure_lines(
    health: LinkHealth, queue: QueueMeasure | None, fill: float | None, waiting: tuple[Waiting, ...]
) -> Iterator[Line]:
    """Frames by link and reason, then the queues."""
    peers = health.nodes
    frames, lost = sum(peer.frames for peer in peers), sum(max(0, peer.lost_frames) for peer in peers)
    yield Line(("frames heard", f"{frames:,}", "good ones, each counted once"))
    share = lost / (frames + lost) if frames + lost else 0.0
    yield Line(("lost on the way", f"{lost:,}", f"{share:.1%} of what was sent, by gaps of the counters"))
    twice = health.duplicates.total()
    yield Line(("heard twice", f"{twice:,}", "on several links, or from relays"))
    links = sorted(health.links, key=lambda link: -link.good - sum(link.bad.values()))
    for link in sorted(links[:MOST_LINKS], key=lambda link: link.link):
        yield Line((f"good on {link.link}", f"{link.good:,}", "whole frames, checksum right"))
        for reason, count in sorted(link.bad.items()):
            yield Line((f"bad on {link.link}", f"{count:,}", f"{reason.label}: dropped"), "bad")
    if rest := links[MOST_LINKS:]:
        good, bad = sum(link.good for link in rest), sum(sum(link.bad.values()) for link in rest)
        yield Line((f"{len(rest):,} more links", f"{good + bad:,}", f"frames, {bad:,} of them bad"))
    if fill is not None:
        text = "of the app's own queue; full, it drops what comes, and says so"
        yield Line(("queue fill", f"{fill:.0%}", text))
    if queue is not None and queue.arrivals:
        yield from _queue_lines(queue)
    for one in waiting:
        text = f"by Little {one.littles_length}, by M/M/1 {one.mm1_length}"
        yield Line((f"bridge: {one.name}", one.length, f"records waiting; {text}"))


def _queue_lines(queue: QueueMeasure) -> Iterator[Line]:
    """Little's law on the app's own queue, in the last seconds that are over."""
    wait_ms = 1000 * queue.sojourn_s
    span = f"in {queue.span_s:.0f} s"
    yield Line(("arrivals, λ", f"{queue.arrival_rate_per_s:,.1f}/s", f"records a second {span}"))
    yield Line(("in the queue, W", f"{wait_ms:.1f} ms", "from the source to the model"))
    yield Line(("waiting, L", f"{queue.length:.2f}", "records in the queue, mean over time"))
    text = "Little's law: it comes to L, but for what waits at either end"
    yield Line(("λ × W", f"{queue.littles_length:.2f}", text))
    predicted = queue.predicted.length if queue.service_s > 0 and isfinite(queue.service_s) else float("nan")
    shown = f"{predicted:.2f}" if isfinite(predicted) else "–"
    yield Line(("L by M/M/1", shown, "if all came by chance; less than L: it comes in bursts"))


def summary_of(health: LinkHealth, now_us: int) -> str:
    """How many nodes, and since when they are counted."""
    if health.since_us is None:
        return "nothing heard yet"
    states = [str(peer.state) for peer in health.nodes]
    told = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states)))
    return f"{plural(len(states), 'node')}: {told}; counted for {span_text((now_us - health.since_us) / 1e6)}"
