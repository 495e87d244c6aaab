"""The very firmware image on an emulated Uno: sensor, serial port, reset and time are those of a real one."""

import os
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import serial

from tests.firmware.board import BOARD, BOOTLOADER, FIRMWARE, BoardError, EmulatedBoard

pytestmark = pytest.mark.usefixtures("built_board")

READ_TIMEOUT_S = 5.0


class Report(NamedTuple):
    """A line of the sketch; a reading is None where there is none."""

    temperature: int | None
    humidity: int | None
    source: str
    received: int


@pytest.fixture
def board(tmp_path: Path) -> Iterator[EmulatedBoard]:
    with EmulatedBoard(tmp_path, "--temperature-c", "21.5", "--humidity-percent", "45") as running:
        yield running


def wait_until_open(board: EmulatedBoard) -> None:
    deadline_s = time.monotonic() + READ_TIMEOUT_S
    while not board.status()["port_open"]:
        assert time.monotonic() < deadline_s, "the board does not see that its port is open"


def open_port(board: EmulatedBoard) -> serial.Serial:
    """The port, without what the board sent before it was reset by the opening."""
    port = serial.Serial(board.port, 115200, timeout=READ_TIMEOUT_S)
    wait_until_open(board)
    port.reset_input_buffer()
    return port


def read_report(port: serial.Serial) -> Report:
    """The next whole report; the first line may have lost its beginning to `reset_input_buffer`."""
    for _ in range(2):
        line = port.readline().decode("ascii", "replace")
        found = re.fullmatch(r"temperature=(\d+|-) humidity=(\d+|-) source=(\w+) received=(\d+)\r\n", line)
        if found:
            temperature, humidity, source, received = found.groups()
            return Report(
                None if temperature == "-" else int(temperature),
                None if humidity == "-" else int(humidity),
                source,
                int(received),
            )
    raise AssertionError(f"not a report: {line!r}")


def reports_until(port: serial.Serial, accept: Callable[[Report], bool]) -> list[Report]:
    """The reports up to and including the first accepted one."""
    reports: list[Report] = []
    while len(reports) < 6:
        reports.append(read_report(port))
        if accept(reports[-1]):
            return reports
    raise AssertionError(f"none of these was expected: {reports}")


def first_report_after_reset(board: EmulatedBoard, port: serial.Serial) -> Report:
    board.command("reset")
    port.reset_input_buffer()  # all that the board had sent before it answered
    return read_report(port)


# --- the sensor ---


@pytest.mark.parametrize(
    ("temperature_c", "humidity_percent", "temperature_raw", "humidity_raw"),
    [
        (21.5, 45.0, 123, 90),
        (21.24, 45.2, 122, 90),  # rounded to the nearest half: down
        (21.26, 45.3, 123, 91),  # and up
        (-40.0, 0.0, 0, 0),
        (-45.0, 0.2, 0, 0),  # clamped
        (87.5, 99.8, 255, 200),
        (130.0, 100.0, 255, 200),  # clamped
    ],
)
def test_a_reading_is_what_the_sensor_feels_in_half_units(
    tmp_path: Path,
    temperature_c: float,
    humidity_percent: float,
    temperature_raw: int,
    humidity_raw: int,
) -> None:
    climate = ("--temperature-c", str(temperature_c), "--humidity-percent", str(humidity_percent))
    with EmulatedBoard(tmp_path, *climate) as board, open_port(board) as port:
        assert read_report(port) == Report(temperature_raw, humidity_raw, "sht31", 0)


