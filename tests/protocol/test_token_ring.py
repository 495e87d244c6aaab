"""PROTOCOL.md section 12, node by node; whole rings run in tests/protocol/simulator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.aggregate import Aggregate
from protocol.node import (
    ClaimMade,
    FrameDropped,
    MeasurementDue,
    PeerFound,
    PeerLost,
    ReadingsAdded,
    ReadingsHeard,
    ResultLearned,
    RoundFinished,
    TokenDropped,
    TokenMade,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    MAX_PAYLOAD_BYTES,
    MUSTER,
    NO_ID,
    TOKEN_ASKED,
    TOKEN_MORE,
    Claim,
    DropReason,
    Frame,
    FrameType,
    Hello,
    Network,
    Result,
    Sign,
    Token,
    TokenId,
    encode,
)
from protocol.ring_parts import FORGET_VISITS, MUSTER_AFTER, Phase
from protocol.timing import RingTiming
from protocol.token_ring import TokenRingNode
from tests.protocol.desk import Desk
from tests.protocol.strategies import frames

TIMING = RingTiming(period_ms=1_000)
ME = 5
# Before a test begins: rounds of others are those of a node that has not just started.
ON_FOR_MS = TIMING.listen_ms + 10
FIRST_MS = TIMING.ack_timeouts.first_ms
# Before a pass was measured each of the three tries waits twice as long as the last.
ALL_TRIES_MS, HOLD_MS = 7 * FIRST_MS, 8 * FIRST_MS
# Long enough for any node that is alone to listen, to lose patience and to claim.
COLD_START_MS = 2_000 - ON_FOR_MS


def a_desk(
    *, readings: dict[int, int] | None = None, asks: bool = False, order: tuple[int, ...] = (), **options: int
) -> Desk:
    node = TokenRingNode(
        ME,
        seed=1,
        first_counter=0,
        now_ms=-ON_FOR_MS,
        timing=TIMING,
        metrics=(0, 1),
        order=order,
        readings_asked=asks,
        **options,
    )
    return Desk(ME, node, {0: 60, 1: 90} if readings is None else readings)


def node_of(desk: Desk) -> TokenRingNode:
    assert isinstance(desk.node, TokenRingNode)
    return desk.node


def a_token(
    epoch: int = 3,
    generator: int = 9,
    sequence: int = 20,
    *,
    version: int = 7,
    turn: int = 0,
    home: int = 9,
    **fields: Any,
) -> Token:
    nothing = Aggregate.empty(version)
    token = Token(
        TokenId(epoch, generator, sequence),
        fork=0,
        home=home,
        follows=NO_ID,
        version=version,
        next_version=version,
        age_ms=10,
        period_ms=1_000,
        turn=turn,
        flags=0,
        aggregates=((0, nothing), (1, nothing)),
    )
    return replace(token, **fields)


def meet(desk: Desk, *peers: int) -> None:
    for peer in peers:
        desk.hear(peer, Hello(Network.RING, 0, 0), FrameType.HELLO)
    desk.take_sent()
    desk.events.clear()


def passed(desk: Desk) -> tuple[int, Token]:
    """To whom the node has sent the token last, and what it was."""
    (*_, frame) = desk.take_sent(FrameType.TOKEN)
    assert isinstance(frame.payload, Token)
    return frame.destination, frame.payload


def sign_of(token: TokenId, hold_ms: int = 300, passed_over: int = NO_ID, version: int = 7) -> Sign:
    return Sign(token, version, passed_over, hold_ms)


class TestAlone:
    def test_a_node_that_hears_nothing_makes_the_token_within_two_seconds(self) -> None:
        desk = a_desk()
        desk.at(COLD_START_MS)
        finished = desk.take_events(RoundFinished)
        assert [event.version for event in finished] == [1]
        assert dict(finished[0].items.aggregates)[0] == Aggregate.of_reading(1, 60, ME)

    def test_it_goes_on_with_a_round_a_period_and_says_hello(self) -> None:
        desk = a_desk()
        desk.at(COLD_START_MS)
        desk.take_sent()
        desk.at(COLD_START_MS + 5_000)
        sent = desk.take_sent()
        results = [frame.payload for frame in sent if isinstance(frame.payload, Result)]
        assert len(results) == 5
        assert all(frame.destination == HOST for frame in sent if frame.type is FrameType.RESULT)
        assert any(frame.type is FrameType.HELLO for frame in sent)
        assert sum(frame.type is FrameType.SIGN for frame in sent) == 5

    def test_without_a_sensor_its_result_counts_nobody(self) -> None:
        desk = a_desk(readings={})
        desk.at(COLD_START_MS)
        (finished,) = desk.take_events(RoundFinished)
        assert dict(finished.items.aggregates)[0] == Aggregate.empty(1)


class TestVisit:
    def test_a_node_signs_adds_its_readings_and_passes_on(self) -> None:
        desk = a_desk()
        meet(desk, 3, 7, 9)
        desk.hear(3, a_token(), FrameType.TOKEN)
        sign, token = desk.take_sent()
        assert (sign.type, sign.destination) == (FrameType.SIGN, BROADCAST)
        assert isinstance(sign.payload, Sign)
        assert sign.payload.id == TokenId(3, 9, 20)
        assert sign.payload.hold_ms == HOLD_MS
        assert isinstance(token.payload, Token)
        assert (token.destination, token.payload.id) == (7, TokenId(3, 9, 21))
        assert dict(token.payload.aggregates)[1] == Aggregate.of_reading(7, 90, ME)
        assert token.payload.follows == 9

    def test_the_last_in_the_order_passes_to_the_first(self) -> None:
        desk = a_desk()
        meet(desk, 3, 4)
        desk.hear(4, a_token(home=3), FrameType.TOKEN)
        destination, token = passed(desk)
        assert (destination, token.follows) == (3, 4)

    def test_a_configured_order_goes_before_ids(self) -> None:
        desk = a_desk(order=(9, 5, 2))
        desk.hear(9, a_token(), FrameType.TOKEN)
        destination, token = passed(desk)
        assert (destination, token.follows) == (2, 9)

    def test_who_is_not_in_the_order_comes_after_it(self) -> None:
        desk = a_desk(order=(9, 5))
        meet(desk, 1)
        desk.hear(9, a_token(), FrameType.TOKEN)
        assert passed(desk)[0] == 1

    def test_the_token_tells_a_newcomer_who_follows_it(self) -> None:
        desk = a_desk()
        desk.hear(3, a_token(follows=8), FrameType.TOKEN)
        assert passed(desk)[0] == 8

    def test_who_is_no_node_follows_nobody(self) -> None:
        desk = a_desk()
        desk.hear(3, a_token(follows=HOST), FrameType.TOKEN)
        assert node_of(desk).peers.present == [3]

    def test_a_metric_that_there_is_no_room_for_is_not_added(self) -> None:
        crowded = tuple((node, ((0, node),)) for node in range(20, 30))
        desk = a_desk()
        desk.hear(3, a_token(aggregates=((0, Aggregate.empty(7)),), readings=crowded), FrameType.TOKEN)
        token = passed(desk)[1]
        assert token.aggregates == ((0, Aggregate(7, 60, ME, 60, 1)),)
        assert token.readings == crowded

    def test_the_same_token_again_is_refused_and_not_added_to(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.take_sent()
        desk.hear(3, a_token(), FrameType.TOKEN)
        (refusal,) = desk.take_sent()
        assert (refusal.type, refusal.destination) == (FrameType.SIGN, 3)
        assert refusal.payload == sign_of(TokenId(3, 9, 20), hold_ms=0)

    @pytest.mark.parametrize(
        "older", [TokenId(2, 60, 90), TokenId(3, 8, 90), TokenId(3, 9, 19), TokenId(3, 9, 20)]
    )
    def test_a_token_that_is_not_newer_is_dropped(self, older: TokenId) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.take_sent()
        desk.hear(7, a_token(older.epoch, older.generator, older.sequence), FrameType.TOKEN)
        assert [frame.type for frame in desk.take_sent()] == [FrameType.SIGN]

    def test_a_newer_token_takes_the_place_of_the_held_one(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.hear(3, a_token(4), FrameType.TOKEN)
        assert desk.take_events(TokenDropped) == [TokenDropped(TokenId(3, 9, 20), TokenId(4, 9, 20))]
        assert passed(desk)[1].id == TokenId(4, 9, 21)

    def test_a_sensor_that_is_late_holds_the_token_for_measure_wait_only(self) -> None:
        desk = a_desk()
        desk.readings = None
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        assert node_of(desk).phase is Phase.MEASURING
        (sign,) = desk.take_sent()
        assert isinstance(sign.payload, Sign)
        assert sign.payload.hold_ms == TIMING.measure_wait_ms + HOLD_MS
        desk.at(TIMING.measure_wait_ms)
        assert dict(passed(desk)[1].aggregates)[0] == Aggregate.empty(7)
        assert not desk.node.measure(7, {0: 60}, desk.now_ms)

    def test_a_sensor_that_answers_in_time_is_counted(self) -> None:
        desk = a_desk()
        desk.readings = None
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.at(100)
        assert not desk.node.measure(6, {0: 60}, 100)
        assert desk.node.measure(7, {0: 60}, 100)
        desk.at(100)
        assert dict(passed(desk)[1].aggregates)[0] == Aggregate.of_reading(7, 60, ME)

    def test_a_hold_lasts_as_long_as_the_sensor_does_as_a_rule(self) -> None:
        desk = a_desk()
        desk.readings = None
        meet(desk, 7)
        for visit in range(20):
            desk.hear(3, a_token(sequence=20 + 3 * visit, version=7 + visit), FrameType.TOKEN)
            (sign,) = desk.take_sent(FrameType.SIGN)
            desk.at(desk.now_ms + 40)
            assert desk.node.measure(7 + visit, {0: 60}, desk.now_ms)
        assert isinstance(sign.payload, Sign)
        assert 40 <= sign.payload.hold_ms - HOLD_MS < 70
        desk.hear(3, a_token(sequence=90, version=40), FrameType.TOKEN)
        desk.take_sent()
        desk.at(desk.now_ms + 100)
        (late,) = desk.take_sent(FrameType.SIGN)
        assert isinstance(late.payload, Sign)
        assert late.payload.hold_ms > HOLD_MS + 150

    def test_a_result_on_the_token_is_learned_once(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        found = ((0, Aggregate(7, 90, 3, 150, 2)),)
        desk.hear(3, a_token(turn=1, aggregates=found), FrameType.TOKEN)
        desk.hear(3, a_token(4, turn=1, aggregates=found), FrameType.TOKEN)
        (learned,) = desk.take_events(ResultLearned)
        assert (learned.version, learned.items.aggregates) == (7, found)

    def test_who_knows_a_newer_version_raises_the_next(self) -> None:
        desk = a_desk()
        desk.hear(7, Hello(Network.RING, 0, 0), FrameType.HELLO)
        desk.hear(7, sign_of(TokenId(1, 7, 1), version=40), FrameType.SIGN)
        desk.hear(3, a_token(), FrameType.TOKEN)
        assert passed(desk)[1].next_version == 41


class TestHome:
    def test_the_token_at_home_ends_the_round_and_takes_the_result_round(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        found = ((0, Aggregate(7, 90, 3, 150, 2)),)
        desk.hear(7, a_token(home=ME, aggregates=found, age_ms=40), FrameType.TOKEN)
        sent = desk.take_sent()
        (result,) = [frame.payload for frame in sent if isinstance(frame.payload, Result)]
        assert (result.duration_ms, result.items.aggregates) == (40, found)
        (token,) = [frame.payload for frame in sent if isinstance(frame.payload, Token)]
        assert (token.turn, token.aggregates) == (1, found)

    def test_after_the_result_it_rests_until_the_period_is_over(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(home=ME, turn=1, age_ms=100), FrameType.TOKEN)
        (sign,) = desk.take_sent()
        assert isinstance(sign.payload, Sign)
        assert sign.payload.hold_ms == 900 + HOLD_MS
        desk.at(899)
        assert not desk.take_sent()
        desk.at(900)
        destination, token = passed(desk)
        assert (destination, token.version, token.turn, token.home) == (7, 8, 0, ME)
        assert dict(token.aggregates)[0] == Aggregate.of_reading(8, 60, ME)

    def test_the_next_round_is_as_new_as_anybody_asked_for(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(home=ME, turn=1, next_version=30), FrameType.TOKEN)
        desk.at(1_000)
        assert passed(desk)[1].version == 30

    def test_a_late_turn_does_not_rest(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(home=ME, turn=1, age_ms=1_200), FrameType.TOKEN)
        assert passed(desk)[1].version == 8

    def test_who_passes_over_the_home_makes_its_successor_the_home(self) -> None:
        desk = a_desk()
        meet(desk, 3, 9)
        desk.hear(3, a_token(home=7), FrameType.TOKEN)
        destination, token = passed(desk)
        assert (destination, token.home) == (9, 9)

    def test_a_second_token_of_the_round_gives_no_second_result(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(home=ME), FrameType.TOKEN)
        desk.hear(7, a_token(4, home=ME), FrameType.TOKEN)
        assert len(desk.take_events(RoundFinished)) == 1


class TestPassingOver:
    def test_after_three_tries_the_next_gets_a_token_of_the_next_epoch(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.at(ALL_TRIES_MS - 1)
        assert [frame.destination for frame in desk.take_sent(FrameType.TOKEN)] == [7, 7, 7]
        desk.at(ALL_TRIES_MS)
        sign, token = desk.take_sent()
        assert isinstance(sign.payload, Sign)
        assert (sign.payload.passed_over, sign.payload.id.epoch) == (7, 4)
        assert isinstance(token.payload, Token)
        assert (token.destination, token.payload.fork) == (9, 20)
        assert token.payload.id.generator == ME
        assert desk.take_events(PeerLost) == [PeerLost(7, "no sign of the token after 3 tries")]

    def test_any_sign_of_the_passed_token_ends_the_tries(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.hear(9, sign_of(TokenId(3, 9, 22)), FrameType.SIGN)
        assert node_of(desk).phase is Phase.NONE
        desk.at(3 * FIRST_MS)
        assert len(desk.take_sent(FrameType.TOKEN)) == 1

    def test_so_does_that_of_a_stranger_for_whom_there_is_no_room(self) -> None:
        desk = a_desk(max_peers=1)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.hear(9, sign_of(TokenId(3, 9, 22)), FrameType.SIGN)
        assert node_of(desk).held is None

    def test_tries_count_on_over_tokens(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.at(3 * FIRST_MS + 1)
        desk.take_sent()
        desk.hear(3, a_token(4), FrameType.TOKEN)
        desk.at(4 * FIRST_MS + 1)
        assert [frame.destination for frame in desk.take_sent(FrameType.TOKEN)] == [7, 9]

    def test_the_timeout_is_that_of_the_successor_once_it_is_measured(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.hear(3, a_token(), FrameType.TOKEN)
        desk.at(4)
        desk.hear(7, sign_of(TokenId(3, 9, 21)), FrameType.SIGN)
        desk.hear(3, a_token(sequence=30), FrameType.TOKEN)
        desk.take_sent()
        desk.at(4 + TIMING.ack_timeouts.least_ms)
        assert len(desk.take_sent(FrameType.TOKEN)) == 1

    def test_many_silent_successors_lead_to_a_muster(self) -> None:
        desk = a_desk()
        meet(desk, *range(6, 30))
        desk.hear(3, a_token(home=3), FrameType.TOKEN)
        muster_ms = MUSTER_AFTER * ALL_TRIES_MS
        desk.at(muster_ms)
        (*_, sign) = desk.take_sent(FrameType.SIGN)
        assert isinstance(sign.payload, Sign)
        assert sign.payload.passed_over == MUSTER
        desk.hear(25, Hello(Network.RING, 0, 0), FrameType.HELLO)
        desk.at(muster_ms + TIMING.peers.hello_spread_ms + 2 * FIRST_MS)
        assert passed(desk)[0] == 25
        assert node_of(desk).peers.present == [25]

    def test_a_muster_makes_a_node_say_hello_and_forget_the_silent(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.at(500)
        desk.take_sent()
        desk.hear(9, sign_of(TokenId(3, 9, 20), passed_over=MUSTER), FrameType.SIGN)
        desk.at(500 + TIMING.peers.hello_spread_ms)
        assert desk.take_sent(FrameType.HELLO)
        desk.hear(9, sign_of(TokenId(3, 9, 21)), FrameType.SIGN)
        desk.at(500 + TIMING.peers.hello_spread_ms + 2 * FIRST_MS)
        assert node_of(desk).peers.present == [9]

    def test_others_forget_who_was_passed_over_until_it_is_heard(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.hear(9, sign_of(TokenId(3, 9, 20), passed_over=7), FrameType.SIGN)
        assert node_of(desk).peers.present == [9]
        desk.hear(7, Hello(Network.RING, 3, 7), FrameType.HELLO)
        assert node_of(desk).peers.present == [7, 9]
        assert PeerFound(7) in desk.take_events(PeerFound)

    def test_who_was_passed_over_says_hello_at_once(self) -> None:
        desk = a_desk()
        meet(desk, 9)
        desk.hear(9, a_token(), FrameType.TOKEN)
        desk.hear(9, sign_of(TokenId(3, 9, 21)), FrameType.SIGN)
        desk.take_sent()
        desk.hear(9, sign_of(TokenId(4, 3, 22), passed_over=ME), FrameType.SIGN)
        desk.at(TIMING.jitter_ms)
        assert desk.take_sent(FrameType.HELLO)

    def test_who_is_not_visited_for_two_rounds_says_hello(self) -> None:
        desk = a_desk()
        meet(desk, 9)
        desk.hear(9, a_token(), FrameType.TOKEN)
        desk.hear(9, sign_of(TokenId(3, 9, 21)), FrameType.SIGN)
        desk.take_sent()
        desk.hear(9, sign_of(TokenId(3, 9, 30), version=8), FrameType.SIGN)
        desk.at(TIMING.jitter_ms)
        assert not desk.take_sent(FrameType.HELLO)
        desk.hear(9, sign_of(TokenId(3, 9, 40), version=9), FrameType.SIGN)
        desk.at(2 * TIMING.jitter_ms)
        assert desk.take_sent(FrameType.HELLO)

    def test_a_peer_that_gives_no_sign_for_many_visits_is_forgotten(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        for visit in range(FORGET_VISITS + 1):
            desk.hear(9, a_token(sequence=20 + 3 * visit), FrameType.TOKEN)
        assert node_of(desk).peers.present == [9]


class TestNeverTwice:
    """12.4: what decides is where a token parted from the one that has the readings."""

    def added(self, *tokens: Token) -> list[bool]:
        desk = a_desk()
        meet(desk, 7)
        added = []
        for token in tokens:
            desk.hear(7, token, FrameType.TOKEN)
            added.append(bool(desk.take_events(ReadingsAdded)))
        return added

    def test_not_to_a_round_that_began_before_the_node_had_listened_after_its_start(self) -> None:
        node = TokenRingNode(ME, seed=1, first_counter=0, now_ms=0, timing=TIMING)
        desk = Desk(ME, node, {0: 60})
        meet(desk, 3, 7, 9)
        desk.at(TIMING.listen_ms)
        desk.hear(3, a_token(age_ms=1), FrameType.TOKEN)
        assert desk.take_events(ReadingsAdded) == []
        desk.hear(3, a_token(sequence=30, version=8, age_ms=0), FrameType.TOKEN)
        assert [event.version for event in desk.take_events(ReadingsAdded)] == [8]

    def test_not_to_the_same_token_again(self) -> None:
        assert self.added(a_token(), a_token(sequence=25)) == [True, False]

    def test_not_to_a_token_that_parted_after_the_visit(self) -> None:
        assert self.added(a_token(), a_token(4, 7, 30, fork=24)) == [True, False]

    def test_again_to_a_token_that_parted_before_the_visit(self) -> None:
        assert self.added(a_token(), a_token(4, 7, 30, fork=19)) == [True, True]

    def test_not_if_it_parted_at_this_very_node(self) -> None:
        assert self.added(a_token(), a_token(4, 7, 30, fork=20)) == [True, False]

    def test_to_every_newer_round(self) -> None:
        assert self.added(a_token(), a_token(sequence=40, version=8)) == [True, True]

    def test_never_to_an_older_round(self) -> None:
        tokens = a_token(), a_token(sequence=40, version=8), a_token(5, 7, 50, version=7, fork=0)
        assert self.added(*tokens) == [True, True, False]

    def test_sequences_wrap(self) -> None:
        late = (1 << 32) - 2
        assert self.added(a_token(sequence=late), a_token(4, 7, 3, fork=1)) == [True, False]
        assert self.added(a_token(sequence=2), a_token(4, 7, 9, fork=late)) == [True, True]

    def test_readings_for_a_branch_that_died_are_those_of_the_round(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(), FrameType.TOKEN)
        desk.readings = {0: 99}
        desk.hear(7, a_token(4, 7, 30, fork=19), FrameType.TOKEN)
        assert not desk.take_events(MeasurementDue)[1:]
        assert dict(passed(desk)[1].aggregates)[0] == Aggregate.of_reading(7, 60, ME)


class TestLoss:
    def after_a_visit(self) -> Desk:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.hear(9, a_token(), FrameType.TOKEN)
        desk.hear(7, sign_of(TokenId(3, 9, 21), hold_ms=300), FrameType.SIGN)
        desk.take_sent()
        return desk

    # Hold, twice the ack timeout, twice the longest delay, jitter; then the claim wait.
    LONGEST_MS = 300 + 2 * FIRST_MS + 2 * TIMING.first_delay_ms + TIMING.jitter_ms

    def test_without_a_sign_it_claims_twice_and_makes_the_token(self) -> None:
        desk = self.after_a_visit()
        desk.at(300)
        assert not desk.take_sent(FrameType.CLAIM)
        desk.at(self.LONGEST_MS + 3 * FIRST_MS)
        sent = desk.take_sent()
        claims = [frame.payload for frame in sent if isinstance(frame.payload, Claim)]
        assert [claim.epoch for claim in claims] == [4, 4]
        token = next(frame.payload.id for frame in sent if isinstance(frame.payload, Token))
        assert (token.epoch, token.generator) == (4, ME)
        assert desk.take_events(TokenMade)[0].parent is None

    def test_its_first_sign_names_who_had_the_token_last(self) -> None:
        desk = self.after_a_visit()
        desk.at(self.LONGEST_MS + 3 * FIRST_MS)
        sign = next(frame.payload for frame in desk.take_sent(FrameType.SIGN))
        assert isinstance(sign, Sign)
        assert (sign.id.epoch, sign.passed_over) == (4, 7)
        assert PeerLost(7, "had the token when it was lost") in desk.take_events(PeerLost)

    def test_the_round_of_a_new_token_is_newer_than_all_known(self) -> None:
        desk = self.after_a_visit()
        desk.at(self.LONGEST_MS + 3 * FIRST_MS)
        assert passed(desk)[1].version == 8

    def test_signs_keep_it_quiet(self) -> None:
        desk = self.after_a_visit()
        for step in range(1, 40):
            desk.at(250 * step)
            desk.hear(9, sign_of(TokenId(3, 9, 21 + step), hold_ms=300), FrameType.SIGN)
        assert not desk.take_events(ClaimMade)

    def test_signs_of_an_older_token_do_not(self) -> None:
        desk = self.after_a_visit()
        for step in range(1, 10):
            desk.at(250 * step)
            desk.hear(9, sign_of(TokenId(2, 9, 21 + step), hold_ms=300), FrameType.SIGN)
        assert desk.take_events(ClaimMade)

    def test_after_the_result_turn_it_waits_for_the_next_round(self) -> None:
        desk = a_desk()
        meet(desk, 7, 9)
        desk.hear(9, a_token(turn=1, age_ms=0), FrameType.TOKEN)
        desk.hear(7, sign_of(TokenId(3, 9, 21), hold_ms=30), FrameType.SIGN)
        desk.at(1_000)
        assert not desk.take_events(ClaimMade)
        desk.at(1_000 + self.LONGEST_MS)
        assert desk.take_events(ClaimMade)

    def claiming(self) -> Desk:
        desk = self.after_a_visit()
        while not any(isinstance(event, ClaimMade) for event in desk.events):
            deadline_ms = desk.node.next_deadline()
            assert deadline_ms is not None
            desk.at(deadline_ms)
        desk.take_sent()
        desk.take_events(ClaimMade)
        return desk

    @pytest.mark.parametrize(("epoch", "source"), [(5, 1), (4, 7)])
    def test_it_withdraws_for_a_higher_claim(self, epoch: int, source: int) -> None:
        desk = self.claiming()
        desk.hear(source, Claim(epoch, 7), FrameType.CLAIM)
        desk.at(desk.now_ms + 3 * FIRST_MS)
        assert not desk.take_events(TokenMade)
        assert not desk.take_sent()

    @pytest.mark.parametrize(("epoch", "source"), [(3, 9), (4, 2)])
    def test_it_says_its_own_again_to_a_lower_one(self, epoch: int, source: int) -> None:
        desk = self.claiming()
        desk.hear(source, Claim(epoch, 7), FrameType.CLAIM)
        (claim,) = desk.take_sent(FrameType.CLAIM)
        assert isinstance(claim.payload, Claim)
        assert claim.payload.epoch == 4

    def test_it_withdraws_for_a_sign_of_the_token(self) -> None:
        desk = self.claiming()
        desk.hear(9, sign_of(TokenId(3, 9, 21), hold_ms=500), FrameType.SIGN)
        desk.at(desk.now_ms + 500)
        assert not desk.take_events(TokenMade)

    def test_it_withdraws_for_the_token(self) -> None:
        desk = self.claiming()
        desk.hear(9, a_token(sequence=25), FrameType.TOKEN)
        desk.hear(7, sign_of(TokenId(3, 9, 26), hold_ms=500), FrameType.SIGN)
        desk.at(desk.now_ms + 500)
        assert not desk.take_events(TokenMade)

    def test_the_holder_answers_a_claim(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(home=ME, turn=1), FrameType.TOKEN)
        desk.take_sent()
        desk.hear(7, Claim(4, 7), FrameType.CLAIM)
        (sign,) = desk.take_sent()
        assert isinstance(sign.payload, Sign)
        assert sign.payload.id == TokenId(3, 9, 20)
        assert sign.payload.hold_ms > 0

    def test_but_not_one_of_an_epoch_that_its_token_cannot_outlive(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(home=ME, turn=1), FrameType.TOKEN)
        desk.take_sent()
        desk.hear(7, Claim(5, 7), FrameType.CLAIM)
        assert not desk.take_sent()

    def test_a_bystander_gives_the_claimant_time(self) -> None:
        desk = self.after_a_visit()
        desk.at(500)
        desk.hear(9, Claim(4, 7), FrameType.CLAIM)
        desk.at(500 + 2 * TIMING.claim_least_ms + 2 * TIMING.first_delay_ms)
        assert not desk.take_events(ClaimMade)


class TestMerging:
    def test_the_holder_of_an_older_token_drops_it_for_a_sign(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(7, a_token(home=ME, turn=1), FrameType.TOKEN)
        desk.take_sent()
        desk.hear(8, sign_of(TokenId(6, 8, 3)), FrameType.SIGN)
        assert desk.take_events(TokenDropped) == [TokenDropped(TokenId(3, 9, 20), TokenId(6, 8, 3))]
        desk.at(desk.now_ms + 200)
        assert not desk.take_sent(FrameType.TOKEN)

    def test_the_holder_of_a_newer_token_says_so_to_the_holder_of_an_older(self) -> None:
        desk = a_desk()
        desk.hear(9, a_token(home=ME, turn=1), FrameType.TOKEN)
        desk.take_sent()
        desk.hear(8, sign_of(TokenId(1, 8, 3)), FrameType.SIGN)
        (sign,) = desk.take_sent()
        assert isinstance(sign.payload, Sign)
        assert sign.payload.id == TokenId(3, 9, 20)
        desk.hear(8, sign_of(TokenId(1, 8, 3), hold_ms=0), FrameType.SIGN)
        assert not desk.take_sent()

    def test_who_gives_signs_of_another_ring_is_a_peer(self) -> None:
        desk = a_desk()
        desk.hear(9, a_token(home=ME, turn=1), FrameType.TOKEN)
        desk.hear(8, sign_of(TokenId(1, 8, 3)), FrameType.SIGN)
        assert node_of(desk).held is not None
        desk.at(1_000)
        assert passed(desk)[0] == 8

    def test_the_holder_answers_a_newcomer(self) -> None:
        desk = a_desk()
        desk.hear(9, a_token(home=ME, turn=1), FrameType.TOKEN)
        desk.take_sent()
        desk.hear(6, Hello(Network.RING, 0, 0), FrameType.HELLO)
        assert [frame.type for frame in desk.take_sent()] == [FrameType.SIGN]

    def test_a_hello_of_another_network_is_of_no_use(self) -> None:
        desk = a_desk()
        desk.hear(6, Hello(Network.POLLING, 0, 0), FrameType.HELLO)
        assert desk.take_events(FrameDropped) == [FrameDropped(DropReason.STATE, 6)]
        assert not node_of(desk).peers.present


class TestReadings:
    def test_who_asks_sets_the_flag_and_the_own_readings_go_along(self) -> None:
        desk = a_desk(asks=True)
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        token = passed(desk)[1]
        assert token.flags == TOKEN_ASKED
        assert token.readings == ((ME, ((0, 60), (1, 90))),)

    def test_nobody_asked_nothing_goes_along(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        assert not passed(desk)[1].readings

    def test_a_full_token_leaves_without_them_and_says_that_more_are_waiting(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        others = tuple((node, ((0, 1), (1, 2))) for node in range(20, 25))
        desk.hear(3, a_token(flags=TOKEN_ASKED, readings=others), FrameType.TOKEN)
        (frame,) = desk.take_sent(FrameType.TOKEN)
        token = frame.payload
        assert isinstance(token, Token)
        assert token.flags == TOKEN_ASKED | TOKEN_MORE
        assert token.readings == others
        desk.hear(3, a_token(sequence=40, turn=2, flags=TOKEN_ASKED, aggregates=()), FrameType.TOKEN)
        assert passed(desk)[1].readings == ((ME, ((0, 60), (1, 90))),)

    def test_they_go_along_once_and_the_node_takes_its_own_away(self) -> None:
        desk = a_desk(asks=True)
        meet(desk, 7)
        desk.hear(3, a_token(), FrameType.TOKEN)
        own = passed(desk)[1].readings
        other = (9, ((0, 7),))
        desk.hear(3, a_token(sequence=30, turn=1, readings=(*own, other)), FrameType.TOKEN)
        assert passed(desk)[1].readings == (other,)
        assert desk.take_events(ReadingsHeard) == [ReadingsHeard(9, 7, ((0, 7),))]

    def test_the_home_sends_the_token_round_until_all_is_told(self) -> None:
        desk = a_desk()
        meet(desk, 7)
        item = (7, ((0, 7),))
        desk.hear(7, a_token(home=ME, turn=1, flags=TOKEN_ASKED | TOKEN_MORE), FrameType.TOKEN)
        token = passed(desk)[1]
        assert (token.turn, token.flags, token.aggregates) == (2, TOKEN_ASKED, ())
        desk.hear(
            7, a_token(sequence=30, home=ME, turn=2, flags=TOKEN_ASKED, readings=(item,)), FrameType.TOKEN
        )
        assert passed(desk)[1].turn == 3
        desk.hear(
            7, a_token(sequence=40, home=ME, turn=3, flags=TOKEN_ASKED, readings=(item,)), FrameType.TOKEN
        )
        assert node_of(desk).phase is Phase.RESTING  # its owner is gone


@given(st.lists(st.tuples(frames, st.integers(0, 400)), max_size=30), st.integers(0, 1 << 32))
def test_no_frame_breaks_a_node(heard: list[tuple[Frame, int]], seed: int) -> None:
    """Whatever comes, in whatever order: nothing is raised, no frame is too long, and time goes on."""
    node = TokenRingNode(
        ME, seed=seed, first_counter=0, now_ms=0, timing=TIMING, readings_asked=bool(seed & 1)
    )
    desk = Desk(ME, node, {0: 60})
    for frame, wait_ms in heard:
        node.receive(encode(frame), desk.now_ms)
        desk._serve()
        desk.at(desk.now_ms + wait_ms)
    for sent in desk.sent:
        assert len(encode(sent)) <= 10 + MAX_PAYLOAD_BYTES
