"""Fields of emulated boards: the very image, many at once, with the simulator's air between them."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bridge.capture_file import read_records
from desktop.command import main
from firmware.native.board import CYCLES_PER_US, MEGA, UNO, Board, BoardKind, Notice, Told
from firmware.native.library import ROOT
from protocol.packets import peek_header
from protocol.sealing import is_sealed

pytestmark = pytest.mark.usefixtures("built_board", "built_core")

RUN_TIMEOUT_S = 100
# simavr's time for a byte: 11 bits of 8.5 us at 115200 baud and 16 MHz.
BYTE_CYCLES = 11 * 17 * 8
POLL_CYCLES = 16  # of the probe's loop that waits for the UART
EEPROM_WRITE_CYCLES = 3_400 * CYCLES_PER_US


def simulated(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[list[Any], list[Any]]:
    """The results, and the boards' reports."""
    assert main(["simulate", *options, "--core", "avr", "--json", "--truth", "--boards"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [row for row in rows if "round" in row], [row for row in rows if "board" in row]


def assert_true(rows: list[Any]) -> None:
    """Each result is exact for the nodes that it counts: what their sensors felt."""
    assert rows
    for row in rows:
        felt = [row["readings"][str(node)] for node in row["contributors"]]
        assert (row["count"], row["total"], row["max"]) == (len(felt), sum(felt), max(felt))


def test_sixteen_images_form_a_tree_and_count_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    rows, boards = simulated(
        capsys, "--random", "17", "--connected", "--area", "40x40", "--range", "20", "--rounds", "4"
    )
    assert_true(rows)
    assert [board["board"] for board in boards] == list(range(2, 18))  # the root is none
    assert [row["metric"] for row in rows] == ["temperature", "humidity"] * 4
    assert [row["count"] for row in rows if row["round"] > 1] == [17] * 6  # some may still join in the first


def test_the_diamond_finds_its_other_way(capsys: pytest.CaptureFixture[str]) -> None:
    rows, boards = simulated(capsys, "diamond")
    assert_true(rows)
    settled = {row["round"]: row["count"] for row in rows if row["round"] % 2 == 0}
    assert settled == {2: 4, 4: 3, 6: 4, 8: 3, 10: 4}
    assert [(board["board"], board["starts"]) for board in boards] == [(2, 2), (3, 2), (4, 1)]


def test_sixteen_images_live_through_faults_on_a_bad_air(capsys: pytest.CaptureFixture[str]) -> None:
    rows, boards = simulated(
        capsys,
        *("--grid", "4x4", "--range", "15", "--rounds", "9", "--seed", "2", "--collisions"),
        *("--loss", "0.1", "--duplication", "0.1", "--delay", "40", "--clock-drift", "100"),
        *("--join", "16@3", "--kill", "6@4", "--revive", "6@6", "--reboot", "2@5", "--cut", "1-5@5"),
    )
    assert_true(rows)
    assert max(row["count"] for row in rows if row["round"] >= 8) >= 15
    assert {board["board"]: board["starts"] for board in boards if board["starts"] > 1} == {2: 2, 6: 2}


def test_sixteen_sealed_images_form_a_tree_and_count_each_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "sealed.pcapng"
    field = ("--random", "17", "--connected", "--area", "40x40", "--range", "20", "--sealed")
    rows, boards = simulated(capsys, *field, "--rounds", "4", "--capture", str(log))
    assert_true(rows)
    assert len(boards) == 16
    assert [row["count"] for row in rows if row["round"] > 1] == [17] * 6
    records = list(read_records(log))
    assert {peek_header(record.frame)[1] for record in records} == set(range(1, 18))
    assert all(is_sealed(record.frame) for record in records)


def test_the_sealed_diamond_finds_its_other_way(capsys: pytest.CaptureFixture[str]) -> None:
    """A board that comes back goes on with the counter in its EEPROM."""
    rows, boards = simulated(capsys, "diamond", "--sealed", "--period", "10")
    assert_true(rows)
    settled = {row["round"]: row["count"] for row in rows if row["round"] % 2 == 0}
    assert settled == {2: 4, 4: 3, 6: 4, 8: 3, 10: 4}
    assert [(board["board"], board["starts"]) for board in boards] == [(2, 2), (3, 2), (4, 1)]


@pytest.mark.parametrize("sealed", [(), ("--sealed",)], ids=["open", "sealed"])
@pytest.mark.parametrize("network", ["ring", "polling"])
def test_images_of_rings_and_polled_networks_live_through_a_death(
    capsys: pytest.CaptureFixture[str], network: str, sealed: tuple[str, ...]
) -> None:
    """Every promise of the network is checked, with the tokens and epochs that the boards' memory holds."""
    rows, boards = simulated(capsys, f"{network}-8", "--rounds", "8", *sealed)
    assert_true(rows)
    assert [row["count"] for row in rows[-4:]] == [7] * 4  # one is dead by then
    assert [board["board"] for board in boards] == list(range(1, 9))


@pytest.mark.parametrize("metrics", ["soil_moisture,wind_speed", "temperature,wind_speed"])
def test_probes_on_analog_pins_feel_the_field(capsys: pytest.CaptureFixture[str], metrics: str) -> None:
    far = ("--grid", "3x2", "--spacing", "60", "--range", "90")
    rows, _ = simulated(capsys, *far, "--rounds", "3", "--metrics", metrics)
    assert_true(rows)
    assert {row["metric"] for row in rows} >= set(metrics.split(","))
    assert len({raw for row in rows for raw in row["readings"].values()}) > 10
    assert rows[-1]["count"] == 6


def test_the_report_tells_time_and_energy(capsys: pytest.CaptureFixture[str]) -> None:
    _, (board, *_) = simulated(capsys, "--grid", "2x1", "--rounds", "2")
    asleep = board["slept_cycles"] / (board["slept_cycles"] + board["busy_cycles"])
    assert board["seconds"] == pytest.approx(10.5, abs=0.5)
    assert 0.9 < asleep < 1
    # Between what it draws when it sleeps all the time, 12 mW, and what when it never does, 52 mW.
    assert 12 < board["mcu_mj"] / board["seconds"] < 52
    assert board["radio_mj"] > 0
    assert board["measurements"] >= 2
    assert board["untouched_bytes"] > 0


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    captures = [tmp_path / "one.pcapng", tmp_path / "other.pcapng"]
    for path in captures:
        options = ("--grid", "3x3", "--rounds", "2", "--loss", "0.2", "--core", "avr", "--capture", str(path))
        program = f"from desktop.command import main; main({['simulate', *options]!r})"
        command = [sys.executable, "-c", program]
        subprocess.run(command, cwd=ROOT, check=True, timeout=RUN_TIMEOUT_S, capture_output=True)
    assert captures[0].read_bytes() == captures[1].read_bytes()
    assert captures[0].stat().st_size > 1_000


# --- one board -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[UNO, MEGA], ids=lambda kind: kind.mcu)
def probe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[BoardKind, Path]:
    """A board, and the image of board_probe.c for it."""
    kind: BoardKind = request.param
    path = tmp_path_factory.mktemp("probe") / "probe.elf"
    source = Path(__file__).with_name("board_probe.c")
    command = ["avr-gcc", f"-mmcu={kind.mcu}", "-Os", "-Wall", "-Werror", str(source), "-o", str(path)]
    subprocess.run(command, check=True, timeout=RUN_TIMEOUT_S)
    return kind, path


def powered(probe: tuple[BoardKind, Path]) -> Board:
    kind, path = probe
    board = Board(kind, b"\xa0" * kind.eeprom_bytes, path=path, has_sensor=False)
    board.set_analog(0, 2_510)  # a little more than half of the supply
    return board


def next_notice(board: Board) -> Notice:
    assert not board.run_until(board.cycle + 1_000_000), "it had nothing to tell"
    (notice,) = board.notices()
    return notice


def test_a_uart_tells_when_each_byte_has_left(probe: tuple[BoardKind, Path]) -> None:
    board = powered(probe)
    sent = next_notice(board)
    assert (sent.told, sent.uart, sent.data) == (Told.STREAM, probe[0].air_uart, b"\x80\x00")
    ((earlier, later),) = pairwise(sent.cycles)
    assert BYTE_CYCLES <= later - earlier < BYTE_CYCLES + POLL_CYCLES
    board.power_off()


def test_a_firmware_that_stands_still_is_told_once(probe: tuple[BoardKind, Path]) -> None:
    board = powered(probe)
    assert next_notice(board).told is Told.STREAM
    assert next_notice(board).told is Told.CRASHED
    assert board.run_until(board.cycle + 1_000_000)
    board.power_off()


def test_a_power_cut_leaves_a_byte_half_written(probe: tuple[BoardKind, Path]) -> None:
    def left_after(cycles: int, chance: int) -> int:
        board = powered(probe)
        next_notice(board)
        while not board.counts().eeprom_written:
            board.run_until(board.cycle + 1)
        board.run_until(board.cycle + cycles)
        eeprom = board.power_off(chance)
        assert eeprom[:5] + eeprom[6:] == b"\xa0" * (len(eeprom) - 1)
        return eeprom[5]

    half = EEPROM_WRITE_CYCLES // 2
    assert left_after(half // 2, 0x00) == 0xA0  # not yet erased
    assert left_after(half // 2, 0xFF) == 0xFF  # erased
    assert left_after(half // 2, 0x50) == 0xF0
    assert left_after(half + half // 2, 0xFF) == 0xFF  # not yet written
    assert left_after(half + half // 2, 0x30) == 0x3F
    assert left_after(EEPROM_WRITE_CYCLES + 100, 0xFF) == 0x0F  # whole
