"""One polled node and whatever frames it is sent: PROTOCOL.md sections 4 and 13."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.node import Event, FrameDropped, MeasurementDue
from protocol.packets import (
    BROADCAST,
    Beat,
    DropReason,
    Frame,
    FrameType,
    Hello,
    Network,
    Payload,
    Poll,
    Reading,
    decode,
    encode,
)
from protocol.polling import PollingNode

ME, PRIMARY, OTHER = 7, 1, 2
u8, u16, u24 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 24))
pairs = st.dictionaries(st.integers(0, 63), u8, max_size=5).map(lambda readings: tuple(readings.items()))
heirs = st.lists(st.integers(0, 9), max_size=4, unique=True).map(tuple)
PAYLOADS = {
    FrameType.HELLO: st.builds(Hello, st.integers(0, 3), u16, u16),
    FrameType.BEAT: st.builds(Beat, u16, u16, u24, u24, u16, heirs),
    FrameType.POLL: st.builds(Poll, u16, u16, u8),
    FrameType.READING: st.builds(Reading, u16, u16, u8, pairs),
}
frames = st.sampled_from(sorted(PAYLOADS)).flatmap(
    lambda t: st.builds(
        Frame, st.just(t), st.integers(1, 9), st.sampled_from([ME, OTHER, BROADCAST]), u24, PAYLOADS[t]
    )
)


class Bench:
    """One node on a bench: hand it frames, see what it sends and says."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.node = PollingNode(ME, seed=1, first_counter=0, now_ms=0)

    def hear(self, source: int, kind: FrameType, payload: Payload, destination: int = BROADCAST) -> None:
        self.node.receive(encode(Frame(kind, source, destination, 0, payload)), self.now_ms)

    def sent(self, kind: FrameType) -> list[Payload]:
        frames = [decode(frame) for _, frame in self.node.frames_to_send(self.now_ms)]
        return [frame.payload for frame in frames if frame.type is kind]

    def asked(self) -> list[int]:
        """The versions that the sensor was asked for since the last look."""
        return [event.version for event in self.events() if isinstance(event, MeasurementDue)]

    def drops(self) -> list[DropReason]:
        return [event.reason for event in self.events() if isinstance(event, FrameDropped)]

    def events(self) -> list[Event]:
        found = []
        while (event := self.node.next_event()) is not None:
            found.append(event)
        return found

    def follow(self, epoch: int = 5, version: int = 40) -> None:
        self.hear(PRIMARY, FrameType.BEAT, Beat(epoch, version, 0, 1_000, 900))

    def takeover_ms(self, source: int, heirs: tuple[int, ...], epoch: int = 5, version: int = 40) -> int:
        """When the node takes over after that beat, counted from the end of the lease."""
        self.hear(source, FrameType.BEAT, Beat(epoch, version, 0, 60_000, 900, heirs))
        lease_end_ms = self.now_ms + 900
        while (deadline_ms := self.node.next_deadline()) is not None and not self.node.is_primary:
            self.now_ms = deadline_ms
            self.node.handle_timer(deadline_ms)
            self.node.frames_to_send(deadline_ms)
        return self.now_ms - lease_end_ms

    def poll(self, epoch: int, version: int, attempt: int = 1, source: int = PRIMARY) -> None:
        self.hear(source, FrameType.POLL, Poll(epoch, version, attempt), ME)


class TestSecondary:
    def test_a_repeated_poll_is_answered_with_the_same_readings_and_the_first_attempt(self) -> None:
        bench = Bench()
        bench.follow()
        bench.poll(5, 41)
        assert bench.asked() == [41]
        bench.poll(5, 41, attempt=2)
        assert bench.asked() == []
        assert not bench.sent(FrameType.READING)
        assert bench.node.measure(41, {0: 61}, 0)
        answer = Reading(5, 41, 1, ((0, 61),))
        assert bench.sent(FrameType.READING) == [answer]
        assert not bench.node.measure(41, {0: 99}, 0)
        bench.poll(5, 41, attempt=3)
        assert bench.sent(FrameType.READING) == [answer]

    def test_a_measurement_that_a_newer_round_ended_comes_too_late(self) -> None:
        bench = Bench()
        bench.poll(5, 41)
        bench.poll(5, 42)
        assert not bench.node.measure(41, {0: 61}, 10)
        assert bench.node.measure(42, {0: 61}, 10)

    def test_a_poll_of_an_older_epoch_is_answered_with_hello(self) -> None:
        bench = Bench()
        bench.follow()
        bench.poll(4, 90, source=OTHER)
        assert bench.asked() == []
        assert bench.sent(FrameType.HELLO) == [Hello(Network.POLLING, 5, 90)]

    def test_a_second_primary_of_the_epoch_gets_no_answer(self) -> None:
        bench = Bench()
        bench.follow()
        bench.poll(5, 41, source=OTHER)
        assert bench.drops() == [DropReason.STATE]

    def test_readings_of_a_version_go_to_one_primary_only(self) -> None:
        bench = Bench()
        bench.hear(OTHER, FrameType.BEAT, Beat(5, 40, 0, 1_000, 900))
        bench.poll(5, 41, source=OTHER)
        bench.node.measure(41, {0: 61}, 0)
        bench.sent(FrameType.READING)
        bench.follow(5, 41)  # before OTHER in the order, and of the same epoch and version
        bench.poll(5, 41)
        assert bench.asked() == [41]
        (hello,) = bench.sent(FrameType.HELLO)
        assert hello == Hello(Network.POLLING, 5, 42)

    def test_a_beat_of_no_epoch_or_no_period_is_dropped(self) -> None:
        bench = Bench()
        bench.hear(PRIMARY, FrameType.BEAT, Beat(0, 1, 0, 1_000, 900))
        bench.hear(PRIMARY, FrameType.BEAT, Beat(1, 1, 0, 0, 900))
        assert bench.drops() == [DropReason.STATE] * 2
        assert bench.node.primary is None

    def test_a_hello_of_a_ring_is_of_no_use(self) -> None:
        bench = Bench()
        bench.hear(OTHER, FrameType.HELLO, Hello(Network.RING, 9, 9))
        assert bench.drops() == [DropReason.STATE]
        assert bench.node.epoch == 0

    def test_epochs_wrap_past_0(self) -> None:
        bench = Bench()
        bench.follow(0xFFFF)
        bench.follow(1)
        assert bench.node.epoch == 1
        bench.follow(0xFFFF)
        assert bench.node.epoch == 1


