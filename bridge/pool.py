"""Tasks that take minutes, on all cores, in processes that end when they are told to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from bridge.errors import TreeringError, UsageError

# Tasks that wait for a process: enough that none idles, and few enough that an interrupt ends soon.
_AHEAD = 2
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that could not be done, or that broke a promise; `message` is for people."""

    message: str
    is_usage: bool


def results_of(
    do: Callable[[_Task], _Result | Failure],
    tasks: Sequence[_Task],
    cost_of: Callable[[_Task], int],
    jobs: int,
    on_done: Callable[[_Task], None],
) -> list[_Result]:
    """What `do` makes of each task, in their order, whatever the number of processes; `on_done` after each.

    `do` is a function of a module: what can go wrong in it comes back as a value, since not every exception
    crosses processes. Raises UsageError for a task that cannot be, TreeringError for one that failed. A
    failure or an interrupt ends the processes.
    """
    results: dict[int, _Result] = {}
    # The longest first, so that the processes end together.
    order = sorted(range(len(tasks)), key=lambda index: (-cost_of(tasks[index]), index))
    with closing(_done(do, tasks, order, min(jobs, len(tasks)))) as done:
        for index, result in done:
            if isinstance(result, Failure):
                raise UsageError(result.message) if result.is_usage else TreeringError(result.message)
            results[index] = result
            on_done(tasks[index])
    return [results[index] for index in range(len(tasks))]


def cores() -> int:
    """How many processes this machine runs at once."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _done(
    do: Callable[[_Task], _Result | Failure], tasks: Sequence[_Task], order: Iterable[int], processes: int
) -> Generator[tuple[int, _Result | Failure]]:
    if processes <= 1:
        yield from ((index, do(tasks[index])) for index in order)
        return
    # Spawned on every system: what works on Windows works everywhere, and a fork would copy open files.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    waiting: dict[Future[_Result | Failure], int] = {}
    left = iter(order)
    try:
        while True:
            while len(waiting) < processes + _AHEAD and (index := next(left, None)) is not None:
                with _born_deaf():
                    waiting[pool.submit(do, tasks[index])] = index
            if not waiting:
                break
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    except BrokenProcessPool as error:
        raise TreeringError("a process was ended from outside; try again with --jobs 1") from error
    except BaseException:
        _end(pool)
        raise
    pool.shutdown()


@contextmanager
def _born_deaf() -> Iterator[None]:
    """Processes that start meanwhile inherit that an interrupt waits; ours comes right after."""
    if sys.platform == "win32":  # has no such masks
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(pool: ProcessPoolExecutor) -> None:
    """At once: a task may take minutes."""
    pool.shutdown(wait=False, cancel_futures=True)
    for process in multiprocessing.active_children():
        process.terminate()
