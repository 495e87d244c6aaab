"""A polled field, as fast as one asks: each round a reading of every node."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bridge.access import OPEN, RecordOpener
from bridge.entries import Reading, entries_of
from bridge.log.fact_reader import read_facts
from bridge.log.facts import Checkpoint
from protocol.packets import Frame, FrameType, Poll, encode
from protocol.packets import Reading as ReadingPayload

NETWORK = "field"
PRIMARY = 1
NODES = 100  # each with one metric: so many readings a round


def make_opener() -> RecordOpener:
    """Of an open network."""
    return RecordOpener(OPEN)


def round_frames(round_: int) -> list[bytes]:
    """The primary's poll, and a reading of every node."""
    version, counter = round_ % 65_536, round_ % 65_536
    poll = Frame(FrameType.POLL, PRIMARY, 2, counter, Poll(1, version, 0))
    readings = [
        Frame(
            FrameType.READING,
            node,
            PRIMARY,
            counter,
            ReadingPayload(1, version, 0, ((0, (round_ + node) % 256),)),
        )
        for node in range(2, 2 + NODES)
    ]
    return [encode(frame) for frame in (poll, *readings)]


def pace(rate_per_s: float) -> Iterator[None]:
    """One step a round, so that so many readings come in a second; late steps follow at once."""
    start_s = time.monotonic()
    step_s = NODES / rate_per_s
    due_s = start_s
    while True:
        time.sleep(max(0.0, due_s - time.monotonic()))
        yield
        due_s += step_s


def readings_in(log: Path, from_: Checkpoint | None = None) -> tuple[list[Reading], Checkpoint | None]:
    """All readings that the log tells from there on, in its order, and where it ends."""
    found: list[Reading] = []
    for batch in read_facts(log, make_opener, from_):
        found += [entry for fact in batch.facts for entry in entries_of(fact) if isinstance(entry, Reading)]
        from_ = batch.checkpoint
    return found, from_
