"""The bridge in a thread of its own, for the app."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.access import OPEN, Access
from bridge.errors import TreeringError
from bridge.link import Link, LinkCounts, LinkState
from bridge.link_set import run_bridge
from bridge.relay import OnRecords

STOP_TIMEOUT_S = 5.0  # links close within 1.2 s: a serial port's write may take one, its read the rest


@dataclass(frozen=True, slots=True)
class Ended:
    """The last status; `error` says what went wrong, such as a link that did not open; None after `stop`."""

    error: str | None


Status = LinkState | LinkCounts | Ended


class BridgeThread:
    """`run_bridge` from `start` to `stop`. The callbacks are called in its thread: let them queue."""

    def __init__(
        self,
        links: Sequence[Link],
        on_records: OnRecords,
        on_status: Callable[[Status], None],
        access: Access = OPEN,
    ) -> None:
        self._links = links
        self._on_records = on_records
        self._on_status = on_status
        self._access = access
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; whether the links open, the statuses tell."""
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name="bridge", daemon=True)
        self._thread.start()

    def call(self, do: Callable[[], object]) -> None:
        """Have that done in its thread; nothing comes of it if that has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(do)

    def stop(self) -> None:
        """End, and wait for it; harmless if it has ended."""
        if self._thread:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        error = None
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(
                    run_bridge(self._links, self._on_records, self._on_status, self._stop, self._access)
                )
        except TreeringError as failure:
            error = str(failure)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            raise  # its traceback is for those who mend it
        finally:
            self._on_status(Ended(error))
