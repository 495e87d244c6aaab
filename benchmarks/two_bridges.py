"""Two `treering bridge` processes joined over TCP, an emulated gateway and five agents at each: one picture?

Each cable is pulled and put back in turn, over and over, for a moment or for long: the serial line of each
gateway, the TCP joint (nothing goes through, and nobody is told), the UDP of one side. Every frame of both
packet logs is then looked at.
Linux; `make firmware` builds the boards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.agents import AGENT, AgentError, load, measured
from benchmarks.one_picture import Picture
from benchmarks.ports import free_port
from benchmarks.tcp_proxy import TcpProxy
from bridge.addresses import Address, address_text
from bridge.capture_file import read_records
from bridge.udp_link import LOOPBACK
from firmware.native.library import BUILD
from protocol.aggregate import TEMPERATURE
from protocol.settings import Roles, Sensors, Settings, eeprom_image

BRIDGE = (*AGENT[:-2], "bridge")
ROOT = 1
GATEWAYS = (2, 3)
AGENTS = ((11, 12, 13, 14, 15), (21, 22, 23, 24, 25))
NODES = len(GATEWAYS) + sum(map(len, AGENTS))  # that measure: the root does not
MEGA_EEPROM_BYTES = 4096
PERIOD_S = 1.0
# Of a cable that is pulled: until its nodes are given up, and, put back, until all are counted again.
GONE_WITHIN_S, BACK_WITHIN_S = 30.0, 60.0
LONG_S = 12.0  # longer than both ends of the joint bear silence
QUIET_S = 5.0


def main() -> int:
    """0 if the logs show what they should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="how often each cable is pulled (default: 5)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found = measured("two bridges", _run(Path(folder), stack, args.turns))
    return 1 if found is None else found


class Gateway:
    """An emulated Mega with two ports; nobody is on its air."""

    def __init__(self, folder: Path, node: int, stack: ExitStack) -> None:
        self.port = folder / f"gateway-{node}"
        self._eeprom = folder / f"gateway-{node}.eeprom"
        settings = Settings(node_id=node, roles=Roles.GATEWAY, sensors=Sensors.SHT31, air_baud=115_200)
        self._eeprom.write_bytes(eeprom_image(settings).ljust(MEGA_EEPROM_BYTES, b"\xff"))
        self.plug()
        stack.callback(self.unplug)

    def plug(self) -> None:
        """It starts, as on USB."""
        command = [str(BUILD / "treering-board"), "--mcu", "atmega2560", "--pty-link", str(self.port)]
        command += ["--firmware", str(BUILD / "treering-mega.elf"), "--eeprom", str(self._eeprom)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)

    def unplug(self) -> None:
        """Its line goes with it."""
        self._process.terminate()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()


