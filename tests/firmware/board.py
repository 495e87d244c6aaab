"""An emulated Arduino Uno as a test sees it: a serial port, a console, an end. Linux only, like the emulator.

build()
with EmulatedBoard(tmp_path, "--temperature-c", "30", node_id=7) as board:
    port = serial.Serial(board.port, 115200, timeout=5)
    board.command("fault crc")
"""

import functools
import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict, cast

from benchmarks.build import make
from firmware.native.library import BUILD

BOARD = BUILD / "treering-board"
FIRMWARE = BUILD / "treering-uno.elf"
BOOTLOADER = BUILD / "optiboot-uno.hex"

ANSWER_TIMEOUT_S = 10.0


class BoardError(Exception):
    """The board refused a command, or has ended."""


class BoardStatus(TypedDict):
    """What the console's `status` tells; the byte counts are for the whole run."""

    board_ms: int  # by the board's own clock
    resets: int
    led_blinks: int
    port_open: bool
    received: int  # bytes the AVR's UART took
    sent: int  # bytes a client was given
    dropped: int  # bytes the AVR sent while nobody read


@functools.cache
def build() -> None:
    """Build the firmware, the emulator and the bootloader, unless they are up to date."""
    make("all", "emulator")


class EmulatedBoard:
    """A running `treering-board` on the firmware image; `options` are its command-line options.

    `directory` takes the link to the serial port and the EEPROM file. A `node_id` is put into the EEPROM.
    """

    def __init__(self, directory: Path, *options: str, node_id: int | None = None) -> None:
        self.port = str(directory / "uno")
        self.eeprom = directory / "eeprom.bin"
        command: list[str | Path] = [
            BOARD,
            "--firmware",
            FIRMWARE,
            "--pty-link",
            self.port,
            "--eeprom",
            self.eeprom,
            *([] if node_id is None else ["--node-id", str(node_id)]),
            *options,
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._unread = b""
        self._read_line()  # the name of the port: the link is there

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def command(self, text: str) -> None:
        """Carry out a console command. Raises BoardError if the board refuses it."""
        answer = self._ask(text)
        if answer != "ok":
            raise BoardError(f"{text}: {answer}")

    def status(self) -> BoardStatus:
        return cast(BoardStatus, json.loads(self._ask("status")))

    def close(self) -> int:
        """End the program as a service manager would, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(ANSWER_TIMEOUT_S)
        finally:
            self.process.kill()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()

    def _ask(self, text: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")
        return self._read_line()

    def _read_line(self) -> str:
        assert self.process.stdout is not None
        deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
        while b"\n" not in self._unread:
            left_s = max(0.0, deadline_s - time.monotonic())
            if not select.select([self.process.stdout], [], [], left_s)[0]:
                raise BoardError(f"the board said nothing for {ANSWER_TIMEOUT_S} s")
            received = os.read(self.process.stdout.fileno(), 4096)
            if not received:
                raise BoardError(f"the board ended with exit code {self.process.wait(ANSWER_TIMEOUT_S)}")
            self._unread += received
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode()
