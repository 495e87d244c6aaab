"""Some thousand rounds in which everything goes wrong; `benchmarks.sink_tree faults` runs a million."""

from __future__ import annotations

import pytest

from benchmarks.sink_tree.faulted_run import FaultedOutcome, faulted_run, run_faulted
from protocol import tree_joining
from protocol.packets import Items
from protocol.rounds import Round

ROUNDS = 60
SEEDS = range(1, 51)


def outcomes(seeds: range) -> list[FaultedOutcome]:
    return [run_faulted(faulted_run(seed, ROUNDS)) for seed in seeds]


@pytest.mark.parametrize("first", SEEDS[::10])
def test_no_result_is_silently_wrong_and_no_loop_forms(first: int) -> None:
    for outcome in outcomes(range(first, first + 10)):
        replay = f"python -m benchmarks.sink_tree faults --rounds-a-run {ROUNDS} --replay {outcome.seed}"
        assert outcome.broken is None, f"{outcome.broken}; replay with: {replay}"
        assert outcome.results > 0, f"no results; replay with: {replay}"


def test_all_kinds_of_faults_happen() -> None:
    runs = [faulted_run(seed, ROUNDS) for seed in SEEDS]
    faults = {type(action).__name__ for run in runs for _, actions in run.schedule for action in actions}
    assert faults == {
        *("Kill", "Leave", "Revive", "Reboot", "Freeze", "Thaw", "StepClock"),
        *("Cut", "Heal", "Partition", "Merge", "SetQuality"),
    }
    assert any(run.joins for run in runs)
    qualities = [run.air.quality for run in runs]
    for name in ("loss", "duplication", "delay_ms", "bit_flips"):
        assert any(getattr(quality, name) for quality in qualities), name
    assert any(run.air.link_loss for run in runs)
    assert {run.air.collisions for run in runs} == {False, True}
    assert any(run.first_version + ROUNDS > 0xFFFF for run in runs)
    assert any(run.clock_ppm for run in runs)
    assert any(run.max_children == 1 for run in runs)


def test_a_seed_is_a_run() -> None:
    assert str(faulted_run(7, ROUNDS)) == str(faulted_run(7, ROUNDS))
    assert run_faulted(faulted_run(7, ROUNDS)) == run_faulted(faulted_run(7, ROUNDS))


def test_they_find_a_protocol_that_hides_its_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_doubt(self: Round, destination: int) -> Items:
        assert self.report is not None
        return self.report

    monkeypatch.setattr(Round, "items_for", without_doubt)
    assert "without saying so" in first_broken()


def test_they_find_a_protocol_that_takes_any_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_joining, "is_better", lambda a, b: True)
    assert "a loop of parents" in first_broken()


def first_broken() -> str:
    """What the first run that breaks says."""
    for seed in SEEDS:
        if broken := run_faulted(faulted_run(seed, ROUNDS)).broken:
            return broken
    return "nothing"
