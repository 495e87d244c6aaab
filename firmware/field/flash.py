"""`treering flash`: writes a node's image and settings to its board with avrdude, and sees it start.

The settings lie in the 128 bytes before the bootloader (PROTOCOL.md 16.2), so that one write makes a node:
not every bootloader can write an EEPROM.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import serial
from intelhex import HexReaderError, IntelHex

from bridge.errors import TreeringError, UsageError
from bridge.keys_file import NetworkKeys, load_keys
from bridge.serial_port import open_port
from firmware.field.description import Board, Field, FieldNode, read_field
from firmware.field.provision import KEYS_FILE, board_settings
from protocol.framing import Deframer
from protocol.packets import SEALED_BIT, Boot, Frame, FrameError, FrameType, Network, decode, peek_header
from protocol.sealed_reader import SealedReader
from protocol.settings import ERASED, Settings, encode, flash_page, settings_crc

HELP = "write a node's image and settings to its board"
ROOT = Path(__file__).resolve().parents[2]
READY_IMAGES = ROOT / "build" / "firmware"
HOST_BAUD = 115_200
# A bootloader waits for a second or eight (Leonardo); then the node says BOOT.
START_TIMEOUT_S = 15.0
BUILD_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Target:
    """How avrdude reaches a board (boards.txt of the Arduino core), and where its settings' page is."""

    part: str
    programmer: str
    baud: int
    page_address: int
    image: str


