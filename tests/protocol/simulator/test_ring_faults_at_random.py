"""Some thousand rounds of rings in which everything goes wrong; `benchmarks.ring faults` runs 100,000."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.ring.faulted_ring import FaultedRing, faulted_ring, run_faulted
from protocol import token_ring
from protocol.packets import FrameType, Pairs
from protocol.ring_turns import Turns
from protocol.simulator.medium import Quality
from protocol.token_order import passed_on
from protocol.token_ring import TokenRingNode

ROUNDS = 30
# The larger rings cost more than they tell here.
MOST_NODES = 20


def small_runs(count: int, first_seed: int = 1) -> list[FaultedRing]:
    runs = (faulted_ring(seed, ROUNDS) for seed in range(first_seed, first_seed + 2 * count))
    return [run for run in runs if len(run.topology.places) <= MOST_NODES][:count]


@pytest.mark.parametrize("first_seed", range(1, 121, 30))
def test_no_promise_is_broken(first_seed: int) -> None:
    for run in small_runs(12, first_seed):
        outcome = run_faulted(run)
        replay = f"python -m benchmarks.ring faults --rounds-a-run {ROUNDS} --replay {run.seed}"
        assert outcome.broken is None, f"{outcome.broken}; replay with: {replay}"
        assert outcome.results > 0, f"no results; replay with: {replay}"
        assert outcome.token_ms is not None
        assert outcome.token_ms <= 2_000, f"a cold start of {outcome.token_ms} ms; replay with: {replay}"


def test_all_kinds_of_faults_happen() -> None:
    runs = [faulted_ring(seed, ROUNDS) for seed in range(1, 80)]
    faults = {type(action).__name__ for run in runs for _, actions in run.schedule for action in actions}
    assert faults == {
        *("Kill", "Leave", "Revive", "Reboot", "Freeze", "Thaw", "Partition", "Merge", "SetQuality")
    }
    for name in ("loss", "duplication", "delay_ms", "bit_flips"):
        assert any(getattr(run.quality, name) for run in runs), name
    assert any(run.readings_asked for run in runs)
    assert any(run.first_version + ROUNDS > 0xFFFF for run in runs)
    assert max(len(run.topology.places) for run in runs) > 50


def test_a_seed_is_a_run() -> None:
    assert str(faulted_ring(7, ROUNDS)) == str(faulted_ring(7, ROUNDS))
    assert run_faulted(faulted_ring(7, ROUNDS)) == run_faulted(faulted_ring(7, ROUNDS))


def test_a_healthy_ring_counts_everybody_in_every_round() -> None:
    run = replace(faulted_ring(3, ROUNDS), quality=Quality(), schedule=())
    outcome = run_faulted(run)
    assert outcome.broken is None
    assert outcome.whole == outcome.results >= ROUNDS


class TestTheyFind:
    def test_a_ring_that_takes_any_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(token_ring, "is_newer", lambda a, b: True)
        assert first_broken() != "nothing"

    def test_a_ring_that_waits_for_a_lost_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def wait(self: TokenRingNode, now_ms: int) -> None:
            self._watch.wait_until(now_ms + 30_000, self._pace)

        monkeypatch.setattr(TokenRingNode, "_claim", wait)
        assert "no result for" in first_broken()

    def test_a_ring_that_counts_a_node_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def add_twice(self: Turns, pairs: Pairs, now_ms: int) -> None:
            held = self.held
            assert held is not None
            add(self, pairs, now_ms)
            if self.held is not None and self.node_id == 2:
                doubled = tuple((metric, a.merge(a) if a.count else a) for metric, a in self.held.aggregates)
                self._change(aggregates=doubled)
                self._put(FrameType.TOKEN, self._successor, replace(self.held, id=passed_on(held.id)), now_ms)

        add = Turns._add
        monkeypatch.setattr(Turns, "_add", add_twice)
        assert "wrong without saying so" in first_broken()


def first_broken() -> str:
    """What the first run that breaks says."""
    for run in small_runs(30):
        if broken := run_faulted(run).broken:
            return broken
    return "nothing"
