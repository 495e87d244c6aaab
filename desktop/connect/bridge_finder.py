"""Looks for bridges by mDNS while somebody watches, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from bridge.discovery import Browser, FoundBridge


class BridgeFinder:
    """`found` are the bridges there are now, `problem` is why none can be found; to be read at any time."""

    def __init__(self) -> None:
        self.found: Sequence[FoundBridge] = ()
        self.problem = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bridge finder", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more. The thread ends by itself: to leave a network politely may take it a moment."""
        self._stopping.set()

    def _run(self) -> None:
        browser = Browser(self._take)
        try:
            browser.start()
            self._stopping.wait()
        except OSError as error:
            self.problem = error.strerror or str(error)
        finally:
            browser.close()

    def _take(self, found: Sequence[FoundBridge]) -> None:
        self.found = found
