"""PROTOCOL.md 18.1, with real processes: after any kill a log can be read, and what was lost is counted."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge.log.cursor import read_log
from bridge.log.segments import SegmentedLog
from tests.bridge.log.rig import all_facts, open_opener, settings

KILLS = 12
BATCH = 7

# Says after every batch how many records it has handed to the log.
PROGRAM = f"""
BATCH = {BATCH}
import sys
from pathlib import Path
from bridge.access import OPEN, RecordOpener
from bridge.log.fact_log import FactLog
from bridge.log.segments import SegmentedLog
from bridge.log.settings import LogSettings
from protocol.capture import Direction, Record
from protocol.packets import BROADCAST, NO_HOP_COUNT, Frame, FrameType, Help, encode

folder, first = Path(sys.argv[1]), int(sys.argv[2])
settings = LogSettings(folder, segment_bytes=20_000, least_free_bytes=0)
log = FactLog(SegmentedLog(settings), lambda: RecordOpener(OPEN))
print(log.log.lost, flush=True)
count = first
while True:
    numbers = range(count, count + BATCH)
    frames = [encode(Frame(FrameType.HELP, 1 + i % 50, BROADCAST, i, Help(0, NO_HOP_COUNT))) for i in numbers]
    log.append([Record(i, "air", Direction.INBOUND, frame) for i, frame in zip(numbers, frames)])
    count += len(frames)
    print(count, flush=True)
"""


def run_and_kill(folder: Path, first: int, after_s: float) -> tuple[int, int]:
    """What the writer found lost at its start, and the last count that it said."""
    writer = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(first)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    try:
        lost = int(writer.stdout.readline())
        time.sleep(after_s)  # any moment is as good
    finally:
        writer.kill()
        lines = writer.stdout.read().split("\n")[:-1]
        writer.stdout.close()
        assert writer.wait(10) == -signal.SIGKILL
    return lost, int(lines[-1]) if lines else first


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_a_log_survives_kills_at_random_moments(tmp_path: Path) -> None:
    """Every record that was handed to the log is in it or counted; the last batch may not have been said."""
    rng = random.Random(11)
    handed, found = 0, 0
    for _ in range(KILLS):
        first = found
        lost, said = run_and_kill(tmp_path, first, rng.uniform(0, 0.1))
        assert found + lost in (handed, handed + BATCH)
        numbers = [record.timestamp_us for record in read_log(tmp_path, lambda line: None)]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= said
        handed, found = said, len(numbers)
    again = SegmentedLog(settings(tmp_path))
    assert found + again.lost in (handed, handed + BATCH)
    again.close()
    assert len(all_facts(tmp_path, open_opener)) >= found
