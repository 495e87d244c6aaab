"""Keeps the ring of recordings within its size, beside the app's main thread: a disk may be slow."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from desktop.keep.recordings import Recordings

PERIOD_S = 30.0

_log = logging.getLogger(__name__)


class RingKeeper:
    """`look` is called often, and looks at the disk now and then; `removed` tells what went since."""

    def __init__(self, open_logs: Callable[[], set[Path]]) -> None:
        self._open_logs = open_logs
        self._due_s = 0.0
        self._thread: threading.Thread | None = None
        self._removed: queue.SimpleQueue[str] = queue.SimpleQueue()

    def hurry(self) -> None:
        """Look at the disk the next time."""
        self._due_s = 0.0

    def look(self, recordings: Recordings, limit_bytes: int) -> None:
        """Begin to make room, if it is time."""
        if time.monotonic() >= self._due_s and (self._thread is None or not self._thread.is_alive()):
            self._due_s = time.monotonic() + PERIOD_S
            self._thread = threading.Thread(target=self._work, args=(recordings, limit_bytes), daemon=True)
            self._thread.start()

    def removed(self) -> Iterator[str]:
        """The names of what went since the last time."""
        with suppress(queue.Empty):
            while True:
                yield self._removed.get_nowait()

    def close(self) -> None:
        """Wait until the disk is left alone."""
        if self._thread is not None:
            self._thread.join()

    def _work(self, recordings: Recordings, limit_bytes: int) -> None:
        try:
            for name in recordings.make_room(limit_bytes, self._open_logs()):
                self._removed.put(name)
        except OSError as error:
            _log.warning("%s: %s; no room is made there", recordings.folder, error.strerror)
