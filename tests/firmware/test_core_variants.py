"""The core as the images have it, with less in it than the library."""

import os
import subprocess
import sys

from benchmarks.build import make
from firmware.native.library import BUILD, LIBRARY_VARIABLE, ROOT
from firmware.native.tree import CoreNode
from protocol import packets
from protocol.aggregate import Aggregate
from protocol.node import FrameDropped, MeasurementDue, RoundFinished
from protocol.packets import DropReason, Empty, Frame, FrameType, Items, Payload, Report
from tests.firmware import seal_differential

TIMEOUT_S = 100
ROUND_MS = 5_000


def run_with(options: str, name: str, *arguments: str) -> None:
    """A Python with a library of its own, built with those options of the compiler."""
    folder = BUILD / name
    make("host", f"CORE_OPTIONS={options}", into=folder)
    variables = os.environ | {LIBRARY_VARIABLE: str(folder / "libtreering.so")}
    command = [sys.executable, *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert ended.returncode == 0, ended.stderr


def test_a_node_with_the_timers_built_in_does_the_same() -> None:
    lives = ("-m", "tests.firmware.differential", "--lives", "200", "--steps", "100")
    run_with("-DTR_FIXED_TIMING=1", "fixed-timing", *lives)


def test_a_seal_with_the_few_places_of_a_board_does_the_same() -> None:
    places = ("SENDERS=12", "KNOWN_LETTERS=16", "LETTERS=1")
    options = " ".join(
        f"-UTR_MAX_{name} -DTR_MAX_{place}" for place in places for name in [place.split("=")[0]]
    )
    check = f"from {__name__} import live_with_few_places; live_with_few_places()"
    run_with(options, "few-places", "-c", check)


def live_with_few_places() -> None:
    seen = seal_differential.run_lives(seed=1, lives=60, steps=300)
    assert seen["letters: QUEUE_FULL"] > 0
    assert seen["accepted"] > 100


def test_a_report_that_finds_no_place_is_neither_acknowledged_nor_counted() -> None:
    check = f"from {__name__} import refuse_the_second_report; refuse_the_second_report()"
    run_with("-UTR_MAX_REPORTED -DTR_MAX_REPORTED=3", "three-places", "-c", check)


def refuse_the_second_report() -> None:
    """Two children with two metrics each, and places for three aggregates."""
    root = CoreNode(1, seed=1, first_counter=0, now_ms=0, root=True)

    def hear(kind: FrameType, source: int, payload: Payload) -> list[tuple[FrameType, int]]:
        root.receive(packets.encode(Frame(kind, source, 1, 0, payload)), ROUND_MS)
        said = (packets.decode(data) for _, data in root.frames_to_send(ROUND_MS))
        return [(frame.type, frame.destination) for frame in said]

    def report_of(child: int) -> Report:
        readings = tuple((metric, Aggregate.of_reading(1, 40, child)) for metric in (0, 1))
        return Report(0, Items(readings, (), 0))

    for child in (2, 3):
        hear(FrameType.DISC_ACK, child, Empty())
    root.handle_timer(ROUND_MS)
    assert hear(FrameType.DATA, 2, report_of(2)) == [(FrameType.DATA_ACK, 2)]
    assert hear(FrameType.DATA, 2, report_of(2)) == [(FrameType.DATA_ACK, 2)]  # in its own place
    assert hear(FrameType.DATA, 3, report_of(3)) == []
    root.measure(1, {0: 50}, ROUND_MS)
    root.handle_timer(2 * ROUND_MS - 1)
    events = list(iter(root.next_event, None))
    assert MeasurementDue(1) in events
    assert FrameDropped(DropReason.TABLE_FULL, 3) in events
    result = next(event for event in events if isinstance(event, RoundFinished))
    counts = {metric: aggregate.count for metric, aggregate in result.items.aggregates}
    assert (counts, result.items.doubt) == ({0: 2, 1: 1}, 0)
