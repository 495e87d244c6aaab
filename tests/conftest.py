"""What every test shares: Hypothesis tries the same examples on every machine, and says how to replay one."""

import itertools
import sys

import pytest
from hypothesis import settings

from tests.firmware import board, core

settings.register_profile("treering", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("treering")

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test's programs remember is nobody else's; the folder is made by who needs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / f"state-{next(_numbers)}"))


@pytest.fixture(scope="session")
def built_board() -> None:
    """The firmware and the emulator are built, once for the whole run."""
    if sys.platform != "linux":
        pytest.skip("the emulated board runs on Linux only")
    board.build()


@pytest.fixture(scope="session")
def built_core() -> None:
    """The C core is built and holds as much as the Python nodes do; for tests of firmware.native's nodes."""
    core.library()
