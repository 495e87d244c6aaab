"""Scenarios by the name of one that comes with Treering, or by file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from bridge.descriptions import read_text, unusable
from bridge.errors import UsageError
from protocol.simulator.scenario import Scenario, load_scenario
from protocol.simulator.topology import Topology
from protocol.simulator.topology_files import load_topology

PACKAGE = "scenarios"
SUFFIX = ".toml"


def names() -> list[str]:
    """The scenarios that come with Treering."""
    found = (entry.name for entry in files(PACKAGE).iterdir())
    return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX))


def read_scenario(name: str) -> Scenario:
    """The scenario of that name, or in that file. Raises UsageError if there is none to be read."""
    path = Path(name)
    if name in names() and not path.is_file():
        text = files(PACKAGE).joinpath(name + SUFFIX).read_text(encoding="utf-8")
        return _load(text, name + SUFFIX, Path())
    return _load(read_text(path, f"name a file, or one of {', '.join(names())}"), name, path.parent)


def read_topology(path: str) -> Topology:
    """The topology in that file. Raises UsageError if there is none to be read."""
    with unusable():
        return load_topology(read_text(Path(path), "name a topology file"), path)


def _load(text: str, name: str, folder: Path) -> Scenario:
    def read_beside(path: str) -> Topology:
        """Files that a scenario names lie beside it."""
        try:
            return read_topology(str(folder / path))
        except UsageError as error:
            raise ValueError(str(error)) from error

    with unusable():
        return load_scenario(text, name, read_beside)
