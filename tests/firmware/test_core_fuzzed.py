"""The C core and the Python decoders for a minute under fuzzing; the long runs are benchmarks.fuzz."""

import importlib.util
import os
import shutil
import sys

import pytest

from benchmarks.fuzz import core, decoders

SECONDS = 12  # each
SEED = 20051


@pytest.fixture(scope="module")
def built() -> None:
    if sys.platform != "linux":
        pytest.skip("not every clang brings libFuzzer")
    if shutil.which("clang") is None and "CI" not in os.environ:
        pytest.skip("clang is not installed (Debian: apt install clang libclang-rt-dev)")
    core.build()


@pytest.mark.usefixtures("built")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("target", core.TARGETS)
def test_whatever_comes_in_does_the_core_no_harm(target: str) -> None:
    done = core.fuzz(target, seed=SEED, seconds=SECONDS)
    assert done.executions > 1000
    assert done.edges > 150, "the seeds lead nowhere"


@pytest.mark.timeout(180)
def test_whatever_comes_in_does_the_decoders_no_harm() -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris has no build for this system and Python")
    done = decoders.fuzz(seed=SEED, seconds=SECONDS)
    assert done.executions > 1000
    assert done.edges > 100, "the seeds lead nowhere"
