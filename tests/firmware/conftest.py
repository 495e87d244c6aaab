"""What several firmware tests share."""

import sys

import pytest

from tests.firmware import board


@pytest.fixture(scope="session")
def built_board() -> None:
    """The firmware and the emulator are built, once for the whole run."""
    if sys.platform != "linux":
        pytest.skip("the emulated board runs on Linux only")
    board.build()
