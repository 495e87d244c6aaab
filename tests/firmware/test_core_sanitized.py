"""The core under AddressSanitizer and UndefinedBehaviorSanitizer, on vectors, noise and random lives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.build import make
from firmware.native.library import BUILD, ROOT

LIBRARY = BUILD / "libtreering-sanitized.so"
TIMEOUT_S = 100


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """What a Python needs that loads the sanitized library."""
    if sys.platform != "linux":
        pytest.skip("the sanitizer's run-time library is loaded before Python on Linux only")
    make("sanitized")
    compiler = os.environ.get("CC", "cc")
    found = subprocess.run(
        [compiler, "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert Path(found).is_file(), f"{compiler} has no libasan.so; install it (Debian: libgcc-12-dev)"
    return os.environ | {
        "LD_PRELOAD": str(Path(found).resolve()),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own, at its end
        "TREERING_CORE_LIBRARY": str(LIBRARY),
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
    )


@pytest.mark.parametrize("module", ["differential", "ring_differential", "polling_differential"])
def test_random_lives_do_nothing_undefined(environment: dict[str, str], module: str) -> None:
    ended = run(environment, "-m", f"tests.firmware.{module}", "--lives", "250", "--steps", "100")
    assert ended.returncode == 0, ended.stderr


def test_random_lives_among_members_do_nothing_undefined(environment: dict[str, str]) -> None:
    ended = run(environment, "-m", "tests.firmware.seal_differential", "--seed", "7", "--lives", "20")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["test_core_codecs", "test_core_peer_frames"])
def test_the_codecs_do_nothing_undefined(environment: dict[str, str], name: str) -> None:
    ended = run(environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/firmware/{name}.py")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_sanitizer_is_there(environment: dict[str, str]) -> None:
    program = "from tests.firmware import core; core.library().tr_crc16(core.ffi.new('uint8_t[4]'), 5)"
    ended = run(environment, "-c", program)
    assert ended.returncode != 0
    assert "heap-buffer-overflow" in ended.stderr
