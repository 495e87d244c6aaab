"""The books of a ring: whose readings are in which token."""

from __future__ import annotations

from protocol.packets import TokenId
from protocol.simulator.ring_truth import KEPT_PASSES, RingTruth

VERSION = 7


def name(sequence: int, epoch: int = 1) -> TokenId:
    return TokenId(epoch, 1, sequence)


def begun_at(home: int, version: int = VERSION) -> RingTruth:
    """A home that has made a token and begun a round."""
    truth = RingTruth([1, 2, 3])
    truth.made(home, None)
    truth.added(home, version)
    return truth


def hop(truth: RingTruth, giver: int, taker: int, token: TokenId, version: int = VERSION) -> None:
    truth.passed(giver, token)
    truth.taken(taker, giver, token, version)


def result(truth: RingTruth, home: int, version: int = VERSION) -> list[int]:
    truth.finished(home, version)
    return truth.contributors(home, version)


def test_a_result_counts_whoever_added_its_readings_on_the_way() -> None:
    truth = begun_at(1)
    hop(truth, 1, 2, name(1))
    truth.added(2, VERSION)
    hop(truth, 2, 3, name(2))  # which has no reading
    hop(truth, 3, 1, name(3))
    assert result(truth, 1) == [1, 2]
    assert truth.counted(1, VERSION) == 2


def test_who_adds_twice_stands_twice() -> None:
    truth = begun_at(1)
    hop(truth, 1, 2, name(1))
    truth.added(2, VERSION)
    hop(truth, 2, 1, name(2))
    truth.added(1, VERSION)
    assert result(truth, 1) == [1, 1, 2]
    assert truth.counted(1, VERSION) == 2


def test_a_token_that_parts_counts_what_its_parent_did() -> None:
    """Node 1 hears nothing of 2 and goes on with 3; what 2 added is in the other branch."""
    truth = begun_at(1)
    hop(truth, 1, 2, name(1))
    truth.added(2, VERSION)
    truth.made(1, parent=name(0))
    hop(truth, 1, 3, name(1, epoch=2))
    truth.added(3, VERSION)
    hop(truth, 3, 1, name(2, epoch=2))
    assert result(truth, 1) == [1, 3]


def test_a_token_made_after_a_loss_counts_nobody() -> None:
    truth = begun_at(1)
    hop(truth, 1, 2, name(1))
    truth.made(2, None)
    assert result(truth, 2) == []


def test_a_frame_that_comes_late_brings_what_was_passed_then() -> None:
    truth = begun_at(1)
    truth.passed(1, name(1))
    truth.restarted(1)
    truth.taken(2, 1, name(1), VERSION)
    assert result(truth, 2) == [1]


def test_a_new_round_counts_nobody_of_the_last() -> None:
    """With the readings of its home, and without: then the token comes with another version."""
    truth = begun_at(1)
    hop(truth, 1, 2, name(1))
    truth.added(2, VERSION)
    hop(truth, 2, 1, name(2))
    hop(truth, 1, 2, name(3), VERSION + 1)
    assert result(truth, 2, VERSION + 1) == []
    truth.added(2, VERSION + 1)
    assert result(truth, 2, VERSION + 1) == [2]


def test_the_books_are_bounded() -> None:
    truth = begun_at(1)
    for sequence in range(KEPT_PASSES + 1):
        truth.passed(1, name(sequence))
    truth.taken(2, 1, name(0), VERSION)
    assert result(truth, 2) == []
    truth.taken(2, 1, name(1), VERSION)
    assert result(truth, 2) == [1]
