"""The newest of many things, numbered from the first that ever was."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

_Item = TypeVar("_Item")


class Recent(Sequence[_Item], Generic[_Item]):
    """At most the newest `most` of `past`, which others may share, and of what was appended since."""

    def __init__(self, most: int, past: Sequence[_Item] = ()) -> None:
        self._most = most
        self._past = past
        self._own: deque[_Item] = deque(maxlen=most)
        self.total = len(past)  # with those that are no more here

    def append(self, item: _Item) -> None:
        """One more."""
        self._own.append(item)
        self.total += 1

    @property
    def first(self) -> int:
        """The number of the oldest that is here; the newest is number `total` - 1."""
        return max(0, self.total - self._most)

    def numbered(self, first: int, last: int) -> list[_Item]:
        """Those from number `first` to before `last`, as far as they are here."""
        return [self._at(number) for number in range(max(first, self.first), min(last, self.total))]

    def __len__(self) -> int:
        return self.total - self.first

    def __iter__(self) -> Iterator[_Item]:
        return iter(self.numbered(self.first, self.total))

    @overload
    def __getitem__(self, index: int) -> _Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[_Item]: ...
    def __getitem__(self, index: int | slice) -> _Item | list[_Item]:
        places = range(self.first, self.total)[index]
        return self._at(places) if isinstance(places, int) else [self._at(number) for number in places]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recent):
            return NotImplemented
        return len(self) == len(other) and all(map(_equal, self, other))

    __hash__ = None  # type: ignore[assignment]  # it grows

    def _at(self, number: int) -> _Item:
        own = number - (self.total - len(self._own))
        return self._own[own] if own >= 0 else self._past[number]


def _equal(one: object, other: object) -> bool:
    return one == other
