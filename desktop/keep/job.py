"""Long work in a process of its own: the window goes on, hears how far it is, and may cancel it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bridge.errors import TreeringError

Tell = Callable[[float, str], None]  # how far it is, from 0 to 1, and in words; it raises CancelledError
_STOP_TIMEOUT_S = 1.5  # who closes the window waits for it


class CancelledError(Exception):
    """Nobody waits for this work any more; whoever catches it removes what is half done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: `text` says what was made, or why it was not, for people; `details` for a report."""

    is_well: bool
    text: str
    details: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    share: float
    text: str


class Job:
    """Does `work(request, tell)`, a function at the top of a module, which returns what it has made in words.

    `poll` keeps `share`, `text` and `outcome` up to date. TreeringError and OSError are told as they are.
    """

    def __init__(self, work: Callable[[Any, Tell], str], request: object) -> None:
        self.share = 0.0
        self.text = ""
        self.outcome: Outcome | None = None
        self.is_cancelled = False
        context = multiprocessing.get_context("spawn")
        self._connection, far_end = context.Pipe()
        self._process = context.Process(target=_run, args=(far_end,), daemon=True, name="job")
        self._process.start()
        far_end.close()
        with contextlib.suppress(OSError):
            self._connection.send((work, request))  # with keys, maybe: they have no place on a command line

    def poll(self) -> Outcome | None:
        """Hear what it says; how it ended, if it has."""
        try:
            while self.outcome is None and self._connection.poll():
                said = self._connection.recv()
                if isinstance(said, Outcome):
                    self.outcome = said
                elif isinstance(said, _Told):
                    self.share, self.text = said.share, said.text
        except (EOFError, OSError):
            self._process.join(_STOP_TIMEOUT_S)
            code = self._process.exitcode
            self.outcome = Outcome(False, "cancelled" if self.is_cancelled else f"its process ended ({code})")
        if self.outcome is not None:
            self._connection.close()  # the process ends by itself, which takes its time
        return self.outcome

    def cancel(self) -> None:
        """Nobody waits for it; it ends soon, and leaves nothing half done."""
        self.is_cancelled = True
        with contextlib.suppress(OSError):
            self._connection.send(None)

    def close(self) -> None:
        """End it, if it has not ended, and wait for that."""
        self._connection.close()  # which it sees
        self._process.join(_STOP_TIMEOUT_S)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _run(connection: Connection) -> None:
    def tell(share: float, text: str) -> None:
        if connection.poll():  # a word to cancel, or the end of whoever waits
            raise CancelledError
        connection.send(_Told(share, text))

    with contextlib.suppress(OSError, EOFError), connection:
        work, request = connection.recv()
        connection.send(_outcome(work, request, tell))


def _outcome(work: Callable[[Any, Tell], str], request: object, tell: Tell) -> Outcome:
    try:
        return Outcome(True, work(request, tell))
    except CancelledError:
        return Outcome(False, "cancelled")
    except TreeringError as error:
        return Outcome(False, str(error))
    except OSError as error:
        where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "the file"
        return Outcome(False, f"{where}: {error.strerror or error}; make room, or choose another place")
    except Exception as error:
        return Outcome(False, f"{type(error).__name__}: {error}", traceback.format_exc())
