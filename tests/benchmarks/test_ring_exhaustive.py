"""Every course of a few faults in rings of 3 and 4 nodes; the command explores more of them at a time."""

from __future__ import annotations

import pytest

from benchmarks.ring.exhaustive import Case, explore
from benchmarks.ring.things import Budget
from benchmarks.ring.world import Setup
from protocol.packets import Frame, FrameType
from protocol.ring_parts import Phase
from protocol.token_ring import TokenRingNode

CASES = [
    Case(Setup(3), Budget(losses=2)),
    Case(Setup(3), Budget(losses=1, copies=1)),
    Case(Setup(3, jitter="alike"), Budget(crashes=1), restarts_ms=(20, 150, 700)),
    Case(Setup(3, jitter="falling"), Budget(splits=1)),
    Case(Setup(3, jitter="alike"), Budget(losses=1), spread_ms=0),
    Case(Setup(4), Budget(losses=1, crashes=1)),
    Case(Setup(4, jitter="alike"), Budget(copies=1)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_course_of_faults_breaks_a_promise(case: Case) -> None:
    outcome = explore(case)
    assert not outcome.broken, outcome.broken
    assert outcome.faults > 20
    # Worlds come round: far fewer of them than steps would reach otherwise.
    assert outcome.states < outcome.steps


def test_a_node_that_adds_its_readings_whenever_it_can_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenRingNode, "_may_add", lambda node, token: True)
    outcome = explore(Case(Setup(3), Budget(losses=2, crashes=1)))
    assert "adds its readings to a token that has them" in outcome.broken
    assert "*** lost" in outcome.broken or "loses its power" in outcome.broken


def test_a_node_that_keeps_an_older_token_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    hear = TokenRingNode._HANDLERS[FrameType.SIGN]

    def hear_if_useful(node: TokenRingNode, frame: Frame, now_ms: int) -> None:
        if node.held is None or node.phase is Phase.PASSING:
            hear(node, frame, now_ms)

    monkeypatch.setattr(
        TokenRingNode, "_HANDLERS", {**TokenRingNode._HANDLERS, FrameType.SIGN: hear_if_useful}
    )
    assert "two live tokens" in explore(Case(Setup(3), Budget(splits=1))).broken


def test_a_ring_that_makes_no_new_token_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(node: TokenRingNode, now_ms: int) -> None:
        node._watch.wait_until(now_ms + 500, node._pace)

    monkeypatch.setattr(TokenRingNode, "_claim", wait)
    outcome = explore(Case(Setup(3), Budget(), spread_ms=0))
    assert "does not come round" in outcome.broken
