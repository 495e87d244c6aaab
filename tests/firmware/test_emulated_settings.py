"""What a board's settings do (PROTOCOL.md 16.2), on the image of an Uno."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.native.board import UNO, Board
from protocol.endpoint import Endpoint
from protocol.keys import Keys, Membership
from protocol.long_counter import LongCounter
from protocol.packets import Boot, Frame, FrameType, Sync, decode, encode
from protocol.proofs import INTRODUCTION_MS
from protocol.settings import (
    SLOTS_ADDRESS,
    Sensors,
    Settings,
    eeprom_image,
    eeprom_settings,
    flash_page,
    settings_crc,
)
from protocol.settings import encode as encode_settings
from protocol.wire_format import SEALED_BIT
from tests.firmware.board import BOOTLOADER, EmulatedBoard
from tests.firmware.virtual_line import VirtualLine, open_root

pytestmark = pytest.mark.usefixtures("built_board")

BOARD_ID = 7
PLAIN = Settings(node_id=BOARD_ID, sensors=Sensors.SHT31)
# The aim is 600.
LEAST_UNTOUCHED_BYTES = 512
PAGE_ADDRESS = 0x7780


def board_of(settings: Settings, *, has_sensor: bool = True) -> Board:
    return Board(UNO, eeprom_image(settings), has_sensor=has_sensor)


# --- sensors ---


def felt(sensors: Sensors, millivolts: dict[int, int], *, has_sensor: bool = True) -> dict[int, int | None]:
    """The board's readings by metric, raw; None of a metric that the result has an empty aggregate of."""
    board = board_of(replace(PLAIN, sensors=sensors), has_sensor=has_sensor)
    board.set_climate(21.5, 45.0)
    for pin, level in millivolts.items():
        board.set_analog(pin, level)
    line = VirtualLine(board, open_root())
    line.run(4_000)
    aggregates = dict(line.results[-1].items.aggregates)
    return {metric: a.max if a.count else None for metric, a in aggregates.items()}


DRY_MV, WET_MV, CALM_MV, STORM_MV = 2_930, 1_370, 400, 2_000


