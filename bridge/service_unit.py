"""systemd units from their templates."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

TEMPLATE = "treering-bridge.service.in"


def unit_text(command: Path, config: Path) -> str:
    """A unit that runs `command` (the `treering` of some environment) as a bridge with that configuration.

    Raises ValueError as `filled` does.
    """
    return filled(__package__, TEMPLATE, {"COMMAND": command, "CONFIG": config})


def filled(package: str, template: str, values: dict[str, Path | str]) -> str:
    """The template of that package, with the values in place of @NAMES@.

    Raises ValueError for a path that is not absolute, or that systemd would read otherwise.
    """
    text = files(package).joinpath(template).read_text(encoding="utf-8")
    for name, value in values.items():
        if isinstance(value, Path):
            check_path(value)
        text = text.replace(f"@{name}@", str(value))
    return text


def check_path(path: Path) -> None:
    """Raises ValueError for one that has no place in a unit."""
    if not path.is_absolute() or any(c.isspace() or c in "%\"'\\$:" for c in str(path)):
        raise ValueError(f"{path}: a unit takes absolute paths without blanks, quotes and % $ :")
