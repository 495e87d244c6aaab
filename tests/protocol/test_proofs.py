"""Questions that nobody answers become fewer, and answers make them more again (PROTOCOL.md 10.3)."""

from itertools import pairwise

from protocol.node import Jitter
from protocol.packets import BROADCAST, FrameType
from protocol.proofs import ANSWER_WAIT_MS, LONGEST_PAUSE_MS, Questions

SENDER, OTHER = 6, 7


def questions_of(max_challenges: int, max_responses: int = 4) -> Questions:
    return Questions(max_challenges, max_responses, Jitter(1))


def ask(questions: Questions, sender: int, now_ms: int, number: int) -> bool:
    """Ask it at once, if it may be asked."""
    questions.challenge(sender, now_ms, spread=False)
    due = questions.due(now_ms)
    if due is None:
        return False
    assert (due.type, due.peer) == (FrameType.CHALLENGE, sender)
    due.number, due.at_ms, due.is_sent = number, now_ms, True
    return True


def answer(questions: Questions, challenger: int, now_ms: int, *, again: bool) -> bool:
    """Answer it at once, if it may be answered."""
    questions.respond(challenger, 77, now_ms, spread=False, again=again)
    due = questions.due(now_ms)
    if due is None:
        return False
    assert (due.type, due.peer, due.number) == (FrameType.RESPONSE, challenger, 77)
    due.at_ms, due.is_sent = now_ms, True
    return True


def asked_ms(questions: Questions, from_ms: int, to_ms: int) -> list[int]:
    """When a sender that never answers is asked, if it is heard every millisecond."""
    return [now_ms for now_ms in range(from_ms, to_ms) if ask(questions, SENDER, now_ms, now_ms)]


def test_a_sender_that_does_not_answer_is_asked_less_and_less() -> None:
    times_ms = asked_ms(questions_of(1), 0, 40_000)
    assert [b - a for a, b in pairwise(times_ms)] == [1_001, 2_001, 4_001, 8_001, 8_001, 8_001, 8_001]


def test_an_answer_frees_the_place_at_once_and_halves_the_pause() -> None:
    questions = questions_of(1)
    last_ms = asked_ms(questions, 0, 20_000)[-1]
    assert not ask(questions, OTHER, last_ms + 1, 1)
    assert questions.settle(last_ms, last_ms + 1)
    assert ask(questions, OTHER, last_ms + 1, 1)
    assert not ask(questions, OTHER, last_ms + 1 + LONGEST_PAUSE_MS // 2, 2)
    assert ask(questions, OTHER, last_ms + 2 + LONGEST_PAUSE_MS // 2, 2)


def test_an_answer_that_comes_too_late_is_none_though_the_place_is_kept() -> None:
    questions = questions_of(1)
    last_ms = asked_ms(questions, 0, 5_000)[-1]
    assert not questions.settle(last_ms, last_ms + ANSWER_WAIT_MS + 1)
    assert not ask(questions, OTHER, last_ms + ANSWER_WAIT_MS + 1, 1)
    assert questions.settle(last_ms, last_ms + ANSWER_WAIT_MS)


def test_the_pause_is_never_shorter_than_answers_may_take() -> None:
    questions = questions_of(2)
    for number in range(5):
        assert ask(questions, SENDER, number, number)
        assert questions.settle(number, number)
    assert ask(questions, SENDER, 5, 5)
    assert not ask(questions, SENDER, 5 + ANSWER_WAIT_MS, 6)


def test_there_are_no_more_questions_than_places_and_one_a_sender() -> None:
    questions = questions_of(2)
    assert ask(questions, SENDER, 0, 1)
    assert not ask(questions, SENDER, 1, 2)
    assert ask(questions, OTHER, 1, 2)
    assert not ask(questions, 8, 2, 3)
    assert answer(questions, 8, 2, again=False)


def test_all_are_asked_from_a_place_of_its_own_and_may_all_answer() -> None:
    questions = questions_of(1)
    assert ask(questions, BROADCAST, 0, 1)
    assert ask(questions, SENDER, 1, 2)
    assert questions.settle(1, 2)
    assert questions.settle(1, 3)
    assert not ask(questions, OTHER, 4, 3)


def test_a_challenger_is_answered_once_in_a_while_and_at_once_if_it_is_proven() -> None:
    questions = questions_of(2, max_responses=2)
    assert answer(questions, SENDER, 0, again=False)
    assert not answer(questions, SENDER, ANSWER_WAIT_MS, again=False)
    assert answer(questions, OTHER, 10, again=False)
    assert not answer(questions, 8, 20, again=True)
    assert answer(questions, OTHER, 30, again=True)
    assert answer(questions, SENDER, ANSWER_WAIT_MS + 1, again=False)
