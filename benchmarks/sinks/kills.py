"""The bridge is killed at random moments, again and again: what is in the log, and what arrives of it?"""

from __future__ import annotations

import csv
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow.parquet

from benchmarks.claims import Claim
from benchmarks.sinks.bridge import Bridge, write_config
from benchmarks.sinks.field import NETWORK, NODES, PRIMARY, pace, readings_in, round_frames
from benchmarks.sinks.outage import influxd, mosquitto
from benchmarks.sinks.servers import comes_true
from bridge.entries import Reading
from bridge.log.facts import Checkpoint
from protocol.aggregate import TEMPERATURE

RATE_PER_S = 1_000.0
LIVES_S = (0.05, 1.5)  # of a life, from when it takes frames
MAX_UNSYNCED_S = 1.0  # of frames that a kill may cost

Sent = tuple[int, int]  # node and version of a reading
Arrived = Callable[[], Mapping[str, int]]


@dataclass(slots=True)
class Outcome:
    """What was sent, what the log holds, and what arrived of it where."""

    kills: int
    seed: int
    sent: int = 0
    recorded: list[Reading] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)  # readings by life, sent and not recorded
    counted: list[int] = field(default_factory=list)  # records by life, lost as the log counts them
    gaps: int = 0  # lives of which the log holds anything but the beginning
    arrived: dict[str, Mapping[str, int]] = field(default_factory=dict)  # by sink and key

    def claims(self) -> list[Claim]:
        """As lines of the report."""
        keys = {reading.key(NETWORK) for reading in self.recorded}
        most = int(MAX_UNSYNCED_S * RATE_PER_S)
        worst = max(self.lost, default=0)
        found = [
            Claim(f"readings recorded of {self.sent:,} sent, seed {self.seed}", f"{len(self.recorded):,}"),
            Claim(
                "lives whose readings have a gap in the log", f"{self.gaps} of {self.kills}", not self.gaps
            ),
            Claim(f"most readings that a kill cost, up to {most} allowed", f"{worst:,}", worst <= most),
            Claim("records that the log itself counts as lost", f"{sum(self.counted):,}"),
        ]
        for sink, arrived in self.arrived.items():
            missing, strange = len(keys - arrived.keys()), len(arrived.keys() - keys)
            again = sum(arrived.values()) - len(arrived)
            figure = f"{missing} missing, {strange} unknown, {again:,} again"
            is_once = sink not in FILES or not again
            found.append(
                Claim(f"{sink}: keys against the log", figure, not missing and not strange and is_once)
            )
        return found


def run(kills: int, seed: int, folder: Path) -> Outcome:
    """So many lives, and one more that hands on what is left."""
    rng = random.Random(seed)
    outcome = Outcome(kills, seed)
    rounds = iter(range(1 << 31))
    at: Checkpoint | None = None
    with _servers(folder) as (config, heard):
        for _ in range(kills):
            bridge = Bridge(config)
            outcome.counted.append(bridge.lost_before)
            sent = _live(bridge, rng.uniform(*LIVES_S), rounds)
            recorded, at = readings_in(folder / "state" / "log", at)
            _judge(outcome, sent, recorded)
        last = Bridge(config)
        outcome.counted.append(last.lost_before)
        last.finish()
        keys = {reading.key(NETWORK) for reading in outcome.recorded}
        for sink, arrived in heard.items():
            comes_true(partial(_has_all, keys, arrived), 10, poll_s=0.5)
            outcome.arrived[sink] = arrived()
        for sink, keys_in in FILES.items():
            outcome.arrived[sink] = Counter(keys_in(folder / sink))
    return outcome


def _has_all(keys: set[str], arrived: Arrived) -> bool:
    return keys <= arrived().keys()


def _live(bridge: Bridge, life_s: float, rounds: Iterator[int]) -> list[Sent]:
    """The readings that it was sent until it was killed."""
    sent: list[Sent] = []
    end_s = time.monotonic() + life_s
    for _ in pace(RATE_PER_S):
        if time.monotonic() >= end_s:
            bridge.kill()
            return sent
        round_ = next(rounds)
        bridge.send(round_frames(round_))
        sent += [(node, round_ % 65_536) for node in range(PRIMARY + 1, PRIMARY + 1 + NODES)]
    raise AssertionError("pace never ends")


def _judge(outcome: Outcome, sent: list[Sent], recorded: list[Reading]) -> None:
    outcome.sent += len(sent)
    outcome.recorded += recorded
    outcome.lost.append(len(sent) - len(recorded))
    outcome.gaps += [(reading.node, reading.version) for reading in recorded] != sent[: len(recorded)]


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Path, dict[str, Arrived]]]:
    """The settings of the sinks, and what arrived at the servers, by key."""
    for name in ("broker", "database"):
        (folder / name).mkdir()
    config = folder / "bridge.toml"
    with mosquitto(folder / "broker") as broker, influxd(folder / "database") as database:
        write_config(config, broker.toml + database.toml + FILE_SINKS)
        yield config, {"mqtt": broker.arrived, "influx": database.arrived}


def _csv_keys(folder: Path) -> Iterator[str]:
    for path in folder.glob("readings-*.csv"):
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield _key(int(row["node"]), int(row["version"]), datetime.fromisoformat(row["time (UTC)"]))


def _parquet_keys(folder: Path) -> Iterator[str]:
    for path in folder.glob("readings-*.parquet"):
        for row in pyarrow.parquet.read_table(path).to_pylist():
            yield _key(row["node"], row["version"], row["time"])


def _key(node: int, version: int, time: datetime) -> str:
    timestamp_us = (time - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    return Reading(timestamp_us, node, version, TEMPERATURE, 0).key(NETWORK)


# By sink and folder: each reading must be there once.
FILES: Mapping[str, Callable[[Path], Iterator[str]]] = {"csv": _csv_keys, "parquet": _parquet_keys}
FILE_SINKS = """
[[csv]]
folder = "csv"
[[parquet]]
folder = "parquet"
batch = 500
batch_age = "500 ms"
"""
