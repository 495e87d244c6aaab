"""What a person has settled about the app, and the file that keeps it. No tkinter."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bridge.private_file import make_private_folder, write_private
from desktop import places

THEMES = ("system", "light", "dark")
TIMES = ("relative", "clock")


def _one_of(*values: str) -> dict[str, object]:
    return {"values": values}


def _within(least: float, most: float) -> dict[str, object]:
    return {"least": least, "most": most}


@dataclass(frozen=True, slots=True)
class Settings:
    """`theme` is "system", "light" or "dark"; `time` of plots and lists "relative" (to the start) or "clock".

    Every session is recorded, the demo too, if `recording`; in `recording_folder` ("" is Treering in the
    person's documents) the oldest recordings go when all take more than `recording_limit_mb`. `period_s` is
    what the connect dialog begins with. `confirm_close` asks before a running session is closed.
    """

    theme: str = field(default="system", metadata=_one_of(*THEMES))
    time: str = field(default="relative", metadata=_one_of(*TIMES))
    recording: bool = True
    recording_folder: str = ""
    recording_limit_mb: int = field(default=2_000, metadata=_within(10, 1_000_000))
    period_s: float = field(default=5.0, metadata=_within(0.1, 3_600))
    confirm_close: bool = False

    @property
    def recordings(self) -> Path:
        """The folder that sessions are recorded in."""
        return Path(self.recording_folder) if self.recording_folder else places.recordings()


def problem_with(name: str, value: object) -> str | None:
    """Why this is no value of that setting, and what is one; None if it is fine."""
    default = getattr(Settings(), name)
    rules = next(known.metadata for known in fields(Settings) if known.name == name)
    if isinstance(default, bool):
        return None if isinstance(value, bool) else f"{name} must be true or false"
    if isinstance(default, int | float):
        kinds = (int, float) if isinstance(default, float) else (int,)
        if isinstance(value, kinds) and not isinstance(value, bool) and _is_within(value, rules):
            return None
        return f"{name} must be a number from {rules['least']} to {rules['most']}"
    if not isinstance(value, str):
        return f"{name} must be a text"
    if "values" in rules and value not in rules["values"]:
        return f"{name} must be one of {', '.join(rules['values'])}"
    return None


def _is_within(value: float, rules: Mapping[str, Any]) -> bool:
    return bool(rules["least"] <= value <= rules["most"])


class SettingsFile:
    """`now` are the settings; `change` writes them at once.

    What a newer version wrote, and the comments of a person, stay in the file. `problem` is what was wrong
    with it, for people; a file that is no TOML is left aside as `<name>.bad` by the first change.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self.now = self._read()

    def change(self, **values: object) -> None:
        """Take these values from now on. Raises ValueError for what is no value of its setting.

        Where the file cannot be written they hold until the app ends, and UsageError is raised.
        """
        for name, value in values.items():
            if problem := problem_with(name, value):
                raise ValueError(problem)
        changed = replace(self.now, **values)  # type: ignore[arg-type]
        if changed == self.now:
            return
        self.now = changed
        self._write(values)

    def _read(self) -> Settings:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Settings()
        except (OSError, UnicodeDecodeError) as error:
            self.problem = f"{self.path}: {error}; the usual settings hold"
            return Settings()
        try:
            read = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self.problem = f"{self.path}: {error}; mend it, or the usual settings hold"
            return Settings()
        good: dict[str, Any] = {}
        for name in asdict(Settings()).keys() & read.keys():
            if problem := problem_with(name, read[name]):
                line = _line_of(name, text)
                self.problem = f"{self.path}, line {line}: {problem}; the usual value holds"
            else:
                good[name] = read[name]
        return Settings(**good)

    def _write(self, values: Mapping[str, object]) -> None:
        import tomlkit  # not needed to start the app
        from tomlkit.exceptions import TOMLKitError

        make_private_folder(self.path.parent)
        try:
            document = tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            document = tomlkit.document()
        except (OSError, UnicodeDecodeError, TOMLKitError, RecursionError):
            with contextlib.suppress(
                OSError
            ):  # what prevents it prevents the writing, too, and is told there
                self.path.replace(self.path.with_name(f"{self.path.name}.bad"))
            document = tomlkit.document()
        for name, value in values.items():
            document[name] = value
        write_private(self.path, tomlkit.dumps(document).encode())


def _line_of(name: str, text: str) -> int:
    found = re.search(rf"^\s*['\"]?{re.escape(name)}['\"]?\s*=", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1
