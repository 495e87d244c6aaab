"""The firmware as a node of a tree: the image on an emulated Uno, a Python root at the other end."""

import random
from pathlib import Path

import pytest

from protocol.aggregate import TEMPERATURE, Aggregate
from protocol.framing import DELIMITER
from protocol.node import ChildLost, MeasurementDue
from protocol.packets import Ack, Empty, FrameType, Help, Items, Link, Report
from tests.firmware.base_station import ROOT, BaseStation, Listener, open_port, wait
from tests.firmware.board import EmulatedBoard

pytestmark = pytest.mark.usefixtures("built_board")

BOARD_ID = 7
CHILD = 9
NOISE_SEED = 1


def largest_report(version: int, raw: int) -> Report:
    """A report with all the items that a frame can hold."""
    aggregates = tuple((metric, Aggregate.of_reading(version, raw, CHILD)) for metric in range(5))
    links = tuple(Link(CHILD + i, CHILD, 255) for i in range(5))
    return Report(1, Items(aggregates, links, doubt=1))


def test_board_and_root_form_a_tree_in_spite_of_noise_and_count_two_of_two(tmp_path: Path) -> None:
    climate = ("--temperature-c", "24.5", "--humidity-percent", "45")
    with EmulatedBoard(tmp_path, *climate, node_id=BOARD_ID) as board, open_port(board) as port:
        port.write(random.Random(NOISE_SEED).randbytes(1_000))  # the root's first byte ends it
        base = BaseStation(port, period_ms=1_000, readings={0: TEMPERATURE.raw(20.0)})
        results = [base.next_result() for _ in range(3)]
    assert [result.version for result in results] == [1, 2, 3]
    for result in results:
        aggregate = dict(result.items.aggregates)[0]
        assert (aggregate.count, aggregate.max_id, result.items.doubt) == (2, BOARD_ID, 0)
        assert TEMPERATURE.scaled(aggregate.max) == 24.5
        assert aggregate.total == TEMPERATURE.raw(24.5) + TEMPERATURE.raw(20.0)
    assert results[0].items.links == (Link(BOARD_ID, ROOT, 255),)


def test_a_board_that_was_reset_is_in_the_tree_again_by_help(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, node_id=BOARD_ID) as board, open_port(board) as port:
        base = BaseStation(port)
        first = base.next_result()
        board.command("reset")
        base.result_where(lambda result: not base.reports_of(result.version))
        again = base.next_result()
    assert again.version > first.version
    assert dict(again.items.aggregates)[0] == Aggregate.of_reading(again.version, 123, BOARD_ID)
    kinds = [frame.type for frame in base.frames]
    assert kinds.index(FrameType.HELP) < kinds.index(FrameType.HELP_ACK_DATA)


def test_a_board_without_a_record_in_its_eeprom_is_node_2(tmp_path: Path) -> None:
    (tmp_path / "eeprom.bin").write_bytes(b"\x00\x07" + b"TR\x02 nobody's record")
    with EmulatedBoard(tmp_path) as board, open_port(board) as port:
        assert Listener(port).wait_for(FrameType.HELP)[0].source == 2


def test_each_start_has_a_counter_and_a_jitter_of_its_own(tmp_path: Path) -> None:
    counters = []
    with EmulatedBoard(tmp_path, node_id=BOARD_ID) as board:
        for _ in range(3):
            with open_port(board) as port:
                counters.append(Listener(port).wait_for(FrameType.HELP)[0].counter)
    assert len(set(counters)) == 3


def test_a_board_serves_a_child_and_hands_its_report_on(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, node_id=BOARD_ID) as board, open_port(board) as port:
        base = BaseStation(port)
        base.next_result()
        base.send(FrameType.DISC_ACK, CHILD, BOARD_ID, Empty())
        base.wait_for(FrameType.DISC_ACK_ACK)
        version = base.next_result().version + 1
        wait(lambda: MeasurementDue(version) in base.events or None, base.step, "the next round")
        report = Report(0, Items(((0, Aggregate.of_reading(version, 200, CHILD)),)))
        base.send(FrameType.DATA, CHILD, BOARD_ID, report)
        result = base.result_where(lambda result: result.version == version)
        ack = base.wait_for(FrameType.DATA_ACK)[0].payload
    assert isinstance(ack, Ack)
    assert (ack.acked_version, ack.sync.hop_count) == (version, 1)
    assert dict(result.items.aggregates)[0] == Aggregate(version, 200, CHILD, 123 + 200, 2)
    links = [link for result in base.results for link in result.items.links]
    assert (CHILD, BOARD_ID) in [(link.child, link.parent) for link in links if link.quality > 0]


def test_no_byte_of_a_full_line_is_lost(tmp_path: Path) -> None:
    """Reports of the largest size without a gap between them: each is acknowledged, so each arrived whole."""
    with EmulatedBoard(tmp_path, node_id=BOARD_ID) as board, open_port(board) as port:
        base = BaseStation(port, period_ms=5_000)
        base.result_where(lambda result: True)
        base.send(FrameType.DISC_ACK, CHILD, BOARD_ID, Empty())
        base.wait_for(FrameType.DISC_ACK_ACK)
        versions = range(100, 200)
        for version in versions:
            base.send(FrameType.DATA, CHILD, BOARD_ID, largest_report(version, version))
        acks = base.wait_for(FrameType.DATA_ACK, len(versions))
    assert [ack.payload.acked_version for ack in acks if isinstance(ack.payload, Ack)] == list(versions)


def test_endless_noise_neither_stops_nor_resets_a_board(tmp_path: Path) -> None:
    noise = random.Random(NOISE_SEED)
    with EmulatedBoard(tmp_path, node_id=BOARD_ID) as board, open_port(board) as port:
        base = BaseStation(port)
        base.next_result()
        for _ in range(40):
            received = board.status()["received"]
            port.write(noise.randbytes(500) + DELIMITER)
            wait(lambda: board.status()["received"] - received > 500 or None, base.step, "the line")  # noqa: B023
        base.send(FrameType.HELP, CHILD, 0xFFFF, Help(0, 255))
        base.wait_for(FrameType.HELP_ACK)
        base.next_result()
        assert ChildLost(BOARD_ID) not in base.events
    counters = [frame.counter for frame in base.frames]
    assert counters == list(range(counters[0], counters[0] + len(counters)))


def test_a_board_keeps_listening_while_its_own_frames_are_not_taken(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, node_id=BOARD_ID) as board, open_port(board) as port:
        base = BaseStation(port)
        base.next_result()
        sent = board.status()["received"]
        for _ in range(50):
            base.send(FrameType.HELP, CHILD, 0xFFFF, Help(0, 255))  # each wants an answer
        wait(lambda: board.status()["received"] - sent > 50 * 14 or None, lambda: None, "the line to be read")
        base.wait_for(FrameType.HELP_ACK)
