"""A scenario as a source of the app: it runs on any core, is hurt while it runs, and says what is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from desktop.model.model import Standing
from desktop.model.words import EventKind
from desktop.simulate.source import SimulationSource
from desktop.sources.session import LiveSession, Security, Session
from desktop.sources.source import State
from protocol.simulator.faults import Cut, Freeze, Kill, SetQuality
from protocol.simulator.medium import Quality
from protocol.simulator.scenario import AVR, PYTHON, C, Grid, Scenario

PATIENCE_S = 30.0
SPEED = 20.0
FIELD = Scenario(field=Grid(3, 2), period_ms=1_000, seed=4)


@pytest.fixture
def session() -> Iterator[Session]:
    session = LiveSession(SimulationSource(FIELD, speed=SPEED))
    session.start()
    yield session
    session.stop()


def source_of(session: Session) -> SimulationSource:
    assert isinstance(session.source, SimulationSource)
    return session.source


def until(session: Session, done: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S} s for {what}; {session.status}"
        if not session.drain(0.02):
            time.sleep(0.002)  # the processor is for the source's thread


def standing(session: Session, node: int) -> Standing | None:
    return next((one.standing for one in session.model.tree() if one.id == node), None)


def notices(session: Session) -> list[str]:
    return [line.text for line in session.model.events if line.kind is EventKind.NOTICE]


def test_a_node_that_is_killed_is_lost_and_revived_it_joins_again(session: Session) -> None:
    source = source_of(session)
    until(session, lambda: len(session.model.rows) >= 2, "two rounds")
    assert source.places.keys() == source.alive == set(range(1, 7))
    source.hurt(Kill(6))
    until(session, lambda: standing(session, 6) is Standing.LOST, "node 6 to be lost")
    assert source.alive == set(range(1, 6))
    assert "killed node 6" in notices(session)
    source.undo()
    until(session, lambda: standing(session, 6) is Standing.JOINED, "node 6 to be back")
    assert "undo: revived node 6" in notices(session)
    assert [deed.is_undone for deed in source.deeds] == [True, False]
    assert session.security is Security.SIMULATED


def test_what_cannot_be_done_is_told_and_the_field_goes_on(session: Session) -> None:
    until(session, lambda: session.model.rows, "a round")
    source_of(session).hurt(Kill(99))
    until(session, lambda: "kill 99: no node 99 in the field" in notices(session), "the notice")
    rounds = len(session.model.rows)
    until(session, lambda: len(session.model.rows) > rounds, "another round")
    assert session.status.state is State.RUNNING


def test_paused_its_time_stands_and_deeds_happen_all_the_same(session: Session) -> None:
    source = source_of(session)
    until(session, lambda: session.model.rows, "a round")
    source.pause()
    until(session, lambda: "paused" in session.status.text, "the pause")
    source.hurt(SetQuality(Quality(loss=0.25)), Cut(1, 2))
    until(session, lambda: len(source.deeds) == 2, "both deeds")
    first, second = source.deeds
    assert first.time_us == second.time_us
    assert source.quality.loss == 0.25
    assert source.cut == {(1, 2), (2, 1)}
    assert 2 in source.neighbours(1), "one that would hear it if the link were not cut"
    source.resume()
    rounds = len(session.model.rows)
    until(session, lambda: len(session.model.rows) > rounds, "the time to go on")


def test_a_computer_that_is_too_slow_is_told_of(session: Session) -> None:
    source_of(session).set_speed(1e9)
    until(session, lambda: "this computer reaches" in session.status.text, "the speed that is reached")


@pytest.mark.usefixtures("built_core", "built_board")
@pytest.mark.parametrize("core", [C, AVR])
def test_other_cores_run_too(core: str) -> None:
    scenario = replace(FIELD, core=core, period_ms=5_000)
    session = LiveSession(SimulationSource(scenario, speed=SPEED))
    try:
        session.start()
        until(session, lambda: session.model.rows or session.status.state is State.FAILED, "a round")
        assert len(session.model.tree()) == 6, session.status
        source = source_of(session)
        if core == AVR:
            assert "emulated board" in source.refusal(Freeze)
            with pytest.raises(ValueError, match="emulated board"):
                source.hurt(Freeze(2))
        source.hurt(Kill(5))
        until(session, lambda: source.deeds, "the deed")
        assert 5 not in source.alive
    finally:
        session.stop()


def test_what_no_core_can_run_is_its_status() -> None:
    session = LiveSession(SimulationSource(replace(FIELD, core=AVR, profile="classic")))
    session.start()
    until(session, lambda: session.status.state is State.FAILED, "the failure")
    assert "profile" in session.status.text
    session.stop()


@pytest.mark.usefixtures("miscounted_truth")
def test_a_promise_that_is_broken_is_told_with_the_seed() -> None:
    session = LiveSession(SimulationSource(FIELD, speed=SPEED))
    session.start()
    until(session, lambda: session.status.state is State.FAILED, "the broken promise")
    assert session.status.text.startswith("seed 4, round ")
    assert "broke a promise" in session.status.text
    session.stop()


def test_a_sealed_field_is_read_with_the_keys_of_its_nodes() -> None:
    session = LiveSession(SimulationSource(replace(FIELD, sealed=True), speed=SPEED))
    session.start()
    until(session, lambda: session.model.rows, "a round")
    assert session.status.text.startswith(f"6 simulated nodes on the core {PYTHON}, sealed")
    session.stop()


def test_stopping_waits_for_nothing_long(session: Session) -> None:
    source_of(session).set_speed(1e9)
    until(session, lambda: session.model.rows, "a round")
    began_s = time.monotonic()
    session.stop()
    assert time.monotonic() - began_s < 2.0
