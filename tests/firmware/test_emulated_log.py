"""One protocol, three worlds: a field of boards sends what a field of Python nodes, or of C nodes, sends.

The timing rule: each node sends the same frames in the same order, each at most LATE_MS from the other's.
Boards are later: they begin when they have written their EEPROM, a frame passes two UARTs (2 ms each) on
every hop, and their clocks show whole milliseconds. So ages and durations are not compared, and the root
begins when all are there. On an air that loses frames, chance decides, and where two children report at the
same time, either may be first: these fields have neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.scenarios import read_scenario
from firmware.native.boards import BOARD_METRICS, Boards
from firmware.native.tree import CoreNode
from protocol.capture import Record
from protocol.node import Node
from protocol.packets import Ack, FrameType, Payload, Result, Sync, decode
from protocol.simulator.faults import Fault, Join
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology, grid
from protocol.sink_tree import SinkTreeNode

pytestmark = pytest.mark.usefixtures("built_board", "built_core")

ROUNDS = 6
LATE_MS = 100
BOARD_CHILDREN = 8  # TR_MAX_CHILDREN of an Uno
SENSOR_MS = 17  # how long the sketch waits for its SHT31
FIELDS = {"the diamond": read_scenario("diamond").topology(), "five in a row": grid(5, 1, 10, 15)}

Sent = tuple[FrameType, int, int, Payload]
# By node when it sent what.
Log = dict[int, list[tuple[int, Sent]]]


def timeless(payload: Payload) -> Payload:
    match payload:
        case Sync():
            return replace(payload, age=0)
        case Ack(_, sync):
            return replace(payload, sync=replace(sync, age=0))
        case Result():
            return replace(payload, duration_ms=0)
    return payload


def log_of(
    topology: Topology, seed: int, make_node: Callable[..., Node], boards: Boards | None = None
) -> Log:
    log: Log = defaultdict(list)

    def write(record: Record) -> None:
        frame = decode(record.frame)
        sent = frame.type, frame.destination, frame.counter, timeless(frame.payload)
        log[frame.source].append((record.timestamp_us, sent))

    delays_ms = {} if boards else {node: SENSOR_MS for node in topology.places if node != topology.root}
    simulation = Simulation(
        topology,
        seed=seed,
        make_node=make_node,
        metrics=BOARD_METRICS,
        on_record=write,
        measure_delay_ms=delays_ms,
        faults=[Fault(1, Join(topology.root))],
    )
    if boards:
        boards.attach(simulation)
    simulation.run(ROUNDS)
    return log


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("node_class", [SinkTreeNode, CoreNode])
@pytest.mark.parametrize("field", FIELDS)
def test_boards_send_what_nodes_send(field: str, node_class: Callable[..., Node], seed: int) -> None:
    boards = Boards()
    of_boards = log_of(FIELDS[field], seed, boards.make_node, boards)

    def like_a_board(node_id: int, *, root: bool, **options: Any) -> Node:
        """With the chance that the board had."""
        if not root:
            _, (_, _, first_counter, _) = of_boards[node_id][0]
            options |= {"seed": boards.seeds[node_id], "first_counter": first_counter}
            options |= {"max_children": BOARD_CHILDREN}
        return node_class(node_id, root=root, **options)

    of_nodes = log_of(FIELDS[field], seed, like_a_board)
    assert of_boards.keys() == of_nodes.keys() == FIELDS[field].places.keys()
    for node_id, sent in of_boards.items():
        what = f"{field}, seed {seed}: node {node_id}"
        assert [frame for _, frame in sent] == [frame for _, frame in of_nodes[node_id]], what
        for (board_us, frame), (node_us, _) in zip(sent, of_nodes[node_id], strict=True):
            assert abs(board_us - node_us) <= 1_000 * LATE_MS, f"{what}: {frame}"
        assert len(sent) > ROUNDS, what
