"""PROTOCOL.md 18: kills, restarts, retention and consumers in any order.

Nothing is lost, and nothing comes again but what was not durable.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bridge.log import fact_log as fact_log_module
from bridge.log import segment_reader, segments
from bridge.log.cursor import read_log
from bridge.log.fact_log import FactLog, Follower
from bridge.log.facts import Checkpoint, Position
from bridge.log.folder import LogFolder
from bridge.log.segments import SegmentedLog
from protocol.capture import Record
from protocol.observer import Observation, Observer
from tests.bridge.log.rig import (
    FIELDS,
    access_to,
    all_facts,
    as_after_a_kill,
    field_records,
    next_batch,
    open_log,
    opener_of,
)

CONSUMERS = 3
A_DAY_S = 86_400.0


@pytest.fixture(autouse=True, scope="module")
def small_pieces() -> object:
    """Little in memory, few records at a time from the disk; what another thread does is done on demand."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(segment_reader, "READ_BYTES", 700)
        patched.setattr(fact_log_module, "TAIL_FACTS", 40)
        patched.setattr(fact_log_module, "QUIET_S", 0.0)
        patched.setattr(segments, "GRACE_S", 0.0)
        patched.setattr(SegmentedLog, "_keep_house", lambda self: None)
        patched.setattr(os, "fsync", lambda handle: None)
        yield


@dataclass
class Reader:
    """A consumer: what it took up to its durable checkpoint, and since."""

    follower: Follower
    checkpoint: Checkpoint | None = None
    durable: list[Observation] = field(default_factory=list)
    taken: list[Observation] = field(default_factory=list)
    newest: Checkpoint | None = None

    def take(self) -> bool:
        """One batch, if there is one."""
        batch = next_batch(self.follower)
        if batch is not None:
            self.taken += batch.facts
            self.newest = batch.checkpoint
        return batch is not None

    def commit(self) -> None:
        """All that it took is durable."""
        self.durable += self.taken
        self.taken = []
        self.checkpoint = self.newest or self.checkpoint
        if self.checkpoint is not None:
            self.follower.needed = self.checkpoint.at

    def resume(self, fact_log: FactLog) -> None:
        """What was not durable is gone, and comes again."""
        self.taken, self.newest = [], None
        self.follower = fact_log.follow(self.checkpoint)


