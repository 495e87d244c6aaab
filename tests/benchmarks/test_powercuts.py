"""A few of the power cuts that `python -m benchmarks.powercuts` makes by the thousand."""

import pytest

from benchmarks.powercuts import cut_boards, cut_stores


@pytest.mark.usefixtures("built_core")
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_store_loses_nothing_by_power_cuts(seed: int) -> None:
    found = cut_stores(100, seed)
    assert (found.cuts, found.reused, found.lost) == (100, 0, 0), f"seed {seed}"


@pytest.mark.usefixtures("built_board")
def test_a_board_uses_no_counter_twice_whenever_its_power_fails() -> None:
    found = cut_boards(100, seed=1)
    assert (found.cuts, found.reused, found.lost) == (100, 0, 0)
    assert found.writes_cut > 10
    assert found.frames > 20
