"""Logs for the tests of replays, and what a replay must show of them."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.access import OPEN, Access
from bridge.capture_file import CaptureFile
from desktop.model.model import Model
from desktop.packets.folder import folder_of
from desktop.replay.analysis import Task, analyse
from desktop.replay.replay import Replay
from desktop.replay.trail import Trail, private_folder
from protocol.capture import Record

PATIENCE_S = 20.0


def logged(records: Sequence[Record], path: Path) -> Path:
    """A log of these."""
    log = CaptureFile(path)
    for record in records:
        log.write(record)
    log.close()
    return log.path


def analysed(log: Path, access: Access = OPEN, *, learns: bool = True) -> Trail:
    """The trail after a pass that is done in this process."""
    own, _other = multiprocessing.Pipe()
    analyse(Task(log, access, learns), own)
    return trail_of(log, access, learns=learns)


def trail_of(log: Path, access: Access = OPEN, *, learns: bool = True) -> Trail:
    """The trail as it is."""
    trail = Trail(private_folder(folder_of(log)), log, access, learns=learns)
    trail.refresh()
    return trail


def fed(records: Sequence[Record]) -> Model:
    """What a live session shows after these."""
    model = Model()
    model.feed(records)
    return model


def assert_same(found: Model, expected: Model) -> None:
    """All that the views show, and all that is to come, is the same."""
    assert list(found.rows) == list(expected.rows)
    assert list(found.events) == list(expected.events)
    assert found.rows.total == expected.rows.total
    assert found.series == expected.series
    assert dict(found.node_series) == dict(expected.node_series)
    assert found.tree() == expected.tree()
    assert found.settled == expected.settled
    assert (found.start_us, found.now_us) == (expected.start_us, expected.now_us)
    assert json.dumps(found.state()) == json.dumps(expected.state())


def tick_until(replay: Replay, done: Callable[[], bool]) -> None:
    """Let it go on until then."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline_s, (
            f"waited {PATIENCE_S} s at {replay.position} of {len(replay.times)}"
        )
        replay.tick(0.02)
        threading.Event().wait(0.005)
