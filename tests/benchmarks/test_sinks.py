"""The sinks' benchmarks, shorter: outages of seconds, a few kills."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.sinks import outage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the servers are set up on Linux only")


@pytest.mark.parametrize("name", outage.TARGETS)
def test_after_an_outage_every_reading_arrives(name: str, tmp_path: Path) -> None:
    outcome = outage.run(name, outage.Plan(before_s=1, outage_s=2, after_s=0.5), tmp_path)
    assert len(outcome.recorded) >= 3_000
    assert outcome.retries > 0
    assert not outcome.missing
    assert not outcome.strange


def test_after_kills_the_log_has_no_gap_and_the_sinks_have_what_it_has(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not there on 32-bit Raspberry Pi OS")
    from benchmarks.sinks import kills

    outcome = kills.run(3, seed=7, folder=tmp_path)
    assert len(outcome.recorded) > 500
    failed = [f"{claim.what}: {claim.figure}" for claim in outcome.claims() if claim.holds is False]
    assert not failed, f"replay: python -m benchmarks.sinks kills --kills 3 --seed 7: {failed}"
