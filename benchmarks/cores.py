"""Many independent simulations on all cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from protocol.simulator.invariants import InvariantViolation

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
# Items that wait for a process, for each core: enough that none idles behind a slow one.
_AHEAD = 4


class BrokenError(Exception):
    """The protocol broke a promise in one of the simulations; the message says which."""


@dataclass(frozen=True, slots=True)
class _Violation:
    """An InvariantViolation on its way to another process."""

    message: str


def on_all_cores(work: Callable[[_Item], _Result], items: Sequence[_Item], what: str) -> Iterator[_Result]:
    """`work` of every item, in order, with a bar on stderr. Raises BrokenError for an InvariantViolation.

    `work` is a function of a module, so that other processes find it.
    """
    return until(work, items, what, len(items), lambda _: 1)


def until(
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    what: str,
    wanted: int,
    worth: Callable[[_Result], int],
) -> Iterator[_Result]:
    """As on_all_cores, but only until the results are worth what is wanted; `items` may be endless."""
    remaining = iter(items)
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores) as pool, _bar() as bar:
        task = bar.add_task(what, total=wanted)
        running: deque[tuple[_Item, Future[_Result | _Violation]]] = deque()
        while not bar.finished:
            for item in islice(remaining, _AHEAD * cores - len(running)):
                running.append((item, pool.submit(_guarded, work, item)))
            if not running:
                break
            item, future = running.popleft()
            result = future.result()
            if isinstance(result, _Violation):
                pool.shutdown(cancel_futures=True)
                raise BrokenError(f"{what}, {item}: {result.message}")
            bar.advance(task, worth(result))
            yield result
        pool.shutdown(cancel_futures=True)


def _guarded(work: Callable[[_Item], _Result], item: _Item) -> _Result | _Violation:
    try:
        return work(item)
    except InvariantViolation as violation:
        return _Violation(str(violation))


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
