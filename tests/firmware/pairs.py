"""A Python node and a C node that live the same random life: all that they do is compared."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from protocol.node import Node
from tests.firmware.core import library

PythonNode = TypeVar("PythonNode", bound=Node)


class DifferenceError(AssertionError):
    """The two nodes did not do the same."""


class Pair(Generic[PythonNode]):
    """Both nodes as one; every call compares what comes of it."""

    def __init__(self, python: PythonNode, core: Node) -> None:
        self.python = python
        self.core = core

    def both(self, what: str, call: Callable[[Node], object]) -> Any:
        """The one result of a call on either."""
        ours, theirs = call(self.python), call(self.core)
        if ours != theirs:
            raise DifferenceError(f"{what}: Python {ours}, C {theirs}")
        return ours

    def compare_deadlines(self, now_ms: int) -> int | None:
        """The next deadline; one that is over counts as now, which is all that the C node tells."""

        def deadline_ms(node: Node) -> int | None:
            found = node.next_deadline()
            return None if found is None else max(found, now_ms)

        deadline: int | None = self.both("next_deadline", deadline_ms)
        return deadline


class Life(Protocol):
    """One pair in a world of its own."""

    def step(self) -> None:
        """One more thing happens. Raises DifferenceError."""


# Begins a life: its seed, and where it counts what came of it.
MakeLife = Callable[[str, Counter[str]], Life]


def run(module: str, make_life: MakeLife, *, seed: int, lives: int, steps: int) -> Counter[str]:
    """Live so many lives of so many steps; what came of them. `module` is the one whose `main` replays it.

    Raises DifferenceError with the line that replays it.
    """
    seen: Counter[str] = Counter()
    for life in range(lives):
        lived = 0
        try:
            one = make_life(f"{seed}/{life}", seen)
            while lived < steps:
                lived += 1
                one.step()
        except Exception as error:
            replay = f"python -m {module} --seed {seed} --lives {life + 1} --steps {lived}"
            raise DifferenceError(f"life {life}, step {lived}: {error!r}\nreplay: {replay}") from error
    return seen


def main(run_lives: Callable[..., Counter[str]]) -> None:
    """`run_lives` from the command line, also under the sanitizers."""
    parser = argparse.ArgumentParser()
    for name, default in (("seed", 1), ("lives", 20), ("steps", 300)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    library()
    for what, count in run_lives(**vars(arguments)).most_common():
        sys.stdout.write(f"{count:8} {what}\n")
