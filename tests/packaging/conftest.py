"""The packaged app, built once for all tests, and a display for its window."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.desktop.conftest import display  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]
BUILD_TIMEOUT_S = 600.0


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder with the app and its Debian package, made up to date by whichever test comes first."""
    lock = ROOT / "build" / "package.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another process of the tests may be building
        command = [sys.executable, str(ROOT / "scripts" / "package.py")]
        built = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return ROOT / "dist"


@pytest.fixture(scope="session")
def app(dist: Path) -> Path:
    """The packaged program."""
    return dist / "treering" / "treering"


@pytest.fixture
def stranger(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a person who has no Python, no clone and no files yet."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
    return {**kept, "HOME": str(home), "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
