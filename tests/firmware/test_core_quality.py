"""How well a gateway hears a node, by the gaps in its counters (PROTOCOL.md 15.2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.native.library import array_length, ffi
from tests.firmware import core

pytestmark = pytest.mark.usefixtures("built_core")

MODULUS = 1 << 24
FRAMES = 32


def qualities(counters: list[int], source: int = 1, heard: Any = None) -> list[int]:
    """Of frames of one source, in the order they are heard."""
    heard = heard or ffi.new("tr_quality_t *")
    return [core.library().tr_quality_heard(heard, source, counter % MODULUS) for counter in counters]


def test_a_node_all_of_whose_frames_are_heard_has_full_quality_from_the_first() -> None:
    assert qualities(list(range(MODULUS - 20, MODULUS + 60))) == [255] * 80


def test_every_second_frame_is_half_quality() -> None:
    assert qualities(list(range(0, 200, 2)))[-1] == 255 * 16 // 32


@given(st.integers(0, MODULUS), st.lists(st.integers(1, 12), max_size=80))
def test_quality_is_the_share_of_the_last_32_frames_since_the_first_heard(
    first: int, gaps: list[int]
) -> None:
    counters = [first]
    for gap in gaps:
        counters.append(counters[-1] + gap)
    newest = counters[-1]
    sent = min(FRAMES, newest - first + 1)
    share = 255 * len([c for c in counters if newest - c < FRAMES]) // sent
    assert qualities(counters)[-1] == max(1, share)


def test_a_frame_that_is_late_or_doubled_counts_once() -> None:
    assert qualities([10, 12, 11, 11])[-2:] == [255, 255]
    assert qualities([10, 9]) == [255, 255]  # from before the first one heard


def test_a_node_that_was_silent_for_long_has_one_of_32() -> None:
    assert qualities([5, 5_000_000])[-1] == 255 // 32


def test_a_node_that_has_started_anew_begins_anew() -> None:
    assert qualities([5_000, 5_001, 7])[-1] == 255


def test_of_too_many_nodes_the_one_not_heard_for_longest_is_forgotten() -> None:
    heard = ffi.new("tr_quality_t *")
    places = array_length("tr_quality_t.nodes")
    for source in range(places):
        qualities([0, 2], source, heard)
    assert qualities([4], 0, heard) == [255 * 3 // 5]
    qualities([0], 999, heard)
    assert qualities([4], 0, heard) == [255 * 3 // 5]
    assert qualities([4], 1, heard) == [255]
