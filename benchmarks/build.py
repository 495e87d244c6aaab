"""Builds what tests and benchmarks need of the C, while others may be doing the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

from firmware.native.library import BUILD, ROOT

FIRMWARE = ROOT / "firmware"
BUILD_TIMEOUT_S = 120.0


def make(*targets: str, folder: Path = FIRMWARE, into: Path = BUILD) -> None:
    """Make these of the folder's Makefile, unless they are up to date: one process at a time, and bounded.

    Raises CalledProcessError and TimeoutExpired.
    """
    import fcntl  # not on Windows, where nothing of this is built

    into.mkdir(parents=True, exist_ok=True)
    command = ["make", "-s", "-C", str(folder), *targets, f"BUILD={into}"]
    with (into / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(command, check=True, timeout=BUILD_TIMEOUT_S)
