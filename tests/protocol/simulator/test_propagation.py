"""Who hears whom, by each model; the index of cells finds what looking at every pair finds."""

from __future__ import annotations

import math
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.simulator.cells import Cells
from protocol.simulator.propagation import MEDIA, Disk, FreeSpace, Ideal
from protocol.simulator.topology import Place, Topology, grid, scattered

metres = st.floats(-100, 100, allow_nan=False)


def line(*x_m: float) -> Topology:
    return Topology(Place(node_id, x, 0.0) for node_id, x in enumerate(x_m, 1))


@given(st.lists(st.tuples(metres, metres, metres), min_size=1, max_size=20), st.floats(0.5, 300))
def test_cells_find_all_that_is_near(points: list[tuple[float, float, float]], reach_m: float) -> None:
    places = [Place(node_id, *point) for node_id, point in enumerate(points)]
    here = places[0]
    for side_m in (1.0, 30.0, 500.0):
        found = {node_id for node_id, _ in Cells(places, side_m).near(here, reach_m)}
        assert found == {
            place.id
            for place in places[1:]
            if (place.x_m - here.x_m) ** 2 + (place.y_m - here.y_m) ** 2 + (place.z_m - here.z_m) ** 2
            <= reach_m**2
        }


@pytest.mark.parametrize("reach_m", [1e-320, 1e-9, 1e9])
def test_absurd_reaches_and_places_have_cells_too(reach_m: float) -> None:
    places = [Place(1, -1e9, 0.0), Place(2, -1e9, 0.0), Place(3, 1e9, 1e9)]
    assert {node_id for node_id, _ in Cells(places, reach_m).near(places[0], reach_m)} == {2}


def test_ideal_lets_everyone_hear_everyone() -> None:
    assert Ideal().listeners(line(0, 5_000, 1), 1) == {1: (2, 3), 2: (1, 3), 3: (1, 2)}


def test_a_disk_is_the_speakers_range_and_its_rim_hears() -> None:
    places = [Place(1, 0, 0, 0, 10), Place(2, 6, 8, 0, 4), Place(3, 6, 8, 0.1, None)]
    assert Disk().listeners(Topology(places), 1) == {1: (2,), 2: (3,), 3: (1, 2)}


def test_in_free_space_18_m_hear_and_19_m_do_not() -> None:
    """The report of 2005, at 433 MHz and 10 dBm."""
    assert FreeSpace().listeners(line(0, 18, -19), 1) == {1: (2,), 2: (1,), 3: ()}


def test_power_and_frequency_make_the_range() -> None:
    assert FreeSpace().range_m == pytest.approx(18.378)
    assert FreeSpace(transmit_dbm=16.0206).range_m == pytest.approx(2 * 18.378, abs=0.002)
    assert FreeSpace(frequency_mhz=866).range_m == pytest.approx(18.378 / 2, abs=0.001)


def test_shadowing_is_reciprocal_and_the_seeds() -> None:
    field = scattered(200, 150, 150, None, 1)
    air = FreeSpace(shadowing_db=4)
    heard = air.listeners(field, 1)
    assert heard == air.listeners(field, 1)
    assert heard != air.listeners(field, 2)
    assert all(speaker in heard[listener] for speaker in heard for listener in heard[speaker])
    assert heard != FreeSpace().listeners(field, 1)


def test_shadowing_has_the_deviation_it_says() -> None:
    """From the range of one node to many: the reach of a link is log-normal."""
    air = FreeSpace(shadowing_db=6)
    gains_db = [20 * math.log10(air.reach_between_m(1, 1, node) / air.range_m) for node in range(2, 2_000)]
    assert abs(fmean(gains_db)) < 0.5
    assert abs(pstdev(gains_db) - 6) < 0.3


@pytest.mark.parametrize("bad", [{"frequency_mhz": 0}, {"shadowing_db": -1}, {"transmit_dbm": math.inf}])
def test_no_radio_sends_like_that(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no radio sends like"):
        FreeSpace(**bad)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["disk", "free-space"])
def test_a_field_of_10000_takes_no_more_than_its_neighbours(name: str) -> None:
    """A second or so; every pair would take minutes."""
    heard = MEDIA[name]().listeners(grid(100, 100, 10, 18), 1)
    assert len(heard[5_050]) == 8
