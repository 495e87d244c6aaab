"""What consumers take of the log: batches of facts, each with the place to go on from (PROTOCOL.md 18)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from protocol.observer import Observation


class Position(NamedTuple):
    """A place between two records of the log: a segment's number, and bytes from its beginning.

    Positions compare as the records lie: what is before one position was written before what is after it.
    """

    segment: int
    offset_bytes: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """From where a consumer goes on. What is known of the network there, the log knows (PROTOCOL.md 18.3)."""

    at: Position

    def to_json(self) -> str:
        """One line, for whoever keeps it."""
        return json.dumps(self.at)

    @classmethod
    def from_json(cls, text: str) -> Checkpoint:
        """What `to_json` wrote. Raises ValueError for anything else."""
        found = json.loads(text)
        if not isinstance(found, list) or len(found) != 2 or not all(type(part) is int for part in found):
            raise ValueError(f"{text!r} is no checkpoint")
        return cls(Position(*found))


@dataclass(frozen=True, slots=True)
class FactBatch:
    """Facts in the order of the log. `newest_us` is the time of the last of the `records` they come from."""

    facts: Sequence[Observation]
    checkpoint: Checkpoint  # after all of them
    newest_us: int
    records: int


class RetryError(Exception):
    """A consumer cannot take the batch now (a broker is down, a disk full): the same batch comes again.

    The message is one line for people: who, the cause, the remedy.
    """


class Consumer(Protocol):
    """Takes all facts of the log, in order, at least once, in a thread of its own (all methods but `name`).

    Facts that it took before a crash may come again; their keys (PROTOCOL.md 18.4) are the same.
    """

    @property
    def name(self) -> str:
        """As in the status: `store`, `rules`, `mqtt home`."""

    def checkpoint(self) -> Checkpoint | None:
        """From where to go on; None to begin with the oldest record there is."""

    def take(self, batch: FactBatch) -> None:
        """Deal with all of it; what is done and its checkpoint are durable within a second or so.

        Raises RetryError to get it again after a while. It may block; nothing waits for it.
        """

    def idle(self, now_us: int) -> None:
        """Called at least every second when there is nothing to take, with the wall clock's microseconds."""

    def close(self) -> None:
        """Make durable what is not yet; called once, at the end."""
