"""`treering flash`: what it refuses before it writes, and what it makes of avrdude's words."""

import os
import shutil
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from intelhex import IntelHex

from bridge.errors import TreeringError, UsageError
from desktop.command import main
from firmware.field import flash
from firmware.field.description import Board
from protocol.settings import Settings, decode, flash_page, read_copy
from tests.firmware.board import BOOTLOADER, EmulatedBoard, build
from tests.firmware.field.test_description import GARDEN

PAGE = flash_page(Settings(node_id=7))


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    path = tmp_path / "garden.toml"
    path.write_text("open = true\n" + GARDEN)
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--node", "9", "--port", "p"], "garden.toml: no node 9; its nodes are 1, 7, 8"),
        (["--node", "1", "--port", "p"], "garden.toml: node 1 is a Pi; `treering provision` says what to do"),
        (["--node", "7", "--port", "/dev/no-such"], "/dev/no-such: no such serial port; `treering ports`"),
        (["--node", "7", "--port", "p", "--image", "no.hex"], "no.hex: no image ("),
    ],
)
def test_what_cannot_be_flashed_is_refused(
    garden: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flash", "--field", str(garden), *options]) == 2
    assert said in capsys.readouterr().err


def test_settings_go_into_the_page_before_the_bootloader(tmp_path: Path) -> None:
    image = IntelHex()
    image.puts(0, b"program")
    path = tmp_path / "image.hex"
    image.write_hex_file(str(path))
    merged = flash.merged(path, PAGE, flash.TARGETS[Board.UNO])
    assert merged.gets(0, 7) == b"program"
    assert merged.gets(0x7780, len(PAGE)) == PAGE
    assert merged.maxaddr() == 0x77FF


def test_an_image_that_reaches_into_the_page_is_refused(tmp_path: Path) -> None:
    image = IntelHex()
    image.puts(0x777F, b"\x01\x02")
    path = tmp_path / "image.hex"
    image.write_hex_file(str(path))
    with pytest.raises(UsageError, match="where the settings belong"):
        flash.merged(path, PAGE, flash.TARGETS[Board.NANO])


@pytest.mark.parametrize(
    ("printed", "cause"),
    [
        (
            "avrdude: stk500_getsync() attempt 1 of 10: not in sync: resp=0x00\n",
            "no bootloader answers at 57600",
        ),
        ("avrdude error: verification error, first mismatch at byte 0x0010\n", "is not what was written"),
        ("avrdude: Device signature = 0x1e9514 expected signature is 1e 95 0f\n", "board is of another kind"),
        ("avrdude: something new\n\n", "avrdude failed (avrdude: something new)"),
        ("", "avrdude failed (it said nothing)"),
    ],
)
def test_what_avrdude_says_is_told_with_its_remedy(printed: str, cause: str) -> None:
    told = flash.cause(printed, 57_600)
    assert cause in told
    assert ";" in told


def test_no_board_begins_in_the_life_of_the_one_whose_place_it_takes(
    garden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would send other frames under the same key and nonces, and old ones would be good again."""
    lives = []

    def write(
        image: IntelHex, target: flash.Target, port: str, baud: int, on_output: Callable[[bytes], object]
    ) -> None:
        copy = read_copy(image.tobinstr(target.page_address))
        assert copy is not None
        lives.append(decode(copy[1]).first_life)
        raise TreeringError("unplugged")

    garden.write_text(GARDEN)
    assert main(["provision", str(garden)]) == 0
    program = IntelHex()
    program.puts(0, b"program")
    program.write_hex_file(str(tmp_path / "image.hex"))
    monkeypatch.setattr(flash, "open_port", lambda port, baud: StringIO())
    monkeypatch.setattr(flash, "_write", write)
    of_node_7 = ["--field", str(garden), "--node", "7", "--image", str(tmp_path / "image.hex")]
    for _ in range(3):
        assert main(["flash", *of_node_7, "--port", "spare"]) == 1
    assert None not in lives
    assert len(set(lives)) == 3


# --- a board -----------------------------------------------------------------------------------------------

RADIO_NODE = '\n[[node]]\nid = 9\nboard = "uno"\nair_baud = 115200\n'


@pytest.mark.timeout(150)
@pytest.mark.skipif(sys.platform != "linux", reason="the emulated board is Linux's")
def test_a_board_becomes_the_node_that_the_description_says(
    garden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The emulated Uno behind its own bootloader, written by the real avrdude, first as 7, then as 9."""
    if shutil.which("avrdude") is None and "CI" not in os.environ:
        pytest.skip("avrdude is not installed (Debian: apt install avrdude)")
    build()
    garden.write_text(GARDEN + RADIO_NODE)
    assert main(["provision", str(garden)]) == 0
    capsys.readouterr()
    with EmulatedBoard(tmp_path, "--bootloader", str(BOOTLOADER)) as board:
        for node, told in ((7, "(sealed, settings "), (9, "(sealed)")):
            options = ["--field", str(garden), "--port", board.port, "--node", str(node)]
            assert main(["flash", *options]) == 0
            assert f"node {node} runs on the uno at {board.port} {told}" in capsys.readouterr().out
