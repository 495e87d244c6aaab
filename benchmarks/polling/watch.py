"""What the frames of a polled network on trial tell: its rounds on the wire, and its primaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from protocol.packets import Beat, Frame, Poll, Reading, Result

NS_PER_MS = 1e6


@dataclass(slots=True)
class WireRound:
    """One version of one epoch; times in nanoseconds. `polled` by (node, attempt), `read` by node."""

    version: int
    polled: dict[tuple[int, int], int] = field(default_factory=dict)
    read: dict[int, tuple[int, int]] = field(default_factory=dict)  # the attempt that it bears, and when

    @property
    def began_ns(self) -> int:
        """When the first poll was sent."""
        return min(self.polled.values())

    def response_ms(self, node: int) -> float | None:
        """From the poll that began the measurement to the reading."""
        if node not in self.read:
            return None
        attempt, read_ns = self.read[node]
        polled_ns = self.polled.get((node, attempt))
        return None if polled_ns is None else (read_ns - polled_ns) / NS_PER_MS

    def longest_response_ms(self, nodes: Collection[int]) -> float | None:
        """Of these nodes; None if none of them answered."""
        responses_ms = [ms for node in nodes if (ms := self.response_ms(node)) is not None]
        return max(responses_ms, default=None)

    def last_reading_ms(self, nodes: Collection[int]) -> float | None:
        """From the first poll until the last of these nodes has answered, which did."""
        times_ns = [read_ns for node, (_, read_ns) in self.read.items() if node in nodes]
        return (max(times_ns) - self.began_ns) / NS_PER_MS if times_ns else None


@dataclass(frozen=True, slots=True)
class Reported:
    """A RESULT, and the round of it."""

    time_ns: int
    primary: int
    version: int
    duration_ms: int
    count: int
    round: WireRound | None


@dataclass(slots=True)
class PolledWatch:
    """Everything heard."""

    rounds: dict[tuple[int, int], WireRound] = field(default_factory=dict)
    results: list[Reported] = field(default_factory=list)
    beats: list[tuple[int, int, int]] = field(default_factory=list)  # time, source, epoch

    def take(self, time_ns: int, frame: Frame) -> None:
        """The next frame."""
        match frame.payload:
            case Poll(epoch, version, attempt):
                polled = self._round(epoch, version).polled
                polled.setdefault((frame.destination, attempt), time_ns)
            case Reading(epoch, version, attempt):
                self._round(epoch, version).read.setdefault(frame.source, (attempt, time_ns))
            case Beat(epoch):
                self.beats.append((time_ns, frame.source, epoch))
            case Result(duration_ms, items) if items.version is not None:
                running = self.rounds.get((self.epoch, items.version))
                count = items.aggregates[0][1].count
                self.results.append(
                    Reported(time_ns, frame.source, items.version, duration_ms, count, running)
                )

    def _round(self, epoch: int, version: int) -> WireRound:
        return self.rounds.setdefault((epoch, version), WireRound(version))

    @property
    def epoch(self) -> int:
        """Of the last beat; 0 before the first."""
        return self.beats[-1][2] if self.beats else 0

    @property
    def primary(self) -> int | None:
        """Who said the last beat."""
        return self.beats[-1][1] if self.beats else None

    def beats_since(self, time_ns: int) -> Iterator[tuple[int, int]]:
        """(time, source) of the beats after that, the latest first."""
        for beat_ns, source, _ in reversed(self.beats):
            if beat_ns <= time_ns:
                return
            yield beat_ns, source

    def results_since(self, time_ns: int) -> list[Reported]:
        """After that, in order."""
        found: list[Reported] = []
        for reported in reversed(self.results):
            if reported.time_ns <= time_ns:
                break
            found.append(reported)
        return found[::-1]

    def reported_twice(self) -> dict[int, list[int]]:
        """Versions with more than one result, and by whom."""
        counts = Counter(reported.version for reported in self.results)
        return {
            version: [reported.primary for reported in self.results if reported.version == version]
            for version, number in counts.items()
            if number > 1
        }
