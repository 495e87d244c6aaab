"""Versions wrap; RFC 1982 says which of two is newer. SERIAL_BITS is 16."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.serial_number import HALF, MODULUS, add, distance, is_newer
from tests.protocol import vectors

versions = st.integers(0, MODULUS - 1)


def rfc_1982_greater(a: int, b: int) -> bool:
    """Section 3.2, word for word."""
    return (a < b and b - a > 2**15) or (a > b and a - b < 2**15)


@given(versions, versions)
def test_newer_is_greater_in_rfc_1982(a: int, b: int) -> None:
    assert is_newer(a, b) == rfc_1982_greater(a, b)


@given(versions, st.integers(1, HALF - 1))
def test_a_later_round_is_newer_across_the_wrap(version: int, rounds: int) -> None:
    later = add(version, rounds)
    assert is_newer(later, version)
    assert not is_newer(version, later)
    assert distance(later, version) == rounds
    assert distance(version, later) == -rounds


@given(versions)
def test_half_way_round_neither_is_newer(version: int) -> None:
    opposite = add(version, HALF)
    assert not is_newer(version, opposite)
    assert not is_newer(opposite, version)


@given(versions, st.integers(-(2**20), 2**20))
def test_adding_stays_a_version(version: int, rounds: int) -> None:
    assert 0 <= add(version, rounds) < MODULUS
    assert (add(version, rounds) - version - rounds) % MODULUS == 0


@pytest.mark.parametrize("row", vectors.rows("serial_numbers"), ids=" ".join)
def test_a_distance_vector(row: list[str]) -> None:
    a, b, ahead = map(int, row)
    assert distance(a, b) == ahead
    assert is_newer(a, b) == (ahead > 0)
