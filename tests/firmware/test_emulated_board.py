"""The very firmware image on an emulated Uno: sensor, serial port, reset and time are those of a real one."""

import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.framing import DELIMITER
from protocol.long_counter import LIFE_SHIFT, RESERVED_AHEAD
from protocol.node import RoundFinished
from protocol.packets import COUNTER_MODULUS, Depth, FrameType
from protocol.settings import EEPROM_BYTES, Settings, eeprom_limit, eeprom_settings
from tests.firmware.base_station import TIMEOUT_S, BaseStation, Listener, open_port, wait, wait_until_open
from tests.firmware.board import BOARD, BOOTLOADER, FIRMWARE, BoardError, EmulatedBoard

pytestmark = pytest.mark.usefixtures("built_board")

# PROTOCOL.md section 7: how long a node listens before its first HELP.
LISTEN_MS = 1_000
FLASH_MS = 30


@pytest.fixture
def board(tmp_path: Path) -> Iterator[EmulatedBoard]:
    with EmulatedBoard(tmp_path, "--temperature-c", "21.5", "--humidity-percent", "45") as running:
        yield running


def felt(result: RoundFinished) -> tuple[int | None, int | None]:
    """Raw temperature and humidity of the one board in a result; None where it had no reading."""
    aggregates = dict(result.items.aggregates)
    assert all(aggregate.count <= 1 for aggregate in aggregates.values())
    return tuple(  # type: ignore[return-value]
        aggregates[metric].max if metric in aggregates and aggregates[metric].count else None
        for metric in (0, 1)
    )


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
        assert felt(BaseStation(port).next_result()) == (temperature_raw, humidity_raw)


