"""Series long enough to fill a window: plain `lists` hold about five values, whatever `max_size` says."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


def lists_of(values: st.SearchStrategy[T], most: int, least: int = 0) -> st.SearchStrategy[list[T]]:
    """Lists of each length from `least` to `most` about as often."""
    return st.integers(least, most).flatmap(lambda size: st.lists(values, min_size=size, max_size=size))
