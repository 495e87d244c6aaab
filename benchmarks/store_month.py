"""A month of a field through bridge, store and retention: disk, memory, and what questions cost meanwhile.

By default 2,592,000 rounds, one a second, of 50 nodes: 129.6 million readings. They come as fast as they are
taken, so that a month passes in minutes; `--budget` ends it earlier, and the last line says how far it came.
With `--frames` they come as frames of a polled network, through the packet log (with its own retention), the
observer, and the store in the thread that a bridge runs it in; without as facts, to the store alone. Every
half second the store is asked about its last day, by a thread of the same process and by another process.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.access import OPEN, RecordOpener
from bridge.log.fact_log import FactLog
from bridge.log.facts import Checkpoint, FactBatch, Position
from bridge.log.runner import Runner
from bridge.log.segments import SegmentedLog
from bridge.log.settings import LogSettings
from bridge.store.queries import Queries
from bridge.store.settings import StoreSettings
from bridge.store.store import Store
from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.observations import NodeMissing, Observation, ReadingsSeen, RoundRow
from protocol.packets import (
    BROADCAST,
    COUNTER_MODULUS,
    HOST,
    WIRE_VERSION,
    Beat,
    Frame,
    FrameType,
    Items,
    Result,
    crc16,
    encode,
)

START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
DAY_S = 86_400
DAY_US = DAY_S * SECOND_US
BATCH_ROUNDS = 50
QUESTION_PERIOD_S = 0.5
AT_REST = 200
# Short, so that within a month whatever is ever dropped is dropped: after a year the file is no larger.
SETTINGS = StoreSettings(
    keep_readings_s=2 * DAY_S,
    keep_minutes_s=10 * DAY_S,
    keep_hours_s=3_650 * DAY_S,
    keep_rounds_s=7 * DAY_S,
    keep_events_s=7 * DAY_S,
)
MIB = 1 << 20
PRIMARY = 1
MOST_LAG_RECORDS = 15_000  # so that the log still has their facts in memory
_READING = struct.Struct(">BHHBHHHBBB")


# --- the field -------------------------------------------------------------------------------------------


class Field:
    """Readings that wander slowly; now and then a node is missing for ten minutes."""

    def __init__(self, nodes: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._raw = [100 + self._random.randrange(60) for _ in range(nodes)]
        self._back_at = [0] * nodes  # the round
        self.readings = 0

    def round(self, number: int) -> list[Observation]:
        """The facts of that round, which takes 0.2 s of its second."""
        began_us, version = START_US + number * SECOND_US, number & 0xFFFF
        self._wander(number % len(self._raw), number)
        found: list[Observation] = []
        total = count = largest = at = 0
        for node, raw in enumerate(self._raw):
            if self._back_at[node] > number:
                found.append(NodeMissing(began_us + 190_000, node + 1, version))
                continue
            found.append(ReadingsSeen(began_us + node * 3_000, node + 1, version, ((0, raw),)))
            total += raw
            count += 1
            if raw > largest:
                largest, at = raw, node + 1
        self.readings += count
        aggregate = Aggregate(version, largest, at, total, count)
        found.append(RoundRow(began_us + 200_000, number, 0, aggregate, 0, 200, 2 * count, 40 * count, 0))
        return found

    def _wander(self, node: int, number: int) -> None:
        """One node a round changes, as temperatures do."""
        raw = self._raw[node] + self._random.choice((-1, 0, 0, 1))
        self._raw[node] = min(250, max(5, raw))
        if self._random.random() < 1e-3:
            self._back_at[node] = number + 600


# --- ways into the store ---------------------------------------------------------------------------------


class Facts:
    """Straight to the store."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store

    def give(self, rounds: range, facts: list[Observation]) -> None:
        """The facts of these rounds."""
        place = Checkpoint(Position(1, rounds.stop))
        self._store.take(FactBatch(facts, place, facts[-1].timestamp_us, len(facts)))

    def size_bytes(self) -> int:
        """Of what is on the disk besides the store."""
        return 0

    def close(self) -> None:
        """All is taken."""
        self._store.close()


