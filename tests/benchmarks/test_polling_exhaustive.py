"""The explorer of the lease, at small budgets; `python -m benchmarks.polling exhaustive` does it in full."""

from __future__ import annotations

import pytest

from benchmarks.cores import BrokenError
from benchmarks.polling.exhaustive import Case, explore
from protocol.polling_lease import PollingLease
from protocol.polling_round import PolledRound

CASES = [
    Case(3, losses=0, copies=0, fault=1),
    Case(3, losses=0, copies=0, fault=2),
    Case(3, losses=0, copies=1, fault=None),
    Case(3, losses=2, copies=0, fault=None),
    Case(3, losses=1, copies=0, fault=1, horizon_ms=2_400),
    Case(3, losses=1, copies=0, fault=None, is_cold=True),
    Case(4, losses=0, copies=0, fault=1),
    Case(4, losses=0, copies=0, fault=1, is_cold=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_course_of_a_lease_reports_a_version_twice(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = explore(case)
    with capsys.disabled():
        print(f"\n{case}: {outcome.situations} situations, {outcome.choices} choices, {outcome.ends} ends")
    assert outcome.ends
    assert outcome.choices > 50


def test_a_network_without_these_rules_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PollingLease, "_check_lease", lambda self, now_ms: None)
    monkeypatch.setattr(PolledRound, "is_unanswered", property(lambda self: False))
    with pytest.raises(BrokenError, match=r"could report|reported by"):
        explore(Case(3, losses=0, copies=0, fault=1))
