"""PROTOCOL.md 18.3: every consumer gets every fact, whatever it or another does, and the bridge goes on."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.log import runner as runner_module
from bridge.log.fact_log import FactLog
from bridge.log.facts import FactBatch, RetryError
from bridge.log.folder import LogFolder
from bridge.log.runner import ConsumerState, Pauses, Runner
from protocol.observer import Observation
from tests.bridge.log.rig import QUICK, Memory, all_facts, frames, open_log, open_opener, wait_until


@pytest.fixture
def fact_log(tmp_path: Path) -> Iterator[FactLog]:
    log = open_log(tmp_path)
    yield log
    log.log.close()


def started(fact_log: FactLog, consumer: Memory) -> Runner:
    runner = Runner(fact_log, consumer, QUICK, random.Random(1))
    runner.start()
    return runner


def appended(fact_log: FactLog, first: int, count: int) -> None:
    for at in range(first, first + count, 10):
        fact_log.append(frames(10, at))
        fact_log.log.sync()


def facts_in(fact_log: FactLog) -> list[Observation]:
    return all_facts(fact_log.log.folder.path, open_opener)


def test_a_consumer_gets_what_was_there_before_it_and_what_comes(fact_log: FactLog) -> None:
    appended(fact_log, 0, 100)
    consumer = Memory()
    runner = started(fact_log, consumer)
    appended(fact_log, 100, 100)
    wait_until(lambda: runner.status().lag_records == 0)
    assert consumer.facts == facts_in(fact_log)
    assert runner.stop()
    status = runner.status()
    assert (status.name, status.state, status.lag_s) == ("memory", ConsumerState.STOPPED, 0)
    assert status.taken == len(consumer.facts) == 400
    assert consumer.closed.is_set()


def test_it_goes_on_at_its_checkpoint(fact_log: FactLog) -> None:
    first = Memory()
    runner = started(fact_log, first)
    appended(fact_log, 0, 100)
    wait_until(lambda: len(first.facts) == 200)
    runner.stop()
    appended(fact_log, 100, 100)
    second = Memory(checkpoint=first.kept)
    runner = started(fact_log, second)
    wait_until(lambda: runner.status().lag_records == 0)
    assert first.facts + second.facts == facts_in(fact_log)
    runner.stop()


def test_what_it_cannot_take_comes_again_until_it_can(
    fact_log: FactLog, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = Memory("mqtt home")
    is_down = threading.Event()
    is_down.set()

    def act(batch: FactBatch) -> None:
        if is_down.is_set():
            raise RetryError("mqtt home: the broker does not answer; start it")

    consumer.act = act
    runner = started(fact_log, consumer)
    appended(fact_log, 0, 50)
    wait_until(lambda: runner.status().retries > 3)
    status = runner.status()
    assert status.state is ConsumerState.RETRYING
    assert status.last_error == "mqtt home: the broker does not answer; start it"
    assert status.lag_records > 0
    is_down.clear()
    wait_until(lambda: runner.status().lag_records == 0)
    assert consumer.facts == facts_in(fact_log)
    runner.stop()
    told = [record.message for record in caplog.records if "does not answer" in record.message]
    assert len(told) == 1, "once, not at every try"


def test_another_error_is_logged_with_its_name_and_it_is_started_again(
    fact_log: FactLog, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = Memory("rules")
    broken = [ValueError("no such metric")] * 2

    def act(batch: FactBatch) -> None:
        if broken:
            raise broken.pop()

    consumer.act = act
    other = Memory("store")
    runners = [started(fact_log, consumer), started(fact_log, other)]
    appended(fact_log, 0, 100)
    wait_until(lambda: all(runner.status().lag_records == 0 for runner in runners))
    assert consumer.facts == other.facts == facts_in(fact_log)
    assert "rules: failed, tried again in" in caplog.text
    assert "no such metric" in caplog.text
    for runner in runners:
        runner.stop()


def test_who_is_slow_costs_others_nothing(fact_log: FactLog) -> None:
    slow, quick = Memory("slow"), Memory("quick")
    go_on = threading.Event()

    def wait(batch: FactBatch) -> None:
        go_on.wait(10)

    slow.act = wait
    runners = [started(fact_log, slow), started(fact_log, quick)]
    appended(fact_log, 0, 200)
    wait_until(lambda: runners[1].status().lag_records == 0)
    assert runners[0].status().lag_records > 0
    go_on.set()
    wait_until(lambda: runners[0].status().lag_records == 0)
    assert slow.facts == quick.facts
    for runner in runners:
        runner.stop()


def test_it_is_idle_when_there_is_nothing(fact_log: FactLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "IDLE_PERIOD_S", 0.02)
    consumer = Memory()
    runner = started(fact_log, consumer)
    wait_until(lambda: consumer.idled > 3)
    runner.stop()


def test_one_that_retries_stops_at_once_and_one_that_hangs_is_left_behind(fact_log: FactLog) -> None:
    def refuse(batch: FactBatch) -> None:
        raise RetryError("down")

    retrying, hanging = Memory("retrying"), Memory("hanging")
    retrying.act = refuse
    go_on = threading.Event()
    entered = threading.Event()

    def hang(batch: FactBatch) -> None:
        entered.set()
        go_on.wait(20)

    hanging.act = hang
    runners = [
        Runner(fact_log, retrying, Pauses(first_s=1_000, longest_s=1_000)),
        Runner(fact_log, hanging, QUICK),
    ]
    for runner in runners:
        runner.start()
    fact_log.append(frames(10))
    wait_until(lambda: runners[0].status().retries and entered.is_set())
    assert runners[0].stop()
    assert retrying.closed.is_set()
    assert not runners[1].stop(timeout_s=0.05)
    go_on.set()
    assert runners[1].stop()


def test_pauses_double_up_to_the_longest_and_are_never_the_same_for_all() -> None:
    pauses, rng = Pauses(first_s=1, longest_s=60), random.Random(3)
    drawn = [pauses.after(failures, rng) for failures in range(1, 2_000)]
    for failures, pause_s in enumerate(drawn, 1):
        whole_s = min(60.0, 2.0 ** (failures - 1)) if failures < 10 else 60.0
        assert whole_s / 2 <= pause_s <= whole_s
    assert len(set(drawn[10:])) > 1_000


# --- segments that it needs ---


def test_segments_are_kept_until_what_is_made_of_them_is_durable(
    fact_log: FactLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "LET_GO_PERIOD_S", 0.0)
    consumer = Memory()
    begin = consumer.checkpoint()
    consumer.checkpoint = lambda: begin  # type: ignore[method-assign]  # it takes, and nothing is durable yet
    runner = started(fact_log, consumer)
    appended(fact_log, 0, 200)
    wait_until(lambda: runner.status().lag_records == 0)
    assert fact_log.log.needed() == 0
    begin = consumer.kept
    wait_until(lambda: fact_log.log.needed() == fact_log.log.end.segment)
    runner.stop()
    assert fact_log.log.needed() is None


def test_a_part_that_is_gone_is_counted_and_told(fact_log: FactLog, caplog: pytest.LogCaptureFixture) -> None:
    consumer = Memory("influx")
    runner = started(fact_log, consumer)
    appended(fact_log, 0, 30)
    wait_until(lambda: runner.status().lag_records == 0)
    runner.stop()
    appended(fact_log, 30, 300)
    folder: LogFolder = fact_log.log.folder
    kept = folder.numbers()[-2:]
    for number in folder.numbers()[:-2]:
        folder.segment(number).unlink()
        folder.state(number).unlink()
    late = Memory("influx", consumer.kept)
    runner = started(fact_log, late)
    wait_until(lambda: runner.status().lag_records == 0)
    assert runner.status().gaps == 1
    assert "influx: a part of the log was removed before it was read" in caplog.text
    assert late.facts == facts_in(fact_log)
    assert kept == folder.numbers()
    runner.stop()
