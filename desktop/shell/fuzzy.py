"""How well what is typed fits a text: its letters in their order, best where words begin. No tkinter."""

from __future__ import annotations

_RUN, _WORD, _BEGIN, _GAP = 5, 8, 4, 0.2


def score(typed: str, text: str) -> float | None:
    """The higher the better; None if it does not fit. Case and blanks between what is typed do not matter."""
    wanted, there = typed.lower().replace(" ", ""), text.lower()
    best: list[tuple[int, float]] = [(-1, 0.0)]  # where the last letter was found, and what it was worth
    for letter in wanted:
        found: list[tuple[int, float]] = []
        for i, other in enumerate(there):
            before = [(at, worth) for at, worth in best if at < i] if other == letter else []
            if before:
                found.append((i, _worth(there, i) + max(_joined(at, i, worth) for at, worth in before)))
        if not found:
            return None
        best = found
    return max(worth for _, worth in best) - len(there) / 1_000


def _worth(text: str, i: int) -> float:
    """Of a letter by its place."""
    if i == 0:
        return _WORD + _BEGIN
    return _WORD if not text[i - 1].isalnum() else 1


def _joined(at: int, i: int, worth: float) -> float:
    """With the letter found before."""
    if at < 0:
        return worth
    return worth + (_RUN if i == at + 1 else -_GAP * (i - at - 1))