def test_readings_follow_the_climate(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        assert read_report(port)[:2] == (123, 90)
        board.command("temperature 30.5")
        board.command("humidity 60")
        reports = reports_until(port, lambda report: report[:2] == (141, 120))
        assert all(report[:2] == (123, 90) for report in reports[:-1])


@pytest.mark.parametrize("fault", ["crc", "nack", "stuck"])
def test_a_sensor_that_fails_gives_no_reading_until_it_works_again(board: EmulatedBoard, fault: str) -> None:
    with open_port(board) as port:
        assert read_report(port)[:3] == (123, 90, "sht31")
        board.command(f"fault {fault}")
        failing = reports_until(port, lambda report: report[:3] == (None, None, "sht31"))
        assert all(report[:3] == (123, 90, "sht31") for report in failing[:-1])
        board.command("temperature 10")
        assert read_report(port)[:3] == (None, None, "sht31")
        board.command("fault none")
        mended = reports_until(port, lambda report: report[:3] == (100, 90, "sht31"))
        assert all(report[:3] == (None, None, "sht31") for report in mended[:-1])


@pytest.mark.parametrize("fault", ["crc", "stuck"])
def test_a_sensor_that_fails_from_the_start_is_not_replaced_by_a_synthetic_one(
    tmp_path: Path, fault: str
) -> None:
    with EmulatedBoard(tmp_path, "--sensor-fault", fault) as board, open_port(board) as port:
        assert read_report(port) == Report(None, None, "sht31", 0)
        board.command("fault none")
        reports_until(port, lambda report: report[:3] == (123, 90, "sht31"))


def test_a_board_without_a_sensor_makes_up_readings_that_depend_on_its_id(tmp_path: Path) -> None:
    reports = []
    for node_id in (1, 5):
        with EmulatedBoard(tmp_path, "--no-sensor", node_id=node_id) as board, open_port(board) as port:
            reports.append(read_report(port))
    assert reports[0] == Report(111, 119, "synthetic", 0)
    assert reports[1] == Report(115, 115, "synthetic", 0)


def test_a_stuck_bus_does_not_keep_the_board_from_its_serial_port(board: EmulatedBoard) -> None:
    board.command("fault stuck")
    with open_port(board) as port:
        assert read_report(port).received == 0
        port.write(bytes(2000))
        reports_until(port, lambda report: report.received == 2000)


# --- the serial port ---


def test_no_byte_toward_the_board_is_lost(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        assert read_report(port).received == 0
        port.write(bytes(10_000))
        reports_until(port, lambda report: report.received == 10_000)


def test_a_port_that_nobody_reads_does_not_hold_the_board_up(board: EmulatedBoard) -> None:
    deadline_s = time.monotonic() + READ_TIMEOUT_S
    while (status := board.status())["dropped"] < 2 * len(
        "temperature=123 humidity=90 source=sht31 received=0\r\n"
    ):
        assert time.monotonic() < deadline_s, f"the board does not go on: {status}"
    assert status["sent"] == 0


def test_the_led_blinks_with_every_report(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        before = board.status()["led_blinks"]
        for _ in range(2):
            read_report(port)
        assert board.status()["led_blinks"] - before == 2


def test_opening_the_port_resets_the_board_however_soon(board: EmulatedBoard) -> None:
    for opened in (1, 2, 3):
        with open_port(board):
            assert board.status()["resets"] == opened
    with open_port(board) as port:
        port.write(b"lost or not, it does not outlast a reset")
        reports_until(port, lambda report: report.received > 0)
        assert first_report_after_reset(board, port).received == 0


def test_opening_need_not_reset_the_board(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, "--no-reset-on-open") as board:
        with open_port(board) as port:
            port.write(bytes(100))
            reports_until(port, lambda report: report.received == 100)
        with open_port(board) as port:
            assert reports_until(port, lambda report: report.received > 0)[-1].received == 100
        assert board.status()["resets"] == 0


def test_a_new_client_does_not_see_what_another_left_unread(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        deadline_s = time.monotonic() + READ_TIMEOUT_S
        while port.in_waiting < len("temperature=123"):
            assert time.monotonic() < deadline_s, "no report arrives"
            board.status()
    board.command("temperature 30.5")
    client = os.open(board.port, os.O_RDWR | os.O_NOCTTY)  # pyserial would throw away what it finds
    try:
        wait_until_open(board)
        seen = b""
        while not seen.endswith(b"\n"):
            assert select.select([client], [], [], READ_TIMEOUT_S)[0], seen
            seen += os.read(client, 256)
    finally:
        os.close(client)
    assert b"temperature=141" in seen
    assert b"temperature=123" not in seen


def test_a_reset_runs_the_bootloader_for_a_second(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, "--bootloader", str(BOOTLOADER)) as board, open_port(board) as port:
        opened_ms = board.status()["board_ms"]
        port.write(b"0 ")  # STK_GET_SYNC, CRC_EOP
        assert port.read(2) == b"\x14\x10"  # STK_INSYNC, STK_OK
        assert read_report(port) == Report(123, 90, "sht31", 0)
        assert board.status()["board_ms"] - opened_ms >= 1000


# --- the program ---


def test_the_board_keeps_the_pace_of_the_wall_clock(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        started_s, started_ms = time.monotonic(), board.status()["board_ms"]
        for _ in range(3):
            read_report(port)
        elapsed_ms = (time.monotonic() - started_s) * 1000
        assert board.status()["board_ms"] - started_ms == pytest.approx(elapsed_ms, abs=300)


def test_a_fast_board_outruns_the_wall_clock(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, "--fast") as board:
        started_s = time.monotonic()
        while (board_ms := board.status()["board_ms"]) < 60_000:
            assert time.monotonic() - started_s < 20, f"only {board_ms} ms"


def test_sigterm_ends_the_board_cleanly(tmp_path: Path) -> None:
    board = EmulatedBoard(tmp_path, node_id=0x1234)
    assert Path(board.port).is_symlink()
    assert board.close() == 0
    assert not Path(board.port).is_symlink()
    assert board.eeprom.read_bytes() == b"\x12\x34" + b"\xff" * 1022


def test_a_board_leaves_the_link_to_the_one_that_took_it_over(tmp_path: Path) -> None:
    first = EmulatedBoard(tmp_path)
    with EmulatedBoard(tmp_path) as second:
        assert first.close() == 0
        with open_port(second) as port:
            assert read_report(port).source == "sht31"


@pytest.mark.parametrize(
    ("command", "takes"),
    [
        ("temperature warm", "-45 to 130"),
        ("temperature nan", "-45 to 130"),
        ("humidity 101", "0 to 100"),
        ("fault", "none, crc, nack or stuck"),
        ("x" * 300, "commands are"),
    ],
)
def test_a_bad_command_is_refused_and_changes_nothing(board: EmulatedBoard, command: str, takes: str) -> None:
    with pytest.raises(BoardError, match=takes):
        board.command(command)
    with open_port(board) as port:
        assert read_report(port)[:2] == (123, 90)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--firmware is missing"),
        (["--firmware", "/none.elf"], "/none.elf: No such file"),
        (["--firmware", __file__], "not an AVR ELF file"),
        (["--firmware", str(FIRMWARE), "--temperature-c", "200"], "--temperature-c 200: takes -45 to 130"),
        (["--firmware", str(FIRMWARE), "--sensor-fault", "x"], "takes none, crc, nack or stuck"),
        (["--firmware", str(FIRMWARE), "--bootloader", "/none.hex"], "/none.hex: not a bootloader"),
        (["--firmware", str(FIRMWARE), "--eeprom", str(FIRMWARE)], "longer than the EEPROM"),
        (["--firmware", str(FIRMWARE), "--pty-link", "/none/uno"], "--pty-link /none/uno: No such file"),
        (["--firmware", str(FIRMWARE), "surplus"], "surplus: not an option"),
    ],
)
def test_a_bad_option_is_named_in_one_line(options: list[str], says: str) -> None:
    ended = subprocess.run([BOARD, *options], capture_output=True, text=True, timeout=10)
    assert ended.returncode == 2
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
