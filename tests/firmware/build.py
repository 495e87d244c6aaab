"""Builds what the tests of the firmware need, while others may be doing the same."""

import subprocess

from firmware.native.library import BUILD, ROOT

BUILD_TIMEOUT_S = 50.0


def make(*targets: str) -> None:
    """Make these of the firmware, unless they are up to date: one process at a time, each bounded in time."""
    import fcntl  # not on Windows, where nothing of this is built

    BUILD.mkdir(parents=True, exist_ok=True)
    command = ["make", "-s", "-C", str(ROOT / "firmware"), *targets, f"BUILD={BUILD}"]
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(command, check=True, timeout=BUILD_TIMEOUT_S)
