"""A board's port opened again and again; python -m benchmarks.openings does it ten thousand times."""

import sys

import pytest

from benchmarks import openings


@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform != "linux", reason="the emulated board is Linux's")
@pytest.mark.parametrize("with_bootloader", [False, True])
def test_no_opening_hangs_and_none_loses_more_than_a_frame(with_bootloader: bool) -> None:
    openings.build()
    done = openings.measure(8, 4, seed=3, with_bootloader=with_bootloader)
    assert done.times == 8
    assert done.frames >= 8 * openings.FRAMES
    assert done.most_lost <= 1
