"""The benchmark of the bridge's rate measures what it says: valid frames, all of which are stored."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.bridge_rate import PRIMARY, check_frames, frames_of
from protocol.capture import Direction, Record
from protocol.observations import NodeMissing, ReadingsSeen, RoundRow
from protocol.observer import Observer

NODES, ROUNDS = 7, 5


def test_its_frames_are_those_of_a_polled_network() -> None:
    check_frames(NODES)
    frames = islice(frames_of(NODES), ROUNDS * (NODES + 2))
    records = [Record(at_us, "udp", Direction.INBOUND, frame) for at_us, frame in enumerate(frames)]
    observer = Observer()
    told = observer.observe_all(records)
    readings = [seen for seen in told if isinstance(seen, ReadingsSeen)]
    assert [(seen.version, seen.node) for seen in readings] == [
        (version, PRIMARY + 1 + place) for version in range(ROUNDS) for place in range(NODES)
    ]
    assert sum(isinstance(seen, RoundRow) and seen.exact for seen in told) == ROUNDS
    assert not any(isinstance(seen, NodeMissing) for seen in told)
    assert observer.good == len(records)


@pytest.mark.skipif(sys.platform != "linux", reason="it pins processes to cores, and reads /proc")
def test_at_a_low_rate_nothing_is_lost(tmp_path: Path) -> None:
    options = ["--rates", "1000", "--seconds", "1", "--nodes", "20", "--folder", str(tmp_path)]
    command = [sys.executable, "-m", "benchmarks.bridge_rate", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("1,000 received,        0 lost") == 2, ended.stdout
    assert "most without a loss: 1,000/s" in ended.stdout