STAGGER_MS, JITTER_MS = 150, 50


def rank_of(takeover_ms: int) -> int:
    """Staggers of that time; what is left is one to two jitters."""
    rank, jitter_ms = divmod(takeover_ms, STAGGER_MS)
    assert JITTER_MS <= jitter_ms < 2 * JITTER_MS
    return rank


class TestRank:
    @pytest.mark.parametrize(
        ("heirs", "rank"),
        [((ME, 2), 0), ((2, ME), 1), ((2, 3, 4, ME), 3), ((9,), 4), ((2, 3, 4, 5), 4), ((), 0)],
    )
    def test_the_place_among_the_heirs_and_4_for_who_is_none(self, heirs: tuple[int, ...], rank: int) -> None:
        assert rank_of(Bench().takeover_ms(PRIMARY, heirs)) == rank

    def test_without_any_heir_the_peers_that_come_before(self) -> None:
        bench = Bench()
        for peer in (2, 3, 9):
            bench.hear(peer, FrameType.HELLO, Hello(Network.POLLING, 5, 40))
        assert rank_of(bench.takeover_ms(PRIMARY, ())) == 2

    def test_a_new_primary_that_names_nobody_leaves_the_other_heirs_of_the_one_before(self) -> None:
        bench = Bench()
        bench.hear(PRIMARY, FrameType.BEAT, Beat(5, 40, 0, 1_000, 900, (OTHER, 4, ME)))
        assert rank_of(bench.takeover_ms(OTHER, (), epoch=6)) == 1

    def test_a_new_primary_names_its_own(self) -> None:
        bench = Bench()
        bench.hear(PRIMARY, FrameType.BEAT, Beat(5, 40, 0, 1_000, 900, (OTHER, 4, ME)))
        assert rank_of(bench.takeover_ms(OTHER, (PRIMARY, ME), epoch=6)) == 1

    def test_a_beat_of_an_older_epoch_or_of_another_primary_changes_nothing(self) -> None:
        bench = Bench()
        bench.hear(PRIMARY, FrameType.BEAT, Beat(5, 40, 0, 1_000, 900, (4, ME)))
        bench.hear(OTHER, FrameType.BEAT, Beat(4, 40, 0, 1_000, 900, (ME,)))
        bench.hear(OTHER, FrameType.BEAT, Beat(5, 40, 0, 1_000, 900, (ME,)))
        assert rank_of(bench.takeover_ms(PRIMARY, ())) == 1

    def test_a_former_primary_counts_peers_again(self) -> None:
        bench = Bench()
        bench.takeover_ms(PRIMARY, (2, 3, ME))
        bench.node.handle_timer(bench.now_ms + 900)  # it was stopped for longer than its lease
        bench.now_ms += 900
        assert not bench.node.is_primary
        assert rank_of(bench.takeover_ms(PRIMARY, (), epoch=7)) == 0


@given(st.lists(st.tuples(frames, st.integers(0, 2_000)), max_size=40))
def test_whatever_it_is_sent_it_never_raises_and_never_spins(heard: list[tuple[Frame, int]]) -> None:
    bench = Bench()
    for frame, later_ms in heard:
        bench.now_ms += later_ms
        bench.node.receive(encode(frame), bench.now_ms)
        for version in bench.asked():
            bench.node.measure(version, {0: 1}, bench.now_ms)
        for _ in range(4):
            assert len(bench.node.frames_to_send(bench.now_ms)) <= 16
            deadline_ms = bench.node.next_deadline()
            assert deadline_ms is not None
            if deadline_ms > bench.now_ms:
                break
            bench.node.handle_timer(bench.now_ms)
        else:
            raise AssertionError(f"still busy at {bench.now_ms}: {heard}")


@given(st.binary(max_size=110))
def test_bytes_that_are_no_frame_are_dropped(data: bytes) -> None:
    bench = Bench()
    bench.node.receive(data, 0)
    assert len(bench.events()) <= 1
