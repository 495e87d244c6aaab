"""`treering agent` as processes on the loopback interface, and a tap that hears them at the kernel's times.

Needs Linux, and root where frames to a single node are to be heard too.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.ports import free_port
from bridge.udp_link import GROUP, LOOPBACK
from protocol.packets import Frame, FrameError, decode

T = TypeVar("T")
# However this process ends, its agents do too.
AGENT = ("setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "desktop.command", "agent", "--open")
# Linux, <asm-generic/socket.h>: each datagram comes with the time at which the kernel got it.
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@ll")
UDP_HEADER = struct.Struct("!HHHH")
MAX_DATAGRAM_BYTES = 65_535
BUFFER_BYTES = 4 << 20


class AgentError(Exception):
    """An agent ended by itself, or what must happen did not happen in time."""


def measured(name: str, measurement: Coroutine[Any, Any, T]) -> T | None:
    """What it finds; None, and a line that says why, if an agent or the user ends it."""
    try:
        return asyncio.run(measurement)
    except (AgentError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
    return None


class Network:
    """Agents and the tap of their frames; as a context it ends them all, whatever happened.

    `on_frame` gets each frame with the time in nanoseconds since the epoch, as `kill` tells it.
    """

    def __init__(
        self, options: Sequence[str], on_frame: Callable[[int, Frame], None], *, with_unicast: bool = False
    ) -> None:
        self._port = free_port()
        self._options = options
        self._on_frame = on_frame
        self._with_unicast = with_unicast
        self._agents: dict[int, subprocess.Popen[bytes]] = {}
        self._changed = asyncio.Event()
        self._agent_ports: set[int] = set()
        self._bad_frame = ""

    async def __aenter__(self) -> Network:
        self._logs = tempfile.TemporaryDirectory()
        self._tap = _raw_tap() if self._with_unicast else _group_tap(self._port)
        self._tap.setblocking(False)
        self._tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        asyncio.get_running_loop().add_reader(self._tap, self._drain)
        return self

    async def __aexit__(self, *_: object) -> None:
        for agent in list(self._agents):
            self.kill(agent)
        asyncio.get_running_loop().remove_reader(self._tap)
        self._tap.close()
        self._logs.cleanup()

    def start(self, agent: int, *options: str) -> None:
        """Start that agent's process; its frames tell when it is there."""
        command = [*AGENT, "--id", str(agent), "--interface", LOOPBACK, "--udp-port", str(self._port)]
        command += [*self._options, *options]
        with self._log_of(agent).open("ab") as log:
            self._agents[agent] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # Ctrl+C is for us
            )

    def kill(self, agent: int) -> int:
        """`kill -9`; the time just before."""
        process = self._agents.pop(agent)
        killed_ns = time.time_ns()
        process.kill()
        process.wait()
        return killed_ns

    async def until(self, condition: Callable[[], T | None], what: str, within_s: float) -> T:
        """What the condition gives once it is true; asked after every batch of frames. Raises AgentError."""
        try:
            async with asyncio.timeout(within_s):
                while not (found := condition()):
                    self._check()
                    self._changed.clear()
                    await self._changed.wait()
                return found
        except TimeoutError:
            raise AgentError(f"not within {within_s:.0f} s: {what}; {load()}") from None

    def _check(self) -> None:
        if self._bad_frame:
            raise AgentError(self._bad_frame)
        for agent, process in self._agents.items():
            if process.poll() is not None:
                said = self._log_of(agent).read_text(errors="replace").splitlines()[-3:]
                raise AgentError(f"agent {agent} ended by itself and said {' | '.join(said)!r}")

    def _log_of(self, agent: int) -> Path:
        return Path(self._logs.name) / f"{agent}.log"

    # --- the tap -----------------------------------------------------------------------------------------

    def _drain(self) -> None:
        while True:
            try:
                data, ancillary, _, _ = self._tap.recvmsg(MAX_DATAGRAM_BYTES, 64)
            except BlockingIOError:
                break
            datagram = self._of_this_network(data) if self._with_unicast else data
            if datagram is not None:
                self._take(datagram, _received_ns(ancillary))
        self._changed.set()

    def _of_this_network(self, packet: bytes) -> bytes | None:
        """The datagram in an IP packet, if it is from an agent: all of them speak to the group first."""
        header_bytes = (packet[0] & 0xF) * 4
        source, destination, _, _ = UDP_HEADER.unpack_from(packet, header_bytes)
        if destination == self._port:
            self._agent_ports.add(source)
        elif source not in self._agent_ports:
            return None
        return packet[header_bytes + UDP_HEADER.size :]

    def _take(self, datagram: bytes, received_ns: int) -> None:
        try:
            self._on_frame(received_ns, decode(datagram))
        except FrameError as error:
            self._bad_frame = f"an agent sent {datagram.hex()}: {error}"


def _group_tap(port: int) -> socket.socket:
    """Hears what is sent to all."""
    tap = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tap.bind((GROUP, port))
    membership = socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK)
    tap.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    return tap


def _raw_tap() -> socket.socket:
    """Hears every datagram of the loopback interface. Raises PermissionError."""
    tap = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    return tap


def _received_ns(ancillary: Sequence[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack_from(data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()


def load() -> str:
    """What else the machine has to do, for a line beside the figures."""
    one, five, _ = os.getloadavg()
    return f"load {one:.2f} over 1 min, {five:.2f} over 5 min, {os.cpu_count()} cores"


def missing(*, with_unicast: bool) -> list[str]:
    """What keeps this from running here; empty if nothing does."""
    if sys.platform != "linux":
        return ["Linux"]
    lacks_right = with_unicast and not _may_hear_all()
    right = "the right to hear the interface (root's CAP_NET_RAW)"
    return [*([right] if lacks_right else []), *(["setpriv"] if shutil.which("setpriv") is None else [])]


def _may_hear_all() -> bool:
    try:
        _raw_tap().close()
    except PermissionError:
        return False
    return True
