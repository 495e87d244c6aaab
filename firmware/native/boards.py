"""A field of emulated boards as nodes of a simulation: the very image, and the simulation's air between them.

Boards do things when their own clocks say so, not when they are called. So all of them run ahead together,
but no further than to where anything can reach them: to the next thing that happens in the simulation, and no
longer than the shortest frame is on the air. What they do happens in the simulation in its own time.

A radio gets a frame with its last byte; the board that hears it gets it byte by byte, from when it has ended.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from firmware.native import library as core
from firmware.native.board import CYCLES_PER_US, UNO, Board, BoardKind, Notice, Told, ffi, library
from firmware.native.board_report import BoardReport
from firmware.native.eeprom import field_eeprom, open_settings
from firmware.native.tree import WHY
from protocol.aggregate import HUMIDITY, NO_NODE, TEMPERATURE
from protocol.framing import Deframer, encode_stream
from protocol.node import (
    ChildJoined,
    ChildLost,
    Event,
    FrameDropped,
    Joined,
    LinkName,
    MeasurementDue,
    Node,
    ParentLost,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.packets import CRC_BYTES, HEADER_BYTES, HOST, DropReason, Result, decode, peek_header
from protocol.settings import Roles, Settings
from protocol.simulator.clock import NodeClock
from protocol.simulator.field import reading
from protocol.simulator.networks import DEFAULT_PROFILE, MakeNode
from protocol.simulator.simulation import Simulation
from protocol.sink_tree import SinkTreeNode

# What the sketch measures and by which timers it lives, and so what a field of boards does.
BOARD_METRICS = (TEMPERATURE.id, HUMIDITY.id)
BOARD_PROFILE = DEFAULT_PROFILE
SHT31_RANGES = {TEMPERATURE: (-45.0, 130.0), HUMIDITY: (0.0, 100.0)}
SUPPLY_MV = 5_000
ANALOG_PINS = 6
# Of what trace.h tells: no event, but the seed.
SEED_KIND = 0
# Of a board that is the root.
FIRST_VERSION = 1
# Boards that are there from the beginning have started by then, and hear a root that is there at once.
HEAD_START_US = 100_000

Given = Event | bytes


class BoardError(ValueError):
    """A board cannot do what a simulation asks of it, or its firmware has crashed."""


class BoardNode:
    """One board, with the methods of protocol.node.Node.

    What it gives out was made before: see Boards. It asks to be measured when it has measured, and gets the
    very reading that its sensor was given.
    """

    def __init__(self, node_id: int, board: Board, clock: NodeClock, on_us: int) -> None:
        """It has had power since that time of the world."""
        self.node_id = node_id
        self.board = board
        self.due_version: int | None = None  # of the measurement that it was last asked for and has not made
        self.deframers = Deframer(), Deframer()  # by UART
        self._clock = clock
        self._on_us = clock.reads_us(on_us)
        self._running_version: int | None = None
        self._now_ms = 0
        self._events: deque[Event] = deque()
        self._frames: deque[bytes] = deque()

    def cycle_at(self, now_us: int) -> int:
        """Its cycle at that time of the world."""
        return (self._clock.reads_us(now_us) - self._on_us) * CYCLES_PER_US

    def time_us(self, cycle: int) -> int:
        """The world's time at that cycle."""
        return self._clock.first_us(self._on_us + cycle // CYCLES_PER_US)

    def give(self, given: Given) -> None:
        """An event or a frame of it happens now."""
        if isinstance(given, bytes):
            self._frames.append(given)
            return
        match given:
            case MeasurementDue(version):
                self._running_version = version
            case ReportSealed():
                self._running_version = None
        self._events.append(given)

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        self._now_ms = now_ms
        self.board.send(self.board.kind.air_uart, encode_stream(frame))

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer; a board handles its own."""
        self._now_ms = now_ms

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure; the board has the readings already."""
        return version == self._running_version

    def leave(self, now_ms: int) -> None:
        """Raises BoardError."""
        raise BoardError(f"node {self.node_id} is a board, which nobody can ask to leave; take its power")

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        return self._now_ms if self._frames else None

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        frames = [(link_of(frame), frame) for frame in self._frames]
        self._frames.clear()
        return frames

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        return self._events.popleft() if self._events else None


def link_of(frame: bytes) -> LinkName:
    """Where a board's frame goes. With a single line, what is for the host would be on the air too; here the
    radio leaves it out."""
    is_for_host = len(frame) >= HEADER_BYTES and peek_header(frame)[2] == HOST
    return LinkName.HOST if is_for_host else LinkName.AIR


class Boards:
    """Makes the nodes of one simulation, which must then be attached.

    The root is a Python node, on the host, or a board of `root_kind`, with an image that can be the root.

    `settings_of` says what a new board's EEPROM holds, by node id and first life; `make_root` is called as
    SinkTreeNode is.
    A node's EEPROM outlives its power: `eeproms` holds those of boards that have none. `seeds` are those of
    the boards' jitter, since each last started.
    """

    def __init__(
        self,
        kind: BoardKind = UNO,
        *,
        settings_of: Callable[[int, int], Settings] = open_settings,
        make_root: MakeNode = SinkTreeNode,
        root_kind: BoardKind | None = None,
    ) -> None:
        self.kind = kind
        self._root_kind = root_kind
        self._settings_of = settings_of
        self._make_root = make_root
        self.eeproms: dict[int, bytes] = {}
        self.seeds: dict[int, int] = {}
        self.reports: dict[int, BoardReport] = {}
        self._nodes: dict[int, BoardNode] = {}
        self._kinds = _event_kinds()
        self._why = _why_names()
        self._simulation: Simulation | None = None
        library()

    # --- the field ---------------------------------------------------------------------------------------

    def make_node(self, node_id: int, *, root: bool, **options: Any) -> Node:
        """What Simulation calls when a node gets power."""
        kind = self._root_kind if root else self.kind
        if kind is None:
            return self._make_root(node_id, root=True, **options)
        if root and options["first_version"] != FIRST_VERSION:
            raise BoardError(
                f"node {node_id}: a board's first round is {FIRST_VERSION}; leave first_version out"
            )
        simulation = self._attached()
        self._retire(node_id)
        noise = random.Random(options["seed"])
        eeprom = self.eeproms.get(node_id)
        if eeprom is None:
            settings = self._settings_of(node_id, noise.getrandbits(32))
            if root:
                settings = replace(settings, roles=Roles.ROOT, period_ms=options["timing"].period_ms)
            eeprom = field_eeprom(settings, kind.eeprom_bytes)
        board = Board(kind, eeprom)
        for pin in range(ANALOG_PINS):
            board.set_analog(pin, noise.randrange(SUPPLY_MV))
        on_us = simulation.now_us or -HEAD_START_US
        node = BoardNode(node_id, board, simulation.clock_of(node_id), on_us)
        self._nodes[node_id] = node
        return node

    def attach(self, simulation: Simulation) -> None:
        """To be called once, before the simulation runs."""
        self._simulation = simulation
        self._lookahead_us = simulation.air.radio.airtime_us(HEADER_BYTES + CRC_BYTES)
        simulation.clock.at(0, self._advance, None, None)

    def _attached(self) -> Simulation:
        if self._simulation is None:
            raise RuntimeError("attach(simulation) comes before its run")
        return self._simulation

    def finish(self) -> list[BoardReport]:
        """Take all power, and say what each board has done."""
        for node_id in list(self._nodes):
            self._retire(node_id)
        return [self.reports[node_id] for node_id in sorted(self.reports)]

    def _retire(self, node_id: int) -> None:
        node = self._nodes.pop(node_id, None)
        if node is None:
            return
        report = self.reports.setdefault(node_id, BoardReport(node_id))
        report.add(node.board.counts())
        chance = random.Random(f"{self._attached().seed}/{node_id}/{node.board.cycle}").getrandbits(8)
        self.eeproms[node_id] = node.board.power_off(chance)

    # --- time --------------------------------------------------------------------------------------------

    def _advance(self, _: None, __: None) -> None:
        simulation = self._attached()
        clock = simulation.clock
        for node_id, node in list(self._nodes.items()):
            if simulation.node_at(node_id) is not node:
                self._retire(node_id)
        until_us = max(clock.now_us, min(clock.next_us, clock.now_us + self._lookahead_us))
        if until_us > clock.now_us:
            self._run(until_us)
        clock.at(until_us, self._advance, None, None)

    def _run(self, until_us: int) -> None:
        nodes = list(self._nodes.values())
        handles = [node.board.handle for node in nodes]
        cycles = ffi.new("uint64_t[]", [node.cycle_at(until_us) for node in nodes])
        boards = ffi.new("field_board_t *[]", handles)
        run, index, count = library().boards_run, 0, len(nodes)
        while (index := run(boards, cycles, index, count)) < count:
            for notice in nodes[index].board.notices():
                self._hear(nodes[index], notice)

    def _hear(self, node: BoardNode, notice: Notice) -> None:
        """What a board told while it ran ahead: it happens when the others are there too."""
        for given in self._read(node, notice):
            self._attached().clock.at(node.time_us(notice.cycle), self._happen, node, given)

    def _happen(self, node: BoardNode, given: Given) -> None:
        simulation = self._attached()
        if simulation.node_at(node.node_id) is node:
            node.give(given)
            simulation.wake(node.node_id)

    # --- what they tell ----------------------------------------------------------------------------------

    def _read(self, node: BoardNode, notice: Notice) -> list[Given]:
        match notice.told:
            case Told.STREAM:
                return self._read_stream(node, notice)
            case Told.EVENT:
                return self._read_event(node, notice.data)
            case Told.MEASURED:
                version, node.due_version = node.due_version, None
                return [] if version is None else [MeasurementDue(version)]
        raise BoardError(f"node {node.node_id}: its firmware stands still at cycle {notice.cycle}")

    def _read_stream(self, node: BoardNode, notice: Notice) -> list[Given]:
        frames = node.deframers[notice.uart].feed(notice.data)
        if notice.uart == node.board.kind.host_uart:  # with what it relays, which the air has already
            frames = [frame for frame in frames if link_of(frame) is LinkName.HOST]
        else:
            self._count_sent(node, frames)
        return [given for frame in frames for given in _given_by(frame)]

    def _read_event(self, node: BoardNode, data: bytes) -> list[Given]:
        if data[0] == SEED_KIND:
            self.seeds[node.node_id] = int.from_bytes(data[1:], "big")
            return []
        kind, other, value = data[0], int.from_bytes(data[1:3], "big"), int.from_bytes(data[3:5], "big")
        match self._kinds[kind]:
            case "MEASUREMENT_DUE":
                node.due_version = value
                self._set_climate(node, value)
                return []
            case "JOINED":
                return [Joined(other, value)]
            case "PARENT_LOST":
                return [ParentLost(other, self._why[value])]
            case "CHILD_JOINED":
                return [ChildJoined(other)]
            case "CHILD_LOST":
                return [ChildLost(other)]
            case "REPORT_ACCEPTED":
                return [ReportAccepted(other, value)]
            case "REPORT_SEALED":
                return [ReportSealed(value)]
            case "ROUND_FINISHED":
                return []  # its RESULT tells more
            case "FRAME_DROPPED":
                return [FrameDropped(DropReason(value), None if other == NO_NODE else other)]
        raise BoardError(f"node {node.node_id}: a board in a tree tells of {self._kinds[kind]}")

    def _set_climate(self, node: BoardNode, version: int) -> None:
        """Let the sensor feel what the simulation will take for this round's truth."""
        simulation = self._attached()
        place = simulation.topology.places[node.node_id]
        felt = []
        for metric, (lowest, highest) in SHT31_RANGES.items():
            value = metric.scaled(reading(place, metric.id, version, simulation.seed))
            if not lowest <= value <= highest:
                raise BoardError(
                    f"node {node.node_id} at {place.x_m:g}, {place.y_m:g} m: {value:g} {metric.unit} is more"
                    " than an SHT31 can feel; place the field nearer to 0, 0"
                )
            felt.append(value)
        node.board.set_climate(*felt)

    def _count_sent(self, node: BoardNode, frames: list[bytes]) -> None:
        report = self.reports.setdefault(node.node_id, BoardReport(node.node_id))
        radio = self._attached().air.radio
        for frame in frames:
            report.sent(radio.airtime_us(len(frame)), radio.transmit_mw)


def _given_by(frame: bytes) -> list[Given]:
    """The frame, and before it the event that made it, where that is no board's to tell."""
    if link_of(frame) is LinkName.HOST:
        payload = decode(frame).payload
        if isinstance(payload, Result):
            version = payload.items.version or 0
            return [RoundFinished(version, payload.duration_ms, payload.items), frame]
    return [frame]


def _event_kinds() -> dict[int, str]:
    core.library()
    names: Mapping[int, str] = core.ffi.typeof("enum tr_event_kind").elements
    return {number: name.removeprefix("TR_EVENT_") for number, name in names.items()}


def _why_names() -> dict[int, str]:
    names: Mapping[int, str] = core.ffi.typeof("enum tr_why").elements
    return {number: WHY[name].replace(" to n tries", "") for number, name in names.items() if name in WHY}
