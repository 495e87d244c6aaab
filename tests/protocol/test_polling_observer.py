"""PROTOCOL.md 6.4, 6.5 and 13: what an observer makes of a polled network's frames."""

from __future__ import annotations

from protocol.aggregate import Aggregate
from protocol.capture import Direction, Record
from protocol.observer import (
    NodeMissing,
    Observation,
    Observer,
    PolledPeer,
    PolledState,
    PrimaryChanged,
    ReadingsSeen,
    RoundRow,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    Beat,
    Frame,
    FrameType,
    Hello,
    Items,
    Network,
    Payload,
    Poll,
    Reading,
    Result,
    encode,
)

LEASE_MS = 900
MS_US = 1_000


class Star:
    """An observer of a polled network, and what it heard; a millisecond a frame."""

    def __init__(self) -> None:
        self.observer = Observer()
        self.now_us = 0
        self.sent = 0

    def is_missing(self, peer: int) -> bool:
        return self.state.peers[peer].is_missing

    @property
    def state(self) -> PolledState:
        assert self.observer.polled is not None
        return self.observer.polled

    def hear(self, frame_type: FrameType, source: int, to: int, payload: Payload) -> list[Observation]:
        self.sent += 1
        self.now_us += MS_US
        frame = encode(Frame(frame_type, source, to, 1000 + self.sent, payload))
        return self.observer.observe(Record(self.now_us, "air", Direction.INBOUND, frame))

    def beat(
        self, source: int, epoch: int = 1, version: int = 1, heirs: tuple[int, ...] = ()
    ) -> list[Observation]:
        beat = Beat(epoch, version, 0, 1_000, LEASE_MS, heirs)
        return self.hear(FrameType.BEAT, source, BROADCAST, beat)

    def poll(self, peer: int, version: int, attempt: int = 1, primary: int = 1, epoch: int = 1) -> None:
        self.hear(FrameType.POLL, primary, peer, Poll(epoch, version, attempt))

    def reading(
        self, peer: int, version: int, raw: int, attempt: int = 1, primary: int = 1
    ) -> list[Observation]:
        return self.hear(FrameType.READING, peer, primary, Reading(1, version, attempt, ((0, raw),)))

    def result(self, version: int, *raws: int, primary: int = 1) -> list[Observation]:
        found = Aggregate(version, max(raws), 9, sum(raws), len(raws))
        return self.hear(FrameType.RESULT, primary, HOST, Result(5, Items(((0, found),))))


def repairs(seen: list[Observation]) -> int:
    return next(row.repairs for row in seen if isinstance(row, RoundRow))


def test_a_beat_names_the_primary() -> None:
    star = Star()
    assert star.beat(1) == [PrimaryChanged(1_000, 1, None, 1)]
    assert star.beat(1) == []
    assert star.observer.network is Network.POLLING
    assert (star.state.primary, star.state.epoch, star.state.version) == (1, 1, 1)
    assert star.observer.root is None


def test_a_reading_tells_the_response_time_of_the_poll_that_it_names() -> None:
    star = Star()
    star.beat(1)
    star.poll(2, 1, attempt=1)
    star.now_us += 299 * MS_US
    star.poll(2, 1, attempt=2)
    star.now_us += 99 * MS_US
    seen = star.reading(2, 1, 40, attempt=1)
    assert seen == [ReadingsSeen(star.now_us, 2, 1, ((0, 40),))]
    assert star.state.peers == {2: PolledPeer(response_ms=400, attempts=2, is_missing=False, version=1)}
    assert star.reading(2, 1, 40, attempt=2) == []  # the same, in answer to the other poll
    assert star.state.peers[2].response_ms == 101


def test_the_result_tells_who_is_missing_and_what_the_primary_read() -> None:
    star = Star()
    star.beat(1)
    for peer in (2, 3):
        star.poll(peer, 1)
    star.reading(2, 1, 40)
    seen = star.result(1, 40, 21)
    assert seen[:2] == [NodeMissing(star.now_us, 3, 1), ReadingsSeen(star.now_us, 1, 1, ((0, 21),))]
    assert repairs(seen) == 1
    assert (star.state.peers[2].is_missing, star.state.peers[3].is_missing) == (False, True)


def test_who_is_late_stays_missing_until_it_answers_in_its_round() -> None:
    star = Star()
    star.beat(1)
    star.poll(3, 1)
    star.result(1, 21)
    star.reading(3, 1, 30)
    assert star.is_missing(3)
    assert star.state.peers[3].response_ms is not None
    star.beat(1, version=2)
    star.poll(3, 2)
    star.reading(3, 2, 30)
    assert not star.is_missing(3)
    assert repairs(star.result(2, 30, 21)) == 1
    star.beat(1, version=3)
    star.poll(3, 3)
    star.reading(3, 3, 30)
    assert repairs(star.result(3, 30, 21)) == 0


def test_no_reading_of_the_primary_is_guessed_where_the_counts_do_not_fit() -> None:
    star = Star()
    star.beat(1)
    for peer in (2, 3):
        star.poll(peer, 1)
    star.reading(2, 1, 40)
    seen = star.result(1, 40, 30, 21)  # the READING of 3 was not heard
    assert not any(isinstance(o, ReadingsSeen) for o in seen)


def test_a_newer_epoch_takes_over_and_an_older_one_is_not_shown() -> None:
    star = Star()
    star.beat(1, epoch=4)
    assert star.beat(2, epoch=5) == [PrimaryChanged(star.now_us, 2, 1, 5)]
    assert star.beat(1, epoch=4) == []
    assert (star.state.primary, star.state.epoch) == (2, 5)
    assert 2 not in star.state.peers
    assert 1 in star.state.peers
    assert repairs(star.result(1, 21, primary=2)) == 1


def test_the_heirs_are_those_of_the_last_beat_of_the_primary_that_named_any() -> None:
    star = Star()
    star.beat(1, epoch=4, heirs=(2, 3, 5))
    star.beat(9, epoch=3, heirs=(7,))
    assert list(star.state.heirs) == [2, 3, 5]
    star.beat(2, epoch=5)
    assert list(star.state.heirs) == [3, 5]  # until the new primary knows who is there
    star.beat(1, epoch=4, heirs=(2, 3, 5))
    assert list(star.state.heirs) == [3, 5]
    star.beat(2, epoch=5, heirs=(5, 6))
    assert list(star.state.heirs) == [5, 6]


def test_of_two_with_one_epoch_the_second_is_shown_when_the_lease_of_the_first_is_over() -> None:
    star = Star()
    star.beat(1)
    assert star.beat(2) == []
    star.now_us += LEASE_MS * MS_US
    assert star.beat(2) == [PrimaryChanged(star.now_us, 2, 1, 1)]


def test_a_network_that_started_again_with_older_epochs_is_shown_in_the_end() -> None:
    star = Star()
    star.beat(1, epoch=9)
    star.now_us += (LEASE_MS + 10_000) * MS_US
    assert star.beat(2, epoch=1) == [PrimaryChanged(star.now_us, 2, 1, 1)]


def test_a_hello_makes_a_peer_that_is_not_missing_before_it_was_polled() -> None:
    star = Star()
    star.beat(1)
    star.poll(2, 1)
    star.reading(2, 1, 40)
    star.hear(FrameType.HELLO, 7, BROADCAST, Hello(Network.POLLING, 1, 1))
    star.result(1, 40, 21)
    assert star.state.peers[7] == PolledPeer()
