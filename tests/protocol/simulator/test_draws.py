"""Hashed random numbers: the same everywhere, and spread as they should be."""

from __future__ import annotations

from statistics import fmean, pstdev

from protocol.simulator.draws import MOST_NORMAL, hashed, normal, uniform


def test_the_hash_is_splitmix64() -> None:
    """The first number of the published generator seeded with 0."""
    assert hashed(0) == 0xE220A8397B1DCDAF


def test_every_key_counts_and_so_does_their_order() -> None:
    keys = [(1, 2, 3), (1, 3, 2), (1, 2), (0, 1, 2, 3), (1, 2, 4), (-1, 2, 3), (1 << 70, 2, 3)]
    assert len({hashed(*each) for each in keys}) == len(keys)


def test_uniform_numbers_fill_0_to_1() -> None:
    drawn = [uniform(7, key) for key in range(10_000)]
    assert min(drawn) >= 0
    assert max(drawn) < 1
    assert abs(fmean(drawn) - 1 / 2) < 0.01


def test_normal_numbers_have_mean_0_and_deviation_1() -> None:
    drawn = [normal(7, key) for key in range(10_000)]
    assert abs(fmean(drawn)) < 0.03
    assert abs(pstdev(drawn) - 1) < 0.03
    assert max(map(abs, drawn)) <= MOST_NORMAL
