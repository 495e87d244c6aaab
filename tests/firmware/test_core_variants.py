"""The core as the images have it, with less in it than the library: still the Python node."""

import os
import subprocess
import sys

from firmware.native.library import BUILD, LIBRARY_VARIABLE, ROOT

TIMEOUT_S = 50


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, timeout=TIMEOUT_S
    )


def test_a_node_with_the_timers_built_in_does_the_same() -> None:
    folder = BUILD / "fixed-timing"
    made = run("make", "-s", "-C", "firmware", "host", f"BUILD={folder}", "CORE_OPTIONS=-DTR_FIXED_TIMING=1")
    assert made.returncode == 0, made.stderr
    lives = ("-m", "tests.firmware.differential", "--lives", "200", "--steps", "100")
    ended = run(sys.executable, *lives, **{LIBRARY_VARIABLE: str(folder / "libtreering.so")})
    assert ended.returncode == 0, ended.stderr
