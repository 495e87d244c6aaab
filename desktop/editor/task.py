"""Something that takes long, in a thread; what comes of it is told to the main thread."""

from __future__ import annotations

import queue
import threading
import tkinter as tk
from collections.abc import Callable
from typing import Generic, TypeVar

from bridge.errors import TreeringError

_POLL_MS = 40
_Result = TypeVar("_Result")


class Task(Generic[_Result]):
    """Runs `work`, whose argument takes messages; the others are called while `widget` lives.

    A TreeringError is a failure, in its words; any other error is raised in the main thread.
    """

    def __init__(
        self,
        widget: tk.Misc,
        work: Callable[[Callable[[object], None]], _Result],
        *,
        on_message: Callable[[object], object] = lambda message: None,
        on_done: Callable[[_Result], object],
        on_failure: Callable[[str], object],
    ) -> None:
        self._widget = widget
        self._work = work
        self._on_message = on_message
        self._on_done = on_done
        self._on_failure = on_failure
        self._messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._result: list[_Result] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="task", daemon=True)
        self._thread.start()
        widget.after(_POLL_MS, self._poll)

    @property
    def is_running(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._result.append(self._work(self._messages.put))
        except Exception as error:  # for the main thread
            self._error = error

    def _poll(self) -> None:
        if not self._widget.winfo_exists():
            return
        is_over = not self._thread.is_alive()
        while not self._messages.empty():
            self._on_message(self._messages.get())
        if not is_over:
            self._widget.after(_POLL_MS, self._poll)
            return
        self._thread.join()
        if isinstance(self._error, TreeringError):
            self._on_failure(str(self._error))
        elif self._error is not None:
            raise self._error
        else:
            self._on_done(self._result[0])