class Crashes(RuleBasedStateMachine):
    """Against a model: the records that survived, and one observer that hears them all."""

    @initialize(which=st.sampled_from(FIELDS))
    def begin(self, which: tuple[str, bool]) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="treering-"))
        self.run = 0
        self.source = iter(field_records(*which))
        self.opener = opener_of(access_to(which[1]))
        self.survivors: list[Record] = []
        self.fact_log = open_log(self.folder, self.opener, keep_age_s=A_DAY_S)
        self.readers = [Reader(self.fact_log.follow(None)) for _ in range(CONSUMERS)]

    @property
    def folder(self) -> Path:
        return self.place / str(self.run)

    @rule(count=st.integers(1, 60), each=st.integers(1, 25))
    def append(self, count: int, each: int) -> None:
        records = [record for record, _ in zip(self.source, range(count), strict=False)]
        for at in range(0, len(records), each):
            self.fact_log.append(records[at : at + each])
        self.survivors += records

    @rule()
    def sync(self) -> None:
        self.fact_log.log.sync()

    @rule(which=st.integers(0, CONSUMERS - 1), batches=st.integers(1, 9))
    def consume(self, which: int, batches: int) -> None:
        for _ in range(batches):
            self.readers[which].take()

    @rule(which=st.integers(0, CONSUMERS - 1))
    def commit(self, which: int) -> None:
        self.readers[which].commit()

    @rule()
    def age(self) -> None:
        """Every segment that has ended is too old: what all have made durable goes."""
        for path in self.folder.glob("*.pcapng"):
            os.utime(path, (1, 1))
        self.fact_log.log.sync()
        needed = self.fact_log.log.needed()
        assert needed is not None
        assert all(number >= needed for number in LogFolder(self.folder).numbers())

    @precondition(lambda self: self.run < 6)
    @rule(cut_bytes=st.integers(0, 400), keeps_state=st.booleans())
    def kill(self, cut_bytes: int, keeps_state: bool) -> None:
        """What was written since anything was made durable may be cut; the newest state may be missing."""
        durable = max((r.checkpoint.at for r in self.readers if r.checkpoint), default=Position(0, 0))
        end = self.fact_log.log.end
        before = self.fact_log.records
        as_after_a_kill(self.folder, self.place / str(self.run + 1))
        self._close()
        self.run += 1
        segment = LogFolder(self.folder).segment(end.segment)
        if end.offset_bytes:
            least = durable.offset_bytes if durable.segment == end.segment else 0
            os.truncate(segment, max(least, end.offset_bytes - cut_bytes))
            if not keeps_state and end.segment > 1:
                LogFolder(self.folder).state(end.segment).unlink(missing_ok=True)
        self._open()
        lost = before - self.fact_log.records
        assert lost == self.fact_log.log.lost
        del self.survivors[len(self.survivors) - lost :]

    @precondition(lambda self: self.run < 6)
    @rule()
    def restart(self) -> None:
        self._close()
        self._open()
        assert self.fact_log.log.lost == 0
        assert self.fact_log.records == len(self.survivors)

    def teardown(self) -> None:
        if not hasattr(self, "place"):
            return
        facts = self._told(self.survivors)
        for reader in self.readers:
            while reader.take():
                pass
            assert reader.durable + reader.taken == facts
            assert reader.follower.gaps == 0
        kept = list(read_log(self.folder)) if self.survivors else []
        assert kept == self.survivors[len(self.survivors) - len(kept) :]
        rest = all_facts(self.folder, self.opener)
        assert rest == facts[len(facts) - len(rest) :]
        self._close()
        shutil.rmtree(self.place)

    def _told(self, records: list[Record]) -> list[Observation]:
        opener, observer = self.opener(), Observer(tells_heard=True)
        opened = [opener.open(record) for record in records]
        return [fact for record in opened if record is not None for fact in observer.observe(record)]

    def _open(self) -> None:
        self.fact_log = open_log(self.folder, self.opener, keep_age_s=A_DAY_S)
        for reader in self.readers:
            reader.resume(self.fact_log)

    def _close(self) -> None:
        self.fact_log.log.close()
        for reader in self.readers:
            reader.follower.close()


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=30, stateful_step_count=25)


@given(st.sampled_from(FIELDS), st.data())
@settings(max_examples=25)
def test_a_power_cut_may_take_what_a_consumer_has_taken_and_all_that_is_left_comes(
    which: tuple[str, bool], data: st.DataObject
) -> None:
    """The segment is cut anywhere, also before the consumer's checkpoint."""
    records, opener = field_records(*which)[:300], opener_of(access_to(which[1]))
    with tempfile.TemporaryDirectory(prefix="treering-") as place:
        fact_log = open_log(Path(place) / "log", opener)
        follower = fact_log.follow(None)
        checkpoint: Checkpoint | None = None
        taken = data.draw(st.integers(1, 200), "taken")
        for at in range(0, 200, 10):
            fact_log.append(records[at : at + 10])
            if at < taken and (batch := next_batch(follower)):
                checkpoint = batch.checkpoint
        left = as_after_a_kill(Path(place) / "log", Path(place) / "left")
        end = fact_log.log.end
        follower.close()
        fact_log.log.close()
        os.truncate(LogFolder(left).segment(end.segment), data.draw(st.integers(0, end.offset_bytes), "cut"))
        fact_log = open_log(left, opener)
        told = [fact for at in range(200, 300, 10) for fact in fact_log.append(records[at : at + 10])]
        fact_log.log.close()
        got, whole = all_facts(left, opener, checkpoint), all_facts(left, opener)
        assert whole[len(whole) - len(got) :] == got
        assert got[len(got) - len(told) :] == told
