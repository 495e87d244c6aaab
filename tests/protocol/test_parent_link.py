"""What a node measures of the link to its parent: PROTOCOL.md 5.5 and section 7."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.node import Jitter
from protocol.parent_link import ETX_ONE, ParentLink
from protocol.timing import PROFILES, SPREAD_GROWTH, Timing

TIMING = Timing()
PARENT, OTHER = 3, 4
PERIOD_SLOT_MS = 4_000


def link(timing: Timing = TIMING, seed: int = 1) -> ParentLink:
    made = ParentLink(timing, Jitter(seed))
    made.begin(PARENT)
    return made


class TestEtx:
    def test_a_link_that_needs_one_try_stays_at_one(self) -> None:
        good = link()
        for _ in range(50):
            good.answered(1, 30)
        assert good.etx16 == ETX_ONE
        assert not good.is_bad()

    def test_tries_raise_it_and_two_tries_a_report_make_it_bad(self) -> None:
        poor = link()
        for _ in range(50):
            poor.answered(3, 30)
        assert 2.8 * ETX_ONE < poor.etx16 <= 3 * ETX_ONE
        assert poor.is_bad()

    def test_no_link_is_bad_when_the_limit_is_off(self) -> None:
        poor = link(PROFILES["classic"])
        for _ in range(50):
            poor.answered(4, 30)
        assert not poor.is_bad()

    def test_a_way_costs_a_try_a_hop_and_the_link_and_the_unknown_is_hoped_to_be_good(self) -> None:
        poor = link()
        for _ in range(50):
            poor.answered(3, 30)
        assert poor.cost(OTHER, 2) == 3 * ETX_ONE
        assert poor.cost(PARENT, 2) == 2 * ETX_ONE + poor.etx16

    def test_the_last_parent_is_remembered_and_the_one_before_is_not(self) -> None:
        moved = link()
        for _ in range(50):
            moved.answered(3, 30)
        bad = moved.etx16
        moved.begin(OTHER)
        assert moved.etx16 == ETX_ONE
        assert moved.cost(PARENT, 0) == bad
        moved.begin(5)
        assert moved.cost(PARENT, 0) == ETX_ONE

    def test_the_same_parent_again_keeps_what_was_measured(self) -> None:
        back = link()
        back.answered(3, 30)
        before = back.etx16
        back.begin(PARENT)
        assert back.etx16 == before


class TestAckTimeout:
    def test_it_is_the_configured_one_until_a_round_trip_is_measured(self) -> None:
        assert link().ack_timeout_ms == TIMING.ack_timeout_ms

    def test_a_quick_and_steady_link_gets_the_least(self) -> None:
        quick = link()
        for _ in range(20):
            quick.answered(1, 20)
        assert quick.ack_timeout_ms == TIMING.ack_timeout_least_ms

    def test_a_slow_link_gets_the_time_that_it_needs(self) -> None:
        slow = link()
        for _ in range(50):
            slow.answered(1, 400)
        assert 400 < slow.ack_timeout_ms < 450

    def test_an_answer_after_several_tries_is_no_measurement(self) -> None:
        unclear = link()
        unclear.answered(2, 20)
        assert unclear.ack_timeout_ms == TIMING.ack_timeout_ms

    def test_silence_makes_it_longer_up_to_its_limit(self) -> None:
        busy = link()
        busy.answered(1, 90)
        waits = [busy.ack_timeout_ms]
        for tries in range(1, 40):
            busy.not_answered(tries)
            waits.append(busy.ack_timeout_ms)
        assert waits == sorted(waits)
        assert waits[-1] == TIMING.ack_timeout_limit_ms

    def test_the_classic_one_never_changes(self) -> None:
        classic = link(PROFILES["classic"])
        for round_trip_ms in (5, 200, 900):
            classic.answered(1, round_trip_ms)
            classic.not_answered(1)
            assert classic.ack_timeout_ms == 250

    @given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5_000)), max_size=30))
    def test_it_stays_within_its_limits(self, reports: list[tuple[int, int]]) -> None:
        measured = link()
        for tries, round_trip_ms in reports:
            for unanswered in range(1, tries):
                measured.not_answered(unanswered)
            measured.answered(tries, round_trip_ms)
            assert TIMING.ack_timeout_least_ms <= measured.ack_timeout_ms <= TIMING.ack_timeout_limit_ms


class TestTimeOfTheRound:
    def test_a_leaf_keeps_its_time_while_first_tries_are_answered(self) -> None:
        leaf = link()
        delay_ms = leaf.send_delay_ms(PERIOD_SLOT_MS, is_leaf=True)
        for _ in range(20):
            leaf.answered(1, 30)
            assert leaf.send_delay_ms(PERIOD_SLOT_MS, is_leaf=True) == delay_ms

    def test_an_unanswered_first_try_draws_another_from_a_wider_window(self) -> None:
        delays_ms = set()
        leaf = link()
        for _ in range(20):
            leaf.not_answered(1)
            delays_ms.add(leaf.send_delay_ms(PERIOD_SLOT_MS, is_leaf=True))
        assert len(delays_ms) > 10
        assert TIMING.spread_ms < max(delays_ms) < SPREAD_GROWTH * TIMING.spread_ms

    def test_the_window_shrinks_again(self) -> None:
        leaf = link()
        for _ in range(3):
            leaf.not_answered(1)
        wide_ms = leaf.send_delay_ms(PERIOD_SLOT_MS, is_leaf=True)
        for _ in range(40):
            leaf.answered(1, 30)
        assert leaf.send_delay_ms(PERIOD_SLOT_MS, is_leaf=True) <= wide_ms // 3

    def test_leaves_have_different_times(self) -> None:
        delays_ms = {link(seed=seed).send_delay_ms(PERIOD_SLOT_MS, is_leaf=True) for seed in range(1, 30)}
        assert len(delays_ms) > 20

    @given(st.integers(1, 2**32 - 1), st.integers(0, 6_000_000), st.booleans())
    def test_it_stays_within_the_slot(self, seed: int, slot_ms: int, is_leaf: bool) -> None:
        node = link(seed=seed)
        node.not_answered(1)
        assert 0 <= node.send_delay_ms(slot_ms, is_leaf) <= (slot_ms if is_leaf else slot_ms // 4)

    def test_an_answer_is_half_a_round_trip_old(self) -> None:
        node = link()
        assert node.delay_ms == 0
        for _ in range(30):
            node.answered(1, 60)
        assert 28 <= node.delay_ms <= 30

    def test_classic_leaves_send_at_once(self) -> None:
        assert link(PROFILES["classic"]).send_delay_ms(PERIOD_SLOT_MS, is_leaf=True) == 0
