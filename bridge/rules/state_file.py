"""What rules remember over a restart, with the place of the log up to which they have read it."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bridge.errors import UsageError
from bridge.log.facts import Checkpoint
from bridge.log.plain import dump, load
from bridge.private_file import write_private
from bridge.rules.engine import EngineState, RuleEvent
from protocol.observer import ActuatorSeen

VERSION: Final = 2  # of what is kept: to be raised with each change of the classes in it
SAVE_PERIOD_S: Final = 1.0
SAVE_SHARE: Final = 0.05  # of the time, at most

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """All of it, of one moment; `actuators` by node and actuator. `told` are the newest events: who was given
    them may not have had the time to make them durable."""

    checkpoint: Checkpoint | None = None
    engine: EngineState | None = None
    actuators: dict[tuple[int, int], ActuatorSeen] = field(default_factory=dict)
    told: tuple[RuleEvent, ...] = ()


class StateFile:
    """One JSON object, whole whenever the power goes. `checkpoint` is the one that was written last."""

    def __init__(self, path: Path) -> None:
        self.checkpoint: Checkpoint | None = None
        self._path = path
        self._saved_s = float("-inf")
        self._pause_s = SAVE_PERIOD_S
        self._has_warned = False

    def load(self) -> Kept:
        """What was saved last; nothing if nothing was, or, with a warning, if it cannot be used."""
        kept = Kept()
        try:
            kept = _parsed(self._path.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValueError, LookupError, TypeError) as error:
            _log.warning("%s: %s; the rules read the log from its oldest record on", self._path, error)
        self.checkpoint = kept.checkpoint
        return kept

    def save(self, kept: Kept, *, force: bool) -> None:
        """Write it: every second or more seldom, so that little time goes into it, unless forced. What cannot
        be written is told once and tried again: the rules go on, and after a crash read more again."""
        began_s = time.monotonic()
        if not force and began_s - self._saved_s < self._pause_s:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._path, _text(kept).encode())
        except (OSError, UsageError) as error:
            if not self._has_warned:
                _log.warning("%s; until it can be saved, a crash makes the rules read more again", error)
            self._has_warned = True
        else:
            self.checkpoint, self._has_warned = kept.checkpoint, False
        self._saved_s = time.monotonic()
        self._pause_s = max(SAVE_PERIOD_S, (self._saved_s - began_s) / SAVE_SHARE)


def _text(kept: Kept) -> str:
    checkpoint = None if kept.checkpoint is None else kept.checkpoint.to_json()
    values = {
        "version": VERSION,
        "checkpoint": checkpoint,
        "engine": dump(kept.engine),
        "actuators": dump(kept.actuators),
        "told": dump(kept.told),
    }
    return json.dumps(values, separators=(",", ":"))


def _parsed(data: bytes) -> Kept:
    """Raises ValueError, LookupError or TypeError for what `_text` did not write."""
    values = json.loads(data)
    if values["version"] != VERSION:
        raise ValueError("it is of another version of Treering")
    checkpoint = None if values["checkpoint"] is None else Checkpoint.from_json(values["checkpoint"])
    engine, actuators, told = (load(values[name]) for name in ("engine", "actuators", "told"))
    if not (isinstance(engine, EngineState) and isinstance(actuators, dict) and isinstance(told, tuple)):
        raise ValueError("it is no state of rules")
    return Kept(checkpoint, engine, actuators, told)
