"""A consumer's checkpoint in a file of its own, for those that keep it nowhere else."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from bridge.errors import UsageError
from bridge.log.facts import Checkpoint
from bridge.private_file import write_private

SAVE_PERIOD_S = 1.0

_log = logging.getLogger(__name__)


class OffsetFile:
    """One line of JSON, whole whenever the power goes. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unsaved: Checkpoint | None = None
        self._saved_s = float("-inf")
        self._has_warned = False

    def load(self) -> Checkpoint | None:
        """What was saved last; None if nothing was, or, with a warning, if it is damaged."""
        try:
            return Checkpoint.from_json(self.path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.warning("%s: %s; going on with the oldest record of the log", self.path, error)
            return None

    def save(self, checkpoint: Checkpoint | None = None, *, force: bool = False) -> None:
        """Keep it, or what was not saved yet: at most once a second, unless forced. What cannot be written is
        told once and tried again: the consumer goes on, and after a crash takes more than once."""
        self._unsaved = checkpoint or self._unsaved
        if self._unsaved is None or not (force or time.monotonic() - self._saved_s >= SAVE_PERIOD_S):
            return
        self._saved_s = time.monotonic()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self.path, self._unsaved.to_json().encode() + b"\n")
        except (OSError, UsageError) as error:
            if not self._has_warned:
                _log.warning("%s; until it can be saved, a crash makes its consumer take more again", error)
            self._has_warned = True
        else:
            self._unsaved, self._has_warned = None, False