class Frames:
    """Through the packet log: a BEAT, the READING of each node but the first, and the RESULT of the first."""

    def __init__(self, store: Store, folder: Path) -> None:
        settings = LogSettings(folder / "log", keep_bytes=256e6)
        self._log = SegmentedLog(settings)
        self._facts = FactLog(self._log, lambda: RecordOpener(OPEN))
        self._runner = Runner(self._facts, store)
        self._runner.start()
        self._counter = 0

    def give(self, rounds: range, facts: list[Observation]) -> None:
        """As frames; waits while the store is far behind."""
        records = []
        for fact in facts:
            if isinstance(fact, ReadingsSeen) and fact.node != PRIMARY:
                records.append(self._record(fact.timestamp_us, self._reading(fact)))
            elif isinstance(fact, RoundRow):
                beat = Beat(1, fact.version, 0, 1_000, 3_000)
                result = Result(fact.duration_ms, Items(aggregates=((fact.metric_id, fact.aggregate),)))
                first_us = fact.timestamp_us - fact.timestamp_us % SECOND_US
                at = len(records) - sum(record.timestamp_us >= first_us for record in records)
                records.insert(at, self._record(first_us, self._of_primary(FrameType.BEAT, BROADCAST, beat)))
                records.append(
                    self._record(fact.timestamp_us, self._of_primary(FrameType.RESULT, HOST, result))
                )
        self._facts.append(records)
        while self._runner.status().lag_records > MOST_LAG_RECORDS:
            time.sleep(0.01)

    def size_bytes(self) -> int:
        """Of the log."""
        return self._log.size_bytes

    def close(self) -> None:
        """Wait until the store has all, and end."""
        end_s = time.monotonic() + 60
        while self._runner.status().lag_records and time.monotonic() < end_s:
            time.sleep(0.05)
        self._runner.stop()
        self._log.close()

    def _record(self, time_us: int, frame: bytes) -> Record:
        return Record(time_us, "udp", Direction.INBOUND, frame)

    def _next(self) -> int:
        self._counter = (self._counter + 1) % COUNTER_MODULUS
        return self._counter

    def _reading(self, seen: ReadingsSeen) -> bytes:
        """As protocol.packets encodes it, ten times as fast."""
        ((metric, raw),) = seen.pairs
        counter = self._next()
        head = (WIRE_VERSION << 5 | FrameType.READING, seen.node, PRIMARY, counter >> 16, counter & 0xFFFF)
        body = _READING.pack(*head, 1, seen.version, 1, metric, raw)
        return body + crc16(body).to_bytes(2, "big")

    def _of_primary(self, type_: FrameType, destination: int, payload: Beat | Result) -> bytes:
        return encode(Frame(type_, PRIMARY, destination, self._next(), payload))


# --- questions -------------------------------------------------------------------------------------------

Question = Callable[[Queries, int, int], object]
QUESTIONS: dict[str, Question] = {
    "plot of a node's day": lambda ask, now_us, node: ask.readings_plot(node, 0, now_us - DAY_US, now_us),
    "plot of the results' day": lambda ask, now_us, _: ask.rounds_plot(0, now_us - DAY_US, now_us),
    "readings of a node's hour": lambda ask, now_us, node: ask.readings(
        node, 0, now_us - DAY_US // 24, now_us
    ),
    "newest reading of all": lambda ask, now_us, _: ask.latest_readings(),
    "events of the day": lambda ask, now_us, _: ask.events(now_us - DAY_US, now_us, 1_000),
}


Times = dict[str, list[tuple[float, float]]]  # by question: ms of the clock, and of the processor


def ask_until(over: threading.Event, path: Path, nodes: int, *, most: int | None = None) -> Times:
    """What all answers take; `most` times each without a pause, or until it is over."""
    generator = random.Random(1)
    times: Times = {name: [] for name in QUESTIONS}
    with Queries(path) as ask:
        while not over.wait(QUESTION_PERIOD_S if most is None else 0):
            newest = ask.last_rounds()
            if not newest:
                continue
            for name, question in QUESTIONS.items():
                node = generator.randint(1, nodes)
                began_s, began_cpu_s = time.perf_counter(), time.thread_time()
                question(ask, newest[0].timestamp_us, node)
                wall_s, cpu_s = time.perf_counter() - began_s, time.thread_time() - began_cpu_s
                times[name].append((1e3 * wall_s, 1e3 * cpu_s))
            if most is not None and len(times[name]) >= most:
                break
    return times


