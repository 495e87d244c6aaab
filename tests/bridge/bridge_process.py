"""A bridge and agents as processes, for tests that look at them as their users do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.ports import free_port
from bridge.addresses import Address, address_text
from bridge.capture_file import read_records
from bridge.errors import TreeringError
from bridge.status import BridgeStatus
from bridge.status_view import fetch_status
from bridge.udp_link import LOOPBACK
from protocol.capture import Record

COMMAND = [sys.executable, "-m", "desktop.command"]
TIMEOUT_S = 20.0


class Bridge:
    """A process in a folder of its own, as `tables` say, and nodes that come by UDP on loopback."""

    def __init__(self, folder: Path, tables: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.stream, self.status = Address(LOOPBACK, free_port()), Address(LOOPBACK, free_port())
        self._processes: list[subprocess.Popen[str]] = []
        self.configure(tables)

    @property
    def log(self) -> Path:
        return self.folder / "state" / "log"

    def records(self) -> list[Record]:
        """All of the log."""
        return [record for path in sorted(self.log.glob("*.pcapng")) for record in read_records(path)]

    def configure(self, tables: str) -> None:
        """Write the configuration."""
        text = f"""
            name = "garden"
            open = true
            folder = "state"
            [node]
            period_s = 0.5
            [udp]
            port = {self.port}
            interface = "{LOOPBACK}"
            [tcp]
            listen = "{address_text(self.stream)}"
            [discovery]
            mdns = false
            [status]
            listen = "{address_text(self.status)}"
            {tables}
        """
        (self.folder / "bridge.toml").write_text(text, encoding="utf-8")

    def start(self, **options: Any) -> subprocess.Popen[str]:
        """The bridge itself, once it answers."""
        command = [*COMMAND, "bridge", "--config", str(self.folder / "bridge.toml"), "--quiet"]
        process = self._spawn(command, **options)
        self.until(lambda status: True)
        return process

    def start_agent(self, node: int) -> subprocess.Popen[str]:
        """A node that measures its own id in degrees."""
        udp = ["--udp-port", str(self.port), "--interface", LOOPBACK]
        return self._spawn([*COMMAND, "agent", "--open", "--id", str(node), "--constant", str(node), *udp])

    def until(self, condition: Callable[[BridgeStatus], object]) -> BridgeStatus:
        """The status that first fulfils it."""
        deadline_s = time.monotonic() + TIMEOUT_S
        status = None
        while time.monotonic() < deadline_s:
            try:
                status = fetch_status(self.status)
            except TreeringError:
                status = None
            if status is not None and condition(status):
                return status
            time.sleep(0.02)
        raise AssertionError(f"it did not come true in time: {json.dumps(status)}")

    def stop(self, process: subprocess.Popen[str], how: signal.Signals = signal.SIGTERM) -> str:
        """What it said, after its end."""
        process.send_signal(how)
        _, said = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode in (0, -how), said
        return said

    def kill_all(self) -> None:
        """The end of the test; what they said stands beside a failure."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                print(*process.communicate())

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        self._processes.append(process)
        return process
