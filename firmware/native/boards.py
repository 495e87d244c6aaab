"""A field of emulated boards as nodes of a simulation: the very image, and the simulation's air between them.

Boards do things when their own clocks say so, not when they are called. So all of them run ahead together,
but no further than to where anything can reach them: to the next thing that happens in the simulation, and no
longer than the last byte to a radio and then the shortest frame on the air take, as that byte is told when it
begins. What they do happens in the simulation in its own time.

A radio gets a frame with its last byte; the board that hears it gets it byte by byte, from when it has ended.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from firmware.native.board import UNO, Board, BoardKind, Notice, Told, ffi, library
from firmware.native.board_events import events_of
from firmware.native.board_node import BoardError, BoardNode, Given, link_of
from firmware.native.board_report import BoardReport
from firmware.native.eeprom import FieldSettings, field_eeprom
from firmware.native.host_line import HostLine
from firmware.native.world import SUPPLY_MV, feel
from protocol.node import ChildJoined, LinkName, MeasurementDue, Node, PeerFound
from protocol.packets import CRC_BYTES, HEADER_BYTES
from protocol.payloads import Network
from protocol.settings import Roles, Sensors
from protocol.simulator.field import reading
from protocol.simulator.networks import DEFAULT_PROFILE, MakeNode
from protocol.simulator.simulation import Simulation
from protocol.sink_tree import SinkTreeNode

# The timers by which the images live.
BOARD_PROFILE = DEFAULT_PROFILE
ANALOG_PINS = 6
# Of what trace.h tells: no event, but the seed.
SEED_KIND = 0
# Of a board that begins rounds.
FIRST_VERSION = 1
# Boards that are there from the beginning have started by then, and hear a root that is there at once.
HEAD_START_US = 100_000
# simavr's time for a byte at AIR_BAUD: 11 bits of 8.5 us.
BYTE_US = 93


class Boards:
    """Makes the nodes of one simulation, which must then be attached.

    The root of a tree is a Python node, on the host, or a board of `root_kind`, with an image that can be the
    root; `make_root` is called as SinkTreeNode is.

    A node's EEPROM outlives its power: `eeproms` holds those of boards that have none. `seeds` are those of
    the boards' jitter, since each last started.
    """

    def __init__(
        self,
        kind: BoardKind = UNO,
        *,
        settings: FieldSettings | None = None,
        make_root: MakeNode = SinkTreeNode,
        root_kind: BoardKind | None = None,
    ) -> None:
        """Raises NotBuiltError."""
        self.kind = kind
        self._root_kind = root_kind
        self._settings = settings or FieldSettings(kind.network)
        self._make_root = make_root
        self._host_line: HostLine | None = None
        self.eeproms: dict[int, bytes] = {}
        self.seeds: dict[int, int] = {}
        self.reports: dict[int, BoardReport] = {}
        self._nodes: dict[int, BoardNode] = {}
        self._simulation: Simulation | None = None
        library()
        self._events = {used: events_of(used) for used in (kind, root_kind) if used is not None}

    def kind_of(self, node_id: int) -> BoardKind:
        """What stands at that place, where no node on the host does."""
        is_root = node_id == self._attached().topology.root
        return self._root_kind if is_root and self._root_kind is not None else self.kind

    @property
    def metrics(self) -> tuple[int, ...]:
        """What its boards measure, and so what the simulation's nodes do."""
        return self._settings.metrics

    # --- the field ---------------------------------------------------------------------------------------

    def make_node(self, node_id: int, *, root: bool = False, **options: Any) -> Node:
        """What Simulation calls when a node gets power."""
        kind = self._root_kind if root else self.kind
        if kind is None:
            return self._make_root(node_id, root=True, **options)
        if (root or kind.network is not Network.TREE) and options["first_version"] != FIRST_VERSION:
            raise BoardError(
                f"node {node_id}: a board's first round is {FIRST_VERSION}; leave first_version out"
            )
        simulation = self._attached()
        self._retire(node_id)
        noise = random.Random(options["seed"])
        eeprom = self.eeproms.get(node_id)
        if eeprom is None:
            settings = self._settings.of(node_id, noise.getrandbits(32))
            if root:
                settings = replace(settings, roles=Roles.ROOT | Roles.GATEWAY)
            eeprom = field_eeprom(settings, kind.eeprom_bytes)
        board = Board(kind, eeprom, has_sensor=Sensors.SHT31 in self._settings.sensors)
        for pin in range(ANALOG_PINS):
            board.set_analog(pin, noise.randrange(SUPPLY_MV))
        on_us = simulation.now_us or -HEAD_START_US
        node = BoardNode(node_id, board, simulation.clock_of(node_id), on_us)
        self._nodes[node_id] = node
        return node

    def attach(self, simulation: Simulation) -> None:
        """To be called once, before the simulation runs."""
        self._simulation = simulation
        simulation.sends_results_later = True
        self._lookahead_us = BYTE_US + simulation.air.radio.airtime_us(HEADER_BYTES + CRC_BYTES)
        simulation.clock.at(0, self._advance, None, None)

    def connect(self, line: HostLine) -> None:
        """What the board that is the root tells its host also goes there, and what comes from there to it.

        The simulation runs at the pace of the line.
        """
        self._host_line = line

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
        if self._host_line is not None:
            self._serve_host(self._host_line, until_us)
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
            if self._host_line is not None:
                self._host_line.write(notice.data)
            return [frame for frame in frames if link_of(frame) is LinkName.HOST]
        self._count_sent(node, frames)
        return list(frames)

    def _read_event(self, node: BoardNode, data: bytes) -> list[Given]:
        if data[0] == SEED_KIND:
            self.seeds[node.node_id] = int.from_bytes(data[1:], "big")
            return []
        try:
            event = self._events[node.board.kind].read(node.board, data, node.given)
        except KeyError:
            raise BoardError(f"node {node.node_id}: {node.board.kind.image} tells of {data.hex()}") from None
        match event:
            case MeasurementDue(version):
                self._let_feel(node, version)
                if Sensors.SHT31 in self._settings.sensors:  # which is told when it has been read
                    node.due_version = version
                    return []
            case ChildJoined(other) | PeerFound(other) if other not in self._attached().topology.places:
                raise BoardError(
                    f"node {node.node_id} knows node {other}, which is none of the field's; let only who"
                    " looks on attach to its host line: treering bridge --no-root"
                )
        return [event]

    def _let_feel(self, node: BoardNode, version: int) -> None:
        """Let the sensors feel what the simulation will take for this round's truth."""
        simulation = self._attached()
        place = simulation.topology.places[node.node_id]
        metrics = self._settings.metrics
        try:
            feel(
                node.board,
                self._settings.sensors,
                {metric: reading(place, metric, version, simulation.seed) for metric in metrics},
            )
        except ValueError as error:
            raise BoardError(
                f"node {node.node_id} at {place.x_m:g}, {place.y_m:g} m: {error};"
                " place the field nearer to 0, 0"
            ) from error

    def _count_sent(self, node: BoardNode, frames: list[bytes]) -> None:
        report = self.reports.setdefault(node.node_id, BoardReport(node.node_id))
        radio = self._attached().air.radio
        for frame in frames:
            report.sent(radio.airtime_us(len(frame)), radio.transmit_mw)

    def _serve_host(self, line: HostLine, until_us: int) -> None:
        """At the pace of the line."""
        data = line.read_until(until_us)
        node = self._nodes.get(self._attached().topology.root)
        if data and node is not None and node.board.kind.host_uart is not None:
            node.board.send(node.board.kind.host_uart, data)
