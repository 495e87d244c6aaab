"""Everybody runs the same versions: constraints.txt pins every package that set-up installs."""

import re
from importlib.metadata import distributions
from pathlib import Path

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
# The project itself, and what `python -m venv` brings along.
NOT_PINNED = {"treering", "pip", "setuptools"}


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_installed_package_has_its_pinned_version() -> None:
    pinned = set(re.findall(r"^[\w.-]+==[^\s;]+", CONSTRAINTS.read_text("utf-8"), re.MULTILINE))
    installed = {normalized(found.metadata["Name"]): found.version for found in distributions()}
    unpinned = {
        f"{name}=={version}" for name, version in installed.items() if name not in NOT_PINNED
    } - pinned
    assert not unpinned, "run `make lock`, or remove from .venv what the project does not need"
