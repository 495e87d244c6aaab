"""A frame is taken once, whatever order frames come in (PROTOCOL.md 10.3), and gaps tell quality (15.2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.replay_window import LinkQuality, Refusal, Senders

LIFE = 7 << 24


def proven(number: int, max_senders: int = 4) -> Senders:
    senders = Senders(max_senders)
    senders.prove(1, number)
    return senders


def taken(senders: Senders, counter: int) -> bool:
    """Whether a frame with that 24-bit counter of sender 1 is taken."""
    number = senders.locate(1, counter % (1 << 24))
    if number < 0:
        return False
    senders.take(1, number)
    return True


def test_nobody_is_proven_at_first() -> None:
    assert Senders(4).locate(1, 0) == Refusal.UNPROVEN


def test_all_before_the_proof_counts_as_seen() -> None:
    senders = proven(LIFE + 100)
    assert [senders.locate(1, counter) for counter in (100, 99, 69)] == [Refusal.SEEN] * 3
    assert senders.locate(1, 68) == Refusal.TOO_OLD
    assert senders.locate(1, 101) == LIFE + 101


def test_thirty_one_frames_may_come_late_once() -> None:
    senders = proven(LIFE + 100)
    assert taken(senders, 133)
    assert [counter for counter in range(101, 134) if taken(senders, counter)] == list(range(102, 133))
    assert not any(taken(senders, counter) for counter in range(60, 134))


def test_a_number_is_of_the_life_that_is_proven() -> None:
    senders = proven(LIFE + 0xFFFFFE)
    assert senders.locate(1, 0xFFFFFF) == LIFE + 0xFFFFFF
    assert senders.locate(1, 0) == Refusal.TOO_OLD
    senders = proven(LIFE)
    assert senders.locate(1, 0xFFFFFF) == LIFE + 0xFFFFFF


def test_a_number_that_is_shown_is_judged_in_its_life_alone() -> None:
    senders = proven(LIFE + 100)
    assert senders.judge(1, LIFE + 101) == LIFE + 101
    assert senders.judge(1, LIFE + 100) == Refusal.SEEN
    assert senders.judge(1, LIFE + 5) == Refusal.TOO_OLD
    assert senders.judge(1, (8 << 24) + 1) == Refusal.UNPROVEN
    assert senders.judge(2, LIFE) == Refusal.UNPROVEN


def test_who_is_known_for_longest_gives_its_place() -> None:
    senders = Senders(2)
    senders.prove(1, 10)
    senders.prove(2, 10)
    senders.take(1, 11)
    senders.prove(3, 10)
    assert (1 in senders, 2 in senders, 3 in senders) == (False, True, True)
    senders.prove(2, 50)
    assert len(senders) == 2


@given(st.integers(0, (1 << 24) - 1), st.lists(st.integers(-80, 80), max_size=200))
def test_each_frame_is_taken_once_while_the_window_holds_it(first: int, steps: list[int]) -> None:
    """Against a list of all that was taken."""
    start = LIFE + first
    senders = proven(start)
    seen = set(range(start - 10_000, start + 1))
    newest = start
    for step in steps:
        number = newest + step
        located = senders.locate(1, number % (1 << 24))
        if number >> 24 != newest >> 24:
            continue
        expected = number not in seen and number > newest - 32
        assert (located == number) == expected
        assert expected or located in (Refusal.SEEN, Refusal.TOO_OLD)
        if expected:
            senders.take(1, number)
            seen.add(number)
            newest = max(newest, number)


def test_a_link_is_as_good_as_the_share_of_frames_that_came() -> None:
    link = LinkQuality()
    assert link.quality == 0
    link.heard(10)
    assert link.quality == 255
    link.heard(12)
    assert link.quality == 255 * 2 // 3
    link.heard(11)
    assert link.quality == 255
    for counter in range(14, 200, 2):
        link.heard(counter)
    assert link.quality == 255 * 16 // 32
    link.heard(1198)
    assert link.quality == 255 // 32


def test_a_source_that_counts_anew_is_another_link() -> None:
    link = LinkQuality()
    for counter in range(1000, 1100, 5):
        link.heard(counter)
    link.heard(3)
    assert link.quality == 255
    link.heard(0xFFFFFF)
    assert link.quality == 255
