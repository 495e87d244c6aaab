"""A text on disk that is never far behind the one in memory, and always whole."""

from __future__ import annotations

import threading
from pathlib import Path

from bridge.errors import UsageError
from bridge.private_file import make_private_folder, write_private

DELAY_S = 0.3  # for how long changes are gathered; with the time that a disk takes, far below 1 s


class LateFile:
    """`write` returns at once; a moment later the newest text is in the file, which nobody else may read.

    `problem` is why the last attempt failed, for people: the next one may succeed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self._text: str | None = None  # what is not on disk
        self._timer: threading.Timer | None = None
        self._changing = threading.Lock()  # of _text and _timer
        self._writing = threading.Lock()

    def write(self, text: str) -> None:
        """Have this in the file, within a second."""
        with self._changing:
            self._text = text
            if self._timer is None:
                self._timer = threading.Timer(DELAY_S, self._on_time)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Have it there now; waits for the disk."""
        self._stop_timer()
        self._write()

    def remove(self) -> None:
        """No file any more, and nothing to be written."""
        self._stop_timer()
        with self._writing:
            with self._changing:
                self._text = None
            self.path.unlink(missing_ok=True)

    def _stop_timer(self) -> None:
        with self._changing:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()  # it may have begun to write

    def _on_time(self) -> None:
        with self._changing:
            self._timer = None
        self._write()

    def _write(self) -> None:
        with self._writing:
            with self._changing:
                text, self._text = self._text, None
            if text is None:
                return
            try:
                make_private_folder(self.path.parent)
                write_private(self.path, text.encode(errors="replace"))
            except UsageError as error:
                self.problem = str(error)
            else:
                self.problem = None
