"""Real servers for one run: mosquitto and influxd on free ports, with their data in a folder of the caller's.

A server can be killed and started again, on the same port and with the same data.
"""

from __future__ import annotations

import getpass
import http.client
import json
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.ports import free_port

START_S = 30.0  # influxd alone on a busy machine takes seconds
POLL_S = 0.02
_PATHS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin"


def find(name: str) -> str | None:
    """Where the program is, also if it is not on a user's PATH."""
    return shutil.which(name) or shutil.which(name, path=_PATHS)


def comes_true(condition: Callable[[], object], timeout_s: float, poll_s: float = POLL_S) -> bool:
    """Wait for something that tells nobody; whether it came."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(poll_s)
    return True


def until(condition: Callable[[], object], what: str, timeout_s: float = START_S) -> None:
    """The same. Raises TimeoutError if it does not come."""
    if not comes_true(condition, timeout_s):
        raise TimeoutError(f"{what}: not within {timeout_s:g} s")


class Server(ABC):
    """A program that listens at `port` of this machine."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self.port = port
        self.folder = folder
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers. Raises TimeoutError, with the end of what it said."""
        said = self.folder / "said.txt"
        with open(said, "ab") as output:
            path = find(self._program)
            assert path is not None, f"{self._program} is not installed; run make setup"
            self._process = subprocess.Popen([path, *self.arguments()], stdout=output, stderr=output)
        try:
            until(lambda: self._ended() or self.answers(), f"{self._program} does not answer")
            if self._ended():
                raise TimeoutError(f"{self._program} ended")
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(f"{error}; it said: {said.read_text(errors='replace')[-500:]}") from None

    def kill(self) -> None:
        """As a power cut does; harmless when it is not running."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator does: it saves what it has."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_S)
            self._process = None

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @abstractmethod
    def arguments(self) -> list[str]:
        """Of the program."""

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Mosquitto(Server):
    """A broker that keeps retained messages over a stop. `lines` are more of its configuration."""

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        super().__init__("mosquitto", folder, port or free_port())
        self._lines = lines or ("allow_anonymous true",)

    def arguments(self) -> list[str]:
        """With a configuration of its own."""
        config = self.folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            *self._lines,
            "persistence true",
            f"persistence_location {self.folder}/",
            "max_queued_messages 0",
            *_as_user(),
        ]
        config.write_text("\n".join(lines) + "\n")
        return ["-c", str(config)]


def _as_user() -> Sequence[str]:
    """Root is what mosquitto gives up by itself, and then it cannot write into our folder."""
    return ["user root"] if getpass.getuser() == "root" else []


class Influxd(Server):
    """InfluxDB 1.x. With `with_auth` only users may read or write; the first is made by `query`."""

    def __init__(self, folder: Path, *, with_auth: bool = False) -> None:
        super().__init__("influxd", folder, free_port())
        self._rpc_port = free_port()
        self._with_auth = with_auth

    def arguments(self) -> list[str]:
        """With a configuration of its own, and nothing that it does besides storing."""
        config = self.folder / "influxdb.conf"
        config.write_text(
            f"""
reporting-disabled = true
bind-address = "127.0.0.1:{self._rpc_port}"
[meta]
  dir = "{self.folder}/meta"
[data]
  dir = "{self.folder}/data"
  wal-dir = "{self.folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:{self.port}"
  auth-enabled = {str(self._with_auth).lower()}
  log-enabled = false
"""
        )
        return ["-config", str(config)]

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Whether it answers to /ping, which it does last."""
        try:
            return self._request("GET", "/ping")[0] == 204
        except OSError:
            return False

    def query(self, text: str, database: str = "", *, user: str = "", password: str = "") -> list[Any]:
        """The series of the first statement's result. Raises RuntimeError for what it refuses."""
        query = {"q": text, "db": database, "epoch": "ns"}
        if user:
            query |= {"u": user, "p": password}
        _, answer = self._request("POST", "/query?" + urlencode(query))
        found = json.loads(answer)
        result = found.get("results", [{}])[0]
        if error := found.get("error") or result.get("error"):
            raise RuntimeError(error)
        series: list[Any] = result.get("series", [])
        return series

    def _request(self, method: str, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@contextmanager
def running(server: Server) -> Iterator[None]:
    """The server, started; killed at the end."""
    server.start()
    try:
        yield
    finally:
        server.kill()
