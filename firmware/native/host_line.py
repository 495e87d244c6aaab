"""The line between a field's gateway and its host: a pseudo-terminal, in real time. Not on Windows."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

MOST_BYTES = 256  # at a time: a board's UART is slower than a terminal


class HostLine:
    """A serial port at `path` for who looks on; what nobody reads is lost, as on a real line."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        import tty  # these two are not on Windows

        self.path = path
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self._slave = slave  # kept open, so that no client's end is the line's
        self._begin_s = time.monotonic()
        if path.is_symlink():
            path.unlink()  # of a run that was stopped
        try:
            path.symlink_to(os.ttyname(slave))
        except OSError:
            os.close(self._slave)
            os.close(self._master)
            raise

    def write(self, data: bytes) -> None:
        """From the board."""
        with suppress(BlockingIOError):  # nobody reads
            os.write(self._master, data)

    def read_until(self, time_us: int) -> bytes:
        """What came for the board until so long after the line's beginning; waits for that, or until then."""
        left_s = self._begin_s + time_us / 1_000_000 - time.monotonic()
        ready, _, _ = select.select([self._master], [], [], max(0.0, left_s))
        if not ready:
            return b""
        data = os.read(self._master, MOST_BYTES)
        left_s = self._begin_s + time_us / 1_000_000 - time.monotonic()
        if left_s > 0:
            time.sleep(left_s)  # virtual time is not ahead of real time
        return data

    def close(self) -> None:
        """The port is gone."""
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
