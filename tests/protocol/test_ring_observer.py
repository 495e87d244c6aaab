"""PROTOCOL.md 6.4, 6.5 and 12: what an observer makes of a ring's frames."""

from __future__ import annotations

from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.observer import (
    MemberFound,
    Observation,
    Observer,
    PassedOver,
    ReadingsSeen,
    RoundRow,
    TokenMoved,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    NO_ID,
    Claim,
    Frame,
    FrameType,
    Hello,
    Items,
    Network,
    Pairs,
    Payload,
    Result,
    Sign,
    Token,
    TokenId,
    encode,
)

PERIOD_MS = 1_000
S_US = 1_000_000


class Ring:
    """An observer of a ring, and what it heard; a millisecond a frame."""

    def __init__(self) -> None:
        self.observer = Observer()
        self.now_us = 0
        self.sent = 0

    def hear(self, frame_type: FrameType, source: int, to: int, payload: Payload) -> list[Observation]:
        self.sent += 1
        self.now_us += 1_000
        frame = encode(Frame(frame_type, source, to, 1000 + self.sent, payload))
        return self.observer.observe(Record(self.now_us, "air", Direction.INBOUND, frame))

    def token(
        self,
        source: int,
        to: int,
        name: TokenId,
        raws: tuple[int, ...] = (),
        *,
        version: int = 7,
        turn: int = 0,
        home: int = 1,
        follows: int = NO_ID,
        items: tuple[tuple[int, Pairs], ...] = (),
    ) -> list[Observation]:
        counted = Aggregate(version, max(raws, default=0), 9, sum(raws), len(raws))
        token = Token(name, 0, home, follows, version, version, 0, PERIOD_MS, turn, 0, ((0, counted),), items)
        return self.hear(FrameType.TOKEN, source, to, token)

    def sign(
        self, source: int, name: TokenId, *, version: int = 7, passed_over: int = NO_ID, hold_ms: int = 50
    ) -> list[Observation]:
        return self.hear(FrameType.SIGN, source, BROADCAST, Sign(name, version, passed_over, hold_ms))

    def result(self, source: int, version: int) -> list[RoundRow]:
        items = Items(((0, Aggregate(version, 9, 9, 9, 1)),))
        seen = self.hear(FrameType.RESULT, source, HOST, Result(5, items))
        return [row for row in seen if isinstance(row, RoundRow)]

    def go_round(self, *nodes: int, epoch: int = 1, first: int = 1) -> None:
        """The token is taken by these nodes in turn; only their signs are heard."""
        for sequence, node in enumerate(nodes, first):
            self.sign(node, name(sequence, epoch))


def name(sequence: int, epoch: int = 1, generator: int = 1) -> TokenId:
    return TokenId(epoch, generator, sequence)


def moves(seen: list[Observation]) -> list[tuple[int | None, int]]:
    return [(move.source, move.destination) for move in seen if isinstance(move, TokenMoved)]


def test_a_token_moves_from_its_source_to_its_destination_once() -> None:
    ring = Ring()
    seen = ring.token(1, 2, name(1), (20,), follows=3)
    assert TokenMoved(1_000, 1, 2, name(1), 7, 0) in seen
    assert ring.observer.network is Network.RING
    state = ring.observer.ring
    assert state is not None
    assert (state.holder, state.previous, state.home, state.version, state.turn) == (2, 1, 1, 7, 0)
    assert state.order == [1, 2, 3]
    assert moves(ring.token(1, 2, name(1), (20,), follows=3)) == []  # another try
    assert moves(ring.sign(2, name(1))) == []  # its ack
    assert ring.observer.root is None


def test_signs_alone_tell_where_the_token_is_and_the_order() -> None:
    ring = Ring()
    ring.go_round(3, 1, 4, 2, 3, 1)
    state = ring.observer.ring
    assert state is not None
    assert (state.holder, state.previous) == (1, 3)
    at = state.order.index(3)
    assert state.order[at:] + state.order[:at] == [3, 1, 4, 2]
    assert moves(ring.sign(2, name(9))) == [(None, 2)]  # hops went unheard


def test_a_turn_of_the_token_is_timed_within_a_round() -> None:
    ring = Ring()
    ring.go_round(1, 2, 3)

    def rotation_us() -> int | None:
        assert ring.observer.ring is not None
        return ring.observer.ring.rotation_us

    assert rotation_us() is None, "no turn is whole"
    ring.sign(1, name(4))
    assert rotation_us() == 3_000
    ring.now_us += 500_000  # between rounds it rests
    ring.sign(2, name(5), version=8)
    assert rotation_us() == 3_000