def test_readings_follow_the_climate(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        base = BaseStation(port)
        assert felt(base.next_result()) == (123, 90)
        board.command("temperature 30.5")
        board.command("humidity 60")
        assert felt(base.result_of_a_new_round()) == (141, 120)


@pytest.mark.parametrize("fault", ["crc", "nack", "stuck"])
def test_a_sensor_that_fails_gives_no_reading_until_it_works_again(board: EmulatedBoard, fault: str) -> None:
    with open_port(board) as port:
        base = BaseStation(port)
        assert felt(base.next_result()) == (123, 90)
        board.command(f"fault {fault}")
        assert felt(base.result_of_a_new_round()) == (None, None)
        board.command("temperature 10")
        assert felt(base.result_of_a_new_round()) == (None, None)
        board.command("fault none")
        assert felt(base.result_of_a_new_round()) == (100, 90)


@pytest.mark.parametrize("fault", ["crc", "stuck"])
def test_a_sensor_that_fails_from_the_start_is_not_replaced_by_a_synthetic_one(
    tmp_path: Path, fault: str
) -> None:
    with EmulatedBoard(tmp_path, "--sensor-fault", fault) as board, open_port(board) as port:
        base = BaseStation(port)
        assert felt(base.next_result()) == (None, None)
        board.command("fault none")
        assert felt(base.result_of_a_new_round()) == (123, 90)


@pytest.mark.parametrize(("node_id", "temperature_raw", "humidity_raw"), [(1, 111, 119), (5, 115, 115)])
def test_a_board_without_a_sensor_makes_up_readings_that_depend_on_its_id(
    tmp_path: Path, node_id: int, temperature_raw: int, humidity_raw: int
) -> None:
    with EmulatedBoard(tmp_path, "--no-sensor", node_id=node_id) as board, open_port(board) as port:
        assert felt(BaseStation(port).next_result()) == (temperature_raw, humidity_raw)


# --- the serial port ---


def test_a_port_that_nobody_reads_does_not_hold_the_board_up(board: EmulatedBoard) -> None:
    two_frames = 2 * len("a HELP in COBS.")
    deadline_s = time.monotonic() + TIMEOUT_S
    while (status := board.status())["dropped"] < two_frames:
        assert time.monotonic() < deadline_s, f"the board does not go on: {status}"
    assert status["sent"] == 0


def test_the_led_blinks_with_every_frame(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        listener = Listener(port)
        listener.wait_for(FrameType.BOOT)
        dark_ms = board.status()["board_ms"] + 2 * FLASH_MS
        wait(lambda: board.status()["board_ms"] > dark_ms or None, listener.poll, "the end of a flash")
        for blinks in (2, 3):
            listener.send(FrameType.DEPTH, 9, 1, Depth(0))  # of no use to it
            wait(lambda: board.status()["led_blinks"] == blinks or None, listener.poll, "a blink")  # noqa: B023
        listener.wait_for(FrameType.HELP)  # and with another one, if a busy machine lets this come in a flash
        wait(lambda: board.status()["led_blinks"] >= 4 or None, listener.poll, "a blink")


def test_opening_the_port_resets_the_board_however_soon(board: EmulatedBoard) -> None:
    for opened in (1, 2, 3):
        with open_port(board):
            assert board.status()["resets"] == opened
    with open_port(board) as port:
        base = BaseStation(port)
        base.next_result()
        board.command("reset")
        assert base.wait_for(FrameType.HELP)[0].source == 2  # it knows nothing of a tree
        assert base.raw.count(DELIMITER * 2) == 1  # and it has begun its stream anew


def test_opening_need_not_reset_the_board(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, "--no-reset-on-open") as board:
        with open_port(board) as port:
            (before,) = Listener(port).wait_for(FrameType.HELP)
        with open_port(board) as port:
            (after,) = Listener(port).wait_for(FrameType.HELP)
        assert 1 <= after.counter - before.counter < 10  # a busy machine misses some between the two
        assert board.status()["resets"] == 0


def test_a_new_client_does_not_see_what_another_left_unread(board: EmulatedBoard) -> None:
    with open_port(board) as port:
        wait(lambda: port.in_waiting > 1 or None, board.status, "a frame")
    wait_until_open(board, is_open=False)
    client = os.open(board.port, os.O_RDWR | os.O_NOCTTY)  # pyserial would throw away what it finds
    try:
        wait_until_open(board)
        opened_ms = board.status()["board_ms"]
        seen = b""
        while seen.count(DELIMITER) < 2 or seen.endswith(DELIMITER):  # a start's BOOT, and what follows it
            assert select.select([client], [], [], TIMEOUT_S)[0], seen
            seen += os.read(client, 256)
        assert seen[0:1] == DELIMITER
        assert board.status()["board_ms"] - opened_ms >= LISTEN_MS * 0.9
    finally:
        os.close(client)


def test_a_reset_runs_the_bootloader_for_a_second(tmp_path: Path) -> None:
    with EmulatedBoard(tmp_path, "--bootloader", str(BOOTLOADER)) as board, open_port(board) as port:
        opened_ms = board.status()["board_ms"]
        port.timeout = TIMEOUT_S
        port.write(b"0 ")  # STK_GET_SYNC, CRC_EOP
        assert port.read(2) == b"\x14\x10"  # STK_INSYNC, STK_OK
        base = BaseStation(port)
        assert board.status()["board_ms"] - opened_ms >= 1000
        assert felt(base.next_result()) == (123, 90)


# --- the program ---


def test_the_board_keeps_the_pace_of_the_wall_clock(board: EmulatedBoard) -> None:
    def read() -> tuple[float, int, float]:
        """The board's clock, between the wall clock before and after it was asked."""
        return time.monotonic() * 1000, board.status()["board_ms"], time.monotonic() * 1000

    started = now = read()
    while (board_ms := now[1] - started[1]) < 1_500:
        assert now[0] - started[0] < TIMEOUT_S * 1000, f"only {board_ms} ms"
        now = read()
    assert now[0] - started[2] - 300 <= board_ms <= now[2] - started[0] + 300


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
    eeprom = board.eeprom.read_bytes()
    assert eeprom_settings(eeprom) == Settings(node_id=0x1234)
    assert eeprom[EEPROM_BYTES:] == b"\xff" * (1024 - EEPROM_BYTES)


def test_the_eeprom_outlives_resets_and_runs(tmp_path: Path) -> None:
    """Each start reserves numbers (PROTOCOL.md 10.2), of one life."""
    limits = []
    for options in ({"node_id": 0xBEEF}, {}):
        board = EmulatedBoard(tmp_path, "--no-reset-on-open", **options)
        with board, open_port(board) as port:
            listener = Listener(port, hears_resets=True)
            for _ in range(3):
                seen = len(listener.raw)
                board.command("reset")
                wait(lambda: listener.raw[seen:] or None, listener.poll, "a byte of the board")  # noqa: B023
            assert listener.wait_for(FrameType.HELP)[0].source == 0xBEEF
        limit = eeprom_limit(board.eeprom.read_bytes())
        assert limit is not None
        limits.append(limit)
    # Each run starts once and is reset three times; its first start may not have come to the reserving.
    assert limits[0] % COUNTER_MODULUS // RESERVED_AHEAD in (3, 4)
    assert (limits[1] - limits[0]) // RESERVED_AHEAD in (3, 4)
    assert limits[0] >> LIFE_SHIFT == limits[1] >> LIFE_SHIFT


def test_a_board_leaves_the_link_to_the_one_that_took_it_over(tmp_path: Path) -> None:
    first = EmulatedBoard(tmp_path)
    with EmulatedBoard(tmp_path) as second:
        assert first.close() == 0
        with open_port(second) as port:
            assert felt(BaseStation(port).next_result()) == (123, 90)


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
        assert felt(BaseStation(port).next_result()) == (123, 90)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--firmware", str(FIRMWARE), "--mcu", "atmega9"], "atmega9: not a chip that is emulated"),
        ([], "--firmware is missing"),
        (["--firmware", "/none.elf"], "/none.elf: No such file"),
        (["--firmware", __file__], "not an AVR ELF file"),
        (["--firmware", str(FIRMWARE), "--temperature-c", "200"], "--temperature-c 200: takes -45 to 130"),
        (["--firmware", str(FIRMWARE), "--sensor-fault", "x"], "takes none, crc, nack or stuck"),
        (["--firmware", str(FIRMWARE), "--node-id", "65534"], "--node-id 65534: takes 0 to 65533"),
        (["--firmware", str(FIRMWARE), "--node-id", "two"], "--node-id two: takes 0 to 65533"),
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
