"""Values that are made for every frame: frozen dataclasses to who checks types, and cheap ones at run time.

A frozen dataclass sets its fields one by one through `object.__setattr__`, which takes four times as long as
making one that is not frozen: at a hundred thousand frames a second, 3 % of a core for each value of a frame.
They compare and hash as frozen ones do; that nobody changes one is for mypy to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as value_class
else:
    T = TypeVar("T")

    def value_class(*, frozen: bool, slots: bool) -> Callable[[type[T]], type[T]]:
        """To be used as `@value_class(frozen=True, slots=True)`."""
        return dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["value_class"]
