"""Watches the serial ports while somebody looks, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from bridge.ports import PortInfo, list_ports

_PERIOD_S = 0.7  # a board that is plugged in is there before one looks up


class PortWatch:
    """`boards` are the USB ports there are now, to be read at any time; others are seldom of a field."""

    def __init__(
        self, look: Callable[[], Sequence[PortInfo]] = list_ports, period_s: float = _PERIOD_S
    ) -> None:
        self.boards: Sequence[PortInfo] = ()
        self._look = look
        self._period_s = period_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="port watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.boards = [port for port in self._look() if port.vid is not None]
            self._stopping.wait(self._period_s)
