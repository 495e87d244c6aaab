"""The polled network as a whole: PROTOCOL.md section 13. Times are virtual milliseconds."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from protocol.node import BecamePrimary, MeasurementDue, PeerFound, PeerLost, PeerMissing, RoundFinished
from protocol.packets import BROADCAST, Beat, Frame, FrameType, Poll
from protocol.polling import PollingNode
from protocol.timing import MAX_PERIOD_MS, PollingTiming
from tests.protocol.polled_worlds import Links, World, started

UNICAST = Links(is_overheard=False)
LINKS = {
    "ideal": Links(),
    "lossy": Links(loss=0.1),
    "delaying": Links(delay_ms=(5, 150)),
    "duplicating": Links(duplication=0.3, delay_ms=(1, 60)),
    "all of it": Links(loss=0.05, duplication=0.1, delay_ms=(1, 100)),
    "unicast": UNICAST,
    "lossy unicast": Links(loss=0.1, is_overheard=False),
}
every_link = pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)


class TestColdStart:
    @every_link
    @pytest.mark.parametrize("seed", range(4))
    def test_a_result_of_everybody_without_a_starter(self, links: Links, seed: int) -> None:
        world = World(seed=seed, links=links)
        world.start(4, 2, 9, 7)
        world.run_until(world.results, 2_000 if not links.loss else 3_000)
        world.run_until(lambda: world.results()[-1][2] == 4, 5_000)
        assert not world.twice, world.replay

    def test_the_first_of_the_order_becomes_the_primary(self) -> None:
        world = started((1, 2, 3, 4), order=(3, 1))
        assert world.primaries == [3]

    def test_who_is_in_the_order_and_not_there_costs_nothing(self) -> None:
        world = World(order=range(1, 21))
        world.start(18, 19, 20)
        assert world.run_until(world.results, 2_000) < 2_000
        assert world.results() == [(1, 18, 3)]
        assert not world.of(PeerMissing)

    def test_a_single_node_gives_its_own_results(self) -> None:
        world = started([5])
        assert world.results() == [(1, 5, 1), (2, 5, 1)]
        assert world.of(RoundFinished)[0].time_ms <= 2_000

    @pytest.mark.parametrize("seed", range(8))
    def test_started_in_any_order_every_node_is_polled_within_two_rounds(self, seed: int) -> None:
        random = Random(seed)
        world = World(seed=seed)
        for count, node_id in enumerate(random.sample(range(1, 9), 8), start=1):
            world.start(node_id)
            if count == 1:
                world.run_until(world.results, 3_000)
                continue
            world.run(random.choice([2_050, 2_450, 2_900]))
            assert world.results()[-1][2] == count, world.replay

    def test_no_more_peers_than_there_is_room_for(self) -> None:
        world = World(max_peers=10)
        world.start(*range(1, 16))
        world.run(4_000)
        assert world.results()[-1][2] == 11
        assert not world.twice


class TestTakeover:
    @every_link
    @pytest.mark.parametrize("seed", range(4))
    def test_a_standby_takes_over_within_two_seconds(self, links: Links, seed: int) -> None:
        world = started((1, 2, 3, 4, 5), seed=seed, links=links)
        world.run(Random(seed).randrange(1_000))
        dead, died_ms = world.primaries[0], world.now_ms
        world.kill(dead)
        world.run_until(lambda: world.primaries, 1_300)
        world.run_until(lambda: world.results(died_ms + 1), 2_000)
        assert world.now_ms - died_ms <= 2_000, world.replay
        world.run(5_000)
        assert world.results()[-1][2] == 4, world.replay
        assert not world.twice, world.replay

    def test_the_next_in_the_order_takes_over(self) -> None:
        world = started((1, 2, 3, 4), order=(3, 1, 4, 2))
        world.kill(3)
        world.run(1_300)
        assert world.primaries == [1]

    def test_two_that_die_together_cost_one_stagger_more(self) -> None:
        world = started((1, 2, 3, 4))
        world.kill(1, 2)
        assert world.run_until(lambda: world.primaries == [3], 1_300) >= 900

    @pytest.mark.parametrize("seed", range(5))
    def test_in_order_where_standbys_do_not_overhear_each_other(self, seed: int) -> None:
        world = started(range(1, 11), seed=seed, links=UNICAST)
        world.run(10_000 + 170 * seed)  # long enough for standbys to be silent to each other
        for dead, heir in ((1, 2), (2, 3), (3, 4)):
            died_ms = world.now_ms
            world.kill(dead)
            assert world.run_until(lambda: world.primaries, 1_100) >= 900 - 280
            assert [h.node for h in world.of(BecamePrimary, died_ms)] == [heir], world.replay
            world.run(1_500)
            assert world.primaries == [heir], world.replay

    @pytest.mark.parametrize("dead", range(1, 6))
    def test_each_heir_that_is_dead_too_costs_one_stagger(self, dead: int) -> None:
        world = started(range(1, 11), links=UNICAST)
        world.run(10_000)
        died_ms = world.now_ms
        world.kill(*range(1, dead + 1))
        took_ms = world.run_until(lambda: world.primaries, 2_000)
        stagger_ms, beat_ms, lease_ms = 150, 280, 900
        ranked_ms = (dead - 1) * stagger_ms
        assert lease_ms - beat_ms <= took_ms - ranked_ms <= lease_ms + 110
        if dead < 5:  # of four dead heirs, jitter decides among the rest
            assert [h.node for h in world.of(BecamePrimary, died_ms)] == [dead + 1]
        world.run(3_000)
        assert len(world.primaries) == 1
        assert world.results()[-1][2] == 10 - dead
        assert not world.twice

    def test_a_primary_that_dies_before_it_has_heard_anybody_has_the_heirs_of_the_one_before(self) -> None:
        world = started(range(1, 11), links=UNICAST)
        world.run(10_000)
        world.kill(1)
        world.run_until(lambda: world.primaries == [2], 1_300)
        world.run(5)
        assert world.frames(FrameType.BEAT)[-1].source == 2
        world.kill(2)
        second_ms = world.now_ms
        world.run_until(lambda: world.primaries, 1_300)
        assert [h.node for h in world.of(BecamePrimary, second_ms)] == [3]

    def test_an_heir_that_does_not_answer_any_more_is_named_no_more(self) -> None:
        world = started(range(1, 11), links=UNICAST)
        world.kill(2)
        world.run(3_000)
        beat = world.frames(FrameType.BEAT)[-1].payload
        assert isinstance(beat, Beat)
        assert beat.heirs == (3, 4, 5, 6)
        world.kill(1)
        assert world.run_until(lambda: world.primaries == [3], 1_100) <= 1_010

    def test_the_configured_order_is_that_of_the_heirs(self) -> None:
        world = started(range(1, 8), order=(5, 3, 6), links=UNICAST)
        world.run(8_000)
        for heir in (3, 6, 1, 2):
            world.kill(world.primaries[0])
            world.run(3_000)
            assert world.primaries == [heir]

    @pytest.mark.parametrize("seed", range(12))
    def test_lost_frames_cost_the_order_at_most(self, seed: int) -> None:
        world = started(range(1, 11), seed=seed, links=LINKS["lossy unicast"])
        world.run(10_000 + 83 * seed)
        beat = world.frames(FrameType.BEAT)[-1].payload
        assert isinstance(beat, Beat)
        world.kill(*world.primaries)
        world.run_until(lambda: world.primaries, 1_300)
        assert set(world.primaries) <= set(beat.heirs), world.replay
        world.run(8_000)
        assert len(world.primaries) == 1, world.replay
        assert max(count for _, _, count in world.results()[-5:]) == 9, world.replay
        assert not world.twice, world.replay

    def test_standbys_neither_lose_nor_find_peers_that_are_merely_polled(self) -> None:
        world = started(range(1, 6), links=UNICAST)
        since_ms = world.now_ms
        world.run(30_000)
        assert not world.of(PeerLost, since_ms)
        assert not world.of(PeerFound, since_ms)

    def test_every_one_after_another(self) -> None:
        world = started(range(1, 7), seed=3)
        for expected in range(2, 7):
            world.kill(world.primaries[0])
            world.run(3_000)
            assert world.primaries == [expected]
        assert world.results()[-1][2] == 1
        assert not world.twice

    def test_the_old_primary_returns_as_a_standby(self) -> None:
        world = started((1, 2, 3))
        world.kill(1)
        world.run(3_000)
        world.start(1)
        back_ms = world.now_ms
        world.run(5_000)
        assert world.primaries == [2]
        assert [h.node for h in world.of(BecamePrimary, back_ms)] == []
        assert world.results()[-1][2] == 3

    @pytest.mark.parametrize("after_ms", [0, 1, 50, 300, 850])
    def test_a_primary_that_restarts_within_its_lease_uses_no_version_again(self, after_ms: int) -> None:
        world = started((1, 2, 3))
        world.kill(1)
        world.run(after_ms)
        world.start(1)
        world.run(6_000)
        assert world.primaries == [2]
        assert not world.twice
        assert world.results()[-1][2] == 3

    @pytest.mark.parametrize("for_ms", [860, 1_000, 1_400, 3_000, 20_000])
    @pytest.mark.parametrize("period_ms", [200, 1_000, 5_000])
    def test_a_stopped_primary_reports_nothing_of_the_round_it_was_in(
        self, for_ms: int, period_ms: int
    ) -> None:
        world = started((1, 2, 3), timing=PollingTiming(period_ms=period_ms))
        world.run_until(lambda: world.of(MeasurementDue, world.now_ms), 6_000)
        world.stop(1, for_ms)
        stopped_ms = world.now_ms
        world.run(for_ms + 6_000)
        assert 1 not in {node for _, node, _ in world.results(stopped_ms)}
        assert len(world.primaries) == 1
        assert not world.twice

    def test_a_stopped_standby_does_not_take_over_from_a_living_primary(self) -> None:
        world = started((1, 2, 3))
        world.stop(2, 3_000)
        world.run(6_000)
        assert world.primaries == [1]
        assert len(world.of(BecamePrimary)) == 1

    def test_a_new_primary_does_not_wait_for_those_who_died_before(self) -> None:
        world = started(range(1, 21))
        world.kill(*range(2, 7))
        world.run(6_000)
        died_ms = world.now_ms
        world.kill(1)
        assert world.run_until(lambda: world.results(died_ms + 1), 2_000) < 2_000
        assert world.results()[-1] == (world.results()[-1][0], 7, 14)


class TestLostOneWay:
    def test_a_primary_whose_beats_all_got_lost_gives_way(self) -> None:
        world = started((1, 2, 3))
        world.drop = lambda frame, listener: frame.source == 1 and frame.type is FrameType.BEAT
        world.run(4_000)
        assert world.primaries == [2]
        assert not world.twice

    def test_a_primary_whose_polls_all_got_lost_gives_no_results(self) -> None:
        world = started((1, 2, 3))
        world.drop = lambda frame, listener: frame.source == 1
        lost_ms = world.now_ms
        world.run(6_000)
        assert {node for _, node, _ in world.results(lost_ms + 1)} == {2}
        assert not world.twice

    def test_a_primary_that_gets_no_answers_steps_down(self) -> None:
        world = started((1, 2, 3))
        world.drop = lambda frame, listener: frame.type is FrameType.READING and listener == 1
        lost_ms = world.now_ms
        world.run(8_000)
        assert 1 not in world.primaries
        assert all(count > 1 for _, node, count in world.results(lost_ms) if node == 1)
        assert not world.twice

    @pytest.mark.parametrize("between", [(2, 3), (3, 2)])
    def test_two_that_take_over_at_once_do_not_both_report(self, between: tuple[int, int]) -> None:
        world = started((1, 2, 3, 4), timing=PollingTiming(period_ms=1_000, stagger_ms=0, jitter_ms=1))
        lost = 0

        def drop_the_first(frame: Frame, listener: int) -> bool:
            nonlocal lost
            is_one = frame.type is FrameType.BEAT and (frame.source, listener) == between
            lost += is_one
            return is_one and lost <= 2

        world.drop = drop_the_first
        world.kill(1)
        world.run(4_000)
        assert world.primaries == [2]
        assert not world.twice

    def test_parts_each_have_a_primary_and_then_one_with_newer_versions(self) -> None:
        world = started((1, 2, 3, 4))
        parted_ms = world.now_ms
        world.parts = [frozenset({1, 2})]
        world.run(8_000)
        assert sorted(world.primaries) == [1, 3]
        before = {version for version, _, _ in world.results()}
        assert {node for _, node, _ in world.results(parted_ms + 3_000)} == {1, 3}
        world.parts = []
        world.run(1_500)
        met_ms = world.now_ms
        world.run(5_000)
        assert world.primaries == [3]  # the newer epoch
        after = [version for version, _, _ in world.results(met_ms)]
        assert not before & set(after)
        assert world.results()[-1][2] == 4


class TestSlowAndDead:
    def test_a_round_lasts_as_long_as_the_slowest_answer(self) -> None:
        slow = dict.fromkeys(range(2, 7), 700)
        world = started(range(1, 31), timing=PollingTiming(period_ms=2_000), sensor_ms=slow)
        world.kill(*range(26, 31))
        world.run(12_000)  # the dead are missing twice, and get one try
        since_ms = world.now_ms
        world.run(6_000)
        results = world.of(RoundFinished, since_ms)
        durations_ms = [h.event.duration_ms for h in results if isinstance(h.event, RoundFinished)]
        assert max(durations_ms) <= 700 * 3 // 2
        assert {count for _, _, count in world.results(since_ms)} == {25}

    def test_the_dead_are_missing_for_8_rounds_and_then_forgotten(self) -> None:
        world = started((1, 2, 3))
        world.kill(3)
        world.run(12_000)
        assert len(world.of(PeerMissing)) == 8
        assert [h.node for h in world.of(PeerLost, world.now_ms - 6_000)] == [1]

    def test_a_node_slower_than_the_period_never_holds_up_a_round(self) -> None:
        world = started((1, 2, 3), sensor_ms={3: 1_500}, timing=PollingTiming(period_ms=1_000))
        world.run(20_000)
        versions = [version for version, _, _ in world.results()]
        assert versions == list(range(1, len(versions) + 1))
        assert {count for _, _, count in world.results()} == {2}

    def test_a_link_that_does_not_carry_eight_polls_at_a_time_gets_fewer(self) -> None:
        world = started(range(1, 17))
        assert self.polls_at_once(world) == 8

        def every_third_first_poll(frame: Frame, listener: int) -> bool:
            poll = frame.payload
            return isinstance(poll, Poll) and poll.attempt == 1 and listener % 3 == 0

        world.drop = every_third_first_poll
        world.run(5_000)
        assert self.polls_at_once(world) < 3
        world.drop = lambda frame, listener: False
        world.run(40_000)
        assert self.polls_at_once(world) == 8
        assert {count for _, _, count in world.results(world.now_ms - 3_000)} == {16}

    def polls_at_once(self, world: World) -> int:
        """How many polls the next round begins with."""
        version = world.results()[-1][0]
        world.run_until(lambda: world.results()[-1][0] != version, 3_000)
        burst: Counter[int] = Counter()
        for time_ms, frame in world.sent:
            if isinstance(frame.payload, Poll) and frame.payload.version == world.results()[-1][0]:
                burst[time_ms] += 1
        return burst[min(burst)]

    def test_a_sensor_that_answers_late_is_asked_once_a_round(self) -> None:
        world = started((1, 2), sensor_ms={2: 700})
        asked = [h.event for h in world.of(MeasurementDue) if h.node == 2]
        assert len(asked) == len(set(asked))
        world.run(4_000)
        assert world.results()[-1][2] == 2


class TestPeriods:
    @pytest.mark.parametrize("period_ms", [1, 20, 100, 300, 60_000])
    def test_any_period(self, period_ms: int) -> None:
        world = World(timing=PollingTiming(period_ms=period_ms), links=Links(delay_ms=(1, 2)))
        world.start(1, 2, 3)
        world.run(5_000 + 2 * period_ms)
        assert len(world.primaries) == 1
        assert not world.twice
        if period_ms >= 100:
            assert world.results()[-1][2] == 3

    def test_two_hours(self) -> None:
        world = World(timing=PollingTiming(period_ms=MAX_PERIOD_MS))
        world.start(1, 2)
        world.run(3_000)
        assert world.results() == [(1, 1, 2)]
        node = PollingNode(
            3, seed=1, first_counter=0, now_ms=0, timing=PollingTiming(period_ms=MAX_PERIOD_MS)
        )
        assert node.next_deadline() is not None

    def test_a_long_clock(self) -> None:
        """Times may be any number: nothing depends on where the clock starts."""
        near_wrap = (1 << 31) - 2_000
        world = World()
        world.now_ms = near_wrap
        world.start(1, 2, 3)
        world.run(4_000)
        assert world.results()[-1][2] == 3


class TestFaultsAtRandom:
    @pytest.mark.parametrize("seed", range(60))
    def test_no_version_twice_and_one_primary_in_the_end(self, seed: int) -> None:
        random = Random(seed)
        nodes = range(1, random.randint(3, 7))
        period_ms = random.choice([300, 1_000, 2_000])
        links = random.choice(list(LINKS.values()))
        world = World(seed=seed, links=links, timing=PollingTiming(period_ms=period_ms))
        for node_id in random.sample(nodes, len(nodes)):
            world.start(node_id)
            world.run(random.choice([0, 10, 500, 3_000]))
        for _ in range(12):
            self._trouble(world, random)
            world.run(random.choice([50, 300, 1_000, 3_000]))
        world.start(*(n for n, host in world.hosts.items() if not host.runs))
        world.run(10_000)
        assert not world.twice, world.replay
        assert len(world.primaries) == 1, world.replay
        assert max(count for _, _, count in world.results()[-3:]) >= len(nodes) - 1, world.replay

    @staticmethod
    def _trouble(world: World, random: Random) -> None:
        running = [n for n, host in world.hosts.items() if host.runs]
        victim = random.choice(world.primaries if world.primaries and random.random() < 0.5 else running)
        kind = random.choice(["stop", "kill", "restart", "start"])
        if kind == "stop":
            world.stop(victim, random.choice([200, 700, 900, 1_500, 3_000, 8_000]))
        elif kind == "start":
            world.start(*(n for n, host in world.hosts.items() if not host.runs))
        elif len(running) > 1:
            world.kill(victim)
            if kind == "restart":
                world.run(random.choice([0, 1, 50, 500]))
                world.start(victim)


def test_a_beat_is_for_everybody() -> None:
    world = started((1, 2))
    assert {frame.destination for frame in world.frames(FrameType.BEAT)} == {BROADCAST}
