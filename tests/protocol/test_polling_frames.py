"""One polled node and whatever frames it is sent: PROTOCOL.md sections 4 and 13."""

from __future__ import annotations

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
PAYLOADS = {
    FrameType.HELLO: st.builds(Hello, st.integers(0, 3), u16, u16),
    FrameType.BEAT: st.builds(Beat, u16, u16, u24, u24, u16),
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
