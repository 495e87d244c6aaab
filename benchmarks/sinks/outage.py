"""A server is killed and comes back, while readings come: what does the sink deliver?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.claims import Claim, quantile
from benchmarks.sinks.field import NETWORK, NODES, make_opener, pace, readings_in, round_frames
from benchmarks.sinks.servers import Influxd, Mosquitto, Server, comes_true, running, until
from benchmarks.sinks.subscriber import subscribed
from bridge.log.fact_log import FactLog
from bridge.log.runner import Pauses, Runner
from bridge.log.segments import SegmentedLog
from bridge.log.settings import LogSettings
from bridge.sinks.kinds import SINKS, make_sink
from bridge.sinks.sink import Sink
from protocol.capture import Direction, Record
from protocol.simulator.toml_tables import Table

# As an operator sets it who wants the backlog soon; by default the last wait is up to a minute.
LONGEST_PAUSE_S = 5.0
DRAIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds before, in and after the outage, at so many readings a second."""

    before_s: float = 5.0
    outage_s: float = 60.0
    after_s: float = 5.0
    rate_per_s: float = 1_000.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: keys of readings in the log, those that arrived and how often."""

    name: str
    recorded: frozenset[str]
    arrived: Mapping[str, int]
    retries: int
    drain_s: float  # from the server's return to the end of the backlog
    appends_ms: Mapping[
        bool, Sequence[float]
    ]  # how long each round took to be recorded, by: is it the outage?

    @property
    def missing(self) -> frozenset[str]:
        """In the log and not there."""
        return self.recorded - self.arrived.keys()

    @property
    def strange(self) -> frozenset[str]:
        """There and not in the log."""
        return frozenset(self.arrived.keys() - self.recorded)

    @property
    def duplicates(self) -> int:
        """Those that came again, under the same key."""
        return sum(self.arrived.values()) - len(self.arrived)

    def claims(self) -> list[Claim]:
        """As lines of the report."""
        count = len(self.recorded)
        return [
            Claim(
                f"{self.name}: readings that arrived",
                f"{count - len(self.missing):,} of {count:,}",
                not self.missing,
            ),
            Claim(
                f"{self.name}: duplicates, all under a known key",
                f"{self.duplicates:,}",
                not self.strange,
            ),
            Claim(f"{self.name}: attempts in the outage", f"{self.retries}"),
            Claim(f"{self.name}: from its return until all had arrived", f"{self.drain_s:.1f} s"),
            Claim(
                f"{self.name}: to record {NODES} readings, 99 % within, with it and without",
                ", ".join(f"{quantile(self.appends_ms[is_out], 0.99):.1f} ms" for is_out in (False, True)),
            ),
        ]


@dataclass(frozen=True, slots=True)
class Target:
    """A server, the sink's table in bridge.toml, what arrived there, by key, and how the server is ended."""

    server: Server
    toml: str
    arrived: Callable[[], Mapping[str, int]]
    end: Callable[[], None]


@contextmanager
def mosquitto(folder: Path) -> Iterator[Target]:
    """A broker, and a subscriber whose session outlives it.

    It is ended by SIGTERM: after SIGKILL mosquitto has forgotten messages that it had acknowledged and not
    passed on yet, since it saves no sooner than every second. That is nothing a sink could mend.
    """
    server = Mosquitto(folder)
    with running(server), subscribed(server.port) as subscriber:
        yield Target(
            server,
            f"[[mqtt]]\nport = {server.port}\ndiscovery = false\n",
            lambda: Counter(told["key"] for told in subscriber.objects(f"treering/{NETWORK}/node/")),
            server.stop,
        )


@contextmanager
def influxd(folder: Path) -> Iterator[Target]:
    """A database, ended by SIGKILL; what is written twice is there once, so it never tells of duplicates."""
    server = Influxd(folder)
    with running(server):
        yield Target(server, f'[[influx]]\nurl = "{server.url}"\n', lambda: influx_keys(server), server.kill)


def influx_keys(server: Influxd) -> Mapping[str, int]:
    """The keys of the readings in the database `treering`."""
    query = "SELECT version, value FROM reading GROUP BY node, metric"
    return Counter(
        f"{NETWORK}/{series['tags']['node']}/{series['tags']['metric']}/{version}/{timestamp_ns // 1_000}"
        for series in server.query(query, "treering")
        for timestamp_ns, version, _ in series["values"]
    )


TARGETS = {"mosquitto": mosquitto, "influxd": influxd}


def run(name: str, plan: Plan, folder: Path) -> Outcome:
    """Before, in and after the outage readings come; the result is known when the backlog is gone."""
    (folder / "server").mkdir()
    with TARGETS[name](folder / "server") as target:
        kind, (table,) = _table_in(target.toml)
        sink = make_sink(SINKS[kind].from_table(table, folder), NETWORK, folder / "place.json")
        log = SegmentedLog(LogSettings(folder / "log"))
        fact_log = FactLog(log, make_opener)
        runner = Runner(fact_log, sink, Pauses(longest_s=LONGEST_PAUSE_S))
        runner.start()
        appends_ms: dict[bool, list[float]] = {False: [], True: []}
        try:
            returned_s = _feed(fact_log, plan, target, appends_ms)
            until(lambda: _is_drained(runner, sink), "the end of the backlog", DRAIN_S)
            drain_s = time.monotonic() - returned_s
        finally:
            runner.stop()
            log.close()
        readings, _ = readings_in(folder / "log")
        recorded = frozenset(reading.key(NETWORK) for reading in readings)
        comes_true(lambda: recorded <= target.arrived().keys(), 10, poll_s=0.5)
        return Outcome(name, recorded, target.arrived(), runner.retries, drain_s, appends_ms)


def _table_in(toml: str) -> tuple[str, list[Table]]:
    document = Table.parse(toml, "bridge.toml", "mend it")
    (kind,) = document.values
    return kind, document.tables(kind)


def _is_drained(runner: Runner, sink: Sink[Any]) -> bool:
    return runner.status().lag_records == 0 and sink.pending == 0


def _feed(fact_log: FactLog, plan: Plan, target: Target, appends_ms: Mapping[bool, list[float]]) -> float:
    """The monotonic time at which the server was back."""
    start_s = time.monotonic()
    returned_s = ended_s = 0.0
    for round_, _ in enumerate(pace(plan.rate_per_s)):
        now_s = time.monotonic()
        if not ended_s and now_s - start_s >= plan.before_s:
            target.end()
            ended_s = now_s
        elif ended_s and not returned_s and now_s - ended_s >= plan.outage_s:
            target.server.start()
            returned_s = time.monotonic()
        elif returned_s and now_s - returned_s >= plan.after_s:
            return returned_s
        now_us = time.time_ns() // 1_000
        records = [Record(now_us, "field", Direction.INBOUND, frame) for frame in round_frames(round_)]
        before_s = time.perf_counter()
        fact_log.append(records)
        appends_ms[bool(ended_s and not returned_s)].append((time.perf_counter() - before_s) * 1_000)
    raise AssertionError("pace never ends")
