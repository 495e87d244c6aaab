"""What the failover benchmark reads off the frames that it hears."""

from __future__ import annotations

import pytest

from benchmarks.ring.failover import ANOTHER, MOVING, RESTING, Kill, claims
from benchmarks.ring.gaps import Gaps
from benchmarks.ring.watch import Repair, RingWatch
from protocol.aggregate import Aggregate
from protocol.packets import (
    BROADCAST,
    HOST,
    NO_ID,
    Claim,
    Frame,
    FrameType,
    Items,
    Result,
    Sign,
    Token,
    TokenId,
)

MS = 1_000_000


class Ring:
    """Frames as a ring of three sends them; times in milliseconds."""

    def __init__(self) -> None:
        self.watch = RingWatch()
        self._sequence = 0

    def sign(self, time_ms: int, source: int, version: int, passed_over: int = NO_ID) -> None:
        self._sequence += 1
        sign = Sign(TokenId(1, 1, self._sequence), version, passed_over, hold_ms=100)
        self.watch.take(time_ms * MS, Frame(FrameType.SIGN, source, BROADCAST, 1, sign))

    def claim(self, time_ms: int, source: int) -> None:
        self.watch.take(time_ms * MS, Frame(FrameType.CLAIM, source, BROADCAST, 1, Claim(2, 1)))

    def token(self, time_ms: int, source: int, destination: int, version: int) -> None:
        name = TokenId(1, 1, self._sequence + 1)
        token = Token(name, 0, 1, NO_ID, version, version, 0, 1_000, 0, 0)
        self.watch.take(time_ms * MS, Frame(FrameType.TOKEN, source, destination, 1, token))

    def result(self, time_ms: int, source: int, version: int) -> None:
        items = Items(((0, Aggregate(version, 1, 1, 3, 3)),))
        self.watch.take(time_ms * MS, Frame(FrameType.RESULT, source, HOST, 1, Result(10, items)))

    def round(self, began_ms: int, version: int, home: int = 1) -> None:
        """30 ms to gather, 10 to tell; then the token rests."""
        for number, node in enumerate((1, 2, 3)):
            self.sign(began_ms + 10 * number, node, version)
        self.sign(began_ms + 30, home, version)
        self.result(began_ms + 31, home, version)
        for number, node in enumerate((2, 3, home)):
            self.sign(began_ms + 34 + 3 * number, node, version)


@pytest.mark.parametrize(
    ("time_ms", "holder"),
    [
        (1_005, (1, False)),
        (1_015, (2, False)),
        (1_025, (3, False)),
        (1_035, (None, False)),
        (1_039, (None, False)),
        (1_045, (1, True)),
        (1_900, (1, True)),
    ],
)
def test_it_knows_who_has_the_token_and_where_it_rests(time_ms: int, holder: tuple[int | None, bool]) -> None:
    ring = Ring()
    for version in range(3):
        ring.round(1_000 * version, version)
    assert ring.watch.holder(time_ms * MS) == holder


def test_who_was_heard_to_pass_the_token_has_it_no_more() -> None:
    ring = Ring()
    ring.round(0, 0)
    ring.sign(1_000, 1, 1)
    ring.token(1_005, 1, 2, 1)
    assert ring.watch.holder(1_004 * MS) == (1, False)
    assert ring.watch.holder(1_005 * MS) == (None, False)
    assert ring.watch.was_visited_last(1)
    ring.sign(1_006, 2, 1)
    assert ring.watch.holder(1_006 * MS) == (2, False)
    assert not ring.watch.was_visited_last(1)
    ring.result(1_010, 1, 1)
    assert not ring.watch.was_visited_last(2)


def test_a_gap_is_between_rotations_whatever_else_their_results_repeat() -> None:
    ring = Ring()
    for version in range(3):
        ring.round(1_000 * version, version)
        ring.result(1_000 * version + 60, 1, version)
    ring.round(3_400, 3)
    ring.round(4_400, 4)
    ring.round(5_400, 5)
    assert ring.watch.gaps_ms(0, 2_500 * MS) == [1_000, 1_000]
    assert ring.watch.longest_gap_ms(2_500 * MS) == 1_400


def test_it_tells_a_claim_from_a_pass_over() -> None:
    ring = Ring()
    ring.round(0, 0)
    ring.claim(1_200, 3)
    ring.sign(1_280, 3, 1)
    ring.result(1_300, 3, 1)
    assert ring.watch.repair(1, 1_000 * MS) == Repair(200, True, 280, 300)
    ring.sign(2_200, 3, 2, passed_over=2)
    ring.sign(2_201, 1, 2)
    ring.result(2_230, 3, 2)
    assert ring.watch.repair(2, 2_000 * MS) == Repair(200, False, 201, 230)


def kill(role: str, gap_ms: float) -> Kill:
    return Kill(1, role, gap_ms, Repair(100, True, 200, 300), returned_ms=1_000)


@pytest.mark.parametrize(("slow_kills", "holds"), [(1, True), (2, False)])
def test_one_kill_in_a_hundred_may_take_longer(slow_kills: int, holds: bool) -> None:
    kills = [kill(RESTING, 1_501)] * slow_kills + [kill(ANOTHER, 1_500)] * (100 - slow_kills)
    assert next(claims(1_000, kills)).holds is holds


def test_kills_of_the_holder_are_held_to_the_promise_by_themselves() -> None:
    kills = [kill(MOVING, 1_501), *[kill(ANOTHER, 1_000)] * 99]
    assert [claim.holds for claim in claims(1_000, kills)][:2] == [True, False]


def test_rows_of_earlier_runs_and_of_this_one_look_alike() -> None:
    assert Gaps("a", [0.1, 0.3, 0.2], 7).cells() == ("a", "3", "200", "300", "300", "7000")
    assert Gaps("b", summary=(3, 0.2, 0.3, 0.3)).cells() == ("b", "3", "200", "300", "300", "-")
    assert Gaps("c", documented_s=10).cells() == ("c", "-", "-", "-", "-", "10000")
