"""However the store ends and whatever comes again, it holds what it would hold had nothing happened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.log.facts import FactBatch
from bridge.store.settings import StoreSettings
from bridge.store.store import Store
from protocol.observations import ActuatorSeen, Observation
from tests.bridge.store.feed import batch, content, lost, reading, result, time_us

SHORT = StoreSettings(
    keep_readings_s=3_600,
    keep_minutes_s=86_400,
    keep_rounds_s=7_200,
    keep_events_s=3_600,
    keep_hours_s=86_400,
)
KILLS = 8


def facts_of(step: int) -> list[Observation]:
    """Of some minutes: any step's are known by its number, as those of a place in the log are."""
    generator = random.Random(step)
    second = 600.0 * step
    found: list[Observation] = []
    for k in range(generator.randrange(12)):
        second += generator.random() * 40
        found.append(reading(second, generator.choice((3, 7)), generator.randrange(256), k % 2, step))
    told = ActuatorSeen(time_us(second + 3), 7, 1, step & 1, 2)
    return [*found, result(second + 1, step), lost(second + 2), told]


def log_of(steps: int) -> list[FactBatch]:
    return [batch(*facts_of(step), place=step + 1) for step in range(steps)]


def rest_of(log: Sequence[FactBatch], store: Store) -> Sequence[FactBatch]:
    """What a log gives to a store that says how far it came."""
    place = store.checkpoint()
    return log if place is None else log[place.at.offset_bytes :]


def from_scratch(log: Sequence[FactBatch], settings_: StoreSettings) -> dict[str, list[tuple[object, ...]]]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "s", "garden", settings_)
        for part in log:
            store.take(part)
        store.settle()
        store.close()
        return content(Path(folder) / "s")


class Machine:
    """A store that can be killed: what it has given to the system stays, its memory does not."""

    def __init__(self, folder: Path, settings_: StoreSettings) -> None:
        self.path = folder / "0"
        self._settings = settings_
        self._dead: list[Store] = []
        self.store = Store(self.path, "garden", settings_)

    def kill(self) -> None:
        """Go on with the files as they are at this moment."""
        after = self.path.with_name(str(int(self.path.name) + 1))
        for suffix in ("", "-wal"):
            source = self.path.with_name(self.path.name + suffix)
            if source.exists():
                shutil.copyfile(source, after.with_name(after.name + suffix))
        self._dead.append(self.store)
        self.path = after
        self.store = Store(after, "garden", self._settings)

    def close(self) -> None:
        self.store.close()
        for store in self._dead:
            store.close()


# What happens after each batch; "again" gives the newest batches once more, as a log may.
HAPPENINGS = st.lists(st.sampled_from(["", "", "commit", "settle", "kill", "again"]), min_size=1, max_size=25)


@given(HAPPENINGS, st.sampled_from([StoreSettings(), SHORT]))
@settings(max_examples=40)
def test_killed_and_given_again_what_it_did_not_say_it_has(
    happenings: list[str], kept: StoreSettings
) -> None:
    log = log_of(len(happenings))
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder), kept)
        for step, happening in enumerate(happenings):
            machine.store.take(log[step])
            if happening == "commit":
                machine.store.idle(0)
            elif happening == "settle":
                machine.store.settle()
            elif happening == "again":
                for part in log[max(0, step - 3) : step + 1]:
                    machine.store.take(part)
            elif happening == "kill":
                machine.kill()
                for part in rest_of(log[: step + 1], machine.store):
                    machine.store.take(part)
        machine.store.settle()
        machine.close()
        assert content(machine.path) == from_scratch(log, kept)


@given(st.permutations(range(8)), st.lists(st.integers(0, 7)), st.sets(st.integers(0, 15)))
@settings(max_examples=40)
def test_in_any_order_and_any_number(order: Sequence[int], again: list[int], settled: set[int]) -> None:
    log = log_of(8)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "s", "garden")
        for number, step in enumerate([*order, *again]):
            store.take(log[step])
            if number in settled:
                store.settle()
        store.settle()
        store.close()
        assert content(Path(folder) / "s") == from_scratch(log, StoreSettings())


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
def test_kill_9_of_the_writing_process(tmp_path: Path) -> None:
    steps = 400
    path, generator = tmp_path / "s", random.Random(9)
    reached = -1
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.bridge.store.test_crashes", str(path), str(steps)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
        )
        assert writer.stdout is not None
        for _ in range(generator.randrange(1, 60)):  # it says each step that it began
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        store = Store(path, "garden", SHORT)
        place = store.checkpoint()
        store.close()
        came_to = -1 if place is None else place.at.offset_bytes
        assert came_to >= reached
        reached = came_to
    assert 0 < reached < steps
    _write(path, steps)
    assert content(path) == from_scratch(log_of(steps), SHORT)


def _write(path: Path, steps: int) -> None:
    log = log_of(steps)
    store = Store(path, "garden", SHORT)
    for part in rest_of(log, store):
        print(part.checkpoint.at.offset_bytes, flush=True)
        store.take(part)
        store.idle(0)
    store.settle()
    store.close()


if __name__ == "__main__":
    _write(Path(sys.argv[1]), int(sys.argv[2]))
