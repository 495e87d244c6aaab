"""Protocol nodes on the event loop: two of them, joined by a wire, in real time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import pytest

from bridge.driver import NodeDriver, node_driver, sink_tree_driver
from bridge.link import LinkState, one_by_one
from bridge.sensors import ConstantSensor, NoSensor, Sensor
from protocol.aggregate import TEMPERATURE, Aggregate
from protocol.node import ChildJoined, Event, FrameDropped, Joined, MeasurementDue, RoundFinished
from protocol.packets import HOST, DropReason, FrameType, Network, decode
from protocol.timing import Timing
from tests.bridge.rig import TIMEOUT_S, broadcast, run, until

QUICK = Timing(
    period_ms=300,
    discovery_ms=100,
    jitter_ms=10,
    ack_timeout_ms=50,
    listen_ms=30,
    help_wait_ms=40,
    leaf_wait_ms=40,
)
ROOT, CHILD = 1, 2


class Sensing:
    """A sensor made of a function."""

    def __init__(self, read: Callable[[int], Mapping[int, int] | Awaitable[Mapping[int, int]]]) -> None:
        self.read = read


class Pair:
    """A root and a child that hear each other, and what happened to them."""

    def __init__(
        self, sensor: Sensor, metrics: tuple[int, ...] = (0,), hears: frozenset[int] | None = None
    ) -> None:
        self.events: list[Event] = []
        self.frames: list[bytes] = []  # on the wire between them, and to the host
        self.states: list[LinkState] = []
        self.root = sink_tree_driver(
            "root", ROOT, sensor, root=True, timing=QUICK, metrics=metrics, on_event=self.events.append
        )
        self.child = sink_tree_driver(
            "child",
            CHILD,
            ConstantSensor({0: 30.0}),
            timing=QUICK,
            neighbours=hears,
            on_event=self.events.append,
        )

    async def start(self) -> None:
        await self.child.start(one_by_one(lambda frame: self._carry(frame, self.root)), self.states.append)
        await self.root.start(one_by_one(lambda frame: self._carry(frame, self.child)), self.states.append)

    def _carry(self, frame: bytes, to: NodeDriver) -> None:
        self.frames.append(frame)
        to.send(frame)

    async def event(self, wanted: Callable[[Event], object]) -> Event:
        await until(lambda: any(wanted(event) for event in self.events))
        return next(event for event in self.events if wanted(event))

    async def result(self, count: int) -> Aggregate:
        """The first result that counts so many."""

        def counts(event: Event) -> bool:
            return isinstance(event, RoundFinished) and event.items.aggregates[0][1].count == count

        event = await self.event(counts)
        assert isinstance(event, RoundFinished)
        return event.items.aggregates[0][1]

    async def close(self) -> None:
        await self.root.close()
        await self.child.close()


def with_pair(pair: Pair, check: Callable[[Pair], Awaitable[None]]) -> None:
    async def main() -> None:
        await pair.start()
        try:
            await check(pair)
        finally:
            await pair.close()

    run(main())


def test_two_nodes_form_a_tree_and_count_both() -> None:
    async def check(pair: Pair) -> None:
        found = await pair.result(2)
        assert (found.max, found.max_id) == (TEMPERATURE.raw(30.0), CHILD)
        assert found.total == TEMPERATURE.raw(20.0) + TEMPERATURE.raw(30.0)
        assert Joined(ROOT, 1) in pair.events
        assert ChildJoined(CHILD) in pair.events
        assert pair.states == [LinkState("child", True), LinkState("root", True)]
        sent = [decode(frame) for frame in pair.frames]
        assert any(frame.type is FrameType.RESULT and frame.destination == HOST for frame in sent)

    with_pair(Pair(ConstantSensor({0: 20.0})), check)


def test_a_sensor_may_take_its_time() -> None:
    async def slow(version: int) -> Mapping[int, int]:
        await asyncio.sleep(0.02)
        return {0: 77}

    async def check(pair: Pair) -> None:
        assert (await pair.result(2)).total == 77 + TEMPERATURE.raw(30.0)

    with_pair(Pair(Sensing(slow)), check)


def test_a_measurement_that_outlasts_its_round_is_given_up() -> None:
    given_up = []

    async def endless(version: int) -> Mapping[int, int]:
        try:
            await asyncio.sleep(TIMEOUT_S)
        except asyncio.CancelledError:
            given_up.append(version)
            raise
        return {0: 77}

    async def check(pair: Pair) -> None:
        found = await pair.result(1)
        assert found.max_id == CHILD
        await until(lambda: given_up)
        started = [event.version for event in pair.events if isinstance(event, MeasurementDue)]
        assert given_up[0] in started

    with_pair(Pair(Sensing(endless)), check)


def failing(version: int) -> Mapping[int, int]:
    raise OSError("no answer on the I2C bus")


async def failing_later(version: int) -> Mapping[int, int]:
    raise OSError("no answer on the I2C bus")


@pytest.mark.parametrize("read", [failing, failing_later])
def test_a_sensor_that_fails_costs_its_reading_only(
    read: Callable[[int], Mapping[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    async def check(pair: Pair) -> None:
        assert (await pair.result(1)).max_id == CHILD

    with caplog.at_level(logging.WARNING):
        with_pair(Pair(Sensing(read)), check)
    assert (
        "root: the sensor failed (no answer on the I2C bus); this round goes without its reading"
        in caplog.messages
    )


def test_a_reading_that_is_no_byte_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async def check(pair: Pair) -> None:
        finished = await pair.event(
            lambda event: isinstance(event, RoundFinished) and dict(event.items.aggregates)[0].count == 2
        )
        assert isinstance(finished, RoundFinished)
        counts = {metric: aggregate.count for metric, aggregate in finished.items.aggregates}
        assert counts == {TEMPERATURE.id: 2}

    with caplog.at_level(logging.WARNING):
        with_pair(Pair(Sensing(lambda version: {0: 255, 1: 256}), metrics=(0, 1)), check)
    assert any("metric 1: 256 is not 0 to 255" in message for message in caplog.messages)


def test_a_node_without_a_sensor_takes_part() -> None:
    async def check(pair: Pair) -> None:
        assert (await pair.result(1)).max_id == CHILD

    with_pair(Pair(NoSensor()), check)


def test_a_node_hears_its_neighbours_only() -> None:
    async def check(pair: Pair) -> None:
        for _ in range(3):
            pair.events.clear()
            await pair.event(lambda event: isinstance(event, RoundFinished))
        assert not any(isinstance(event, Joined) for event in pair.events)

    with_pair(Pair(NoSensor(), hears=frozenset({7})), check)


def test_a_frame_too_short_to_have_a_source_is_left_to_the_node() -> None:
    async def check(pair: Pair) -> None:
        pair.child.send(b"\x01")
        await pair.event(lambda event: type(event).__name__ == "FrameDropped")

    with_pair(Pair(NoSensor(), hears=frozenset({7})), check)


def test_when_it_is_closed_it_says_goodbye_and_then_nothing_and_counts() -> None:
    async def main() -> None:
        pair = Pair(ConstantSensor({0: 20.0}))
        pair.child.send(broadcast(3))
        assert pair.child.unsent == 1
        await pair.start()
        await pair.result(2)
        await pair.close()
        assert [decode(frame).type for frame in pair.frames[-2:]] == [FrameType.GOODBYE] * 2
        frames = len(pair.frames)
        pair.root.send(broadcast(3))
        await asyncio.sleep(2 * QUICK.period_ms / 1000)  # it must stay silent for two rounds
        assert len(pair.frames) == frames
        assert pair.root.unsent == 2  # the child's goodbye, and this

    run(main())


def test_another_node_of_the_same_id_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        dropped: list[Event] = []
        pair = [
            sink_tree_driver("root", ROOT, NoSensor(), root=True, timing=QUICK, on_event=dropped.append)
            for _ in range(2)
        ]
        await pair[0].start(one_by_one(pair[1].send), lambda state: None)
        await pair[1].start(one_by_one(pair[0].send), lambda state: None)
        own_id = DropReason.OWN_ID
        await until(lambda: sum(isinstance(e, FrameDropped) and e.reason is own_id for e in dropped) >= 2)
        for node in pair:
            await node.close()

    run(main())
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == ["another node 1 is on the air; end one of the two, or give it another --id"] * len(told)
    assert 1 <= len(told) <= 2, "each says it once"


def test_a_node_takes_the_timers_of_its_own_network_only() -> None:
    with pytest.raises(ValueError, match="a node of a ring takes no Timing"):
        node_driver(Network.RING, "node 1", 1, NoSensor(), timing=QUICK)
