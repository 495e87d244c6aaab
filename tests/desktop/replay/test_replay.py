"""A replay shows at every place what the live session showed there, whatever happens to log and analysis."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.access import OPEN, RecordOpener
from bridge.capture_file import CaptureFile
from desktop.model.model import Model
from desktop.model.words import EventKind
from desktop.packets.folder import folder_of
from desktop.replay import replay as replay_module
from desktop.replay.analysis import SPACING, Task
from desktop.replay.moment import Moment
from desktop.replay.replay import MAX_FED, Replay
from desktop.sources.demo import demo_simulation
from protocol.capture import Record
from tests.desktop.replay.logs import assert_same, fed, logged, tick_until, trail_of

ROUNDS = 130  # some thousand records: more than are fed without an analysis


@pytest.fixture(scope="module")
def records() -> list[Record]:
    found: list[Record] = []
    demo_simulation(found.append).run(ROUNDS)
    assert len(found) > 2 * MAX_FED
    return found


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


Open = Callable[..., Replay]


@pytest.fixture
def opened(clock: list[float]) -> Iterator[Open]:
    """Opens replays, which are closed in the end; their clock stands still but for what the test adds."""
    found: list[Replay] = []

    def open_(log: Path, *, learns: bool = True, held: Moment | None = None) -> Replay:
        def now_s() -> float:
            clock[0] += 1e-4
            return clock[0]

        replay = Replay(Task(log, OPEN, learns), held=held, clock=now_s)
        look_at_each_tick(replay)
        replay.start()
        found.append(replay)
        return replay

    yield open_
    for replay in found:
        replay.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "index"] == []


def look_at_each_tick(replay: Replay) -> None:
    """The clock of the test stands still, the analysis does not: every tick looks at what is new."""
    tick = replay.tick

    def look_and_tick(budget_s: float) -> bool:
        replay._looked_s = -1e9
        return tick(budget_s)

    replay.tick = look_and_tick  # type: ignore[method-assign]


def complete(replay: Replay) -> Replay:
    tick_until(replay, lambda: replay.is_complete and replay.position == len(replay.times) > 0)
    return replay


# --- where it is -----------------------------------------------------------------------------------------


def test_a_log_opens_at_its_end_and_any_place_is_what_it_was(
    records: list[Record], opened: Open, tmp_path: Path
) -> None:
    replay = complete(opened(logged(records, tmp_path / "log.pcapng")))
    assert_same(replay.model, fed(records))
    for place in (1, SPACING - 1, SPACING, 2 * SPACING + 7, len(records) - 3, 0, len(records)):
        replay.seek(place)
        assert replay.position == place
        assert_same(replay.model, fed(records[:place]))


def test_a_log_that_was_opened_before_is_there_at_once(
    records: list[Record], opened: Open, tmp_path: Path
) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    complete(opened(log)).close()
    again = opened(log)
    complete(again)
    assert again._analysis is None, "nothing is left to analyse"
    assert_same(again.model, fed(records))


def test_steps_go_by_packet_and_by_round_both_ways(
    records: list[Record], opened: Open, tmp_path: Path
) -> None:
    replay = complete(opened(logged(records, tmp_path / "log.pcapng")))
    ends = [at for at in range(1, len(records) + 1) if fed_rows(records, at)]
    replay.seek(1_500)
    replay.step(1)
    assert replay.position == 1_501
    replay.step(-2)
    assert replay.position == 1_499
    replay.step_round(1)
    assert replay.position == min(end for end in ends if end > 1_499)
    assert replay.model.events[-1].kind in (EventKind.ROUND, EventKind.INEXACT)
    replay.step_round(1)
    replay.step_round(-1)
    replay.step_round(-1)
    assert replay.position == max(end for end in ends if end <= 1_499)
    replay.seek(0)
    replay.step(-1)
    assert replay.position == 0


def fed_rows(records: list[Record], at: int, known: dict[int, list[int]] = {}) -> bool:  # noqa: B006
    """Whether the record before that place finished a round."""
    if id(records) not in known:
        model, ends = Model(), []
        for number, record in enumerate(records, 1):
            total = model.rows.total
            model.feed([record])
            if model.rows.total > total:
                ends.append(number)
        known[id(records)] = ends
    return at in known[id(records)]


def test_what_is_played_is_what_is_due_and_the_views_hear_of_it(
    records: list[Record], opened: Open, clock: list[float], tmp_path: Path
) -> None:
    replay = complete(opened(logged(records, tmp_path / "log.pcapng")))
    replay.seek(1_000)
    heard: list[int] = []
    replay.model.subscribe(lambda changes: heard.append(changes.frames))
    began_us = replay.times.at(1_000)
    replay.toggle()
    clock[0] += 5.0
    tick_until(replay, lambda: replay.position > 1_000)
    due = replay.times.records_until(began_us + 5.0e6)
    tick_until(replay, lambda: replay.position >= due)
    assert replay.position == pytest.approx(due, abs=3), "the clock of the test goes on a little at each look"
    assert sum(heard) == replay.position - 1_000
    assert_same(replay.model, fed(records[: replay.position]))


def test_at_a_pace_that_cannot_be_held_it_jumps_and_is_exact_still(
    records: list[Record], opened: Open, clock: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_module, "_PIECE", 1)
    replay = complete(opened(logged(records, tmp_path / "log.pcapng")))
    replay.seek(10)
    replay.set_speed(1000.0)
    models = {id(replay.model)}
    replay.toggle()
    ticks = 0
    while replay.playback.is_playing:
        clock[0] += 0.02
        replay.tick(0.002)
        models.add(id(replay.model))
        ticks += 1
    tick_until(replay, lambda: replay.position == len(records))
    assert ticks < 100, "the pace is held, whatever is left out on the way"
    assert len(models) > 1
    assert_same(replay.model, fed(records))


# --- logs that are not whole, or grow --------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.3, 0.9])
def test_a_log_that_is_cut_is_shown_up_to_there(
    records: list[Record], opened: Open, size: float, tmp_path: Path
) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    data = log.read_bytes()
    log.write_bytes(data[: int(len(data) * size) // 4 * 4 + 1])
    replay = complete(opened(log))
    assert replay.index.problem is not None
    assert_same(replay.model, fed(records[: replay.position]))


def test_a_log_that_is_damaged_is_shown_up_to_there(
    records: list[Record], opened: Open, tmp_path: Path
) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    data = bytearray(log.read_bytes())
    data[200_000:200_100] = b"\xff" * 100
    log.write_bytes(data)
    replay = complete(opened(log))
    assert replay.index.problem is not None
    assert MAX_FED < replay.position < len(records)
    assert_same(replay.model, fed(records[: replay.position]))


def test_a_log_that_is_being_written_is_followed(records: list[Record], opened: Open, tmp_path: Path) -> None:
    log = CaptureFile(tmp_path / "log.pcapng")
    for record in records[:500]:
        log.write(record)
    replay = opened(log.path)
    tick_until(replay, lambda: replay.position == 500)
    for record in records[500:1_200]:
        log.write(record)
    tick_until(replay, lambda: replay.position == 1_200)
    replay.seek(700)
    for record in records[1_200:]:
        log.write(record)
    tick_until(replay, lambda: len(replay.times) == len(records))
    assert replay.position == 700, "who has chosen a place stays there"
    assert_same(replay.model, fed(records[:700]))
    replay.playback.follow()
    complete(replay)
    assert_same(replay.model, fed(records))
    log.close()


def test_a_log_that_is_replaced_is_shown_instead(records: list[Record], opened: Open, tmp_path: Path) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    replay = complete(opened(log))
    other = logged(records[50:150], tmp_path / "other.pcapng")
    os.replace(other, log)
    tick_until(replay, lambda: len(replay.times) == 100 and replay.position == 100)
    assert_same(replay.model, fed(records[50:150]))


# --- the analysis ----------------------------------------------------------------------------------------


def test_an_analysis_that_is_killed_leaves_what_it_has_and_is_told(
    records: list[Record], opened: Open, tmp_path: Path
) -> None:
    log = logged(records, tmp_path / "log.pcapng")
    replay = opened(log)
    tick_until(replay, lambda: replay._analysis is not None)
    assert replay._analysis is not None
    os.kill(replay._analysis._process.pid or 0, signal.SIGTERM)
    complete(replay)  # by feeding, then
    assert replay.analysis_problem is None or "ended with code" in replay.analysis_problem
    assert_same(replay.model, fed(records))
    replay.close()
    again = complete(opened(log))
    again.seek(SPACING + 1)
    assert_same(again.model, fed(records[: SPACING + 1]))


def test_a_trail_of_another_log_is_found_out(records: list[Record], opened: Open, tmp_path: Path) -> None:
    """Its times are not those of the log: two recordings may begin alike."""
    log = logged(records, tmp_path / "log.pcapng")
    complete(opened(log)).close()
    tick_until(replay := opened(log), lambda: replay.trail is not None and replay.is_complete)
    assert replay.trail is not None
    replay.trail._checkpoints.values["newest_us"][:] += 1
    replay.seek(1_500)
    replay.playback.follow()
    complete(replay)
    replay.seek(1_500)
    assert_same(replay.model, fed(records[:1_500]))


# --- a live session that is held -------------------------------------------------------------------------


def test_what_is_held_stays_until_a_person_moves(records: list[Record], opened: Open, tmp_path: Path) -> None:
    log = CaptureFile(tmp_path / "log.pcapng")
    for record in records[:900]:
        log.write(record)
    held = Moment(RecordOpener(OPEN))
    held.model = fed(records[:800])  # a little behind the file
    replay = opened(log.path, learns=False, held=held)
    replay.step(-1)
    shown = replay.model
    tick_until(replay, lambda: replay.is_placed)
    assert shown is held.model, "until the index has found where that is"
    assert replay.position == 799
    assert_same(replay.model, fed(records[:799]))
    replay.seek(300)
    assert replay.position == 300
    assert_same(replay.model, fed(records[:300]))
    log.close()


def test_the_trail_of_a_short_log_needs_no_process(
    records: list[Record], opened: Open, tmp_path: Path
) -> None:
    log = logged(records[:MAX_FED], tmp_path / "log.pcapng")
    replay = complete(opened(log))
    assert replay._analysis is None
    assert trail_of(log).records == 0
    marks = replay.overview().events
    assert len(marks[0]) == len(fed(records[:MAX_FED]).events)
    assert (folder_of(log) / "replay").exists()


def test_without_an_analysis_a_long_way_back_is_gone_in_slices(
    records: list[Record], opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full, say: the window lives on meanwhile, and shows what it is asked for in the end."""
    monkeypatch.setattr(replay_module, "_SLICE_S", 0.001)
    replay = opened(logged(records, tmp_path / "log.pcapng"))
    replay.analysis_problem = "no room"
    complete(replay)
    assert replay._analysis is None
    place = len(records) - 1_000
    replay.seek(place)
    assert replay.position < MAX_FED, "not at once"
    tick_until(replay, lambda: replay.position == place)
    assert_same(replay.model, fed(records[:place]))


@pytest.mark.parametrize("latest_us", [(1 << 63) - 1, (1 << 64) - 1])
def test_times_that_no_clock_tells_are_shown_all_the_same(
    records: list[Record], opened: Open, latest_us: int, tmp_path: Path
) -> None:
    absurd = [replace(record, timestamp_us=latest_us if i > 200 else i) for i, record in enumerate(records)]
    replay = complete(opened(logged(absurd, tmp_path / "log.pcapng")))
    for place in (len(absurd), 100, 202, 0):
        replay.seek(place)
        assert replay.position == place
        expected = fed(absurd[:place])  # but for times, which stop at what a table has room for
        assert (replay.model.rows.total, replay.model.tree()) == (expected.rows.total, expected.tree())
    assert replay.overview().end_us == (1 << 63) - 1
