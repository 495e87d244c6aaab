"""Which sessions run, in this app and in others, and which ended in a crash."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from desktop.keep.autosave import Autosave, Leftover
from desktop.keep.recordings import span_us

_KIND = "session"


@dataclass(frozen=True, slots=True)
class Crashed:
    """A recording whose session did not end; what `mark` said of it is discarded once a person has chosen."""

    log: Path
    title: str
    mark: Leftover


class RunningSession:
    """A mark in the app's own folder for as long as the session runs: a crash leaves it there."""

    def __init__(self) -> None:
        self._mark = Autosave(_KIND)
        self._log: Path | None = None

    def begin(self, log: Path, title: str, *, is_recorded: bool) -> None:
        """This log is open from now on; the mark is there a moment later, for a disk may take its time."""
        self._log = log.absolute()
        self._mark.write(json.dumps({"log": str(self._log), "title": title, "recorded": is_recorded}))

    def end(self) -> None:
        """None is open any more."""
        self._log = None
        self._mark.discard()

    def open_logs(self) -> set[Path]:
        """All that apps have open now, this one among them."""
        own = {self._log} if self._log is not None else set()
        return own | {Path(values["log"]) for text in self._mark.others() if (values := _read(text))}

    def spared_logs(self) -> set[Path]:
        """Those, and what a person has not been asked about yet after a crash."""
        return self.open_logs() | {
            Path(values["log"]) for mark in self._mark.pending() if (values := _read(mark.text))
        }

    def crashed(self) -> list[Crashed]:
        """The recordings with a record that were not ended, the newest first; other marks go."""
        found = []
        for mark in self._mark.pending():
            values = _read(mark.text)
            log = Path(values.get("log", ""))
            if values.get("recorded") and _has_records(log):
                found.append(Crashed(log, values.get("title", log.name), mark))
            else:
                mark.discard()
        return found


def _read(text: str) -> dict[str, str]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) and isinstance(values.get("log"), str) else {}


def _has_records(log: Path) -> bool:
    try:
        return span_us(log) is not None
    except OSError:
        return False
