"""A protocol node on the event loop's clock: a link of the relay, or the whole of an agent."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bridge.access import OPEN, Access
from bridge.errors import UsageError
from bridge.link import LinkState, OnFrames, OnState
from bridge.sensors import NoSensor, Readings, Sensor
from protocol.actuator import Actuators
from protocol.aggregate import MAX_RAW, TEMPERATURE
from protocol.endpoint import Endpoint
from protocol.keys import Keys
from protocol.long_counter import LongCounter
from protocol.node import Event, FrameDropped, KeysChanged, MeasurementDue, Node
from protocol.packets import HEADER_BYTES, DropReason, Network, peek_header
from protocol.polling import PollingNode
from protocol.silent_node import SilentNode
from protocol.sink_tree import SinkTreeNode
from protocol.timing import AnyTiming, PollingTiming, RingTiming, Timing
from protocol.token_ring import TokenRingNode

_log = logging.getLogger(__name__)

DOUBLE_PAUSE_S = 60.0


_TIMINGS: Mapping[Network, type[AnyTiming]] = {
    Network.TREE: Timing,
    Network.RING: RingTiming,
    Network.POLLING: PollingTiming,
}


def timing_of(network: Network, period_s: float) -> AnyTiming:
    """The timers of that network's nodes. Raises ValueError for a period that none can have."""
    return _TIMINGS[network](period_ms=round(period_s * 1000))


