"""What the tests of sinks share: facts and batches, a place kept in memory, a subscriber of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge.log.facts import Checkpoint, FactBatch, Position
from bridge.rules.engine import Rule, RuleEvent
from bridge.rules.settings import RuleSettings
from protocol.aggregate import Aggregate
from protocol.observations import Observation, ReadingsSeen, RoundRow
from protocol.simulator.toml_tables import Table

START_US = 1_763_732_700_000_000  # 2025-11-21T13:45:00Z
SECOND_US = 1_000_000
NETWORK = "garden"
ALARM, FAN = RuleSettings.from_table(
    Table.parse(
        """
        [[actuator]]
        name = "fan"
        node = 7
        [[rule]]
        name = "frost"
        text = "alarm when temperature of any node < 2"
        [[rule]]
        name = "fan"
        text = "fan on when temperature > 25"
        """,
        "bridge.toml",
        "mend it",
    )
).rules


class MemoryOffsets:
    """An OffsetFile without the file."""

    def __init__(self) -> None:
        self.saved: Checkpoint | None = None
        self.forced = 0

    def load(self) -> Checkpoint | None:
        """The place that was saved last."""
        return self.saved

    def save(self, checkpoint: Checkpoint | None = None, *, force: bool = False) -> None:
        """Keep it."""
        self.saved = checkpoint or self.saved
        self.forced += force


def checkpoint(number: int) -> Checkpoint:
    """The place after the batch of that number."""
    return Checkpoint(Position(1, number))


def batch(number: int, *facts: Observation) -> FactBatch:
    """One of a sequence of batches."""
    newest_us = max((fact.timestamp_us for fact in facts), default=START_US)
    return FactBatch(facts, checkpoint(number), newest_us, len(facts))


def seen(number: int, node: int = 7, *, pairs: tuple[tuple[int, int], ...] = ((0, 123),)) -> ReadingsSeen:
    """Readings of round `number`, a second after those before."""
    return ReadingsSeen(START_US + number * 1_000_000, node, number % 65_536, pairs)


def result(number: int, metric_id: int = 0, *, count: int = 3) -> RoundRow:
    """The result of round `number`."""
    aggregate = Aggregate(number % 65_536, 130, 7, 120 * count, count) if count else Aggregate.empty(number)
    return RoundRow(START_US + number * 1_000_000, number, metric_id, aggregate, 0, 250, 9, 200, 0)


def alarm(
    number: int, *, node: int | None = None, has_begun: bool = True, rule: Rule = ALARM, text: str = "odd"
) -> RuleEvent:
    """A change of a rule, so many seconds after START_US."""
    return RuleEvent(START_US + number * SECOND_US, rule.kind, rule.name, node, has_begun, text)


def table(text: str, kind: str) -> Table:
    """The first table of that kind in a bridge.toml."""
    return Table.parse(text, "bridge.toml", "mend it").tables(kind)[0]


def secret_file(path: Path, secret: str) -> Path:
    """A file that only we may read."""
    path.write_text(secret + "\n")
    path.chmod(0o600)
    return path


def numbered(facts: Sequence[Observation], size: int) -> Iterator[FactBatch]:
    """The facts in batches of that size."""
    for number, first in enumerate(itertools.count(0, size), 1):
        if first >= len(facts):
            return
        yield batch(number, *facts[first : first + size])