class Side:
    """A bridge, its gateway and its agents; the newest count of its results."""

    def __init__(self, folder: Path, index: int, stack: ExitStack) -> None:
        self.name = "AB"[index]
        self.log = folder / f"{self.name}.pcapng"
        self.gateway = Gateway(folder, GATEWAYS[index], stack)
        self.count = 0
        self._folder = folder / self.name
        self._folder.mkdir()
        self._config = self._folder / "bridge.toml"
        self._udp_port = free_port()
        self._index = index
        self._stack = stack
        self._process: subprocess.Popen[str] | None = None

    def start(self, joints: str) -> None:
        """The processes; `joints` is TOML that says where the bridge listens and to whom it connects."""
        self._joints = joints
        self._write(has_udp=True)
        command = [*BRIDGE, "--config", str(self._config), "--log", str(self.log), "--json"]
        self._errors = self._stack.enter_context((self._folder / "errors").open("w+"))
        self._process = process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._stack.callback(process.kill)
        threading.Thread(target=self._read, args=(process,), daemon=True).start()
        for node in AGENTS[self._index]:
            options = ["--id", str(node), "--constant", str(node)]
            agent = subprocess.Popen(
                [*AGENT, *options, "--interface", LOOPBACK, "--udp-port", str(self._udp_port)],
                stderr=subprocess.DEVNULL,
            )
            self._stack.callback(agent.kill)

    def set_udp(self, has_udp: bool) -> None:
        """The bridge leaves the group, or joins it again, by a reload of its configuration."""
        self._write(has_udp=has_udp)
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    @cached_property
    def picture(self) -> Picture:
        """What its log shows; once it has ended."""
        picture = Picture()
        picture.take_all(read_records(self.log))
        return picture

    def end(self) -> None:
        """Raises AgentError unless it ends well."""
        assert self._process is not None
        self._process.terminate()
        if code := self._process.wait(20):
            self._errors.seek(0)
            raise AgentError(f"bridge {self.name} ended with {code} and said {self._errors.read()[-500:]!r}")

    def check(self) -> None:
        """Raises AgentError if it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            self.end()
            raise AgentError(f"bridge {self.name} ended by itself")

    def _write(self, *, has_udp: bool) -> None:
        node = f"id = {ROOT}" if self._index == 0 else "relay_only = true"
        self._config.write_text(
            f'name = "{self.name}"\nopen = true\nfolder = "{self._folder}"\n'
            f"[node]\nperiod_s = {PERIOD_S}\n{node}\n"
            f'[[serial]]\nport = "{self.gateway.port}"\n'
            f'[udp]\nenabled = {str(has_udp).lower()}\nport = {self._udp_port}\ninterface = "{LOOPBACK}"\n'
            f'[status]\nlisten = "off"\n[discovery]\nmdns = false\n{self._joints}\n'
        )

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            found = json.loads(line)
            if found.get("metric") == TEMPERATURE.name:
                self.count = found["count"]


@dataclass(frozen=True)
class Cable:
    """What is pulled, and how many nodes are then missing in the results at A and B (None: no results)."""

    name: str
    pull: Callable[[], None]
    plug: Callable[[], None]
    missing: tuple[int, int | None]


class Field:
    """Both sides, joined through a cable."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.sides = [Side(folder, index, stack) for index in range(2)]
        self._a, self._b = self.sides
        self._listens = Address(LOOPBACK, free_port())
        self.proxy = TcpProxy(self._listens)

    async def start(self) -> None:
        """All processes."""
        joint = address_text(await self.proxy.start())
        self._a.start(f'[tcp]\nlisten = "{address_text(self._listens)}"')
        self._b.start(f'[tcp]\nlisten = "off"\n[[connect]]\nto = "{joint}"')

    @property
    def cables(self) -> list[Cable]:
        """All that can be pulled."""
        a, b = self._a, self._b
        return [
            Cable("serial A", a.gateway.unplug, a.gateway.plug, (1, 1)),
            Cable("serial B", b.gateway.unplug, b.gateway.plug, (1, 1)),
            Cable("TCP", self.proxy.pull, self.proxy.plug, (1 + len(AGENTS[1]), None)),
            Cable("UDP B", lambda: b.set_udp(False), lambda: b.set_udp(True), (len(AGENTS[1]),) * 2),
        ]

    async def counted(self, missing: tuple[int, int | None], within_s: float) -> float:
        """How long it takes until the results count all but those. Raises AgentError."""
        began_s = time.monotonic()
        while any(
            left is not None and side.count != NODES - left
            for side, left in zip(self.sides, missing, strict=True)
        ):
            if time.monotonic() - began_s > within_s:
                counts = [side.count for side in self.sides]
                raise AgentError(
                    f"not within {within_s:g} s: {missing} missing, but {counts} count; {load()}"
                )
            for side in self.sides:
                side.check()
            await asyncio.sleep(0.05)
        return time.monotonic() - began_s


async def _run(folder: Path, stack: ExitStack, turns: int) -> int:
    field = Field(folder, stack)
    await field.start()
    print(f"all {NODES} counted at both after {await field.counted((0, 0), BACK_WITHIN_S):.1f} s", flush=True)
    gone: dict[str, list[float]] = {cable.name: [] for cable in field.cables}
    back: dict[str, list[float]] = {cable.name: [] for cable in field.cables}
    for turn in range(turns):
        for cable in field.cables:
            cable.pull()
            gone[cable.name].append(await field.counted(cable.missing, GONE_WITHIN_S))
            if turn % 2:
                await asyncio.sleep(LONG_S)
            cable.plug()
            back[cable.name].append(await field.counted((0, 0), BACK_WITHIN_S))
    await asyncio.sleep(QUIET_S)
    for side in reversed(field.sides):
        side.end()
    await field.proxy.close()
    print(
        "cable      pulled: noticed in the results after   put back: all counted again after (median, most)"
    )
    for name, times in gone.items():
        print(f"{name:10} {_summary(times):38} {_summary(back[name])}")
    return 0 if all([_judged(field.sides), *map(_whole, field.sides)]) else 1


def _summary(times_s: Sequence[float]) -> str:
    return f"{statistics.median(times_s):.1f} s, {max(times_s):.1f} s"


def _whole(side: Side) -> bool:
    """No loops and no frame twice in that side's log."""
    picture = side.picture
    found = {
        "went out twice on a link": len(picture.sent_twice),
        "went back where they came from": len(picture.returned),
        "came in again": len(picture.came_again),
        "rounds told twice": len(picture.told_twice),
    }
    told = ", ".join(f"{count} {what}" for what, count in found.items())
    print(f"log of {side.name}: {picture.frames} frames, {len(picture.rows)} results; {told}")
    return picture.frames > 0 and not any(found.values())


def _judged(sides: Sequence[Side]) -> bool:
    """One picture: the same results wherever both have one, and the same tree at the end."""
    a, b = (side.picture for side in sides)
    both = a.results.keys() & b.results.keys()
    differing = [round_ for round_ in both if a.results[round_] != b.results[round_]]
    is_one = not differing and a.parents == b.parents and len(a.parents) == NODES
    print(f"{len(both)} results seen by both, {len(differing)} differ; {len(a.parents)} nodes in the tree")
    return is_one


if __name__ == "__main__":
    sys.exit(main())