def ask_as_other_process(path: Path, nodes: int) -> None:
    """Ask until the standard input ends; the times go out as JSON."""
    over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    print(json.dumps(ask_until(over, path, nodes)))


def print_times(who: str, times: Times) -> None:
    """Median, 99th percentile and the longest by the clock, and the 99th percentile of processor time."""
    print(f"\n{who}: {sum(map(len, times.values()))} answers")
    print(f"  {'ms':30}  median      p99      max  p99 of processor time")
    for name, found in times.items():
        if found:
            wall, cpu = (sorted(column) for column in zip(*found, strict=True))
            p99 = int(0.99 * len(found))
            print(
                f"  {name:30} {wall[len(wall) // 2]:7.1f} {wall[p99]:8.1f} {wall[-1]:8.1f} {cpu[p99]:10.1f}"
            )


# --- the month -------------------------------------------------------------------------------------------


def resident_mib() -> float:
    """Of this process, now (Linux)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def live_through(store: Store, way: Facts | Frames, field: Field, rounds: int, budget_s: float) -> int:
    """Give the store all rounds, and print a line a day; how many rounds there was time for."""
    print("  day     rounds    readings  store MiB   log MiB   RSS MiB   readings/s")
    began_s = day_s = time.monotonic()
    day_readings = 0
    for first in range(0, rounds, BATCH_ROUNDS):
        numbers = range(first, min(rounds, first + BATCH_ROUNDS))
        facts = [fact for number in numbers for fact in field.round(number)]
        way.give(numbers, facts)
        done, now_s = numbers[-1] + 1, time.monotonic()
        is_over = now_s - began_s > budget_s
        if done % DAY_S < BATCH_ROUNDS or is_over:
            rate = (field.readings - day_readings) / (now_s - day_s)
            print(
                f"  {done / DAY_S:4.1f} {done:10,} {field.readings:11,} {store.size_bytes / MIB:10.1f}"
                f" {way.size_bytes() / MIB:9.1f} {resident_mib():9.1f} {rate:12,.0f}",
                flush=True,
            )
            day_s, day_readings = now_s, field.readings
        if is_over:
            return done
    return rounds


def check(path: Path, field: Field, done: int) -> bool:
    """Whether every reading is counted: in the hours, and in what follows them."""
    with Queries(path) as ask:
        end_us = START_US + done * SECOND_US
        counted = sum(
            bucket.count
            for node in range(1, 1 + len(ask.latest_readings()))
            for bucket in ask.readings_plot(node, 0, START_US - DAY_US, end_us)
        )
    print(f"\n{counted:,} readings counted of {field.readings:,} given")
    return counted == field.readings


def main(arguments: Sequence[str] | None = None) -> int:
    """Print it; 1 if a reading is missing or counted twice."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=30 * DAY_S)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--frames", action="store_true", help="through the packet log, as a bridge does")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=1_500.0, metavar="S", help="(default: 1500)")
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.ask is not None:
        ask_as_other_process(args.ask, args.nodes)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder) / "store.sqlite", args)


def run(path: Path, args: argparse.Namespace) -> int:
    """The month, with those who ask beside it."""
    store, field, over = Store(path, "month", SETTINGS), Field(args.nodes, args.seed), threading.Event()
    way = (Frames if args.frames else Facts)(store, path.parent)
    other = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.store_month", "--ask", str(path), "--nodes", str(args.nodes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    own: Times = {}
    asker = threading.Thread(target=lambda: own.update(ask_until(over, path, args.nodes)))
    asker.start()
    done = 0
    try:
        done = live_through(store, way, field, args.rounds, args.budget)
    finally:
        over.set()
        asker.join()
        theirs, _ = other.communicate()
        way.close()
    store = Store(path, "month", SETTINGS)
    store.settle()
    print_times("a thread of the process that writes", own)
    print_times("another process", json.loads(theirs))
    print_times("when all is done", ask_until(threading.Event(), path, args.nodes, most=AT_REST))
    is_right = check(path, field, done)
    store.close()
    print(
        f"{done:,} of {args.rounds:,} rounds, seed {args.seed}; {store.size_bytes / MIB:.1f} MiB at the end"
    )
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
