"""Where the app keeps what it writes of its own accord."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

NAME = "treering"


def recordings() -> Path:
    """The folder of the recordings."""
    return platformdirs.user_documents_path() / "Treering"


def settings() -> Path:
    """The file of what a person has settled."""
    return platformdirs.user_config_path(NAME, appauthor=False) / "desktop.toml"


def memory() -> Path:
    """The file of how the window was and what was done last, which nobody needs to keep."""
    return platformdirs.user_state_path(NAME, appauthor=False) / "desktop.json"


def unsaved() -> Path:
    """The folder of what is not saved yet, and of what says that a session runs: for after a crash."""
    return platformdirs.user_state_path(NAME, appauthor=False) / "unsaved"


def notes() -> Path:
    """The folder of the notes on logs that stand where nothing can be written."""
    return platformdirs.user_state_path(NAME, appauthor=False) / "notes"


def indexes() -> Path:
    """The folder of what is known of logs that stand where nothing can be written."""
    return platformdirs.user_cache_path(NAME, appauthor=False) / "indexes"


def name_of(log: Path) -> str:
    """The name of that log among all others, for what cannot stand beside it."""
    return hashlib.sha256(os.fsencode(log.resolve())).hexdigest()[:16]


def index_secret() -> Path:
    """The file by which this app knows again what it has left beside logs."""
    return platformdirs.user_state_path(NAME, appauthor=False) / "index.key"


def examples() -> Path:
    """The folder of the packet logs that come with the packaged app; a clone has none."""
    return Path(__file__).parents[1] / "demo"


def error_log() -> Path:
    """The file that unexpected errors go to."""
    return platformdirs.user_log_path(NAME, appauthor=False) / "desktop.log"


def use_own_matplotlib_folder() -> None:
    """Before matplotlib is imported: its font cache must outlive a packaged app's temporary folders."""
    os.environ.setdefault(
        "MPLCONFIGDIR", str(platformdirs.user_cache_path(NAME, appauthor=False) / "matplotlib")
    )
