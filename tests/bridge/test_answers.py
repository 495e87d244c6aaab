"""What a person types at a terminal, and what is no answer."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Iterator

import pytest

from bridge.answers import ask
from tests.bridge.rig import TIMEOUT_S, run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo-terminals")


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of the terminal that is stdin."""
    keyboard, terminal = os.openpty()
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield keyboard
    os.close(keyboard)


def answer_to(keyboard: int, typed: bytes) -> bool | None:
    """What is made of what is typed after the question."""
    answers: list[bool | None] = []

    async def main() -> None:
        answered: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        ask(answered.set_result)
        os.write(keyboard, typed)
        answers.append(await answered)

    run(main())
    return answers[0]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [(b"yes\n", True), (b" Y\n", True), (b"no\n", False), (b"yess\n\nn\n", False), (b"\x04", None)],
)
def test_only_yes_or_no_is_an_answer(keyboard: int, typed: bytes, answer: bool | None) -> None:
    assert answer_to(keyboard, typed) is answer


def test_what_was_typed_before_the_question_is_no_answer(keyboard: int) -> None:
    os.write(keyboard, b"yes\n")
    assert select.select([sys.stdin], [], [], TIMEOUT_S)[0]
    assert answer_to(keyboard, b"no\n") is False


def test_without_a_terminal_there_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        answered: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        ask(answered.set_result)
        assert await answered is None

    monkeypatch.setattr(sys, "stdin", None)
    run(main())


def test_a_terminal_that_goes_away_leaves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard, terminal = os.openpty()

    async def main() -> None:
        answered: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        ask(answered.set_result)
        os.close(keyboard)
        assert await answered is None

    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        run(main())
