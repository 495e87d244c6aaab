"""One life of a real `treering bridge`, fed over TCP as another bridge would."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.ports import free_port
from benchmarks.sinks.field import NETWORK
from benchmarks.sinks.servers import until
from protocol.framing import encode_stream

START_S = 30.0
DRAIN_S = 60.0


def write_config(path: Path, sinks: str) -> None:
    """A bridge that only relays, with a log of small segments, and these sinks."""
    path.write_text(
        f"""
name = "{NETWORK}"
open = true
folder = "state"
[node]
relay_only = true
[udp]
enabled = false
[tcp]
listen = "127.0.0.1:{free_port()}"
[status]
listen = "127.0.0.1:{free_port()}"
[discovery]
mdns = false
[log]
segment_size = "1 MB"
{sinks}"""
    )


class Bridge:
    """Takes frames when it is made. `lost_before` are the records that its predecessor lost, as it says."""

    def __init__(self, config: Path) -> None:
        """Raises TimeoutError if it does not start."""
        lines = config.read_text().splitlines()
        self._feed_port, self._status_port = (
            int(line.rpartition(":")[2].strip('"')) for line in lines if line.startswith("listen")
        )
        with open(config.with_name("said.txt"), "ab") as said:
            command = [sys.executable, "-m", "desktop.command", "bridge", "--config", str(config), "--quiet"]
            self._process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            until(lambda: self._ended() or self._answers(), "the bridge's start", START_S)
            self._connection = socket.create_connection(("127.0.0.1", self._feed_port), START_S)
            self._connection.sendall(b"\x00")  # a stream begins with it
        except OSError as error:
            self.kill()
            raise TimeoutError(f"the bridge did not start: see {config.with_name('said.txt')}") from error
        self.lost_before = int(self.status()["log"]["lost_records"])

    def send(self, frames: Sequence[bytes]) -> None:
        """Hand them over. Raises OSError if it is dead."""
        self._connection.sendall(b"".join(map(encode_stream, frames)))

    def status(self) -> Any:
        """What `treering bridge status` shows. Raises OSError."""
        with urlopen(f"http://127.0.0.1:{self._status_port}/status", timeout=5) as answer:
            return json.load(answer)

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self._process.kill()
        self._process.wait()
        if hasattr(self, "_connection"):
            self._connection.close()

    def finish(self) -> None:
        """End it as an operator does, when all consumers are at the end of the log. Raises TimeoutError."""
        try:
            until(self._is_drained, "the consumers' end", DRAIN_S)
            self._process.send_signal(signal.SIGTERM)
            until(self._ended, "the bridge's end", START_S)
            assert self._process.returncode == 0, f"the bridge ended with {self._process.returncode}"
        finally:
            self.kill()

    def _is_drained(self) -> bool:
        return all(consumer["lag_records"] == 0 for consumer in self.status()["consumers"])

    def _answers(self) -> bool:
        try:
            self.status()
        except OSError:
            return False
        return True

    def _ended(self) -> bool:
        return self._process.poll() is not None
