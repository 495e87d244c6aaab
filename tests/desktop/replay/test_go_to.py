"""Where a person wants to go, as text."""

from __future__ import annotations

import pytest

from desktop.replay.go_to import place_in


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1:23", (False, 83.0)),
        ("2:01:00.5", (False, 7260.5)),
        ("83.5 s", (False, 83.5)),
        (" 12 ", (False, 12.0)),
        ("#1200", (True, 1200)),
        ("# 1,200", (True, 1200)),
    ],
)
def test_times_and_packets_are_told_apart(text: str, place: tuple[bool, float]) -> None:
    assert place_in(text) == place


@pytest.mark.parametrize("text", ["", "now", "1:2:3:4", "#", "-5"])
def test_what_is_neither_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="as 1:23"):
        place_in(text)
