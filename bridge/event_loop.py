"""The event loop of the commands: sockets can be waited for on every system, and a signal ends it cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

# How long a thread that waits for the interpreter lets another have it. A commit of the store calls SQLite
# some ten times, and waits after each: with Python's 5 ms a busy loop would make it take 50 ms and more.
TURN_S = 0.0005

STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


def run_until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T:
    """The result of `main`, which gets an event that Ctrl-C and SIGTERM set. For the main thread."""
    sys.setswitchinterval(TURN_S)

    async def run() -> T:
        stop = asyncio.Event()
        with _signals_set(stop):
            return await main(stop)

    # Windows' default loop has no `add_reader`; the one that selects has.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(run())


async def wait_for_stop(stop: asyncio.Event, timeout_s: float | None = None) -> None:
    """Until `stop` is set, but no longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await stop.wait()


@contextlib.contextmanager
def set_by_hangup(event: asyncio.Event) -> Iterator[None]:
    """SIGHUP, where there is one, sets `event`, within `run_until_stopped`."""
    if not hasattr(signal, "SIGHUP"):
        yield
        return
    former = signal.signal(signal.SIGHUP, lambda *_: event.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, former)


@contextlib.contextmanager
def failures_raised(stop: asyncio.Event) -> Iterator[None]:
    """An error in a callback sets `stop` and is raised at the end, instead of leaving a loop half dead."""
    failures: list[BaseException] = []

    def on_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failures.append(context.get("exception") or RuntimeError(context["message"]))
        stop.set()

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(on_failure)
    try:
        yield
    finally:
        loop.set_exception_handler(None)
    if failures:
        raise failures[0]


def in_background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task, until `end` ends it. An error in it is one in a callback: nobody awaits it."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_raise_failure)
    return task


async def end(task: asyncio.Task[None] | None) -> None:
    """Cancel a task of `in_background`, if there is one, and wait until it has ended."""
    if task is not None:
        task.cancel()
        await asyncio.wait([task])


def _raise_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()


@contextlib.contextmanager
def _signals_set(stop: asyncio.Event) -> Iterator[None]:
    """`add_signal_handler` is not there on Windows, where only a wakeup descriptor ends a `select` early."""
    loop = asyncio.get_running_loop()
    woken, waker = socket.socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    loop.add_reader(woken, woken.recv, 4096)
    former_waker = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    former = {number: signal.signal(number, lambda *_: stop.set()) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former_waker)
        loop.remove_reader(woken)
        woken.close()
        waker.close()
