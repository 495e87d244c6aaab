"""What the command palette offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from desktop.shell.fuzzy import score

_RECENT_WORTH = 3.0  # of the one done last, against one that fits a little better


@dataclass(frozen=True, slots=True)
class Choice:
    """`more` stands beside the text: its key or its menu. `obstacle` is why it cannot be chosen now."""

    text: str
    run: Callable[[], object]
    more: str = ""
    obstacle: str | None = None


def matching(typed: str, choices: Iterable[Choice], recent: Sequence[str]) -> list[Choice]:
    """Those that fit what is typed, the best first; with nothing typed, the recent first.

    What cannot be chosen now comes last.
    """
    rank = {text: i for i, text in reversed(list(enumerate(recent)))}
    fits: list[tuple[float, Choice]] = []
    for choice in choices:
        worth = score(typed, choice.text)
        if worth is not None:
            bonus = _RECENT_WORTH * (1 - rank[choice.text] / len(rank)) if choice.text in rank else 0.0
            fits.append((0.0 if not typed.strip() and not bonus else worth + bonus, choice))
    return [choice for _, choice in sorted(fits, key=lambda fit: (bool(fit[1].obstacle), -fit[0]))]
