"""What one types finds what one means."""

from __future__ import annotations

import pytest

from desktop.shell.choice import Choice, matching
from desktop.shell.fuzzy import score

LABELS = (
    "Open log",
    "Save log as",
    "Demo: ring",
    "Demo: tree",
    "Light or dark",
    "Export rounds as CSV",
    "Rounds among the events",
    "Go to node 7",
    "Go to node 17",
)


def found(typed: str, *recent: str) -> list[str]:
    return [choice.text for choice in matching(typed, [Choice(text, print) for text in LABELS], recent)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("open", "Open log"),
        ("sl", "Save log as"),
        ("dr", "Demo: ring"),
        ("dark", "Light or dark"),
        ("csv", "Export rounds as CSV"),
        ("rounds", "Rounds among the events"),
        ("node 7", "Go to node 7"),
        ("n17", "Go to node 17"),
        ("DEMO TREE", "Demo: tree"),
    ],
)
def test_the_beginnings_of_words_count_most(typed: str, first: str) -> None:
    assert found(typed)[0] == first


def test_what_does_not_fit_is_not_there() -> None:
    assert found("xyz") == []
    assert score("ba", "ab") is None
    assert score("aa", "a") is None


def test_with_nothing_typed_the_recent_come_first_and_the_others_in_their_order() -> None:
    expected = [
        "Demo: tree",
        "Open log",
        *(text for text in LABELS if text not in ("Demo: tree", "Open log")),
    ]
    assert found("", "Demo: tree", "Open log") == expected
    assert found(" ") == list(LABELS)


def test_of_those_that_fit_alike_the_recent_one_is_first() -> None:
    assert found("demo")[0] == "Demo: ring"
    assert found("demo", "Demo: tree")[0] == "Demo: tree"
