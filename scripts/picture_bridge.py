"""A bridge of its own with agents, for pictures of the app: who is there, and who goes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ports import LOOPBACK, free_port
from bridge.addresses import Address

COMMAND = (sys.executable, "-m", "desktop.command")
AGENTS = (3, 4, 5, 7, 9, 12, 15, 18)
ACTS, LEAVES, DIES = 7, 12, 18
_QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
_TOML = """
name = "garden"
open = true
folder = "state"
[node]
period_s = 2
[udp]
port = {udp}
interface = "{host}"
[tcp]
listen = "{host}:{stream}"
[discovery]
mdns = false
[status]
listen = "{host}:{status}"
[[serial]]
port = "/dev/ttyACM9"
[[csv]]
folder = "csv"
[[mqtt]]
name = "home"
host = "{host}"
port = {nobody}
tls = false
[[actuator]]
name = "fan"
node = 7
hold = "60 s"
[[stream]]
name = "lately"
text = "temperature average over 1 min"
[[rule]]
name = "cooling"
text = "fan on when temperature > 15, off below 12"
[[rule]]
name = "silent"
text = "alarm when any node is stale"
stale_after = "5 min"
"""


@dataclass(frozen=True)
class RunningBridge:
    """Where it is heard and asked, a folder for what is written, and its agents by their ids."""

    stream: Address
    status: Address
    folder: Path
    agents: dict[int, subprocess.Popen[bytes]]


@contextmanager
def running_bridge() -> Iterator[RunningBridge]:
    """A bridge with rules, sinks and warnings, which all ends afterwards."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        place = Path(folder)
        stream, status, udp = Address(LOOPBACK, free_port()), Address(LOOPBACK, free_port()), free_port()
        ports = {"stream": stream.port, "status": status.port, "udp": udp, "nobody": free_port()}
        (place / "bridge.toml").write_text(_TOML.format(host=LOOPBACK, **ports), encoding="utf-8")
        (place / "fan").touch()  # where node 7 writes what its actuator is set to

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen([*COMMAND, *arguments], cwd=place, **_QUIET)
            ends.callback(process.wait)
            ends.callback(process.terminate)
            return process

        def start_agent(node: int) -> subprocess.Popen[bytes]:
            acts = ("--actuator", f'file:path="{place}/fan"', "--controller", "1") if node == ACTS else ()
            where = ("--udp-port", str(udp), "--interface", LOOPBACK)
            return start("agent", "--open", "--id", str(node), *where, *acts)

        start("bridge", "--config", "bridge.toml", "--quiet")
        yield RunningBridge(stream, status, place, {node: start_agent(node) for node in AGENTS})
