"""What a stream of records tells, printed as it comes: the same lines from a live bridge and from its log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from bridge.rows import print_readings, print_row
from protocol.capture import Record
from protocol.observer import (
    MemberFound,
    NodeLeft,
    NodeLost,
    NodeMissing,
    Observation,
    Observer,
    ParentChanged,
    PassedOver,
    PrimaryChanged,
    ReadingsSeen,
    RoundRow,
)
from protocol.packets import DropReason


class Report:
    """Prints finished rounds, and each node's readings if asked; as text also who came, and who was lost."""

    def __init__(self, *, as_json: bool, readings: bool = False) -> None:
        self.observer = Observer()
        self.rounds = 0
        self._as_json = as_json
        self._with_readings = readings

    def take(self, record: Record) -> None:
        """Print what `record` tells, if anything."""
        seen = self.observer.observe(record)
        self.rounds += any(isinstance(observation, RoundRow) for observation in seen)
        for observation in seen:
            if isinstance(observation, RoundRow):
                print_row(observation, as_json=self._as_json)
            elif isinstance(observation, ReadingsSeen):
                if self._with_readings:
                    round_ = self.observer.round_number(observation.version)
                    print_readings(observation, round_, as_json=self._as_json)
            elif not self._as_json and (line := event_line(observation)):
                print(line, flush=True)

    def summary(self) -> str:
        """How many rounds and frames there were, and why some were of no use."""
        bad = drops_text(self.observer.dropped)
        return f"{self.rounds} rounds, {self.observer.good} frames" + (f"; dropped {bad}" if bad else "")


def event_line(observation: Observation) -> str | None:
    """The change in the network as people read it; None if there is none."""
    match observation:
        case ParentChanged(_, node, parent, previous):
            moved = f", which was under {previous} before" if previous not in (None, parent) else ""
            return f"node {node} joined under {parent}{moved}"
        case NodeLost(_, node, parent):
            return f"node {node} has lost its place under {parent}"
        case NodeLeft(_, node):
            return f"node {node} has left"
        case PassedOver(_, node, by):
            return f"node {node} is silent: node {by} passed it over"
        case MemberFound(_, node):
            return f"node {node} is in the ring"
        case PrimaryChanged(_, primary, previous, epoch):
            before = "" if previous is None else f" after {previous}"
            return f"node {primary} is the primary{before}, epoch {epoch}"
        case NodeMissing(_, node, version):
            return f"node {node} is missing from the result of version {version}"
    return None


def drops_text(drops: Mapping[DropReason, int]) -> str:
    """Counts by reason, as people read them: "3 checksum, 1 framing"; empty without any."""
    return ", ".join(f"{count} {reason.label}" for reason, count in sorted(drops.items()) if count)


def log_to_stderr(line_format: str = "treering: %(message)s") -> None:
    """What a command says of itself goes beside its output, so that a script can read the output."""
    logging.basicConfig(stream=sys.stderr, format=line_format, level=logging.INFO)