def test_a_node_passed_over_keeps_its_place_until_it_is_heard_again() -> None:
    ring = Ring()
    ring.go_round(1, 2, 3, 1)
    seen = ring.sign(1, name(6, epoch=2), passed_over=2, hold_ms=0)
    assert PassedOver(ring.now_us, 2, 1) in seen
    since_us = ring.now_us
    assert moves(ring.token(1, 3, name(7, epoch=2))) == [(1, 3)]
    state = ring.observer.ring
    assert state is not None
    assert (state.order, state.absent) == ([1, 2, 3], {2: since_us})
    assert ring.result(1, 7)[0].repairs == 1
    found = ring.hear(FrameType.HELLO, 2, BROADCAST, Hello(Network.RING, 0, 0))
    assert found == [MemberFound(ring.now_us, 2)]
    assert (state.order, state.absent) == ([1, 2, 3], {})
    assert ring.result(1, 8)[0].repairs == 1


def test_a_silent_node_that_the_token_leaves_out_is_absent() -> None:
    ring = Ring()
    ring.go_round(1, 2, 3, 1, 3)  # the last hop leaves out a node that was heard within a turn
    state = ring.observer.ring
    assert state is not None
    assert state.absent == {}
    seen = ring.sign(1, name(6))
    assert PassedOver(ring.now_us, 2, 3) in seen
    assert state.absent == {2: ring.now_us}


def test_an_older_ring_is_not_shown_until_the_newer_is_no_more() -> None:
    ring = Ring()
    ring.go_round(1, 2, epoch=5)
    state = ring.observer.ring
    assert state is not None
    assert ring.sign(8, name(3, epoch=4)) == []
    assert ring.token(8, 9, name(4, epoch=4), (1,)) == []
    assert (state.holder, state.order) == (2, [1, 2])
    ring.now_us += 11 * S_US
    assert moves(ring.sign(8, name(5, epoch=4))) == [(None, 8)]


def test_what_a_node_adds_is_its_reading() -> None:
    ring = Ring()
    ring.token(2, 1, name(1), (1, 1), version=6, turn=1)
    seen = ring.token(1, 2, name(2), (20,))
    assert ReadingsSeen(ring.now_us, 1, 7, ((0, 20),)) in seen
    seen = ring.token(2, 3, name(3), (20, 31))
    assert ReadingsSeen(ring.now_us, 2, 7, ((0, 31),)) in seen
    assert not any(isinstance(o, ReadingsSeen) for o in ring.token(3, 1, name(4), (20, 31)))  # it added none
    seen = ring.token(1, 2, name(5), (20, 31), turn=1, items=((2, ((0, 31),)), (3, ((1, 5), (0, 4)))))
    readings = [o for o in seen if isinstance(o, ReadingsSeen)]
    assert readings == [ReadingsSeen(ring.now_us, 3, 7, ((0, 4), (1, 5)))]  # that of 2 was told before
    assert ring.observer.readings[2].pairs == ((0, 31),)


def test_no_reading_is_guessed_where_a_hop_was_not_heard() -> None:
    ring = Ring()
    ring.token(1, 2, name(2), (20,))
    seen = ring.token(3, 1, name(4), (20, 31))
    assert not any(isinstance(o, ReadingsSeen) for o in seen)


def test_a_result_of_one_version_is_one_whoever_says_it() -> None:
    ring = Ring()
    ring.go_round(1, 2)
    assert [row.round for row in ring.result(1, 7)] == [7]
    assert ring.result(2, 7) == []
    assert [row.round for row in ring.result(2, 8)] == [8]


def test_a_log_of_both_parts_has_the_results_of_both() -> None:
    ring = Ring()
    ring.go_round(1, 2)
    told = [ring.result(node, version) for node, version in ((1, 50), (5, 41), (1, 51), (5, 42), (1, 52))]
    assert [row.round for rows in told for row in rows] == [50, 41, 51, 42, 52]


def test_a_network_that_started_again_is_followed() -> None:
    ring = Ring()
    ring.go_round(1, 2)
    versions = [(1, 20_000), (1, 20_001), (3, 1), (3, 2), (3, 3), (3, 4), (4, 5)]
    told = [ring.result(node, version) for node, version in versions]
    assert [rows[0].round for rows in told][-3:] == [3, 4, 5]


def test_a_claim_and_a_hello_make_a_ring_and_members() -> None:
    ring = Ring()
    assert ring.hear(FrameType.HELLO, 4, BROADCAST, Hello(Network.RING, 0, 0)) == [MemberFound(1_000, 4)]
    assert ring.hear(FrameType.CLAIM, 2, BROADCAST, Claim(1, 0)) == [MemberFound(2_000, 2)]
    state = ring.observer.ring
    assert state is not None
    assert (state.order, state.holder, state.token) == ([2, 4], None, None)
