"""What a node's actuators do to the world: a file that takes a number, or a program that is run with it.

[[actuator]]
kind = "file"                     # of sysfs: an LED, a PWM, a GPIO line
path = "/sys/class/leds/led0/brightness"
full = 1                          # what 255 is there; 0 to 255 become 0 to so much
safe = 0                          # at the start, at the end, and when no controller says anything

[[actuator]]
kind = "command"
command = ["pinctrl", "set", "17", "op", "{value}"]
words = ["dl", "dh"]              # for 0, and for all else; without them the number stands for {value}
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from firmware.pi.sensors.job_thread import JobThread
from protocol.actuator import Actuators
from protocol.aggregate import MAX_RAW
from protocol.node import ActuatorSet, Event
from protocol.simulator.toml_tables import Table

COMMAND_TIMEOUT_S: Final = 5.0
CLOSE_TIMEOUT_S: Final = 2 * COMMAND_TIMEOUT_S + 1
KINDS: Final = ("file", "command")
VALUE: Final = "{value}"
_MOST: Final = 1_000_000_000
_SHOWN: Final = 120  # characters of what a program says

_log = logging.getLogger(__name__)


class OutputError(Exception):
    """The value was not taken; the message names the file or program, and the cause."""


class Output(Protocol):
    """One actuator. It blocks, at most some seconds."""

    @property
    def name(self) -> str:
        """For people: its file or program."""

    def set(self, value: int) -> None:
        """Take that value, 0 to 255. Raises OutputError."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a value is written: as one of two `words`, for 0 and for all else, or as 0 to `full`."""

    full: int = MAX_RAW
    words: tuple[str, str] | None = None

    def text(self, value: int) -> str:
        """As the file or the program reads it."""
        if self.words is not None:
            return self.words[value > 0]
        return str(round(value * self.full / MAX_RAW))


@dataclass(frozen=True, slots=True)
class FileOutput:
    """A file that exists, as those of /sys do, and takes a line."""

    path: Path
    scale: Scale = Scale()

    @property
    def name(self) -> str:
        """See Output.name."""
        return str(self.path)

    def set(self, value: int) -> None:
        """See Output.set."""
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_TRUNC)
            try:
                os.write(handle, self.scale.text(value).encode() + b"\n")
            finally:
                os.close(handle)
        except OSError as error:
            raise OutputError(f"{self.path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """A program that sets the value and ends; no shell reads the arguments."""

    arguments: tuple[str, ...]
    scale: Scale = Scale()

    @property
    def name(self) -> str:
        """See Output.name."""
        return self.arguments[0]

    def set(self, value: int) -> None:
        """See Output.set."""
        text = self.scale.text(value)
        arguments = [argument.replace(VALUE, text) for argument in self.arguments]
        try:
            ended = subprocess.run(
                arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_TIMEOUT_S
            )
        except subprocess.TimeoutExpired as error:
            raise OutputError(f"{self.name}: not done after {COMMAND_TIMEOUT_S:g} s, and ended") from error
        except OSError as error:
            raise OutputError(f"{self.name}: {error.strerror}") from error
        if ended.returncode:
            said = ended.stderr.decode(errors="replace").strip()[:_SHOWN]
            raise OutputError(f"{self.name}: exit code {ended.returncode}" + (f" ({said})" if said else ""))


@dataclass(frozen=True, slots=True)
class ActuatorSettings:
    """An output, and where it goes when nobody commands it."""

    output: Output
    safe: int = 0

    @classmethod
    def from_table(cls, table: Table, folder: Path) -> ActuatorSettings:
        """`folder` is where relative files are. Raises DescriptionError."""
        table.need("kind")
        kind = table.choice("kind", "", KINDS)
        table.expect(("kind", "path" if kind == "file" else "command", "full", "words", "safe"))
        scale = Scale(table.whole("full", MAX_RAW, 1, _MOST), _words(table))
        safe = table.whole("safe", 0, 0, MAX_RAW)
        if kind == "command":
            return cls(CommandOutput(_arguments(table), scale), safe)
        table.need("path")
        path = folder / table.text("path", "")
        if not path.is_file():
            raise table.error(
                "path", f"path: there is no file {path}", "name one that exists, as those of /sys do"
            )
        return cls(FileOutput(path, scale), safe)


class Outputs:
    """The actuators of an agent. Belongs to the event loop; outputs are set in a thread of their own.

    `on_failure` gets the number of an actuator that has not taken its value.
    """

    def __init__(
        self, settings: Sequence[ActuatorSettings], on_failure: Callable[[int], None] = lambda actuator: None
    ) -> None:
        self.actuators = Actuators([one.safe for one in settings])
        self.on_failure = on_failure
        self._settings = settings
        self._thread = JobThread("actuators")
        self._wanted: dict[int, int] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Go to the safe values; to be called in the event loop."""
        self._all_safe()

    def heed(self, event: Event) -> None:
        """Do what the node is told."""
        if isinstance(event, ActuatorSet):
            self._want(event.actuator, event.value)

    async def close(self) -> None:
        """Go to the safe values, as nobody will say so any more."""
        self._all_safe()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=CLOSE_TIMEOUT_S)

    def _all_safe(self) -> None:
        for actuator, one in enumerate(self._settings):
            self._want(actuator, one.safe)

    def _want(self, actuator: int, value: int) -> None:
        self._wanted[actuator] = value
        task = self._tasks.get(actuator)
        if task is None or task.done():
            self._tasks[actuator] = asyncio.get_running_loop().create_task(self._set(actuator))

    async def _set(self, actuator: int) -> None:
        output = self._settings[actuator].output
        while actuator in self._wanted:
            value = self._wanted.pop(actuator)
            try:
                await self._thread.run(lambda: output.set(value))  # noqa: B023
            except OutputError as error:
                _log.warning("actuator %d has not taken %d: %s; see to it", actuator, value, error)
                self.on_failure(actuator)


def _words(table: Table) -> tuple[str, str] | None:
    words = table.values.get("words")
    if words is None:
        return None
    if not isinstance(words, list) or len(words) != 2 or not all(isinstance(word, str) for word in words):
        raise table.error(
            "words", "words is no pair of texts", 'write those for off and on: words = ["0", "1"]'
        )
    return words[0], words[1]


def _arguments(table: Table) -> tuple[str, ...]:
    table.need("command")
    found = table.values["command"]
    remedy = f'write the program and its arguments: command = ["gpioset", "gpiochip0", "17={VALUE}"]'
    if not isinstance(found, list) or not found or not all(isinstance(text, str) for text in found):
        raise table.error("command", "command is no list of texts", remedy)
    if not any(VALUE in text for text in found[1:]):
        raise table.error("command", f"command has no {VALUE} among its arguments", remedy)
    if shutil.which(found[0]) is None:
        raise table.error(
            "command", f"there is no program {found[0]!r}", "install it, or name its whole path"
        )
    return tuple(found)
