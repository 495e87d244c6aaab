"""What tests of the log share: records of simulated fields, small segments, a consumer that remembers."""

from __future__ import annotations

import contextlib
import functools
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.access import OPEN, Access, RecordOpener
from bridge.keys_file import NetworkKeys
from bridge.log.decoder import MakeOpener
from bridge.log.fact_log import FactLog, Follower
from bridge.log.fact_reader import read_facts
from bridge.log.facts import Checkpoint, FactBatch
from bridge.log.runner import Pauses
from bridge.log.segments import SegmentedLog
from bridge.log.settings import LogSettings
from protocol.capture import Direction, Record
from protocol.observer import Observation
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.medium import Air, Quality
from protocol.simulator.scenario import Grid, Scenario
from protocol.simulator.scenario_run import nodes_of
from protocol.simulator.sealed_nodes import master_key_of
from protocol.simulator.simulation import Simulation
from tests.bridge.rig import broadcast

TIMEOUT_S = 20.0
START_US = 1_790_000_000_000_000
SMALL = 2_000  # bytes of a segment: some thirty frames
QUICK = Pauses(first_s=0.01, longest_s=0.05, failed_s=0.05)
FIELDS = [(network, sealed) for network in ("tree", "ring", "polling") for sealed in (False, True)]


@functools.cache
def field_records(network: str, sealed: bool, rounds: int = 12) -> tuple[Record, ...]:
    """What a lossy field of nine sends, of which one dies and comes back."""
    scenario = Scenario(field=Grid(3, 3), network=network, sealed=sealed, seed=5, readings=network == "ring")
    records: list[Record] = []
    topology = scenario.topology()
    simulation = Simulation(
        topology,
        seed=scenario.seed,
        network=network,
        timing=scenario.timing,
        air=Air(quality=Quality(loss=0.05)),
        faults=[Fault(4, Kill(5)), Fault(7, Revive(5))],
        on_record=records.append,
        order=scenario.order_in(topology),
        readings_asked=scenario.readings,
        make_node=nodes_of(scenario, topology),
        introduction_ms=scenario.introduction_ms,
    )
    simulation.run(rounds)
    return tuple(records)


def access_to(sealed: bool) -> Access:
    """How the field's records are read."""
    return Access(NetworkKeys("garden", 0, master=master_key_of(5))) if sealed else OPEN


def opener_of(access: Access) -> MakeOpener:
    """Makes openers with that access."""
    return functools.partial(RecordOpener, access)


open_opener = opener_of(OPEN)


def frames(count: int, first: int = 0, link: str = "air") -> list[Record]:
    """Calls for help, a millisecond apart, each told as a fact."""
    return [
        Record(START_US + i * 1_000, link, Direction.INBOUND, broadcast(1 + i % 500, i))
        for i in range(first, first + count)
    ]


def settings(folder: Path, **changes: float) -> LogSettings:
    """Small segments, and nothing removed for want of room, unless told."""
    given = {"segment_bytes": SMALL, "least_free_bytes": 0} | changes
    return LogSettings(folder, **given)


def open_log(folder: Path, make_opener: MakeOpener = open_opener, **changes: float) -> FactLog:
    """A log of small segments; its `log` is to be closed."""
    return FactLog(SegmentedLog(settings(folder, **changes)), make_opener)


def record_all(folder: Path, records: Sequence[Record], make_opener: MakeOpener, each: int = 17) -> FactLog:
    """A closed log of all these records in many segments."""
    fact_log = open_log(folder, make_opener)
    for at in range(0, len(records), each):
        fact_log.append(records[at : at + each])
        fact_log.log.sync()  # a segment may end as soon as it is full
    fact_log.log.close()
    return fact_log


def all_facts(folder: Path, make_opener: MakeOpener, from_: Checkpoint | None = None) -> list[Observation]:
    """What the log tells from there on."""
    return [fact for batch in read_facts(folder, make_opener, from_) for fact in batch.facts]


def next_batch(follower: Follower) -> FactBatch | None:
    """What it gives next, if there is anything."""
    batch = follower.next(0.0)
    while batch is None and follower.is_behind:
        batch = follower.next(0.0)
    return batch


def as_after_a_kill(folder: Path, copy: Path) -> Path:
    """The folder as it would be if its writer was killed now."""
    copy.mkdir()
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a state that was not finished, and is now
            shutil.copy2(path, copy)
    return copy


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come true in time"
        time.sleep(0.005)


class Memory:
    """A consumer that remembers all it took, and what it was told to keep; `act` may break it."""

    def __init__(self, name: str = "memory", checkpoint: Checkpoint | None = None) -> None:
        self.name = name
        self.facts: list[Observation] = []
        self.kept = checkpoint
        self.act: Callable[[FactBatch], None] = lambda batch: None
        self.closed = threading.Event()
        self.idled = 0

    def checkpoint(self) -> Checkpoint | None:
        return self.kept

    def take(self, batch: FactBatch) -> None:
        self.act(batch)
        self.facts += batch.facts
        self.kept = batch.checkpoint

    def idle(self, now_us: int) -> None:
        self.idled += 1

    def close(self) -> None:
        self.closed.set()
