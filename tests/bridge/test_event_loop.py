"""The commands' event loop ends cleanly on a signal, also while nothing happens."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time

import pytest

from bridge.event_loop import end, failures_raised, in_background, run_until_stopped, wait_for_stop

PROGRAM = """
from bridge.event_loop import run_until_stopped
async def main(stop):
    print("ready", flush=True)
    await stop.wait()
    return "clean"
print(run_until_stopped(main))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        began_s = time.monotonic()
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
        assert time.monotonic() - began_s < 5
    finally:
        process.kill()
    assert (process.returncode, output, errors) == (0, "clean\n", "")


def test_it_returns_what_its_main_returns_and_leaves_the_signals_as_they_were() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    async def main(stop: asyncio.Event) -> int:
        await wait_for_stop(stop, 0.01)
        assert not stop.is_set()
        stop.set()
        await wait_for_stop(stop)
        return 42

    assert run_until_stopped(main) == 42
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_an_error_comes_through() -> None:
    async def main(stop: asyncio.Event) -> None:
        raise LookupError("as it is")

    with pytest.raises(LookupError, match="as it is"):
        run_until_stopped(main)


def test_an_error_in_the_background_ends_the_loop_and_comes_through() -> None:
    async def work() -> None:
        raise LookupError("as it is")

    async def main(stop: asyncio.Event) -> None:
        with failures_raised(stop):
            task = in_background(work())
            await asyncio.wait_for(stop.wait(), 10)
            await end(task)

    with pytest.raises(LookupError, match="as it is"):
        run_until_stopped(main)


def test_what_is_ended_in_the_background_has_ended_and_is_no_error() -> None:
    steps = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("put away")

    async def main(stop: asyncio.Event) -> None:
        with failures_raised(stop):
            task = in_background(work())
            await asyncio.sleep(0)
            await end(task)
            steps.append("ended")
            await end(task)
            await end(None)
            assert not stop.is_set()

    run_until_stopped(main)
    assert steps == ["put away", "ended"]