@pytest.mark.parametrize(
    ("sensors", "millivolts", "readings"),
    [
        (Sensors.SHT31, {}, {0: 123, 1: 90}),
        (Sensors.SOIL_MOISTURE, {0: DRY_MV}, {2: 0}),
        (Sensors.SOIL_MOISTURE, {0: WET_MV}, {2: 200}),
        (Sensors.SOIL_MOISTURE, {0: (DRY_MV + WET_MV) // 2}, {2: 100}),
        (Sensors.WIND, {1: CALM_MV}, {4: 0}),
        (Sensors.WIND, {1: (CALM_MV + STORM_MV) // 2}, {4: 65}),  # 16.2 m/s
        (Sensors.WIND, {1: STORM_MV}, {4: 130}),
        (
            Sensors.SHT31 | Sensors.SOIL_MOISTURE | Sensors.WIND,
            {0: WET_MV, 1: CALM_MV},
            {0: 123, 1: 90, 2: 200, 4: 0},
        ),
        (Sensors.SYNTHETIC, {}, {0: 117, 1: 113}),
    ],
)
def test_a_board_measures_what_is_wired(
    sensors: Sensors, millivolts: dict[int, int], readings: dict[int, int]
) -> None:
    measured = felt(sensors, millivolts)
    assert measured.keys() == readings.keys()
    for metric, raw in readings.items():
        assert measured[metric] == pytest.approx(raw, abs=1), metric


@pytest.mark.parametrize(("sensors", "pin"), [(Sensors.SOIL_MOISTURE, 0), (Sensors.WIND, 1)])
@pytest.mark.parametrize("millivolts", [0, 5_000])
def test_a_wire_that_is_loose_gives_no_reading(sensors: Sensors, pin: int, millivolts: int) -> None:
    assert set(felt(sensors, {pin: millivolts}).values()) == {None}


def test_an_sht31_that_should_be_there_is_not_made_up() -> None:
    assert set(felt(Sensors.SHT31, {}, has_sensor=False).values()) == {None}


# --- the light ---


LIGHT_MS = 4_096
PERIOD_MS = 15_000


def flashes(board: Board, *, in_tree: bool) -> int:
    """Of the light while no frame comes or goes, in a time in which it tells once what is wrong."""
    line = VirtualLine(board, open_root(period_ms=PERIOD_MS) if in_tree else None)
    line.run(2 * PERIOD_MS + PERIOD_MS // 2)  # in the middle of a round
    before, sent = board.counts().led_blinks, len(line.frames)
    line.run(LIGHT_MS)
    return board.counts().led_blinks - before - (len(line.frames) - sent)


def test_the_light_tells_what_is_wrong() -> None:
    assert flashes(board_of(PLAIN), in_tree=True) == 0
    assert flashes(board_of(PLAIN), in_tree=False) == 1
    assert flashes(board_of(PLAIN, has_sensor=False), in_tree=True) == 2
    assert flashes(Board(UNO, b""), in_tree=True) == 3
    lost = bytearray(eeprom_image(replace(PLAIN, first_life=5)))
    lost[SLOTS_ADDRESS] ^= 1
    assert flashes(Board(UNO, bytes(lost)), in_tree=True) == 4


# --- who is heard, and where settings come from ---


@pytest.mark.parametrize(("neighbours", "is_heard"), [((), True), ((4, 0), True), ((4, 5), False)])
def test_only_the_neighbours_of_the_filter_are_heard(neighbours: tuple[int, ...], is_heard: bool) -> None:
    line = VirtualLine(board_of(replace(PLAIN, neighbours=neighbours)))
    line.run(200)
    line.send(encode(Frame(FrameType.DISCOVERY, 0, 0xFFFF, 1, Sync(0, 0, 0, 5_000))))
    line.run(1_000)
    answered = FrameType.DISC_ACK in {decode(frame).type for frame in line.frames}
    assert answered is is_heard


def test_a_board_tells_its_host_what_it_runs_with() -> None:
    line = VirtualLine(board_of(PLAIN))
    line.run(200)
    boot = decode(line.frames[0]).payload
    assert isinstance(boot, Boot)
    assert (boot.cause, boot.flags, boot.settings_crc) == (1, 0, settings_crc(encode_settings(PLAIN)))


def test_a_board_with_a_radio_tells_nobody() -> None:
    line = VirtualLine(board_of(replace(PLAIN, air_baud=115_200)))
    line.run(900)
    assert line.frames == []


def test_settings_in_flash_are_taken_over(tmp_path: Path) -> None:
    page = tmp_path / "page.bin"
    page.write_bytes(flash_page(replace(PLAIN, hold_s=77)))
    at = ["--change-addresses", hex(PAGE_ADDRESS)]
    subprocess.run(
        ["avr-objcopy", "-I", "binary", "-O", "ihex", *at, page, tmp_path / "page.hex"], check=True
    )
    *bootloader, end = BOOTLOADER.read_text().splitlines(keepends=True)
    *lines, _ = (tmp_path / "page.hex").read_text().splitlines(keepends=True)
    both = tmp_path / "both.hex"
    both.write_text("".join([*bootloader, *lines, end]))
    board = EmulatedBoard(tmp_path, "--bootloader", str(both), "--fast")
    while board.status()["board_ms"] < 3_000:
        pass
    assert board.close() == 0
    assert eeprom_settings(board.eeprom.read_bytes()) == replace(PLAIN, hold_s=77)


def test_a_flood_of_forged_frames_stops_no_timer() -> None:
    """Back to back for longer than the watchdog waits, each as if it were sealed and for the board."""
    keys = Keys.of_master(bytes(16), 0).of_member(BOARD_ID)
    settings = replace(PLAIN, network_key=keys.network, node_key=keys.node, first_life=9)
    line = VirtualLine(board_of(settings))
    line.run(INTRODUCTION_MS + 100)
    head = bytes([FrameType.DATA | SEALED_BIT, 0, 3, 0, BOARD_ID])
    for number in range(1_000):
        line.send(head + number.to_bytes(3, "big") + bytes(17))
        line.run(3)
    types = [frame[0] & 0x1F for frame in line.frames]
    assert types.count(FrameType.BOOT) == 1
    assert types.count(FrameType.HELP) >= 2
    assert 2 <= types.count(FrameType.CHALLENGE) <= 1 + 4  # to all, and to the stranger once a second


# --- the stack ---


def test_a_part_of_the_stack_is_never_touched() -> None:
    """In a sealed network, with a child, rounds and answers: the deepest calls that there are."""
    keys = Keys.of_master(bytes(16), 0)
    member = keys.of_member(BOARD_ID)
    settings = replace(
        PLAIN,
        network_key=member.network,
        node_key=member.node,
        controller=0,
        gateways=(0,),
        neighbours=(0, 1, 2, 3),
        first_life=9,
    )
    root = Endpoint(
        0,
        lambda now_ms: open_root(),
        membership=Membership(keys, gateways=frozenset({0}), controller=0),
        counter=LongCounter(5 << 24),
        seed=1,
        now_ms=0,
    )
    line = VirtualLine(board_of(settings), root)
    line.run(4_000)
    root.change_setting(BOARD_ID, 14, b"\x00\x20", line.now_ms)
    root.rekey(BOARD_ID, 1, line.now_ms)
    line.run(3_000)
    root.begin_epoch()
    line.run(5_000)
    assert dict(line.results[-1].items.aggregates)[0].count == 1
    untouched = line.board.counts().untouched_bytes
    print(f"{untouched} bytes of the stack were never touched")
    assert untouched >= LEAST_UNTOUCHED_BYTES
