"""The C core's link to the parent is protocol.parent_link's, whatever a node finds there."""

import random
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from firmware.native.library import ffi
from protocol.node import Jitter
from protocol.parent_link import ParentLink
from protocol.timing import PROFILES, Timing
from tests.firmware.core import library

U16, U31 = 0xFFFF, 2**31 - 1


class CoreParentLink:
    """tr_parent_link_t with the methods of protocol.parent_link.ParentLink."""

    def __init__(self, timing: Timing, seed: int) -> None:
        self._lib = library()
        self._timing = ffi.new("tr_timing_t *", asdict(timing))
        self._jitter = ffi.new("tr_jitter_t *")
        self._lib.tr_jitter_init(self._jitter, seed)
        self.link = ffi.new("tr_parent_link_t *")
        self._lib.tr_parent_link_init(self.link, self._timing, self._jitter)

    def begin(self, parent: int) -> None:
        self._lib.tr_parent_link_begin(self.link, parent)

    def answered(self, tries: int, round_trip_ms: int) -> None:
        self._lib.tr_parent_link_answered(self.link, self._timing, tries, round_trip_ms)

    def not_answered(self, tries: int) -> None:
        self._lib.tr_parent_link_not_answered(self.link, self._timing, self._jitter, tries)

    @property
    def etx16(self) -> int:
        return int(self.link.etx16)

    @property
    def ack_timeout_ms(self) -> int:
        return int(self._lib.tr_parent_link_ack_timeout_ms(self.link, self._timing))

    @property
    def delay_ms(self) -> int:
        return int(self._lib.tr_parent_link_delay_ms(self.link))

    def send_delay_ms(self, slot_ms: int, is_leaf: bool) -> int:
        return int(self._lib.tr_parent_link_send_delay_ms(self.link, self._timing, slot_ms, is_leaf))

    def is_bad(self) -> bool:
        return bool(self._lib.tr_parent_link_is_bad(self.link, self._timing))

    def cost(self, neighbour: int, hop_count: int) -> int:
        return int(self._lib.tr_parent_link_cost(self.link, neighbour, hop_count))


def told_by(link: Any, slot_ms: int) -> tuple[object, ...]:
    """All that a link tells."""
    return (
        link.etx16,
        link.ack_timeout_ms,
        link.delay_ms,
        link.send_delay_ms(slot_ms, True),
        link.send_delay_ms(slot_ms, False),
        link.is_bad(),
        *(link.cost(neighbour, hop_count) for neighbour in range(4) for hop_count in (0, 253)),
    )


def some_event(rng: random.Random) -> Callable[[Any], None]:
    """What a node may find next."""
    tries = rng.choice((0, 1, 1, 1, 2, 3, 254, 255, 256, U16))
    round_trip_ms = rng.choice((0, 1, rng.randrange(20), rng.randrange(1_000), U16, U31))
    parent = rng.randrange(4)
    return rng.choices(
        (
            lambda link: link.answered(tries, round_trip_ms),
            lambda link: link.not_answered(tries),
            lambda link: link.begin(parent),
        ),
        weights=(6, 3, 1),
    )[0]


TIMINGS = {
    **PROFILES,
    "least": Timing(
        jitter_ms=0,
        spread_ms=0,
        ack_timeout_ms=0,
        ack_timeout_least_ms=0,
        ack_timeout_limit_ms=0,
        switch_etx16=1,
    ),
    "most": Timing(
        jitter_ms=U16,
        spread_ms=U16,
        ack_timeout_ms=U16,
        ack_timeout_least_ms=U16,
        ack_timeout_limit_ms=U16,
        switch_etx16=U16,
    ),
}


@pytest.mark.parametrize("name", TIMINGS)
def test_both_links_tell_the_same_of_all_that_happens(name: str) -> None:
    rng = random.Random(1)
    for seed in range(1, 51):
        ours, theirs = ParentLink(TIMINGS[name], Jitter(seed)), CoreParentLink(TIMINGS[name], seed)
        for step in range(100):
            happens = some_event(rng)
            happens(ours)
            happens(theirs)
            slot_ms = rng.choice((0, 1, 800, rng.randrange(2**31), U31))
            assert told_by(ours, slot_ms) == told_by(theirs, slot_ms), f"seed {seed}, step {step}"


@pytest.mark.parametrize("fraction", [0, 1, 0x7FFF, 0xFFFE, 0xFFFF])
def test_a_part_of_any_window_is_exact(fraction: int) -> None:
    rng, link = random.Random(fraction), CoreParentLink(Timing(), 1)
    link.link.fraction = fraction
    for window_ms in (0, 1, U16, U16 + 1, 2 * U16 + 3, U31, *(rng.randrange(2**31) for _ in range(1_000))):
        link.link.spread_ms = window_ms
        assert link.send_delay_ms(U31, is_leaf=True) == fraction * window_ms >> 16
