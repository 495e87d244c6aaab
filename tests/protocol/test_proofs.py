"""Questions that nobody answers become fewer, and answers make them more again (PROTOCOL.md 10.3)."""

from itertools import pairwise

from protocol.proofs import ANSWER_WAIT_MS, LONGEST_PAUSE_MS, Challenges

SENDER, OTHER = 6, 7


def ask(challenges: Challenges, sender: int, now_ms: int, number: int) -> bool:
    """Ask it at once, if it may be asked."""
    if not challenges.may_ask(sender, now_ms):
        return False
    challenges.ask(sender, now_ms)
    due = challenges.due(now_ms)
    assert due is not None
    due.number, due.sent_ms = number, now_ms
    return True


def asked_ms(challenges: Challenges, from_ms: int, to_ms: int) -> list[int]:
    """When a sender that never answers is asked, if it is heard every millisecond."""
    return [now_ms for now_ms in range(from_ms, to_ms) if ask(challenges, SENDER, now_ms, now_ms)]


def test_a_sender_that_does_not_answer_is_asked_less_and_less() -> None:
    times_ms = asked_ms(Challenges(1), 0, 40_000)
    assert [b - a for a, b in pairwise(times_ms)] == [1_001, 2_001, 4_001, 8_001, 8_001, 8_001, 8_001]


def test_an_answer_frees_the_place_at_once_and_halves_the_pause() -> None:
    challenges = Challenges(1)
    last_ms = asked_ms(challenges, 0, 20_000)[-1]
    assert challenges.spread_ms == LONGEST_PAUSE_MS // 8
    assert not ask(challenges, OTHER, last_ms + 1, 1)
    assert challenges.settle(SENDER, last_ms, last_ms + 1)
    assert challenges.spread_ms == LONGEST_PAUSE_MS // 16
    assert ask(challenges, OTHER, last_ms + 1, 1)


def test_an_answer_that_comes_too_late_is_none_though_the_place_is_kept() -> None:
    challenges = Challenges(1)
    last_ms = asked_ms(challenges, 0, 5_000)[-1]
    assert not challenges.settle(SENDER, last_ms, last_ms + ANSWER_WAIT_MS + 1)
    assert not challenges.may_ask(OTHER, last_ms + ANSWER_WAIT_MS + 1)
    assert challenges.settle(SENDER, last_ms, last_ms + ANSWER_WAIT_MS)


def test_the_pause_is_never_shorter_than_answers_may_take() -> None:
    challenges = Challenges(2)
    for number in range(5):
        assert ask(challenges, SENDER, number, number)
        assert challenges.settle(SENDER, number, number)
    assert challenges.spread_ms == ANSWER_WAIT_MS // 8


def test_there_are_no_more_questions_than_places_and_one_a_sender() -> None:
    challenges = Challenges(2)
    assert ask(challenges, SENDER, 0, 1)
    assert not ask(challenges, SENDER, 1, 2)
    assert ask(challenges, OTHER, 1, 2)
    assert not ask(challenges, 8, 2, 3)
