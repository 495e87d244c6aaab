"""One protocol, three worlds: a field of boards sends what a field of Python nodes, or of C nodes, sends.

The timing rule: each node sends the same frames, each at most LATE_MS from the other's; so what two children
make it send at nearly the same time may go in either order, and has either's counter.
Who proves its counter to whom first is chance in a sealed field, whose nodes all begin within a tenth of a
second: CHALLENGE and RESPONSE are left out.
Boards are later: they begin when they have written their EEPROM, a frame passes two UARTs (2 ms each) on
every hop, and their clocks show whole milliseconds. So ages and durations are not compared, and the root
begins when all are there. On an air that loses frames chance decides: these fields' air does not.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from bridge.scenarios import read_scenario
from firmware.native.board import UNO_POLLING
from firmware.native.boards import Boards
from firmware.native.eeprom import FieldSettings
from firmware.native.member import NativeMember
from firmware.native.polling import CorePollingNode
from firmware.native.tree import CoreNode
from protocol.capture import Record
from protocol.keys import Keys
from protocol.node import Node
from protocol.packets import Ack, Beat, FrameType, Payload, Result, Sync, decode
from protocol.payloads import Network
from protocol.polling import PollingNode
from protocol.proofs import INTRODUCTION_MS
from protocol.sealed_reader import SealedReader
from protocol.sealing import is_sealed
from protocol.simulator.faults import Fault, Join
from protocol.simulator.networks import MakeNode
from protocol.simulator.sealed_nodes import MakeMember, SealedNodes, endpoint, master_key_of
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology, grid
from protocol.sink_tree import SinkTreeNode

pytestmark = pytest.mark.usefixtures("built_board", "built_core")

ROUNDS = 6
LATE_MS = 120
QUIET_MS = 500  # at the end of a period nobody sends
BOARD_CHILDREN = 8  # TR_MAX_CHILDREN of an Uno
SENSOR_MS = 17  # how long the sketch waits for its SHT31
FIELDS = {"the diamond": read_scenario("diamond").topology(), "five in a row": grid(5, 1, 10, 15)}

# By node what it sent, and when: sorted.
Log = dict[int, list[tuple[str, int]]]


def timeless(payload: Payload) -> Payload:
    match payload:
        case Sync():
            return replace(payload, age=0)
        case Beat():
            return replace(payload, age_ms=0)
        case Ack(_, sync):
            return replace(payload, sync=replace(sync, age=0))
        case Result(_, items):
            links = tuple(sorted(items.links, key=lambda link: link.child))
            return replace(payload, duration_ms=0, items=replace(items, links=links))
    return payload


def log_of(
    topology: Topology, seed: int, make_node: MakeNode, boards: Boards | None = None, **options: Any
) -> Log:
    log: Log = defaultdict(list)
    reader = SealedReader(Keys.of_master(master_key_of(seed), 0))

    def write(record: Record) -> None:
        opened = reader.open(record.frame) if is_sealed(record.frame) else record.frame
        assert isinstance(opened, bytes)
        frame = decode(opened)
        if frame.type in (FrameType.CHALLENGE, FrameType.RESPONSE):
            return
        what = f"{frame.type.name} to {frame.destination}: {timeless(frame.payload)}"
        bisect.insort(log[frame.source], (what, record.timestamp_us))

    on_host = () if "network" in options else (topology.root,)  # where a sensor answers at once
    delays_ms = {} if boards else {node: SENSOR_MS for node in topology.places if node not in on_host}
    simulation = Simulation(
        topology,
        seed=seed,
        make_node=make_node,
        metrics=FieldSettings().metrics,
        on_record=write,
        measure_delay_ms=delays_ms,
        faults=[Fault(1, Join(node)) for node in on_host],
        **options,
    )
    if boards:
        boards.attach(simulation)
    simulation.advance_to(1_000 * (simulation.round_start_ms(ROUNDS + 1) - QUIET_MS))
    return log


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("node_class", [SinkTreeNode, CoreNode])
@pytest.mark.parametrize("field", FIELDS)
def test_boards_send_what_nodes_send(field: str, node_class: MakeNode, seed: int) -> None:
    topology = FIELDS[field]
    boards = Boards()
    of_boards = log_of(topology, seed, boards.make_node, boards)

    def like_a_board(node_id: int, *, root: bool, **options: Any) -> Node:
        """With the chance that the board had."""
        if not root:
            options |= {"seed": boards.seeds[node_id], "max_children": BOARD_CHILDREN}
        return node_class(node_id, root=root, **options)

    of_nodes = log_of(topology, seed, like_a_board)
    assert_same(of_boards, of_nodes, topology, f"{field}, seed {seed}")


@pytest.mark.parametrize("node_class", [PollingNode, CorePollingNode])
def test_polled_boards_send_what_polled_nodes_send(node_class: MakeNode) -> None:
    scenario = read_scenario("polling-8")
    topology = scenario.topology()
    options: dict[str, Any] = {"network": "polling", "air": scenario.air}
    settings = FieldSettings(Network.POLLING, period_ms=scenario.period_ms)
    boards = Boards(UNO_POLLING, settings=settings)
    of_boards = log_of(topology, 1, boards.make_node, boards, **options)

    def like_a_board(node_id: int, **options: Any) -> Node:
        return node_class(node_id, **options | {"seed": boards.seeds[node_id]})

    assert_same(of_boards, log_of(topology, 1, like_a_board, **options), topology, "polling-8")


# With others a HELP may meet a proof that on the other side is still under way, and be answered later there.
@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize(("make_inner", "make_member"), [(SinkTreeNode, endpoint), (CoreNode, NativeMember)])
def test_sealed_boards_send_what_sealed_members_send(
    make_inner: MakeNode, make_member: MakeMember, seed: int
) -> None:
    topology = FIELDS["the diamond"]
    gateways = (topology.root,)
    settings = FieldSettings(master=master_key_of(seed), gateways=gateways)
    boards = Boards(settings=settings, make_root=SealedNodes(SinkTreeNode, seed=seed, gateways=gateways))
    of_boards = log_of(topology, seed, boards.make_node, boards, introduction_ms=INTRODUCTION_MS)

    def like_a_board(node_id: int, *, root: bool, **options: Any) -> Node:
        if not root:
            options |= {"seed": boards.seeds[node_id], "max_children": BOARD_CHILDREN}
        return make_inner(node_id, root=root, **options)

    members = SealedNodes(like_a_board, seed=seed, gateways=gateways, make_member=make_member)
    of_members = log_of(topology, seed, members, introduction_ms=INTRODUCTION_MS)
    assert_same(of_boards, of_members, topology, f"sealed, seed {seed}")


def assert_same(of_boards: Log, of_nodes: Log, topology: Topology, which: str) -> None:
    assert of_boards.keys() == of_nodes.keys() == topology.places.keys()
    for node_id, sent in of_boards.items():
        where = f"{which}, node {node_id}"
        assert [what for what, _ in sent] == [what for what, _ in of_nodes[node_id]], where
        for (what, board_us), (_, node_us) in zip(sent, of_nodes[node_id], strict=True):
            assert abs(board_us - node_us) <= 1_000 * LATE_MS, f"{where}: {what}"
        assert len(sent) > ROUNDS, where
