"""What follows from a document, found in a thread: the shadows between 500 nodes take long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from desktop.editor.document import FieldDocument
from desktop.editor.hearing import Hearing
from desktop.editor.validation import Problem, problems_of

# Tk lets go of the interpreter with every call, and gets it back from a thread that computes after so long.
_SWITCH_S = 0.0005
_CLOSE_S = 1.0
_REST_SHARE = 1.5  # of the time that finding took
_USUAL_SWITCH_S = sys.getswitchinterval()


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of one document."""

    hearing: Hearing
    problems: tuple[Problem, ...]

    @property
    def document(self) -> FieldDocument:
        """The document that they are of."""
        return self.hearing.document


def find(document: FieldDocument) -> Findings:
    """All of it, in this thread."""
    hearing = Hearing(document)
    _ = hearing.link_count, hearing.hops, hearing.links  # found here, not when they are shown
    return Findings(hearing, tuple(problems_of(hearing)))


class Finder:
    """One document at a time, the newest next. `collect` is to be called now and then while it `is_busy`."""

    def __init__(self, on_found: Callable[[Findings], None]) -> None:
        self._on_found = on_found
        self._thread: threading.Thread | None = None
        self._found: Findings | None = None
        self._next: FieldDocument | None = None
        self._failure: BaseException | None = None
        self._rest_until_s = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether something is to come."""
        return self._thread is not None or self._next is not None

    def want(self, document: FieldDocument) -> None:
        """Find what follows from that one, in the place of what waits."""
        self._next = document
        self._begin()

    def collect(self) -> None:
        """Hand over what was found; begin with what waits. Raises what went wrong."""
        if self._thread is not None and not self._thread.is_alive():
            self._end()
            found, self._found = self._found, None
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            if found is not None:
                self._on_found(found)
        self._begin()

    def _begin(self) -> None:
        """With what waits; of a large field not at once again, so that a drag stays fluid meanwhile."""
        if self._thread is not None or self._next is None or time.monotonic() < self._rest_until_s:
            return
        document, self._next = self._next, None
        sys.setswitchinterval(_SWITCH_S)
        self._thread = threading.Thread(target=self._work, args=(document,), name="field", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for what is under way, but not for long: thousands of nodes that all hear each other take a
        minute, which ends with the program. It is not handed over.
        """
        self._next = None
        if self._thread is not None:
            self._end(_CLOSE_S)

    def _end(self, timeout_s: float | None = None) -> None:
        assert self._thread is not None
        self._thread.join(timeout_s)
        self._thread = None
        sys.setswitchinterval(_USUAL_SWITCH_S)

    def _work(self, document: FieldDocument) -> None:
        began_s = time.monotonic()
        try:
            self._found = find(document)
        except Exception as error:  # for the main thread, where errors are told
            self._failure = error
        ended_s = time.monotonic()
        self._rest_until_s = ended_s + _REST_SHARE * (ended_s - began_s)