def node_driver(
    network: Network,
    name: str,
    node_id: int,
    sensor: Sensor,
    *,
    root: bool = False,
    timing: AnyTiming | None = None,
    metrics: tuple[int, ...] = (TEMPERATURE.id,),
    order: Sequence[int] = (),
    readings_asked: bool = False,
    neighbours: frozenset[int] | None = None,
    access: Access = OPEN,
    actuators: Actuators | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> NodeDriver:
    """A driver of a new member of that network.

    `root` is for a tree, `order` for the others, `readings_asked` for a ring; where one means nothing, it is
    not used. Raises ValueError for the timers of another network, UsageError for another member's keys, or
    for a root that the others would not follow.
    """
    if timing is not None and not isinstance(timing, _TIMINGS[network]):
        raise ValueError(f"a node of a {network.name.lower()} takes no {type(timing).__name__}")
    options: dict[str, Any] = {"timing": timing, "metrics": metrics}
    make: Callable[..., Node]
    match network:
        case Network.RING:
            make = partial(TokenRingNode, node_id, order=order, readings_asked=readings_asked, **options)
        case Network.POLLING:
            make = partial(PollingNode, node_id, order=order, **options)
        case _:
            make = partial(SinkTreeNode, node_id, root=root, **options)

    def make_inner(now_ms: int) -> Node:
        return make(seed=secrets.randbits(32), first_counter=0, now_ms=now_ms)

    overhears = network is not Network.TREE
    make_member = Member(node_id, make_inner, access, overhears=overhears, actuators=actuators)
    gateways = access.membership_of(node_id).gateways
    if root and network is Network.TREE and gateways and node_id not in gateways:
        named = ", ".join(map(str, sorted(gateways)))
        raise UsageError(f"node {node_id} may not be the root: the keys name {named}; give --id one of these")
    return NodeDriver(name, make_member, sensor, neighbours=neighbours, on_event=on_event)


sink_tree_driver = partial(node_driver, Network.TREE)


def watcher_driver(
    name: str, node_id: int, access: Access, on_event: Callable[[Event], None] = lambda event: None
) -> NodeDriver:
    """A driver of a member that takes part in nothing: it asks others to prove their counters.

    Raises UsageError for another member's keys.
    """
    member = Member(node_id, lambda now_ms: SilentNode(), access)
    return NodeDriver(name, member, NoSensor(), on_event=on_event)


class Member:
    """Makes an endpoint around a node, with the keys and the counter that `access` gives.

    Raises UsageError if the keys are another member's.
    """

    def __init__(
        self,
        node_id: int,
        make_inner: Callable[[int], Node],
        access: Access,
        *,
        overhears: bool = False,
        actuators: Actuators | None = None,
    ) -> None:
        self._node_id = node_id
        self._make_inner = make_inner
        self._access = access
        self._overhears = overhears
        self._actuators = actuators
        self._membership = access.membership_of(node_id)
        self._counter_file = access.counter_file(node_id)

    def __call__(self, now_ms: int) -> Endpoint:
        """The endpoint, begun now. Raises UsageError if its counter cannot be had."""
        file = self._counter_file
        return Endpoint(
            self._node_id,
            self._make_inner,
            membership=self._membership,
            counter=LongCounter(secrets.randbits(56)) if file is None else file.open(),
            seed=secrets.randbits(32),
            now_ms=now_ms,
            overhears=self._overhears,
            actuators=self._actuators,
        )

    def keep_keys(self, keys: Keys) -> None:
        """They were renewed: at the next start they are those to begin with. Raises UsageError."""
        self._access.keep(keys)

    def close(self) -> None:
        """The counter is not used any more."""
        if self._counter_file is not None:
            self._counter_file.close()


class NodeDriver:
    """A `bridge.link.Link` whose one listener is a node: `send` is what the node hears.

    `make_member` gets the clock's time in milliseconds when the link starts. A node that is given
    `neighbours` hears no one else, so that nodes in one room make a network of several hops.
    """

    is_tap = False
    fill = 0.0

    def __init__(
        self,
        name: str,
        make_member: Member,
        sensor: Sensor,
        *,
        neighbours: frozenset[int] | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.name = name
        self.drops: Counter[DropReason] = Counter()
        self.unsent = 0
        self._make_member = make_member
        self._sensor = sensor
        self._neighbours = neighbours
        self._on_event = on_event
        self._node: Endpoint | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._measurement: asyncio.Task[None] | None = None
        self._double_told_s: float | None = None

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """See bridge.link.Link.start; `on_frames` gets what the node sends, the host's frames included.

        Raises UsageError if another process is this node.
        """
        self._loop = asyncio.get_running_loop()
        self._on_frames = on_frames
        self._node = self._make_member(self._now_ms())
        on_state(LinkState(self.name, is_up=True))
        self._wake_at(self._now_ms())

    def send(self, frame: bytes) -> None:
        """See bridge.link.Link.send."""
        if self._node is None:
            self.unsent += 1
        elif self._hears(frame):
            self._node.receive(frame, self._now_ms())
            # Not at once: what the node answers comes after the frame has gone to the other links.
            self._wake_at(self._now_ms())

    async def close(self) -> None:
        """See bridge.link.Link.close. The node says goodbye: what is to carry that must still be open."""
        node, self._node = self._node, None
        if self._timer:
            self._timer.cancel()
        if self._measurement:
            self._measurement.cancel()
        if node is not None:
            node.leave(self._now_ms())
            if frames := [frame for _, frame in node.frames_to_send(self._now_ms())]:
                self._on_frames(frames)
        self._make_member.close()

    def ask(self, sender: int) -> None:
        """Have that sender prove its counter: frames of it cannot be read."""
        if self._node is not None:
            self._node.ask(sender, self._now_ms())
            self._wake_at(self._now_ms())

    def command(self, addressee: int, actuator: int, value: int, hold_s: int) -> bool:
        """Have another node's actuator take that value; False: this node is not running, and says nothing.

        Raises ValueError if it is no controller.
        """
        if self._node is None:
            return False
        self._node.command(addressee, actuator, value, hold_s, self._now_ms())
        self._wake_at(self._now_ms())
        return True

    def change_setting(self, addressee: int, key: int, value: bytes) -> None:
        """Have another node keep a setting (PROTOCOL.md 16.2). Raises ValueError if this is no controller."""
        if self._node is not None:
            self._node.change_setting(addressee, key, value, self._now_ms())
            self._wake_at(self._now_ms())

    def tell_failed(self, actuator: int) -> None:
        """An actuator of this node has not taken its value. Raises IndexError if there is none."""
        if self._node is not None:
            self._node.tell_failed(actuator, self._now_ms())
            self._wake_at(self._now_ms())

    def rekey(self, addressee: int, epoch: int) -> None:
        """Send a member the network key of an epoch to come. Raises ValueError if this is no controller."""
        if self._node is not None:
            self._node.rekey(addressee, epoch, self._now_ms())
            self._wake_at(self._now_ms())

    def begin_epoch(self) -> None:
        """Use the next network key. Raises ValueError when it is not known."""
        if self._node is not None:
            self._node.begin_epoch()
            self._wake_at(self._now_ms())

    def _hears(self, frame: bytes) -> bool:
        if self._neighbours is None or len(frame) < HEADER_BYTES:
            return True
        _, source, _, _ = peek_header(frame)
        return source in self._neighbours

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    def _wake_at(self, deadline_ms: int) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline_ms / 1000, self._wake)

    def _wake(self) -> None:
        node = self._node
        if node is None:
            return
        node.handle_timer(self._now_ms())
        busy = True
        while busy:
            busy = False
            while (event := node.next_event()) is not None:
                busy = True
                self._follow(node, event)
            frames = [frame for _, frame in node.frames_to_send(self._now_ms())]
            if frames:
                busy = True
                self._on_frames(frames)
        deadline_ms = node.next_deadline()
        if deadline_ms is not None and self._node is node:
            self._wake_at(deadline_ms)

    # --- events ------------------------------------------------------------------------------------------

    def _follow(self, node: Endpoint, event: Event) -> None:
        if isinstance(event, MeasurementDue):
            self._measure(node, event.version)
        elif isinstance(event, FrameDropped) and event.reason is DropReason.OWN_ID:
            self._tell_of_a_double(event.source)
        elif isinstance(event, KeysChanged) and node.keys is not None:
            self._make_member.keep_keys(node.keys)
        self._on_event(event)

    def _tell_of_a_double(self, node_id: int | None) -> None:
        """Two nodes of one id ruin each other's results, so it is said, though not for every frame."""
        now_s = self._loop.time()
        if self._double_told_s is None or now_s - self._double_told_s >= DOUBLE_PAUSE_S:
            self._double_told_s = now_s
            _log.warning(
                "another node %s is on the air; end one of the two, or give it another --id", node_id
            )

    def _measure(self, node: Node, version: int) -> None:
        if self._measurement:
            self._measurement.cancel()  # its round is over
        try:
            readings = self._sensor.read(version)
        except Exception as error:
            self._tell_failure(error)
            readings = {}
        if inspect.isawaitable(readings):
            self._measurement = asyncio.ensure_future(self._await_measurement(node, version, readings))
        else:
            node.measure(version, self._checked(readings), self._now_ms())

    async def _await_measurement(self, node: Node, version: int, awaited: Awaitable[Readings]) -> None:
        try:
            readings = await awaited
        except Exception as error:
            self._tell_failure(error)
            readings = {}
        node.measure(version, self._checked(readings), self._now_ms())
        self._wake_at(self._now_ms())

    def _checked(self, readings: Readings) -> Readings:
        good = {metric: raw for metric, raw in readings.items() if 0 <= raw <= MAX_RAW}
        for metric in readings.keys() - good.keys():
            self._tell_failure(ValueError(f"metric {metric}: {readings[metric]} is not 0 to {MAX_RAW}"))
        return good

    def _tell_failure(self, error: Exception) -> None:
        _log.warning("%s: the sensor failed (%s); this round goes without its reading", self.name, error)
