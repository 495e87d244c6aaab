"""A board's port is opened again and again, each time with a reset: does anything hang, is any frame lost?

    python -m benchmarks.openings --times 10000

The board is emulated and runs the Uno's image in a sealed network, half of the time behind its bootloader,
whose chatter comes first; the port is a pty, the reader the bridge's own serial link. After each opening the
board says BOOT with the number of its first frame; frames are counted from there, so that any that is lost
shows as a gap. The port is closed at any moment, also in the middle of a frame.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.build import make
from benchmarks.cores import BrokenError
from bridge.link import LinkState, one_by_one
from bridge.serial_link import SerialLink
from firmware.native.library import BUILD
from protocol.keys import Keys
from protocol.packets import Boot, FrameError, decode, peek_header
from protocol.sealed_reader import SealedReader
from protocol.settings import Settings, eeprom_image

NODE_ID = 7
LIFE = 0x5EED0001
KEYS = Keys.of_master(bytes(range(16)), 1).of_member(NODE_ID)
FRAMES = 2  # to be heard after each opening: BOOT, and the CHALLENGE that introduces the node
# So many frames without BOOT: those that the port still held from before the opening are fewer.
MOST_WITHOUT_BOOT = 5
OPENING_TIMEOUT_S = 30.0


@dataclass
class Openings:
    """What came of them."""

    times: int = 0
    frames: int = 0
    lost: int = 0
    most_lost: int = 0
    undecoded: int = 0
    slowest_s: float = 0.0
    seconds: float = 0.0


@dataclass
class Heard:
    """What a link has brought since it was opened."""

    counters: set[int] = field(default_factory=set)
    boot: Boot | None = None
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._reader = SealedReader(KEYS, NODE_ID, {NODE_ID: LIFE})

    def take(self, data: bytes) -> None:
        self.counters.add(peek_header(data)[3])
        opened = self._reader.open(data)
        if isinstance(opened, bytes):
            with contextlib.suppress(FrameError):
                payload = decode(opened).payload
                self.boot = payload if isinstance(payload, Boot) else self.boot
        if self.boot is not None and len(self.of_this_start) >= FRAMES:
            self.enough.set()
        if self.boot is None and len(self.counters) > MOST_WITHOUT_BOOT:
            self.enough.set()  # it was lost

    @property
    def of_this_start(self) -> set[int]:
        """The numbers of the frames since the start that BOOT names; the port may bring older ones first."""
        if self.boot is None:
            return self.counters
        return {number for number in self.counters if number >= self.boot.boot_counter}

    @property
    def lost(self) -> int:
        """Frames between the start's first and the newest that were not heard; without BOOT that one."""
        heard = self.of_this_start
        if self.boot is None:
            return max(heard) + 1 - min(heard) - len(heard) + 1
        return max(heard) + 1 - self.boot.boot_counter - len(heard)


async def open_again(port: str, times: int, seed: int) -> Openings:
    """Open and close the port so many times. Raises BrokenError when the board is not heard."""
    rng = random.Random(seed)
    done = Openings()
    for number in range(times):
        link, heard = SerialLink(port), Heard()
        opened_s = time.monotonic()
        await link.start(one_by_one(heard.take), _ignore)
        try:
            await asyncio.wait_for(heard.enough.wait(), OPENING_TIMEOUT_S)
        except TimeoutError:
            raise BrokenError(
                f"opening {number} of seed {seed}: {len(heard.counters)} frames in {OPENING_TIMEOUT_S:g} s,"
                f" BOOT {'heard' if heard.boot else 'not heard'}"
            ) from None
        done.slowest_s = max(done.slowest_s, time.monotonic() - opened_s)
        await asyncio.sleep(rng.uniform(0, 0.01))  # in the middle of whatever the board says then
        await link.close()
        done.times += 1
        done.frames += len(heard.of_this_start)
        done.lost += heard.lost
        done.most_lost = max(done.most_lost, heard.lost)
        done.undecoded += sum(link.drops.values())
    return done


def _ignore(state: LinkState) -> None:
    """A port that goes away is found by the time-out."""


def measure(times: int, boards: int, seed: int, *, with_bootloader: bool) -> Openings:
    """Open the ports of so many emulated boards at the same time. Raises BrokenError."""
    begun_s = time.monotonic()
    shares = [times // boards + (number < times % boards) for number in range(boards)]
    with ThreadPoolExecutor(boards) as pool:
        jobs = [
            pool.submit(_measure_one, share, seed + number, with_bootloader)
            for number, share in enumerate(shares)
        ]
        parts = [job.result() for job in jobs]
    return Openings(
        times=sum(part.times for part in parts),
        frames=sum(part.frames for part in parts),
        lost=sum(part.lost for part in parts),
        most_lost=max(part.most_lost for part in parts),
        undecoded=sum(part.undecoded for part in parts),
        slowest_s=max(part.slowest_s for part in parts),
        seconds=time.monotonic() - begun_s,
    )


def _measure_one(times: int, seed: int, with_bootloader: bool) -> Openings:
    with tempfile.TemporaryDirectory() as folder:
        port, eeprom = Path(folder) / "uno", Path(folder) / "eeprom.bin"
        settings = Settings(
            NODE_ID, epoch=KEYS.epoch, network_key=KEYS.network, node_key=KEYS.node, first_life=LIFE
        )
        eeprom.write_bytes(eeprom_image(settings))
        command = [
            *(BUILD / "treering-board", "--firmware", BUILD / "treering-uno.elf"),
            *("--pty-link", port, "--eeprom", eeprom),
        ]
        if with_bootloader:
            command += ["--bootloader", BUILD / "optiboot-uno.hex"]
        board = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert board.stdout is not None
            board.stdout.readline()  # the name of the port: it is there
            return asyncio.run(open_again(str(port), times, seed))
        finally:
            board.communicate(b"quit\n", timeout=10)


def build() -> None:
    """The image and the emulator. Raises CalledProcessError and TimeoutExpired."""
    make("all", "emulator")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.openings", description=__doc__)
    parser.add_argument("--times", type=int, default=1000, metavar="N")
    parser.add_argument("--boards", type=int, default=8, metavar="N", help="at the same time")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    build()
    worst = 0
    for with_bootloader in (False, True):
        done = measure(args.times // 2, args.boards, args.seed, with_bootloader=with_bootloader)
        behind = "behind its bootloader" if with_bootloader else "at once"
        print(
            f"{done.times:,} openings, the board starts {behind}: {done.frames:,} frames heard,"
            f" {done.lost} lost, at most {done.most_lost} an opening; {done.undecoded} pieces of noise;"
            f" slowest {done.slowest_s:.2f} s, {done.seconds:.0f} s in all"
        )
        worst = max(worst, done.most_lost)
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