TARGETS = {
    Board.UNO: Target("m328p", "arduino", 115_200, 0x7780, "uno"),
    Board.NANO: Target("m328p", "arduino", 57_600, 0x7780, "uno"),
    Board.MEGA: Target("m2560", "wiring", 115_200, 0x3DF80, "mega"),
    Board.LEONARDO: Target("m32u4", "avr109", 57_600, 0x6F80, "leonardo"),
}
# Boards with a port for the radio besides that for the host.
GATEWAYS = (Board.MEGA, Board.LEONARDO)
# The suffix of an image's name; a gateway is the root of a tree.
_NETWORK_SUFFIX = {Network.TREE: "", Network.RING: "-ring", Network.POLLING: "-polling"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--field", type=Path, required=True, metavar="FIELD.toml", help="its description")
    parser.add_argument("--node", type=int, required=True, metavar="ID", help="the node that this board is")
    parser.add_argument("--port", required=True, help="the board's serial port; `treering ports` lists them")
    parser.add_argument("--image", type=Path, metavar="HEX", help="this image, not the ready one")
    parser.add_argument(
        "--keys",
        metavar="FILE",
        help=f"the field's keys: {KEYS_FILE} of its folder without this; or keyring:NAME",
    )
    parser.add_argument("--baud", type=int, metavar="N", help="of the bootloader (a Nano of 2018 on: 115200)")


def run(args: argparse.Namespace) -> int:
    field = read_field(args.field)
    node = _board_of(field, args.node, args.field)
    keys = None if field.is_open else _keys(field, args)
    told = flash(
        field, node, args.port, keys, image=args.image, baud=args.baud, on_step=_say, on_output=_echo
    )
    print(told)
    return 0


def flash(
    field: Field,
    node: FieldNode,
    port: str,
    keys: NetworkKeys | None,
    *,
    image: Path | None = None,
    baud: int | None = None,
    on_step: Callable[[str], object],
    on_output: Callable[[bytes], object],
) -> str:
    """Write a node's image and settings to the board at that port, and see it start; in words, what runs.

    `on_step` gets what is done now, `on_output` what avrdude prints, as it comes. Raises UsageError for what
    cannot be, TreeringError for what failed.
    """
    if keys is not None:  # another board than the last of that id must not begin where that one began
        keys = replace(keys, lives={**keys.lives, node.node_id: secrets.randbits(32)})
    settings = board_settings(field, node, keys)
    target = TARGETS[node.board]
    made = merged(image or ready_image(node, field.network, on_step), flash_page(settings), target)
    open_port(port, HOST_BAUD).close()  # a port that cannot be had is told before anything else
    on_step(f"writing node {node.node_id} to {port} ...")
    _write(made, target, port, baud or target.baud, on_output)
    on_step(f"waiting for node {node.node_id} to start ...")
    first = _await_start(port, node, keys)
    told = ["open" if keys is None else "sealed"]
    if isinstance(first.payload, Boot):
        _verify(first.payload, node.node_id, settings, port)
        told += [f"settings {first.payload.settings_crc:04x}", f"flags {first.payload.flags:02x}"]
    return f"node {node.node_id} runs on the {node.board} at {port} ({', '.join(told)})"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _echo(piece: bytes) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(piece.decode(errors="replace"))
        sys.stderr.flush()


def _board_of(field: Field, node_id: int, path: Path) -> FieldNode:
    try:
        node = field.node(node_id)
    except KeyError:
        ids = ", ".join(str(node.node_id) for node in field.nodes)
        raise UsageError(f"{path}: no node {node_id}; its nodes are {ids}") from None
    if not node.board.is_arduino:
        raise UsageError(
            f"{path}: node {node_id} is a Pi; `treering provision` says what to do with its files"
        )
    return node


def _keys(field: Field, args: argparse.Namespace) -> NetworkKeys:
    where = args.keys or str(args.field.parent / field.name / KEYS_FILE)
    keys = load_keys(where)
    if keys.master is None:
        raise UsageError(f"{where}: a member's keys make no other node; give --keys the field's own")
    return keys


# --- the image -------------------------------------------------------------------------------------------


def ready_image(
    node: FieldNode, network: Network, on_step: Callable[[str], object] = lambda text: None
) -> Path:
    """The image for that board and network, built if it is not there. Raises UsageError."""
    path = READY_IMAGES / f"treering-{TARGETS[node.board].image}{_NETWORK_SUFFIX[network]}.hex"
    if path.exists():
        return path
    if not (ROOT / "firmware" / "Makefile").exists() or shutil.which("make") is None:
        raise UsageError(f"{path}: no such image; run `make firmware` in a clone, or give --image HEX")
    on_step(f"building {path.name} ...")
    try:
        command = ["make", "-s", "-C", str(ROOT / "firmware"), "all"]
        subprocess.run(command, check=True, timeout=BUILD_TIMEOUT_S, stdout=sys.stderr)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise TreeringError(f"{path.name}: cannot be built ({error}); its messages are above") from error
    if not path.exists():
        raise UsageError(
            f"{path}: there is no image for {network.name.lower()} on this board; give --image HEX"
        )
    return path


def merged(path: Path, page: bytes, target: Target) -> IntelHex:
    """The image with the settings in their place. Raises UsageError."""
    try:
        image = IntelHex(str(path))
    except (OSError, HexReaderError) as error:
        raise UsageError(f"{path}: no image ({error}); name an Intel HEX file") from error
    if any(target.page_address <= address and image[address] != ERASED for address in image.addresses()):
        raise UsageError(
            f"{path}: reaches into 0x{target.page_address:x}, where the settings belong; make it smaller"
        )
    image.puts(target.page_address, page)
    return image


# --- avrdude ---------------------------------------------------------------------------------------------


def _write(
    image: IntelHex, target: Target, port: str, baud: int, on_output: Callable[[bytes], object]
) -> None:
    """Raises TreeringError with what to do."""
    if shutil.which("avrdude") is None:
        raise UsageError(
            "avrdude is not installed; install it (Debian: apt install avrdude, macOS: brew install avrdude)"
        )
    if target.programmer == "avr109":
        _touch(port)
    with tempfile.TemporaryDirectory() as folder:  # of mode 0700: the image bears keys
        path = Path(folder) / "node.hex"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            image.write_hex_file(file)
        command = ["avrdude", "-p", target.part, "-c", target.programmer, "-P", port, "-b", str(baud)]
        ended, printed = _run([*command, "-D", "-U", f"flash:w:{path}:i"], on_output)
    if ended != 0:
        raise TreeringError(f"{port}: {cause(printed, baud)}")


def _run(command: list[str], on_output: Callable[[bytes], object]) -> tuple[int, str]:
    """Run it and hand on what it prints as it comes; exit code, and all that it printed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    printed = bytearray()
    while piece := os.read(process.stdout.fileno(), 4096):
        printed += piece
        on_output(piece)
    process.stdout.close()
    return process.wait(), printed.decode(errors="replace")


def cause(printed: str, baud: int) -> str:
    """Why avrdude failed, by what it printed, and what to do."""
    if "not in sync" in printed or "not responding" in printed or "timeout" in printed:
        return (
            f"no bootloader answers at {baud} baud; unplug the radio's TXD, check `board` in the description,"
            " and try --baud 115200 or 57600 for a Nano"
        )
    if "mismatch" in printed or "verification error" in printed:
        return "what is in the board's flash is not what was written; try again, or another board"
    if "signature" in printed:
        return "the board is of another kind; check `board` in the description"
    last = [line for line in printed.strip().splitlines() if line.strip()]
    return f"avrdude failed ({last[-1].strip() if last else 'it said nothing'}); try again"


def _touch(port: str) -> None:
    """A Leonardo starts its bootloader when its port is opened at 1200 baud and closed."""
    touched = open_port(port, 1200)
    touched.close()
    time.sleep(2.0)  # the port goes away and comes back, and nothing tells when; boards.txt waits too


# --- the start -------------------------------------------------------------------------------------------


def _await_start(port: str, node: FieldNode, keys: NetworkKeys | None) -> Frame:
    """The node's first words after its board was reset: BOOT, or of a board whose only port is its radio's,
    which has no host to tell, any frame. Raises TreeringError."""
    reader = None
    if keys is not None:
        membership = keys.membership_of(node.node_id)
        assert membership.keys is not None
        reader = SealedReader(membership.keys, node.node_id, keys.lives)
    has_host = node.board in GATEWAYS or node.air_baud is None
    line = open_port(
        port, HOST_BAUD if has_host or node.air_baud is None else node.air_baud
    )  # resets the board
    try:
        for data in _frames(line):
            frame = _read(data, reader)
            if frame is None or frame.source != node.node_id:
                continue
            if frame.type is FrameType.BOOT or not has_host:
                return frame
    finally:
        line.close()
    raise TreeringError(
        f"{port}: the image is written, but node {node.node_id} did not say that it runs within"
        f" {START_TIMEOUT_S:g} s; press reset and try again, or flash it once more"
    )


def _frames(line: serial.Serial) -> Iterator[bytes]:
    deframer = Deframer()
    end_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end_s:
        yield from deframer.feed(line.read(max(1, line.in_waiting)))


def _read(data: bytes, reader: SealedReader | None) -> Frame | None:
    """The frame that these bytes are; an open one would not show that the keys are there."""
    try:
        first, *_ = peek_header(data)
        if reader is not None:
            if not first & SEALED_BIT:
                return None
            reader.learn(data)
            opened = reader.open(data)
            if not isinstance(opened, bytes):
                return None
            data = opened
        return decode(data)
    except FrameError:
        return None


def _verify(boot: Boot, node_id: int, settings: Settings, port: str) -> None:
    if boot.settings_crc != settings_crc(encode(settings)):
        raise TreeringError(
            f"{port}: node {node_id} runs with other settings than the description's;"
            " they were changed on the air, or its EEPROM is worn out: flash it again"
        )
