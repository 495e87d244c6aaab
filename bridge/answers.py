"""What a person says to a question, at a terminal or through a pipe, while the event loop goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator

OnAnswer = Callable[[bool | None], None]
_WORDS = {"yes": True, "y": True, "no": False, "n": False}
_AGAIN = "Type yes or no."


def ask(on_answer: OnAnswer) -> None:
    """Have `on_answer` called on the running loop with yes or no; None if there is nobody to answer.

    What was typed at a terminal before the question is no answer to it.
    """
    loop = asyncio.get_running_loop()
    if sys.stdin is None:  # a service has none
        loop.call_soon(on_answer, None)
        return
    descriptor = sys.stdin.fileno()
    _forget_typed(descriptor)

    def wait() -> None:
        answer = _answer(descriptor)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(on_answer, answer)

    # A thread: not every system's loop can wait for a terminal. It may be left behind in its read.
    threading.Thread(target=wait, daemon=True).start()


def _answer(descriptor: int) -> bool | None:
    with contextlib.suppress(OSError):  # the terminal was closed
        for line in _lines(descriptor):
            word = line.decode(errors="replace").strip().lower()
            if word in _WORDS:
                return _WORDS[word]
            print(_AGAIN, file=sys.stderr, flush=True)
    return None


def _lines(descriptor: int) -> Iterator[bytes]:
    """By the system's own call: the end of the process would wait for the lock of Python's stdin."""
    rest = b""
    while read := os.read(descriptor, 4096):
        *lines, rest = (rest + read).split(b"\n")
        yield from lines


def _forget_typed(descriptor: int) -> None:
    if sys.platform != "win32" and os.isatty(descriptor):
        import termios

        termios.tcflush(descriptor, termios.TCIFLUSH)
